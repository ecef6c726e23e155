//! The exhibits: how they stand, whether anybody gets to see them, and whether their files suit a phone.

use super::texts::{LABEL, LESSON, PARAGRAPH};
use super::{AssetFacts, Circumstances, Findings, Rule, metres};
use crate::domain::geodesy::LatLon;
use crate::domain::route::{Asset, Exhibit, ExhibitKind, Waypoint};
use std::collections::HashSet;

/// Farthest an exhibit may stand from its waypoint.
const EXHIBIT_MAX_M: f64 = 2_000.0;
/// Longest trigger distance.
const TRIGGER_MAX_M: f64 = 100_000.0;
/// More triangles make a phone stutter.
const HEAVY_TRIANGLES: u64 = 100_000;
/// A model up to this size needs no reduced variant.
const LIGHT_BYTES: u64 = 1 << 20;
/// What a phone on the road gets in a second: 10 Mbit/s.
const BYTES_PER_S: f64 = 1_250_000.0;

pub(super) fn check(out: &mut Findings<'_, '_>, waypoint: &Waypoint, circumstances: Option<&Circumstances<'_>>) {
    let mut ids = HashSet::new();
    for (i, exhibit) in waypoint.body.exhibits.iter().enumerate() {
        out.slug(&format!("exhibits[{i}].id"), &exhibit.id);
        if !ids.insert(exhibit.id.as_str()) {
            out.add(Rule::DuplicateId, &format!("exhibits[{i}].id"), "stands twice; each exhibit needs its own");
        }
        out.text(format_args!("exhibits[{i}].title"), &exhibit.title, LABEL);
        out.text(format_args!("exhibits[{i}].alt"), &exhibit.alt, PARAGRAPH.or(Rule::MissingAlt));
        out.text(format_args!("exhibits[{i}].text"), &exhibit.text, LESSON);
        check_pose(out, i, exhibit);
        check_reach(out, i, exhibit, waypoint);
        check_assets(out, i, exhibit, circumstances);
    }
}

fn place_of(exhibit: &Exhibit) -> Option<LatLon> {
    let place = exhibit.geopose.position;
    LatLon::new(place.lat, place.lon).ok()
}

fn check_pose(out: &mut Findings<'_, '_>, i: usize, exhibit: &Exhibit) {
    let at = |name: &str| format!("exhibits[{i}].{name}");
    let pose = &exhibit.geopose;
    if place_of(exhibit).is_none() || !pose.position.h.is_finite() {
        out.add(Rule::BadPose, &at("geopose.position"), "needs lat and lon in degrees and h in metres");
    }
    let q = pose.quaternion;
    let norm = (q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w).sqrt();
    if (norm - 1.0).is_nan() || (norm - 1.0).abs() > 0.001 {
        out.add(Rule::BadPose, &at("geopose.quaternion"), "must have length 1; x=0 y=0 z=0 w=1 means unturned");
    }
    if !(exhibit.scale > 0.0 && exhibit.scale.is_finite()) {
        out.add(Rule::BadScale, &at("scale"), "must be above 0; 1 means true size");
    }
    if !(exhibit.trigger_m > 0.0 && exhibit.trigger_m <= TRIGGER_MAX_M) {
        out.add(Rule::BadTrigger, &at("trigger_m"), "must be above 0 and at most 100000 metres");
    }
}

fn check_reach(out: &mut Findings<'_, '_>, i: usize, exhibit: &Exhibit, waypoint: &Waypoint) {
    let Some(place) = place_of(exhibit) else { return };
    let away_m = place.distance_m(waypoint.position);
    if away_m > EXHIBIT_MAX_M {
        let message = format!(
            "stands {} from its waypoint, more than 2 km; check that lat and lon are not swapped, or give it a waypoint of its own",
            metres(away_m)
        );
        out.add(Rule::ExhibitTooFar, &format!("exhibits[{i}].geopose.position"), message);
        return;
    }
    if waypoint.body.zone.fault().is_some() {
        return;
    }
    // An exhibit inside the zone is at distance 0: whoever walks up to it sees it, however small its trigger.
    let gap_m = waypoint.body.zone.distance_m(waypoint.position, place);
    if gap_m > exhibit.trigger_m {
        let message = format!(
            "is {:.0} but the exhibit stands {gap_m:.0} m outside the zone, so nobody in the zone sees it; give it at least \
             {:.0}, move the exhibit or widen the zone",
            exhibit.trigger_m,
            gap_m.ceil()
        );
        out.add(Rule::ExhibitOutOfReach, &format!("exhibits[{i}].trigger_m"), message);
    }
}

fn check_assets(out: &mut Findings<'_, '_>, i: usize, exhibit: &Exhibit, circumstances: Option<&Circumstances<'_>>) {
    let kind = exhibit.kind;
    if exhibit.assets.is_empty() && kind != ExhibitKind::Text {
        let message = format!("is empty, so there is no {} to show; upload one, or make it a text exhibit", noun(kind));
        out.add(Rule::ExhibitWithoutAsset, &format!("exhibits[{i}].assets"), message);
    }
    for (j, asset) in exhibit.assets.iter().enumerate() {
        let at = |name: &str| format!("exhibits[{i}].assets[{j}].{name}");
        out.source(Rule::AssetWithoutSource, &at("source"), &asset.source);
        if asset.license.trim().is_empty() {
            out.add(Rule::AssetWithoutLicence, &at("license"), "is missing; name the licence, such as CC-BY-4.0");
        }
        let facts = circumstances.map(|known| (known.asset)(&asset.sha256));
        if let Some(None) = facts {
            let message = format!("the file of {} is not kept here; upload it", asset.href);
            out.add(Rule::MissingAsset, &at("sha256"), message);
        }
        let facts = facts.flatten();
        if let Some(facts) = &facts {
            check_facts(out, &at("bytes"), &at("media_type"), asset, facts);
        }
        check_weight(out, &at("bytes"), kind, asset.bytes, facts.and_then(|facts| facts.triangles));
    }
    if kind == ExhibitKind::Model && !exhibit.assets.is_empty() {
        check_variants(out, i, &exhibit.assets);
    }
}

fn check_facts(out: &mut Findings<'_, '_>, bytes: &str, media_type: &str, asset: &Asset, facts: &AssetFacts) {
    if asset.bytes != facts.bytes {
        let message = format!("is {} but the file has {}; write the true size", asset.bytes, facts.bytes);
        out.add(Rule::AssetDiffers, bytes, message);
    }
    if asset.media_type != facts.media_type {
        let message = format!("is {} but the file is {}; write the true type", asset.media_type, facts.media_type);
        out.add(Rule::AssetDiffers, media_type, message);
    }
}

fn check_weight(out: &mut Findings<'_, '_>, at: &str, kind: ExhibitKind, bytes: u64, triangles: Option<u64>) {
    let most = heavy_bytes(kind);
    if bytes > most {
        #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
        let (size, limit) = (bytes as f64, most as f64);
        let message = format!(
            "the file has {:.1} MiB; over 10 Mbit/s it comes after {:.0} s. Bring it below {:.0} MiB",
            size / 1_048_576.0,
            (size / BYTES_PER_S).ceil(),
            limit / 1_048_576.0
        );
        out.add(Rule::HeavyAsset, at, message);
    }
    if let Some(count) = triangles.filter(|count| *count > HEAVY_TRIANGLES) {
        let message = format!("the model has {count} triangles; phones stutter above {HEAVY_TRIANGLES}. Simplify it");
        out.add(Rule::HeavyAsset, at, message);
    }
}

fn check_variants(out: &mut Findings<'_, '_>, i: usize, assets: &[Asset]) {
    let of = |role: &str| assets.iter().find(|asset| asset.role == role);
    let large = of("full").is_some_and(|full| full.bytes > LIGHT_BYTES);
    let wanted =
        [("reduced", "for slow networks", large), ("preview", "for lists", true), ("ios", "for iPhones", true)];
    let missing: Vec<String> = wanted
        .into_iter()
        .filter(|(role, _, needed)| *needed && of(role).is_none())
        .map(|(role, why, _)| format!("{role} ({why})"))
        .collect();
    if !missing.is_empty() {
        let message = format!("the model has no variant {}; add it", missing.join(", "));
        out.add(Rule::MissingVariant, &format!("exhibits[{i}].assets"), message);
    }
}

fn noun(kind: ExhibitKind) -> &'static str {
    match kind {
        ExhibitKind::Model => "model",
        ExhibitKind::Image => "picture",
        ExhibitKind::Audio => "sound",
        ExhibitKind::Video => "film",
        ExhibitKind::Text => "text",
    }
}

/// Larger files of a kind are heavy.
fn heavy_bytes(kind: ExhibitKind) -> u64 {
    match kind {
        ExhibitKind::Video => 20 << 20,
        ExhibitKind::Model | ExhibitKind::Audio => 5 << 20,
        ExhibitKind::Image | ExhibitKind::Text => 2 << 20,
    }
}

//! Differences made on purpose and by chance, and what is told of them.

use super::*;
use crate::domain::route::{Lang, WaypointBody};
use crate::domain::sample::published;
use proptest::prelude::*;
use proptest::sample::Index;
use std::sync::LazyLock;

fn route() -> StudyRoute {
    static ROUTE: LazyLock<StudyRoute> = LazyLock::new(|| {
        let [route, _] = published();
        route
    });
    ROUTE.clone()
}

fn move_stop(route: &mut StudyRoute, from: usize, to: usize) {
    let stop = route.waypoints.remove(from);
    route.waypoints.insert(to, stop);
}

fn only(diff: &Diff) -> &WaypointChange {
    let [change] = &diff.changed[..] else { panic!("not one change: {diff:#?}") };
    change
}

/// Every leaf of a JSON value by path, as [`FieldChange`] writes it.
fn leaves(path: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            leaves(&if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value, out);
        }),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| leaves(&format!("{path}[{i}]"), value, out));
        }
        _ => out.push(path.into()),
    }
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
}

proptest! {
    #[test]
    fn a_route_does_not_differ_from_itself_in_another_numbering(numbers in prop::collection::vec(0u32..99, 28)) {
        let mut renumbered = route();
        for (waypoint, number) in renumbered.waypoints.iter_mut().zip(numbers) {
            waypoint.body.order = number;
        }
        prop_assert!(between(&route(), &renumbered).is_empty());
    }

    #[test]
    fn any_leaf_of_any_waypoint_is_found_when_it_changes(stop in any::<Index>(), leaf in any::<Index>()) {
        let old = route();
        let mut new = old.clone();
        let waypoint = stop.get(&old.waypoints);
        let mut body = serde_json::to_value(&waypoint.body).expect("JSON");
        let mut paths = Vec::new();
        leaves("", &body, &mut paths);
        // These have few words to choose from, or are not compared.
        paths.retain(|path| path != "order" && !["kind", "confidence", "height_datum"].iter().any(|end| path.ends_with(end)));
        let path = leaf.get(&paths);
        let value = body.pointer_mut(&pointer(path)).expect("a leaf");
        let from = value.clone();
        *value = match &from {
            Value::String(text) => format!("{text}x").into(),
            Value::Number(number) if number.is_f64() => (number.as_f64().unwrap_or_default() + 0.5).into(),
            Value::Number(number) => (number.as_u64().unwrap_or_default() + 1).into(),
            Value::Bool(flag) => (!flag).into(),
            other => other.clone(),
        };
        let to = value.clone();
        new.waypoints[stop.index(old.waypoints.len())].body = serde_json::from_value(body).expect("a body");
        let diff = between(&old, &new);
        let change = only(&diff);
        prop_assert_eq!((&change.id, change.moved_m, change.order), (&waypoint.id, None, None));
        // A flag that is let out when it is false.
        let to = if to == Value::Bool(false) { Value::Null } else { to };
        prop_assert_eq!(&change.fields, &[FieldChange { path: path.clone(), from, to }]);
    }

    #[test]
    fn of_stops_moved_added_and_removed_each_is_told_once(
        moved in any::<Index>(), to in any::<Index>(), gone in any::<Index>(), metres in 0.0..5_000.0f64,
    ) {
        let old = route();
        let mut new = old.clone();
        let (from, to) = (moved.index(28), to.index(28));
        move_stop(&mut new, from, to);
        let diff = between(&old, &new);
        if from == to {
            prop_assert!(diff.is_empty());
        } else {
            let change = only(&diff);
            // Of two neighbours that changed places either may be named.
            prop_assert!(change.id == old.waypoints[from].id || from.abs_diff(to) == 1);
            prop_assert!(change.order.is_some() && change.fields.is_empty() && change.moved_m.is_none());
        }
        let lost = new.waypoints.remove(gone.index(28));
        let guest = Waypoint { id: "guest".into(), ..lost.clone() };
        let place = to.min(27);
        new.waypoints.insert(place, guest);
        let diff = between(&old, &new);
        prop_assert_eq!(diff.removed.iter().map(|stop| &stop.id).collect::<Vec<_>>(), [&lost.id]);
        prop_assert_eq!(diff.added.iter().map(|stop| (stop.id.as_str(), stop.order)).collect::<Vec<_>>(), [("guest", place + 1)]);
        prop_assert!(diff.changed.len() <= 1, "only the one that was moved");

        let mut shifted = old.clone();
        let spot = old.waypoints[from].position;
        let there = LatLon::new(spot.lat() + metres / 111_000.0, spot.lon()).expect("on earth");
        shifted.waypoints[from].position = there;
        let diff = between(&old, &shifted);
        if there == spot {
            prop_assert!(diff.is_empty());
        } else {
            let moved_m = only(&diff).moved_m.expect("moved");
            prop_assert!((moved_m - spot.distance_m(there)).abs() <= 0.05 + 1e-9);
        }
    }
}

#[test]
fn an_element_that_came_or_went_is_all_that_is_told_of_a_list() {
    let old = route();
    let mut new = old.clone();
    let fact = new.waypoints[0].body.facts.remove(1);
    new.waypoints[1].body.themes.push("music".into());
    let diff = between(&old, &new);
    let gone = FieldChange { path: "facts[1]".into(), from: plain(&fact), to: Value::Null };
    assert_eq!(diff.changed[0].fields, [gone]);
    let place = old.waypoints[1].body.themes.len();
    let came = FieldChange { path: format!("themes[{place}]"), from: Value::Null, to: "music".into() };
    assert_eq!(diff.changed[1].fields, [came]);
}

#[test]
fn an_id_that_stands_twice_is_compared_twice() {
    let mut old = route();
    old.waypoints[1].id = old.waypoints[0].id.clone();
    let mut new = old.clone();
    assert!(between(&old, &new).is_empty());
    new.waypoints.remove(1);
    let diff = between(&old, &new);
    assert_eq!((diff.removed.len(), diff.removed[0].order, diff.changed.len()), (1, 2, 0));
}

#[test]
fn two_stops_that_were_moved_among_very_many_are_two_changes() {
    let template = Waypoint { body: WaypointBody::default(), ..route().waypoints.remove(0) };
    let stops = (0..100_000).map(|i| Waypoint { id: format!("stop-{i}"), ..template.clone() });
    let old = StudyRoute { waypoints: stops.collect(), ..route() };
    let mut new = old.clone();
    move_stop(&mut new, 99_999, 10);
    move_stop(&mut new, 500, 70_000);
    let orders: Vec<_> = between(&old, &new).changed.iter().filter_map(|change| change.order).collect();
    assert_eq!(orders, [OrderChange { from: 100_000, to: 11 }, OrderChange { from: 500, to: 70_001 }]);
}

#[test]
fn a_diff_reads_like_a_note_to_a_colleague() {
    let old = route();
    let mut new = old.clone();
    new.title.en = "Light".into();
    new.line.pop();
    let hall = &mut new.waypoints[6];
    hall.position = LatLon::new(hall.position.lat() + 0.000_112, hall.position.lon()).expect("on earth");
    hall.body.title.en = "Great Hall".into();
    hall.height_m = Some(61.5);
    new.waypoints[7].body.summary.zh_cn.push_str("完。");
    new.waypoints.remove(27);
    move_stop(&mut new, 20, 2);
    let diff = between(&old, &new);
    let english = diff.to_text(Lang::En);
    for line in [
        "Route: title.en: “Confucius–Mencius Light of Science” → “Light”\n",
        "\nLine: 28 positions, ",
        "\nRemoved: Ancient capital of Zhu zhu-state-city (stop 28)\n",
        "mencius-cemetery: stop 21 → stop 3\n",
        "\nGreat Hall dacheng-hall: moved 12.4 m; height_m: none → 61.5; title.en: “",
        "” → “Great Hall”\n",
    ] {
        assert!(english.contains(line), "«{line}» is not in\n{english}");
    }
    let chinese = diff.to_text(Lang::ZhCn);
    for line in ["大成殿 dacheng-hall：移动了12.4米；height_m：无 → 61.5；", "（第28站）", "第21站 → 第3站", "完。”\n"]
    {
        assert!(chinese.contains(line), "«{line}» is not in\n{chinese}");
    }
    let longest = english.lines().chain(chinese.lines()).map(|line| line.chars().count()).max();
    assert!(longest < Some(250), "{chinese}");
    assert_eq!(between(&old, &old).to_text(Lang::En), "Nothing differs.\n");
}

#[test]
fn a_diff_is_written_in_snake_case_and_leaves_out_what_did_not_change() {
    let old = route();
    let mut new = old.clone();
    new.waypoints[0].height_m = Some(1.0);
    let expected = serde_json::json!({
        "fields": [], "added": [], "removed": [],
        "changed": [{
            "id": "qufu-east-station",
            "title": plain(&old.waypoints[0].body.title),
            "fields": [{"path": "height_m", "from": null, "to": 1.0}],
        }],
    });
    assert_eq!(serde_json::to_value(between(&old, &new)).expect("JSON"), expected);
}

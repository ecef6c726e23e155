//! Express with all places in memory behind a flat k-d index.

use super::{ITEMS, Ours, has, installed, not_installed, row};
use crate::load::Questions;
use crate::machine;
use crate::report::Report;
use crate::server::Server;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use studyroute::domain::geodesy::LatLon;

const KEY: &str = "peer-node";
const PEER: &str = "Express with a flat k-d index in memory";
/// The best HTTP peer is this one.
const LEAST: f64 = 10.0;

pub fn measure(ours: &mut Ours<'_>, report: &mut Report) {
    if !has("node") || installed("node_modules/express").is_none() {
        return report.add(not_installed(KEY, PEER, "node, express, kdbush, geokdbush").at_least(LEAST));
    }
    let places = ours.bench.fresh("places.f64");
    let bytes: Vec<u8> =
        ours.questions.places.iter().flat_map(|p| [p.lon(), p.lat()]).flat_map(f64::to_le_bytes).collect();
    std::fs::write(&places, bytes).expect("written");
    let kinds = ours.bench.fresh("kinds.json");
    std::fs::write(&kinds, serde_json::to_string(&ours.kinds).expect("JSON")).expect("written");
    let args = [places.display().to_string(), kinds.display().to_string(), ITEMS.to_string()];
    let peer = node("memory.cjs", &args.each_ref().map(String::as_str), ours);
    let mut asked = Asked(ours.questions.clone());
    let pairs = ours.beside(&peer, &mut asked);
    let resident = machine::resident_bytes(peer.pid()) / 1e6;
    report.add(
        row(KEY, PEER, &pairs, &format!("it takes {resident:.0} MB, with 54 waypoints' texts in all")).at_least(LEAST),
    );
}

/// Starts one of our small services of Node with what `make bench-peers` installed.
pub fn node(script: &str, args: &[&str], ours: &Ours<'_>) -> Server {
    let mut command = machine::on_cores(&machine::SERVER_CORE.to_string(), Path::new("node"));
    // Node looks for modules beside the script; ours does not lie beside them.
    let script = Path::new("benches/peers").join(script).canonicalize().expect("a script");
    let beside = installed("").expect("a folder").join(script.file_name().expect("a name"));
    std::fs::copy(&script, &beside).expect("copied");
    command.arg(beside).args(args).env("NODE_ENV", "production");
    Server::start(command, &ours.bench.folder, Duration::from_mins(1))
}

/// The same questions; a peer's answers are checked for their number and order alone.
pub struct Asked(pub crate::nearby::Nearby);

impl Questions for Asked {
    fn next(&mut self, out: &mut Vec<u8>) {
        self.0.next(out);
    }

    fn check(&self, status: u16, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let items = body["items"].as_array().expect("items");
        let distances: Vec<f64> = items.iter().map(|item| item["distance_m"].as_f64().expect("a distance")).collect();
        // A sphere and an ellipsoid may disagree about two places that are almost equally far.
        let in_order = distances.windows(2).all(|pair| pair[0] <= pair[1] * 1.01 + 1.0);
        assert!(status == 200 && items.len() <= ITEMS && !items.is_empty() && in_order, "{status}: {distances:?}");
    }
}

/// A position as queries have it.
pub fn lon_lat(eye: LatLon) -> (f64, f64) {
    (eye.lon(), eye.lat())
}

//! Published conversions and properties of the round trips.

use super::*;
use proptest::prelude::*;

const SHIFTED: [Crs; 2] = [Crs::Gcj02, Crs::Bd09];
/// What a round trip may cost, in metres. The promise is 0.1; it keeps 0.001.
const ROUND_TRIP_METRES: f64 = 0.001;
/// Width in degrees that no strip at the edge exceeds (see the module text).
const STRIP: f64 = 0.016;

struct Vector {
    place: &'static str,
    wgs84: LatLon,
    gcj02: LatLon,
    bd09: LatLon,
}

/// Made with npm `gcoord` 1.0.7 (`gcoord.transform`). Three more give the same
/// numbers to 1e-13 degrees: `PyPI` `prcoords` 1.0.2 (`wgs_gcj`, `gcj_bd`), npm
/// `coordtransform` 2.1.2, and the crate `coordtransform` 0.4.0.
#[expect(clippy::unreadable_literal, reason = "kept as the packages print them")]
const VECTORS: [Vector; 9] = [
    Vector {
        place: "Jining, Qufu",
        wgs84: (35.5967, 116.9920),
        gcj02: (35.596545160267866, 116.99769139192867),
        bd09: (35.60288915633185, 117.00407080207165),
    },
    Vector {
        place: "Jining, Rencheng",
        wgs84: (35.4147, 116.5871),
        gcj02: (35.41425180876001, 116.5923910054447),
        bd09: (35.41997704712137, 116.59898865222841),
    },
    Vector {
        place: "Beijing",
        wgs84: (39.9075, 116.39723),
        gcj02: (39.9089033864039, 116.40347336470487),
        bd09: (39.9152439220092, 116.40984710837179),
    },
    Vector {
        place: "Urumqi",
        wgs84: (43.8256, 87.6168),
        gcj02: (43.82680539311119, 87.61964994946926),
        bd09: (43.83294979479329, 87.62609977081571),
    },
    Vector {
        place: "Hainan, Sanya",
        wgs84: (18.2528, 109.5119),
        gcj02: (18.25109479173564, 109.51598429482667),
        bd09: (18.25687655375912, 109.52253179173881),
    },
    Vector {
        place: "Hainan, Haikou",
        wgs84: (20.0440, 110.1999),
        gcj02: (20.041885974611123, 110.20419239478825),
        bd09: (20.047662640587728, 110.2107350145077),
    },
    Vector {
        place: "Harbin",
        wgs84: (45.8038, 126.5350),
        gcj02: (45.80578152514843, 126.54104035015793),
        bd09: (45.811395822940284, 126.54765921413988),
    },
    Vector {
        place: "Lhasa",
        wgs84: (29.6500, 91.1000),
        gcj02: (29.647300329055074, 91.10156828347536),
        bd09: (29.653419415608894, 91.10803737407012),
    },
    Vector {
        place: "origin of the polynomial",
        wgs84: (35.0, 105.0),
        gcj02: (34.99909863223526, 105.00328624145706),
        bd09: (35.005403668456964, 105.00966682831948),
    },
];

fn forward(crs: Crs, point: LatLon) -> LatLon {
    from_wgs84(crs, point.0, point.1)
}

fn inverse(crs: Crs, point: LatLon) -> LatLon {
    to_wgs84(crs, point.0, point.1)
}

/// Good to a millimetre for the short distances compared here.
fn metres_between(a: LatLon, b: LatLon) -> f64 {
    let metres_per_degree = 111_320.0;
    let north = (a.0 - b.0) * metres_per_degree;
    let east = (a.1 - b.1) * metres_per_degree * a.0.to_radians().cos();
    north.hypot(east)
}

fn is_close(a: LatLon, b: LatLon, degrees: f64) -> bool {
    (a.0 - b.0).abs() <= degrees && (a.1 - b.1).abs() <= degrees
}

/// Bit for bit, so that NaN equals NaN and "unchanged" means unchanged.
fn is_same(a: LatLon, b: LatLon) -> bool {
    a.0.to_bits() == b.0.to_bits() && a.1.to_bits() == b.1.to_bits()
}

fn assert_identity(point: LatLon) {
    for crs in Crs::ALL {
        assert!(is_same(forward(crs, point), point), "to {crs}: {point:?}");
        assert!(is_same(inverse(crs, point), point), "from {crs}: {point:?}");
    }
}

/// Points spread along each edge and moved outwards by `outwards` degrees
/// (inwards if negative): those of the south and west edges, then those of the
/// north and east edges.
fn edge_points(outwards: f64) -> (Vec<LatLon>, Vec<LatLon>) {
    let fractions = || (1..1000).map(|step| f64::from(step) / 1000.0);
    let lats = || fractions().map(|f| SOUTH + f * (NORTH - SOUTH));
    let lons = || fractions().map(|f| WEST + f * (EAST - WEST));
    let south = lons().map(|lon| (SOUTH - outwards, lon));
    let west = lats().map(|lat| (lat, WEST - outwards));
    let north = lons().map(|lon| (NORTH + outwards, lon));
    let east = lats().map(|lat| (lat, EAST + outwards));
    (south.chain(west).collect(), north.chain(east).collect())
}

#[test]
fn names_read_back() {
    for crs in Crs::ALL {
        assert_eq!(crs.as_str().parse(), Ok(crs));
        assert_eq!(crs.to_string(), crs.as_str());
    }
    assert_eq!(Crs::ALL.map(Crs::as_str), ["wgs84", "gcj02", "bd09"], "clients depend on these");
}

#[test]
fn other_names_are_refused_and_the_known_ones_told() {
    for name in ["", "WGS84", " wgs84", "wgs84\0", "gcj-02", "epsg:4326"] {
        assert_eq!(name.parse::<Crs>(), Err(UnknownCrs), "{name:?}");
    }
    assert_eq!(UnknownCrs.to_string(), "unknown coordinate reference system, expected one of wgs84, gcj02, bd09");
}

#[test]
fn forward_agrees_with_other_implementations() {
    for vector in &VECTORS {
        let (gcj02, bd09) = (forward(Crs::Gcj02, vector.wgs84), forward(Crs::Bd09, vector.wgs84));
        let place = vector.place;
        assert!(is_close(gcj02, vector.gcj02, 1e-11), "{place}: {gcj02:?}");
        assert!(is_close(bd09, vector.bd09, 1e-11), "{place}: {bd09:?}");
    }
}

#[test]
fn inverse_leads_back_from_other_implementations() {
    for vector in &VECTORS {
        let place = vector.place;
        let from_gcj02 = inverse(Crs::Gcj02, vector.gcj02);
        let from_bd09 = inverse(Crs::Bd09, vector.bd09);
        assert!(is_close(from_gcj02, vector.wgs84, 1e-11), "{place}");
        assert!(is_close(from_bd09, vector.wgs84, 1e-11), "{place}");
    }
}

/// Made with `PyPI` `prcoords` 1.0.2 (`gcj_wgs_bored`, `bd_wgs_bored`), which
/// iterate as well but stop early: they are good to 1e-7 degrees (1 cm).
#[test]
#[expect(clippy::unreadable_literal, reason = "kept as the package prints them")]
fn inverse_agrees_with_another_implementation() {
    // (given as GCJ-02 and as BD-09, WGS 84 of the one, WGS 84 of the other)
    let vectors = [
        (
            (35.5967, 116.9920), // Jining, Qufu
            (35.59687168041814, 116.98633255074436),
            (35.59064131359465, 116.97994740087647),
        ),
        (
            (43.8256, 87.6168), // Urumqi
            (43.824396040570285, 87.61395282190983),
            (43.81816364693167, 87.60755494336468),
        ),
        (
            (18.2528, 109.5119), // Hainan, Sanya
            (18.25449357755067, 109.50780390185118),
            (18.248786320883713, 109.50122536573471),
        ),
        (
            (45.8038, 126.5350), // Harbin
            (45.80180228451795, 126.52893700685125),
            (45.79609986002979, 126.52231384501614),
        ),
    ];
    for (given, from_gcj02, from_bd09) in vectors {
        assert!(is_close(inverse(Crs::Gcj02, given), from_gcj02, 1e-7));
        assert!(is_close(inverse(Crs::Bd09, given), from_bd09, 1e-7));
    }
}

#[test]
fn outside_the_rectangle_nothing_moves() {
    let places = [
        (51.5074, -0.1278),   // London
        (-35.5967, 116.9920), // Jining, mirrored at the equator
        (35.6762, 139.6503),  // Tokyo
        (35.5967, -116.9920),
        (90.0, 116.9920),
        (-90.0, 116.9920),
        (90.0, 0.0),
        (35.5967, 180.0),
        (35.5967, -180.0),
        (0.0, 0.0),
        (-0.0, -0.0),
        // Not on the globe: refusing them is the caller's task.
        (116.9920, 35.5967),
        (35.5967, 476.9920),
        (f64::MAX, f64::MIN),
    ];
    places.into_iter().for_each(assert_identity);
}

#[test]
fn numbers_that_are_not_finite_come_back_unchanged() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for point in [(odd, odd), (odd, 116.9920), (35.5967, odd)] {
            assert_identity(point);
        }
    }
}

#[test]
fn wgs84_points_just_inside_the_edge_round_trip() {
    for inwards in [0.0, 1e-12, 1e-10, 1e-9, 1e-7, 1e-5, 0.001, 0.01, 0.02] {
        let (south_west, north_east) = edge_points(-inwards);
        for point in south_west.into_iter().chain(north_east) {
            for crs in SHIFTED {
                let shifted = forward(crs, point);
                assert!(!is_same(shifted, point), "{crs}: {point:?}");
                let back = inverse(crs, shifted);
                let error = metres_between(back, point);
                assert!(error < ROUND_TRIP_METRES, "{crs}: {point:?}, {error} m");
            }
        }
    }
}

#[test]
fn points_just_outside_the_south_and_west_edges_do_not_move() {
    for outwards in [1e-9, 1e-7, 1e-5, 0.001, 0.01, 0.02, 0.049, 0.051] {
        edge_points(outwards).0.into_iter().for_each(assert_identity);
    }
}

#[test]
fn points_just_outside_the_north_and_east_edges_keep_their_shifted_coordinate() {
    for outwards in [1e-7, 1e-5, 0.001, 0.01] {
        for point in edge_points(outwards).1 {
            for crs in SHIFTED {
                assert!(is_same(forward(crs, point), point), "{crs}: {point:?}");
                // Either the point itself or the one inside with the same image.
                let origin = inverse(crs, point);
                assert!(is_same(origin, point) || is_in_box(origin, 0.0));
                let error = metres_between(forward(crs, origin), point);
                assert!(error < ROUND_TRIP_METRES, "{crs}: {point:?}, {error} m");
            }
        }
    }
    for outwards in [STRIP, 0.02, 0.049, 0.051] {
        edge_points(outwards).1.into_iter().for_each(assert_identity);
    }
}

#[test]
fn of_two_origins_the_one_inside_is_taken() {
    let twin = (35.0, EAST - 1e-6);
    for crs in SHIFTED {
        let shared = forward(crs, twin);
        assert!(shared.1 > EAST && is_same(forward(crs, shared), shared));
        assert!(is_close(inverse(crs, shared), twin, 1e-11), "{crs}");
    }
}

#[test]
fn without_an_origin_the_polynomial_goes_on_past_the_edge() {
    for crs in SHIFTED {
        let (south_west, _) = edge_points(-1e-6);
        for given in south_west {
            let answer = inverse(crs, given);
            assert!(!is_in_box(answer, 0.0), "{crs}: {given:?}");
            assert!(is_in_box(answer, STRIP + 0.002), "{crs}: {given:?}");
            // Neighbours stay neighbours: 1.1 m stay about 1.1 m.
            let neighbour = inverse(crs, (given.0 + 1e-5, given.1));
            let apart = metres_between(answer, neighbour);
            assert!((1.0..1.3).contains(&apart), "{crs}: {given:?}, {apart} m");
        }
    }
}

prop_compose! {
    fn point_in_box()(lat in SOUTH..=NORTH, lon in WEST..=EAST) -> LatLon { (lat, lon) }
}

prop_compose! {
    fn point_on_globe()(lat in -90.0..=90.0, lon in -180.0..=180.0) -> LatLon { (lat, lon) }
}

/// Within 0.06 degrees of the corners, where two edges meet.
fn point_at_a_corner() -> impl Strategy<Value = LatLon> {
    let near = -0.06..=0.06;
    let lat = prop_oneof![Just(SOUTH), Just(NORTH)];
    let lon = prop_oneof![Just(WEST), Just(EAST)];
    (lat, lon, near.clone(), near).prop_map(|(lat, lon, up, right)| (lat + up, lon + right))
}

fn shifted_crs() -> impl Strategy<Value = Crs> {
    prop::sample::select(&SHIFTED[..])
}

/// Half of them usual, half any bits at all: NaN, infinities, subnormals.
fn any_number(usual: std::ops::RangeInclusive<f64>) -> impl Strategy<Value = f64> {
    prop_oneof![usual, any::<u64>().prop_map(f64::from_bits)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn round_trip_from_wgs84_closes(crs in shifted_crs(), point in point_in_box()) {
        let back = inverse(crs, forward(crs, point));
        prop_assert!(metres_between(back, point) < ROUND_TRIP_METRES, "{:?}", back);
    }

    /// All of the box but the strips that no WGS 84 point maps to.
    #[test]
    fn round_trip_to_wgs84_closes(crs in shifted_crs(), given in point_in_box()) {
        let origin = inverse(crs, given);
        if is_in_box(origin, 0.0) {
            let back = forward(crs, origin);
            prop_assert!(metres_between(back, given) < ROUND_TRIP_METRES, "{:?}", back);
        } else {
            prop_assert!(given.0 < SOUTH + STRIP || given.1 < WEST + STRIP);
        }
    }

    /// Holds with no exception: what the forward transform has put out once
    /// stays the same, however often it is converted.
    #[test]
    fn shifted_coordinates_are_stable(
        crs in shifted_crs(),
        point in prop_oneof![point_in_box(), point_at_a_corner(), point_on_globe()],
    ) {
        let shifted = forward(crs, point);
        let again = forward(crs, inverse(crs, shifted));
        prop_assert!(metres_between(again, shifted) < ROUND_TRIP_METRES, "{:?}", again);
    }

    #[test]
    fn every_bit_pattern_is_answered(
        crs in shifted_crs(),
        lat in any_number(SOUTH..=NORTH),
        lon in any_number(WEST..=EAST),
    ) {
        let given = (lat, lon);
        for answer in [forward(crs, given), inverse(crs, given)] {
            if is_in_box(given, SHIFT_MARGIN) {
                prop_assert!(metres_between(answer, given) < 3_000.0, "{:?}", answer);
            } else {
                prop_assert!(is_same(answer, given), "{:?}", answer);
            }
        }
    }
}

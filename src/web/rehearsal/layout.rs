//! Where stops come to lie on the panels of a map: the whole route first, then an enlargement of every place where numbers
//! would cover each other, and of crowded places in those. Pure geometry; draws nothing.

use crate::domain::geodesy::{Frame, LatLon};

/// Width and height of the first panel, and of an enlargement, in units of the drawing.
const WHOLE: (f64, f64) = (480.0, 560.0);
const ENLARGED: (f64, f64) = (480.0, 340.0);
/// Free edge round the stops.
const MARGIN: f64 = 56.0;
/// Numbers nearer to each other than this would cover each other.
const APART: f64 = 36.0;
/// No panel shows less ground than this, metres: there is nothing more to tell apart.
const EXTENT_MIN_M: f64 = 12.0;
/// Most panels of one map.
const PANELS_MAX: usize = 40;

/// A flat drawing of some ground.
#[derive(Debug)]
pub struct View {
    frame: Frame,
    middle_m: [f64; 2],
    /// Drawing units for one metre.
    pub per_m: f64,
    /// Width, drawing units.
    pub width: f64,
    /// Height, drawing units.
    pub height: f64,
}

impl View {
    fn over(places: &[LatLon], (width, height): (f64, f64)) -> Option<Self> {
        let frame = Frame::at(*places.first()?);
        let flat: Vec<[f64; 2]> = places.iter().map(|&place| offset(&frame, place)).collect();
        let side = |i: usize| {
            let values = flat.iter().map(|p| p[i]);
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            (f64::midpoint(low, high), (high - low).max(EXTENT_MIN_M))
        };
        let ((x, wide_m), (y, high_m)) = (side(0), side(1));
        let per_m = ((width - 2.0 * MARGIN) / wide_m).min((height - 2.0 * MARGIN) / high_m);
        // A flat route needs no tall sheet.
        let height = height.min(high_m * per_m + 2.0 * MARGIN).max(height * 0.6);
        Some(Self { frame, middle_m: [x, y], per_m, width, height })
    }

    /// Where a place lies on the drawing; north is up.
    #[must_use]
    pub fn point(&self, place: LatLon) -> [f64; 2] {
        let [east, north] = offset(&self.frame, place);
        let x = self.width / 2.0 + (east - self.middle_m[0]) * self.per_m;
        [x, self.height / 2.0 - (north - self.middle_m[1]) * self.per_m]
    }

    /// Whether something of the line from `a` to `b` may be seen.
    #[must_use]
    pub fn shows(&self, a: [f64; 2], b: [f64; 2]) -> bool {
        let crosses = |i: usize, end: f64| a[i].max(b[i]) >= 0.0 && a[i].min(b[i]) <= end;
        crosses(0, self.width) && crosses(1, self.height)
    }
}

fn offset(frame: &Frame, place: LatLon) -> [f64; 2] {
    let enu = frame.enu(place.ecef());
    [enu.east, enu.north]
}

/// What stands at one point of a panel.
#[derive(Debug)]
pub enum Mark {
    /// One stop, moved from where it is if others are at the very same place.
    Stop {
        /// Which of the places.
        stop: usize,
        /// Where its number stands.
        at: [f64; 2],
    },
    /// Several, shown on another panel.
    Crowd {
        /// Which.
        stops: Vec<usize>,
        /// Where.
        at: [f64; 2],
        /// The panel that enlarges them, if there is one left.
        panel: Option<usize>,
    },
}

/// One drawing of a map.
#[derive(Debug)]
pub struct Panel {
    /// Its ground.
    pub view: View,
    /// The stops it was made for.
    pub stops: Vec<usize>,
    /// What stands on it.
    pub marks: Vec<Mark>,
}

/// The panels of a map of these places.
#[must_use]
pub fn panels(places: &[LatLon]) -> Vec<Panel> {
    let mut wanted = vec![(0..places.len()).collect::<Vec<usize>>()];
    let mut panels: Vec<Panel> = Vec::new();
    while let Some(stops) = wanted.get(panels.len()).cloned() {
        let here: Vec<LatLon> = stops.iter().filter_map(|&stop| places.get(stop).copied()).collect();
        let sheet = if panels.is_empty() { WHOLE } else { ENLARGED };
        let Some(view) = View::over(&here, sheet) else { break };
        let crowds = crowds(&view, &stops, places);
        let alone = crowds.len() == 1;
        let mut marks = Vec::new();
        for (at, crowd) in crowds {
            match crowd.as_slice() {
                [stop] => marks.push(Mark::Stop { stop: *stop, at }),
                // An enlargement would show the same again.
                same if alone => marks.extend(fan(at, same)),
                _ => {
                    let panel = (wanted.len() < PANELS_MAX).then_some(wanted.len());
                    wanted.extend(panel.map(|_| crowd.clone()));
                    marks.push(Mark::Crowd { stops: crowd, at, panel });
                }
            }
        }
        panels.push(Panel { view, stops, marks });
    }
    panels
}

/// Each stop joins the first before it that is near. So a crowd is never much wider than a number, and enlarging it always helps.
fn crowds(view: &View, stops: &[usize], places: &[LatLon]) -> Vec<([f64; 2], Vec<usize>)> {
    let mut crowds: Vec<([f64; 2], Vec<usize>)> = Vec::new();
    for &stop in stops {
        let Some(&place) = places.get(stop) else { continue };
        let at = view.point(place);
        let near = |other: &[f64; 2]| (at[0] - other[0]).hypot(at[1] - other[1]) < APART;
        match crowds.iter_mut().find(|(other, _)| near(other)) {
            Some((_, crowd)) => crowd.push(stop),
            None => crowds.push((at, vec![stop])),
        }
    }
    crowds
}

/// Stops at the very same place, side by side in rows.
fn fan(at: [f64; 2], stops: &[usize]) -> Vec<Mark> {
    const COLUMNS: usize = 8;
    let columns = stops.len().min(COLUMNS);
    let step = |i: usize, of: usize| {
        (f64::from(u32::try_from(i).unwrap_or(0)) - f64::from(u32::try_from(of - 1).unwrap_or(0)) / 2.0) * APART
    };
    let rows = stops.len().div_ceil(COLUMNS);
    let place = |i: usize| [at[0] + step(i % COLUMNS, columns), at[1] + step(i / COLUMNS, rows)];
    stops.iter().enumerate().map(|(i, &stop)| Mark::Stop { stop, at: place(i) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lon: f64) -> LatLon {
        LatLon::new(lat, lon).expect("in range")
    }

    #[test]
    fn every_stop_has_a_number_of_its_own_on_some_panel() {
        // Ten stops in one courtyard, two at the very same place, three far away.
        let mut places: Vec<LatLon> = (0..10).map(|i| at(35.6 + f64::from(i) * 0.0002, 117.0)).collect();
        places.extend([at(35.6, 117.0), at(35.0, 117.5), at(35.9, 116.1), at(35.3, 116.6)]);
        let panels = panels(&places);
        for stop in 0..places.len() {
            let alone = |mark: &&Mark| matches!(mark, Mark::Stop { stop: s, .. } if *s == stop);
            assert_eq!(panels.iter().flat_map(|p| &p.marks).filter(alone).count(), 1, "stop {stop}");
        }
        for panel in &panels {
            let points: Vec<[f64; 2]> = panel
                .marks
                .iter()
                .map(|m| match m {
                    Mark::Stop { at, .. } | Mark::Crowd { at, .. } => *at,
                })
                .collect();
            for (i, a) in points.iter().enumerate() {
                assert!((0.0..=panel.view.width).contains(&a[0]) && (0.0..=panel.view.height).contains(&a[1]));
                assert!(points[..i].iter().all(|b| (a[0] - b[0]).hypot(a[1] - b[1]) > APART - 0.001), "numbers apart");
            }
        }
    }

    #[test]
    fn however_many_stops_there_are_the_panels_are_bounded() {
        let spread = |i: u32| at(35.0 + f64::from(i % 50) * 0.02, 117.0 + f64::from(i / 50) * 0.02);
        let places: Vec<LatLon> = (0..2_000).map(spread).collect();
        assert!(panels(&places).len() <= PANELS_MAX);
        assert!(panels(&[]).is_empty());
    }

    #[test]
    fn north_is_up_and_a_metre_is_a_metre() {
        let places = [at(35.0, 117.0), at(35.01, 117.0)];
        let view = View::over(&places, WHOLE).expect("places");
        let (south, north) = (view.point(places[0]), view.point(places[1]));
        assert!(north[1] < south[1] && (north[0] - south[0]).abs() < 0.01);
        assert!(((south[1] - north[1]) / view.per_m - 1_109.4).abs() < 1.0);
    }
}

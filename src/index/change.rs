//! From one generation to the next: what a publication changed is put beside what is shared with the generation before. When much
//! has changed, all is built anew from what is in memory.

use super::Index;
use super::part::{Part, Places};
use super::shelf::{Pick, Render, Shelf};
use crate::domain::published::RouteHead;
use crate::domain::route::Published;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

/// The part of the waypoints that may stand beside the base, one in so many: each costs a refresh and a query a little.
const BASE_SHARE: usize = 32;

/// A published study route.
#[derive(Debug)]
pub struct Route {
    head: RouteHead,
    /// The store's number of each waypoint, in visiting order.
    pub waypoint_keys: Vec<i64>,
    themes: Tally,
}

impl Deref for Route {
    type Target = RouteHead;
    fn deref(&self) -> &RouteHead {
        &self.head
    }
}

impl Route {
    /// The themes of its waypoints, in order.
    pub fn themes(&self) -> impl Iterator<Item = &str> {
        self.themes.names()
    }
}

/// How a generation differs from the one before.
#[derive(Default)]
pub struct Change {
    /// Its number.
    pub generation: i64,
    /// Routes that are new or have another revision.
    pub routes: Vec<RouteHead>,
    /// The store's numbers of those of them that have nothing in common with what was served: all their waypoints are on the shelves.
    pub whole: HashSet<i64>,
    /// The store's numbers of routes that are no longer published.
    pub gone: Vec<i64>,
    /// New waypoints, and those that changed or moved.
    pub shelves: Vec<Shelf>,
    /// The store's numbers of waypoints that are no longer published.
    pub removed: Vec<i64>,
}

impl Change {
    fn arrivals(&self) -> impl Iterator<Item = (&Shelf, usize)> {
        self.shelves.iter().flat_map(|shelf| (0..shelf.len()).map(move |place| (shelf, place)))
    }
}

/// What comes and goes on one route.
#[derive(Default)]
struct Turnover {
    themes: Tally,
    leaving: usize,
    /// Place in the order, and the store's number.
    arriving: Vec<(u32, i64)>,
}

impl Index {
    /// A generation that has everything from these routes.
    #[must_use]
    pub fn build(generation: i64, routes: Vec<Published>, render: Render) -> Self {
        let mut change = Change { generation, ..Change::default() };
        let mut shelf = Shelf::default();
        for Published { key, revision, published_ms, route, waypoint_keys } in routes {
            for (waypoint, waypoint_key) in route.waypoints.iter().zip(waypoint_keys) {
                shelf.put(key, &route.slug, waypoint_key, waypoint, render);
            }
            change.whole.insert(key);
            let (slug, title, summary, line) = (route.slug, route.title, route.summary, route.line);
            change.routes.push(RouteHead { key, slug, revision, published_ms, title, summary, line });
        }
        change.shelves.push(shelf);
        // What is whole fits.
        Self::default().changed(change).unwrap_or_default()
    }

    /// The generation after this one; none when the change does not fit, so that everything has to be loaded anew.
    #[must_use]
    pub fn changed(&self, change: Change) -> Option<Self> {
        let leaving = self.leaving(&change);
        let mut themes = self.themes.clone();
        let mut turnovers = self.turnovers(&change, &leaving, &mut themes)?;
        let changed: HashSet<i64> =
            change.routes.iter().map(|head| head.key).chain(change.gone.iter().copied()).collect();
        let mut routes: Vec<Arc<Route>> =
            self.routes.iter().filter(|route| !changed.contains(&route.key)).map(Arc::clone).collect();
        let (base, gone, fresh) = self.parts(&change, &leaving);
        for head in change.routes {
            let Turnover { themes, leaving, arriving } = turnovers.remove(&head.key)?;
            let old = if change.whole.contains(&head.key) { None } else { Some(self.route_by_key(head.key)?) };
            let waypoint_keys = match old {
                None => in_order(arriving),
                Some(old) if self.has_no_gaps(old) => overlaid(&old.waypoint_keys, leaving, &arriving)?,
                Some(_) => return None,
            };
            routes.push(Arc::new(Route { head, waypoint_keys, themes }));
        }
        routes.sort_unstable_by(|a, b| a.slug.cmp(&b.slug));
        let by_route = routes.iter().enumerate().map(|(place, route)| (route.key, place)).collect();
        Some(Self { generation: change.generation, routes, by_route, themes, base, gone, fresh })
    }

    /// Numbers of this generation's waypoints that the next has not, or has otherwise.
    fn leaving(&self, change: &Change) -> Vec<u32> {
        let routes = change.gone.iter().chain(&change.whole).filter_map(|key| self.route_by_key(*key));
        let of_routes = routes.flat_map(|route| route.waypoint_keys.iter().copied());
        let arriving = change.arrivals().map(|(shelf, place)| shelf.spots()[place].key);
        let keys = of_routes.chain(change.removed.iter().copied()).chain(arriving);
        let mut leaving: Vec<u32> = keys.filter_map(|key| self.point(key)).collect();
        leaving.sort_unstable();
        leaving.dedup();
        leaving
    }

    /// What comes and goes on every changed route; none when a waypoint comes without its route.
    fn turnovers(&self, change: &Change, leaving: &[u32], themes: &mut Tally) -> Option<HashMap<i64, Turnover>> {
        let begin = |head: &RouteHead| {
            let themes = self.route_by_key(head.key).map(|route| route.themes.clone()).unwrap_or_default();
            (head.key, Turnover { themes, ..Turnover::default() })
        };
        let mut turnovers: HashMap<i64, Turnover> = change.routes.iter().map(begin).collect();
        for &point in leaving {
            let (part, place) = self.at(point);
            themes.take(part.shelf.themes(place));
            if let Some(turnover) = turnovers.get_mut(&part.shelf.route_key(place)) {
                turnover.themes.take(part.shelf.themes(place));
                turnover.leaving += 1;
            }
        }
        for (route_key, set, count) in change.shelves.iter().flat_map(Shelf::count_themes) {
            themes.add(set, count);
            turnovers.get_mut(&route_key)?.themes.add(set, count);
        }
        for (shelf, place) in change.arrivals() {
            let spot = &shelf.spots()[place];
            turnovers.get_mut(&shelf.route_key(place))?.arriving.push((spot.ordinal, spot.key));
        }
        Some(turnovers)
    }

    /// The parts of the next generation.
    fn parts(&self, change: &Change, leaving: &[u32]) -> (Arc<Part>, Places, Arc<Part>) {
        let (mut gone, mut gone_fresh) = (self.gone.clone(), Places::default());
        for &point in leaving {
            match (point as usize).checked_sub(self.base.len()) {
                None => gone.insert(point as usize),
                Some(place) => gone_fresh.insert(place),
            }
        }
        let left = |shelf: usize, part: &Part, gone: &Places| -> Vec<Pick> {
            (0..part.len()).filter(|place| !gone.contains(*place)).map(|place| (shelf, place)).collect()
        };
        let shelves: Vec<&Shelf> = [&self.base.shelf, &self.fresh.shelf].into_iter().chain(&change.shelves).collect();
        let mut picks = left(1, &self.fresh, &gone_fresh);
        picks.extend((2..).zip(&change.shelves).flat_map(|(n, shelf)| (0..shelf.len()).map(move |place| (n, place))));
        if (gone.len() + picks.len()) * BASE_SHARE > self.base.len() {
            picks.extend(left(0, &self.base, &gone));
            return (Arc::new(Part::new(&shelves, &picks)), Places::default(), Arc::default());
        }
        let same = gone_fresh.len() == 0 && picks.len() == self.fresh.len();
        let fresh = if same { Arc::clone(&self.fresh) } else { Arc::new(Part::new(&shelves, &picks)) };
        (Arc::clone(&self.base), gone, fresh)
    }

    /// Whether every waypoint of a route stands at the place that its number in the order says.
    fn has_no_gaps(&self, route: &Route) -> bool {
        let last = route.waypoint_keys.last().and_then(|key| self.by_key(*key));
        last.map_or(0, |stop| stop.ordinal as usize + 1) == route.waypoint_keys.len()
    }
}

fn in_order(mut arriving: Vec<(u32, i64)>) -> Vec<i64> {
    arriving.sort_unstable();
    arriving.into_iter().map(|(_, key)| key).collect()
}

/// An order without gaps, with what arrives at its places; what stays stands where it stood.
fn overlaid(old: &[i64], leaving: usize, arriving: &[(u32, i64)]) -> Option<Vec<i64>> {
    let len = (old.len() + arriving.len()).checked_sub(leaving)?;
    let mut keys = old.to_vec();
    keys.resize(len, 0);
    for &(ordinal, key) in arriving {
        *keys.get_mut(ordinal as usize)? = key;
    }
    // No waypoint has the number 0: it is a place that nobody took.
    (!keys.contains(&0)).then_some(keys)
}

/// How many waypoints have each theme.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(BTreeMap<String, usize>);

impl Tally {
    fn add(&mut self, themes: &[String], count: usize) {
        for theme in themes {
            *self.0.entry(theme.clone()).or_default() += count;
        }
    }

    /// One waypoint less.
    fn take(&mut self, themes: &[String]) {
        for theme in themes {
            if let Some(count) = self.0.get_mut(theme) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.0.remove(theme);
                }
            }
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn has(&self, theme: &str) -> bool {
        self.0.contains_key(theme)
    }
}

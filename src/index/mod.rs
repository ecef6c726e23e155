//! What visitors' questions are answered from: one generation of all published study routes, in memory.
//!
//! Immutable: built aside, swapped whole behind one atomic pointer, so a request that takes it once sees one generation from
//! start to end. A generation shares what it has in common with the one before it. It keeps of a waypoint what is asked of all
//! of them, and what every visitor is told of it, written down once; the rest stays in the database. Pure: no I/O, no clock; it
//! does not know what the written form looks like, its maker passes that in.

mod change;
mod part;
mod shelf;
#[cfg(test)]
mod tests;
mod tree;

use crate::domain::check_in::Site;
use crate::domain::geodesy::Frame;
use crate::domain::route::Lang;
use arc_swap::ArcSwap;
use change::Tally;
use part::{Part, Places};
use std::collections::HashMap;
use std::sync::Arc;

pub use change::{Change, Route};
pub use shelf::{Render, Shelf};
pub use tree::{Neighbour, PointTree};

/// One generation.
#[derive(Default)]
pub struct Index {
    generation: i64,
    /// By name.
    routes: Vec<Arc<Route>>,
    /// Where in `routes`, by the store's number.
    by_route: HashMap<i64, usize>,
    themes: Tally,
    /// Most waypoints.
    base: Arc<Part>,
    /// Waypoints of `base` that are of an earlier generation only.
    gone: Places,
    /// Waypoints that are not in `base`; their numbers go on where those of `base` end.
    fresh: Arc<Part>,
}

/// One waypoint of one generation.
#[derive(Clone, Copy)]
pub struct Stop<'a> {
    /// Its study route.
    pub route: &'a Route,
    /// Its name in the route.
    pub id: &'a str,
    /// The store's number of it.
    pub key: i64,
    /// Where presence at it is judged.
    pub site: &'a Site,
    /// Place in the visiting order, from 0.
    pub ordinal: u32,
}

impl Stop<'_> {
    /// `route/waypoint`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.route.slug, self.id)
    }
}

/// Which waypoints a visitor wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Only of this study route.
    pub route: Option<&'a str>,
    /// Only with this theme.
    pub theme: Option<&'a str>,
}

impl Index {
    /// The number of this generation; it grows with every publication.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// All study routes, by slug.
    #[must_use]
    pub fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// How many waypoints in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.base.len() - self.gone.len() + self.fresh.len()
    }

    /// Whether there is no waypoint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All themes of all waypoints, in order.
    pub fn themes(&self) -> impl Iterator<Item = &str> {
        self.themes.names()
    }

    /// Whether a waypoint has this theme.
    #[must_use]
    pub fn has_theme(&self, theme: &str) -> bool {
        self.themes.has(theme)
    }

    /// A study route by slug.
    #[must_use]
    pub fn route(&self, slug: &str) -> Option<&Route> {
        let place = self.routes.binary_search_by(|route| route.slug.as_str().cmp(slug)).ok()?;
        self.routes.get(place).map(Arc::as_ref)
    }

    /// A waypoint by its name `route/waypoint`.
    #[must_use]
    pub fn waypoint(&self, name: &str) -> Option<Stop<'_>> {
        let (slug, id) = name.split_once('/')?;
        let route = self.route(slug)?;
        self.find(|part| part.by_name(route.key, id)).and_then(|point| self.stop(point))
    }

    /// A waypoint by the store's number.
    #[must_use]
    pub fn by_key(&self, key: i64) -> Option<Stop<'_>> {
        self.point(key).and_then(|point| self.stop(point))
    }

    /// The waypoint of a neighbour.
    #[must_use]
    pub fn stop(&self, point: u32) -> Option<Stop<'_>> {
        let (part, place) = self.at(point);
        let spot = part.shelf.spots().get(place)?;
        let route = self.route_by_key(part.shelf.route_key(place))?;
        Some(Stop { route, id: part.shelf.id(place), key: spot.key, site: &spot.site, ordinal: spot.ordinal })
    }

    /// The wanted waypoints within `radius_m` of a frame's place, nearest first; equally near ones by route and visiting order.
    #[must_use]
    pub fn nearby(&self, frame: &Frame, radius_m: f64, limit: usize, wanted: Wanted<'_>) -> Vec<Neighbour> {
        let Ok(route) = wanted.route.map(|slug| self.route(slug).map(|route| route.key).ok_or(())).transpose() else {
            return Vec::new();
        };
        let look = |part: &Part, gone: &Places| {
            if gone.len() == 0 && route.is_none() && wanted.theme.is_none() {
                return part.tree.candidates(frame, radius_m, limit, |_| true);
            }
            let of_route = route.map(|key| part.shelf.of_route(key));
            part.tree.candidates(frame, radius_m, limit, |place| {
                let place = place as usize;
                !gone.contains(place)
                    && of_route.as_ref().is_none_or(|is| is(place))
                    && wanted.theme.is_none_or(|theme| part.shelf.themes(place).iter().any(|other| other == theme))
            })
        };
        let mut found = look(&self.base, &self.gone);
        if self.fresh.len() > 0 {
            let fresh = look(&self.fresh, &Places::default()).into_iter();
            found.extend(fresh.map(|seen| Neighbour { point: self.number_of_fresh(seen.point), ..seen }));
        }
        let order = |point| self.stop(point).map(|stop| (&stop.route.slug, stop.ordinal));
        found.sort_unstable_by(|a, b| {
            a.distance_m.total_cmp(&b.distance_m).then_with(|| order(a.point).cmp(&order(b.point)))
        });
        found.truncate(limit);
        found
    }

    /// What every visitor is told of a neighbour's waypoint.
    #[must_use]
    pub fn fragment(&self, point: u32, lang: Lang) -> &[u8] {
        let (part, place) = self.at(point);
        part.shelf.fragment(place, lang)
    }

    /// What every visitor is told of the waypoint that has the store's number.
    #[must_use]
    pub fn fragment_by_key(&self, key: i64, lang: Lang) -> Option<&[u8]> {
        self.point(key).map(|point| self.fragment(point, lang))
    }

    fn point(&self, key: i64) -> Option<u32> {
        self.find(|part| part.by_key(key))
    }

    /// The number of a waypoint of this generation, of which each part knows its own place.
    fn find(&self, place: impl Fn(&Part) -> Option<u32>) -> Option<u32> {
        let fresh = || place(&self.fresh).map(|place| self.number_of_fresh(place));
        place(&self.base).filter(|place| !self.gone.contains(*place as usize)).or_else(fresh)
    }

    fn at(&self, point: u32) -> (&Part, usize) {
        let place = point as usize;
        place.checked_sub(self.base.len()).map_or((&self.base, place), |place| (&self.fresh, place))
    }

    #[expect(clippy::cast_possible_truncation, reason = "waypoints are counted in u32")]
    fn number_of_fresh(&self, place: u32) -> u32 {
        self.base.len() as u32 + place
    }

    fn route_by_key(&self, key: i64) -> Option<&Arc<Route>> {
        self.by_route.get(&key).and_then(|&place| self.routes.get(place))
    }
}

/// The generation now being served.
pub struct Current(ArcSwap<Index>);

impl Current {
    /// Starts with `index`.
    #[must_use]
    pub fn new(index: Index) -> Self {
        Self(ArcSwap::from_pointee(index))
    }

    /// The generation as it is now. Take it once per request.
    #[must_use]
    pub fn load(&self) -> Arc<Index> {
        self.0.load_full()
    }

    /// Serves a newer generation from now on; an older one is dropped. Gives the one that was served.
    pub fn swap(&self, index: Index) -> Arc<Index> {
        let index = Arc::new(index);
        self.0.rcu(|now| if index.generation >= now.generation { Arc::clone(&index) } else { Arc::clone(now) })
    }
}

//! What visitors' questions are answered from: one generation of all published study routes, in memory.
//!
//! Immutable: built whole, swapped whole behind one atomic pointer, so a request that takes it once sees one generation from
//! start to end. What does not depend on the visitor is serialised once per generation. Pure: no I/O, no clock; it does
//! not know what the serialised form looks like, its maker passes that in.

mod tree;

use crate::domain::check_in::Site;
use crate::domain::crs::Crs;
use crate::domain::geodesy::{Frame, LatLon};
use crate::domain::route::{Lang, Published, Waypoint};
use arc_swap::ArcSwap;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

pub use tree::{Neighbour, PointTree};

/// Writes a waypoint's part of an answer that is the same for every visitor.
pub type Render = fn(stop: Stop<'_>, lang: Lang, crs: Crs, out: &mut Vec<u8>);

/// One generation.
pub struct Index {
    generation: i64,
    routes: Vec<Published>,
    /// Where each point of the tree stands in `routes`.
    stops: Vec<(u32, u32)>,
    tree: PointTree,
    by_route: HashMap<String, usize>,
    by_key: HashMap<i64, u32>,
    by_name: HashMap<Box<str>, u32>,
    themes: BTreeSet<String>,
    render: Render,
    prepared: [OnceLock<Prepared>; Lang::ALL.len() * Crs::ALL.len()],
}

/// One waypoint of one generation.
#[derive(Clone, Copy)]
pub struct Stop<'a> {
    /// Its study route.
    pub published: &'a Published,
    /// Its content.
    pub waypoint: &'a Waypoint,
    /// The store's number of it.
    pub key: i64,
}

impl Stop<'_> {
    /// Where presence at this stop is judged.
    #[must_use]
    pub fn site(&self) -> Site {
        Site { position: self.waypoint.position, zone: self.waypoint.body.zone.clone() }
    }
}

/// The serialised waypoints of one language and reference system, end to end in one buffer: neighbours in a route lie side by
/// side, and no waypoint costs an allocation.
struct Prepared {
    bytes: Vec<u8>,
    ends: Vec<usize>,
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
    /// Builds a generation. The languages are prepared in WGS 84 at once, the other reference systems when first asked for.
    #[must_use]
    pub fn build(generation: i64, mut routes: Vec<Published>, render: Render) -> Self {
        routes.sort_by(|a, b| a.route.slug.cmp(&b.route.slug));
        let stops: Vec<(u32, u32)> = (0u32..)
            .zip(&routes)
            .flat_map(|(r, published)| (0u32..).zip(&published.route.waypoints).map(move |(w, _)| (r, w)))
            .collect();
        let places: Vec<LatLon> =
            routes.iter().flat_map(|p| p.route.waypoints.iter().map(|waypoint| waypoint.position)).collect();
        let keys = routes.iter().flat_map(|p| p.waypoint_keys.iter().copied());
        let names = routes
            .iter()
            .flat_map(|p| p.route.waypoints.iter().map(|w| format!("{}/{}", p.route.slug, w.id).into_boxed_str()));
        let mut index = Self {
            generation,
            by_key: keys.zip(0u32..).collect(),
            by_name: names.zip(0u32..).collect(),
            by_route: routes.iter().enumerate().map(|(i, p)| (p.route.slug.clone(), i)).collect(),
            themes: routes
                .iter()
                .flat_map(|p| &p.route.waypoints)
                .flat_map(|w| w.body.themes.iter().cloned())
                .collect(),
            tree: PointTree::new(places.into_iter()),
            stops,
            routes,
            render,
            prepared: Default::default(),
        };
        for lang in Lang::ALL {
            let prepared = index.prepare(lang, Crs::Wgs84);
            index.prepared[slot(lang, Crs::Wgs84)] = OnceLock::from(prepared);
        }
        index
    }

    /// The number of this generation; it grows with every publication.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// All study routes, by slug.
    #[must_use]
    pub fn routes(&self) -> &[Published] {
        &self.routes
    }

    /// How many waypoints in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stops.len()
    }

    /// Whether there is no waypoint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stops.is_empty()
    }

    /// All themes of all waypoints.
    #[must_use]
    pub fn themes(&self) -> &BTreeSet<String> {
        &self.themes
    }

    /// A study route by slug.
    #[must_use]
    pub fn route(&self, slug: &str) -> Option<&Published> {
        self.by_route.get(slug).and_then(|&i| self.routes.get(i))
    }

    /// A waypoint by its name `route/waypoint`.
    #[must_use]
    pub fn waypoint(&self, name: &str) -> Option<Stop<'_>> {
        self.by_name.get(name).and_then(|&point| self.stop(point))
    }

    /// A waypoint by the store's number.
    #[must_use]
    pub fn by_key(&self, key: i64) -> Option<Stop<'_>> {
        self.by_key.get(&key).and_then(|&point| self.stop(point))
    }

    /// The waypoint of a neighbour.
    #[must_use]
    pub fn stop(&self, point: u32) -> Option<Stop<'_>> {
        let &(r, w) = self.stops.get(point as usize)?;
        let published = self.routes.get(r as usize)?;
        let waypoint = published.route.waypoints.get(w as usize)?;
        Some(Stop { published, waypoint, key: *published.waypoint_keys.get(w as usize)? })
    }

    /// The wanted waypoints within `radius_m` of a frame's place, nearest first.
    #[must_use]
    pub fn nearby(&self, frame: &Frame, radius_m: f64, limit: usize, wanted: Wanted<'_>) -> Vec<Neighbour> {
        if wanted.route.is_none() && wanted.theme.is_none() {
            return self.tree.nearby(frame, radius_m, limit, |_| true);
        }
        self.tree.nearby(frame, radius_m, limit, |point| {
            self.stop(point).is_some_and(|stop| {
                wanted.route.is_none_or(|slug| slug == stop.published.route.slug)
                    && wanted.theme.is_none_or(|theme| stop.waypoint.body.themes.iter().any(|t| t == theme))
            })
        })
    }

    /// The serialised form of a neighbour's waypoint.
    #[must_use]
    pub fn fragment(&self, point: u32, lang: Lang, crs: Crs) -> &[u8] {
        let prepared = self.prepared[slot(lang, crs)].get_or_init(|| self.prepare(lang, crs));
        let i = point as usize;
        let start = i.checked_sub(1).and_then(|before| prepared.ends.get(before)).copied().unwrap_or(0);
        prepared.ends.get(i).and_then(|&end| prepared.bytes.get(start..end)).unwrap_or(b"null")
    }

    fn prepare(&self, lang: Lang, crs: Crs) -> Prepared {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(self.stops.len()));
        for point in (0u32..).take(self.stops.len()) {
            if let Some(stop) = self.stop(point) {
                (self.render)(stop, lang, crs, &mut bytes);
            }
            ends.push(bytes.len());
        }
        bytes.shrink_to_fit();
        Prepared { bytes, ends }
    }
}

fn slot(lang: Lang, crs: Crs) -> usize {
    lang as usize * Crs::ALL.len() + crs as usize
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

    /// Serves a newer generation from now on; an older one is dropped.
    pub fn swap(&self, index: Index) {
        let index = Arc::new(index);
        self.0.rcu(|now| if index.generation >= now.generation { Arc::clone(&index) } else { Arc::clone(now) });
    }
}

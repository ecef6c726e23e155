//! Waypoints in columns: a few large buffers instead of an allocation for each, and nothing of a waypoint that only its own page
//! shows. Refuses to know how a waypoint is written down; who fills a shelf passes that in.

use crate::domain::check_in::Site;
use crate::domain::route::{Lang, Waypoint};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Writes what every visitor is told of a waypoint in an answer: the route's name, the waypoint, the language, and where to.
pub type Render = fn(route: &str, waypoint: &Waypoint, lang: Lang, out: &mut Vec<u8>);

/// Some waypoints.
#[derive(Default)]
pub struct Shelf {
    spots: Vec<Spot>,
    ids: Texts,
    fragments: [Texts; Lang::ALL.len()],
    routes: Interned<i64>,
    themes: Interned<Vec<String>>,
}

/// What is asked of a waypoint often.
#[derive(Clone)]
pub(super) struct Spot {
    pub key: i64,
    pub site: Site,
    /// Place in the visiting order, from 0.
    pub ordinal: u32,
    /// The shelf's number of its route.
    route: u32,
    /// The shelf's number of its set of themes.
    themes: u32,
}

/// A buffer of texts is closed when it is this long. There are some thousands of them then, and each is small beside all.
const BUFFER_BYTES: usize = 1024 * 1024;
/// Shorter ones are not worth being shared.
const SHARED_BYTES_MIN: usize = 64 * 1024;

/// A shelf among several, and a place on it.
pub(super) type Pick = (usize, usize);

impl Shelf {
    /// Puts a waypoint there. `key` and `route_key` are the store's numbers, `route` is the route's name.
    pub fn put(&mut self, route_key: i64, route: &str, key: i64, waypoint: &Waypoint, render: Render) {
        self.spots.push(Spot {
            key,
            site: Site { position: waypoint.position, zone: waypoint.body.zone.clone() },
            ordinal: waypoint.body.order.saturating_sub(1),
            route: self.routes.number(&route_key),
            themes: self.themes.number(&waypoint.body.themes),
        });
        self.ids.write(|out| out.extend_from_slice(waypoint.id.as_bytes()));
        for (lang, fragments) in Lang::ALL.into_iter().zip(&mut self.fragments) {
            fragments.write(|out| render(route, waypoint, lang, out));
        }
    }

    /// Gives back the room that is not needed when nothing more is put there.
    #[must_use]
    pub fn full(mut self) -> Self {
        self.fragments.iter_mut().for_each(Texts::close);
        self
    }

    /// A new shelf with these waypoints of others, in this order.
    pub(super) fn gather(shelves: &[&Shelf], picks: &[Pick]) -> Self {
        let fragments = |lang: usize| Texts::gather(shelves, picks, |shelf| &shelf.fragments[lang]);
        let mut gathered = Self {
            spots: Vec::with_capacity(picks.len()),
            ids: Texts::gather(shelves, picks, |shelf| &shelf.ids),
            fragments: std::array::from_fn(fragments),
            ..Self::default()
        };
        for &(shelf, place) in picks {
            let (shelf, spot) = (shelves[shelf], &shelves[shelf].spots[place]);
            gathered.spots.push(Spot {
                route: gathered.routes.number(&shelf.route_key(place)),
                themes: gathered.themes.number(shelf.themes.value(spot.themes)),
                ..spot.clone()
            });
        }
        gathered
    }

    pub(super) fn len(&self) -> usize {
        self.spots.len()
    }

    pub(super) fn spots(&self) -> &[Spot] {
        &self.spots
    }

    pub(super) fn id(&self, place: usize) -> &str {
        std::str::from_utf8(self.ids.get(place)).unwrap_or_default()
    }

    pub(super) fn fragment(&self, place: usize, lang: Lang) -> &[u8] {
        self.fragments[lang as usize].get(place)
    }

    pub(super) fn route_key(&self, place: usize) -> i64 {
        *self.routes.value(self.spots[place].route)
    }

    pub(super) fn themes(&self, place: usize) -> &Vec<String> {
        self.themes.value(self.spots[place].themes)
    }

    /// Which places have waypoints of a route.
    pub(super) fn of_route(&self, route_key: i64) -> impl Fn(usize) -> bool {
        let number = self.routes.numbers.get(&route_key).copied();
        move |place| Some(self.spots[place].route) == number
    }

    /// How many waypoints of each route have each set of themes.
    pub(super) fn count_themes(&self) -> impl Iterator<Item = (i64, &Vec<String>, usize)> {
        let mut counts: HashMap<(u32, u32), usize> = HashMap::new();
        for spot in &self.spots {
            *counts.entry((spot.route, spot.themes)).or_default() += 1;
        }
        counts.into_iter().map(|((route, themes), count)| (*self.routes.value(route), self.themes.value(themes), count))
    }
}

/// Texts end to end in a few large buffers, which shelves share.
#[derive(Default)]
struct Texts {
    full: Vec<Arc<[u8]>>,
    /// The buffer after the full ones, which is being filled.
    open: Vec<u8>,
    spans: Vec<Span>,
}

#[derive(Clone, Copy)]
struct Span {
    buffer: u32,
    start: u32,
    end: u32,
}

#[expect(clippy::cast_possible_truncation, reason = "a buffer is closed long before, and a text is much shorter")]
impl Texts {
    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.open.len() >= BUFFER_BYTES {
            self.close();
        }
        let start = self.open.len() as u32;
        write(&mut self.open);
        self.spans.push(Span { buffer: self.full.len() as u32, start, end: self.open.len() as u32 });
    }

    /// Keeps what was written in a buffer of its very size.
    fn close(&mut self) {
        self.full.push(Arc::from(std::mem::take(&mut self.open)));
    }

    fn get(&self, place: usize) -> &[u8] {
        let span = &self.spans[place];
        let buffer = self.full.get(span.buffer as usize).map_or(&self.open[..], |buffer| &buffer[..]);
        &buffer[span.start as usize..span.end as usize]
    }

    /// Buffers that are needed for the most part are shared, and what is needed of others is copied.
    fn gather(shelves: &[&Shelf], picks: &[Pick], texts: impl Fn(&Shelf) -> &Self) -> Self {
        let mut needed: Vec<Vec<usize>> = shelves.iter().map(|shelf| vec![0; texts(shelf).full.len() + 1]).collect();
        for &(shelf, place) in picks {
            let span = texts(shelves[shelf]).spans[place];
            needed[shelf][span.buffer as usize] += (span.end - span.start) as usize;
        }
        let mut gathered = Self { spans: Vec::with_capacity(picks.len()), ..Self::default() };
        let mut shared: Vec<Vec<Option<u32>>> = Vec::with_capacity(shelves.len());
        for (shelf, needed) in shelves.iter().zip(&needed) {
            let numbers = texts(shelf).full.iter().zip(needed).map(|(buffer, needed)| {
                let share = buffer.len() >= SHARED_BYTES_MIN && needed * 2 >= buffer.len();
                share.then(|| gathered.full.push(Arc::clone(buffer)))?;
                Some(gathered.full.len() as u32 - 1)
            });
            shared.push(numbers.collect());
        }
        for &(shelf, place) in picks {
            let texts = texts(shelves[shelf]);
            let span = texts.spans[place];
            match shared[shelf].get(span.buffer as usize).copied().flatten() {
                Some(buffer) => gathered.spans.push(Span { buffer, ..span }),
                None => gathered.write(|out| out.extend_from_slice(texts.get(place))),
            }
        }
        gathered.close();
        gathered
    }
}

/// Values that many have, each kept once.
struct Interned<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Interned<T> {
    fn number(&mut self, value: &T) -> u32 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        // There are no more of them than waypoints, which are counted in u32.
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value.clone());
        self.numbers.insert(value.clone(), number);
        number
    }

    fn value(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}

//! A part of a generation: waypoints in the order of their tree, so that neighbours lie side by side in every column, with ways to
//! find them by place, by key and by name. Immutable; generations share it.

use super::shelf::{Pick, Shelf};
use super::tree::PointTree;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

/// Waypoints that are found fast. A waypoint's number is its place.
#[derive(Default)]
pub(super) struct Part {
    pub shelf: Shelf,
    pub tree: PointTree,
    hasher: RandomState,
    /// Places by the hash of what is looked for, which itself is kept on the shelf alone.
    by_key: HashTable<u32>,
    by_name: HashTable<u32>,
}

impl Part {
    /// A part with these waypoints of some shelves.
    pub fn new(shelves: &[&Shelf], picks: &[Pick]) -> Self {
        let mut tree = PointTree::new(picks.iter().map(|&(shelf, place)| shelves[shelf].spots()[place].site.position));
        let picks: Vec<Pick> = tree.renumber().into_iter().map(|number| picks[number as usize]).collect();
        let shelf = Shelf::gather(shelves, &picks);
        let mut part = Self { shelf, tree, ..Self::default() };
        let (shelf, hasher) = (&part.shelf, &part.hasher);
        let key_hash = |place: &u32| hasher.hash_one(shelf.spots()[*place as usize].key);
        let name_hash = |place: &u32| {
            let place = *place as usize;
            hasher.hash_one((shelf.route_key(place), shelf.id(place)))
        };
        part.by_key.reserve(shelf.len(), key_hash);
        part.by_name.reserve(shelf.len(), name_hash);
        for place in (0u32..).take(shelf.len()) {
            part.by_key.insert_unique(key_hash(&place), place, key_hash);
            part.by_name.insert_unique(name_hash(&place), place, name_hash);
        }
        part
    }

    pub fn len(&self) -> usize {
        self.shelf.len()
    }

    /// The waypoint with the store's number.
    pub fn by_key(&self, key: i64) -> Option<u32> {
        let is_it = |place: &u32| self.shelf.spots()[*place as usize].key == key;
        self.by_key.find(self.hasher.hash_one(key), is_it).copied()
    }

    /// The waypoint of a route.
    pub fn by_name(&self, route_key: i64, id: &str) -> Option<u32> {
        let is_it = |place: &u32| {
            let place = *place as usize;
            self.shelf.route_key(place) == route_key && self.shelf.id(place) == id
        };
        self.by_name.find(self.hasher.hash_one((route_key, id)), is_it).copied()
    }
}

/// A set of places.
#[derive(Clone, Default)]
pub(super) struct Places {
    words: Vec<u64>,
    count: usize,
}

impl Places {
    pub fn insert(&mut self, place: usize) {
        let (word, bit) = (place / 64, 1 << (place % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if self.words[word] & bit == 0 {
            self.words[word] |= bit;
            self.count += 1;
        }
    }

    pub fn contains(&self, place: usize) -> bool {
        self.words.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    pub fn len(&self) -> usize {
        self.count
    }
}

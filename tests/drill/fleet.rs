//! Three nodes on one database, behind a proxy that asks each of them all the time whether it is ready.

use crate::process::{Connections, PATIENCE, Server, Service, Setup, client, client_within};
use crate::relay::Relay;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const NODES: usize = 3;
/// How often the proxy asks a node.
const ASKED_EVERY: Duration = Duration::from_millis(100);
/// What was on its way to a node that is taken out has been answered by then.
const TAKEN_OUT: Duration = Duration::from_secs(2);
/// A node that does not answer so long is held for dead, and its connections are cut.
const DEAD_AFTER: Duration = Duration::from_secs(4);

/// Three nodes; killed when dropped.
pub struct Fleet {
    nodes: [Option<Server>; NODES],
    places: Arc<Places>,
    relay: Arc<Relay>,
    /// How to start one.
    pub setup: Setup,
}

/// What the proxy knows.
#[derive(Default)]
struct Places {
    nodes: [Mutex<Place>; NODES],
    next: AtomicUsize,
    is_over: AtomicBool,
}

#[derive(Clone, Copy, Default)]
struct Place {
    address: Option<SocketAddr>,
    is_ready: bool,
}

impl Fleet {
    pub fn start(setup: &Setup) -> Self {
        let places = Arc::<Places>::default();
        let choice = Arc::clone(&places);
        let relay = Arc::new(Relay::start(Box::new(move || choice.in_turn())));
        for number in 0..NODES {
            let (places, relay) = (Arc::clone(&places), Arc::clone(&relay));
            std::thread::spawn(move || places.watch(number, &relay));
        }
        let mut fleet = Self { nodes: [None, None, None], places, relay, setup: setup.clone() };
        (0..NODES).for_each(|number| fleet.start_node(number));
        fleet
    }

    /// What clients see: every request on a connection of its own.
    pub fn service(&self) -> Service {
        Service { base: format!("http://{}", self.relay.address), client: client(Connections::Fresh) }
    }

    pub fn node(&self, number: usize) -> &Server {
        self.nodes[number].as_ref().expect("it runs")
    }

    pub fn start_node(&mut self, number: usize) {
        let server = self.setup.start();
        let address = server.base.strip_prefix("http://").unwrap().parse().unwrap();
        self.places.set(number, Some(address), true);
        self.nodes[number] = Some(server);
    }

    pub fn kill9(&mut self, number: usize) {
        self.nodes[number].take().expect("it runs").kill9();
    }

    /// Asks it to stop, waits until it has done so in order, and starts the next in its place.
    pub fn replace(&mut self, number: usize) {
        let mut server = self.nodes[number].take().expect("it runs");
        server.terminate();
        let ended = server.ends_within(PATIENCE);
        assert_eq!(ended.and_then(|status| status.code()), Some(0), "{}", server.log());
        self.start_node(number);
    }

    /// The same with one whose program does not tell the proxy before it stops: it is taken out by hand.
    pub fn take_out_and_replace(&mut self, number: usize) {
        self.places.set(number, None, false);
        std::thread::sleep(TAKEN_OUT);
        self.replace(number);
    }

    /// Kills it, and starts another kind in its place.
    pub fn exchange(&mut self, number: usize, setup: &Setup) {
        self.kill9(number);
        self.setup = setup.clone();
        self.start_node(number);
    }

    pub fn is_in_use(&self, number: usize) -> bool {
        self.places.get(number).is_ready
    }

    pub fn wait_until_in_use(&self, number: usize, wanted: bool) {
        let since = Instant::now();
        while self.is_in_use(number) != wanted {
            assert!(since.elapsed() < PATIENCE, "node {number} is not {wanted} in use: {}", self.node(number).log());
            std::thread::sleep(ASKED_EVERY / 4);
        }
    }

    pub fn wait_until_all_are_in_use(&self) {
        (0..NODES).for_each(|number| self.wait_until_in_use(number, true));
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.places.is_over.store(true, Ordering::Relaxed);
    }
}

impl Places {
    fn get(&self, number: usize) -> Place {
        *self.nodes[number].lock().unwrap()
    }

    fn set(&self, number: usize, address: Option<SocketAddr>, is_ready: bool) {
        *self.nodes[number].lock().unwrap() = Place { address, is_ready };
    }

    /// One of the ready ones, another one every time. When none is, any may say so itself.
    fn in_turn(&self) -> SocketAddr {
        let all: Vec<Place> = (0..NODES).map(|number| self.get(number)).collect();
        let known = |wanted: bool| all.iter().filter(move |place| place.is_ready == wanted).filter_map(|p| p.address);
        let mut places: Vec<SocketAddr> = known(true).collect();
        if places.is_empty() {
            places = known(false).collect();
        }
        places[self.next.fetch_add(1, Ordering::Relaxed) % places.len()]
    }

    fn watch(&self, number: usize, relay: &Relay) {
        let client = client_within(DEAD_AFTER, Connections::Fresh);
        while !self.is_over.load(Ordering::Relaxed) {
            std::thread::sleep(ASKED_EVERY);
            let Some(address) = self.get(number).address else { continue };
            let answer = client.get(format!("http://{address}/readyz")).send();
            let mut place = self.nodes[number].lock().unwrap();
            // Another one may stand there by now.
            if place.address != Some(address) {
                continue;
            }
            place.is_ready = answer.as_ref().is_ok_and(|answer| answer.status() == 200);
            // The connections of one that has ended are broken as it is, and one that is about to end needs them still.
            if answer.is_err_and(|error| error.is_timeout()) {
                relay.cut(address);
            }
        }
    }
}

//! Counts the open connections, altogether and per client, and says whether one more may come.
//!
//! Its mutex is locked once when a connection opens and once when it closes. It refuses to be asked about a request.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::DoorStats;

/// The part of an IPv6 address that names a client: a household or a phone has a whole /64 to choose addresses from.
const IPV6_CLIENT_BITS: u32 = 64;

pub(super) struct Seats {
    taken: Mutex<Taken>,
    total_max: usize,
    per_client_max: usize,
    stats: Arc<DoorStats>,
    emptied: Notify,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// A connection's place; dropping it, also in a panic, makes room for the next.
pub(super) struct Seat {
    seats: Arc<Seats>,
    client: Option<IpAddr>,
}

impl Seats {
    pub(super) fn new(total_max: usize, per_client_max: usize, stats: Arc<DoorStats>) -> Self {
        Self { taken: Mutex::default(), total_max, per_client_max, stats, emptied: Notify::new() }
    }

    /// None when the house is full, or full of this client.
    pub(super) fn take(seats: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let client = client_of(address);
        let mut taken = seats.lock();
        if taken.total >= seats.total_max {
            return None;
        }
        if let Some(client) = client {
            // Looked up before it is inserted, so that a refusal leaves no entry behind.
            let held = taken.by_client.get(&client).copied().unwrap_or(0);
            if held >= seats.per_client_max {
                return None;
            }
            taken.by_client.insert(client, held + 1);
        }
        taken.total += 1;
        drop(taken);
        seats.stats.connections.fetch_add(1, Ordering::Relaxed);
        Some(Seat { seats: Arc::clone(seats), client })
    }

    /// Waits until no seat is taken.
    pub(super) async fn all_free(&self) {
        loop {
            let mut emptied = pin!(self.emptied.notified());
            // Enrolled before looking, or the last seat could be given back in between.
            emptied.as_mut().enable();
            if self.lock().total == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// The counts are whole after every statement, so a panic elsewhere need not end the counting.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.total = taken.total.saturating_sub(1);
        if let Some(client) = self.client
            && let Some(held) = taken.by_client.get_mut(&client)
        {
            *held = held.saturating_sub(1);
            if *held == 0 {
                taken.by_client.remove(&client);
            }
        }
        let empty = taken.total == 0;
        drop(taken);
        self.seats.stats.connections.fetch_sub(1, Ordering::Relaxed);
        if empty {
            self.seats.emptied.notify_waiters();
        }
    }
}

/// Whom an address stands for. None for this machine itself, which is not limited.
fn client_of(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    if address.is_loopback() {
        return None;
    }
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = u128::MAX << (u128::BITS - IPV6_CLIENT_BITS);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & network))
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn seats(total_max: usize, per_client_max: usize) -> Arc<Seats> {
        Arc::new(Seats::new(total_max, per_client_max, Arc::default()))
    }

    fn take(seats: &Arc<Seats>, address: &str) -> Option<Seat> {
        Seats::take(seats, address.parse().unwrap())
    }

    #[test]
    fn a_client_gets_its_share_and_leaves_the_rest_to_others() {
        let seats = seats(10, 2);
        let first = take(&seats, "192.0.2.1").unwrap();
        let _second = take(&seats, "192.0.2.1").unwrap();
        assert!(take(&seats, "192.0.2.1").is_none());
        assert!(take(&seats, "192.0.2.2").is_some());
        drop(first);
        assert!(take(&seats, "192.0.2.1").is_some());
    }

    #[test]
    fn a_mapped_ipv4_address_is_the_ipv4_address() {
        let seats = seats(10, 1);
        let _held = take(&seats, "192.0.2.1").unwrap();
        assert!(take(&seats, "::ffff:192.0.2.1").is_none());
        assert!(take(&seats, "::ffff:192.0.2.2").is_some());
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_client() {
        let seats = seats(10, 1);
        let _held = take(&seats, "2001:db8:0:1::1").unwrap();
        assert!(take(&seats, "2001:db8:0:1:ffff:ffff:ffff:ffff").is_none());
        assert!(take(&seats, "2001:db8:0:2::1").is_some());
    }

    #[test]
    fn loopback_is_exempt_from_the_share_but_not_from_the_total() {
        let seats = seats(3, 1);
        let _held: Vec<_> = ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1"].map(|a| take(&seats, a).unwrap()).into();
        assert!(take(&seats, "::1").is_none());
    }

    #[test]
    fn nothing_is_remembered_of_clients_that_have_gone_or_were_refused() {
        let seats = seats(1, 1);
        drop(take(&seats, "192.0.2.1"));
        let held = take(&seats, "192.0.2.2");
        assert!(take(&seats, "192.0.2.3").is_none());
        drop(held);
        assert!(seats.lock().by_client.is_empty());
        assert_eq!(seats.stats.connections.load(Ordering::Relaxed), 0);
    }
}

//! Whose request this is, as an address. A forwarding header counts only when the connection comes from a trusted proxy, and is
//! read from right to left: what stands left of the first untrusted address was written by whoever wanted to.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use ipnet::IpNet;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// Proxies whose forwarding headers are believed.
#[derive(Clone, Default)]
pub struct TrustedProxies(pub Arc<[IpNet]>);

/// The address a limit is kept for: an IPv4 address, or the /64 of an IPv6 one, which is one household or school.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }

    fn client(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = IpAddr>) -> IpAddr {
        let mut client = peer;
        for address in forwarded.rev() {
            if !self.trusts(client) {
                break;
            }
            client = address;
        }
        client
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip().to_canonical());
        let proxies = parts.extensions.get::<TrustedProxies>().cloned().unwrap_or_default();
        let forwarded: Vec<IpAddr> = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            // What is no address ends the chain of trust: nothing left of it is believed.
            .map(|part| part.trim().parse::<IpAddr>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ip| ip.to_canonical()))
            .collect();
        Ok(Self(per_network(proxies.client(peer, forwarded.into_iter()))))
    }
}

fn per_network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let nets: Vec<IpNet> = trusted.iter().map(|net| net.parse().expect("a network")).collect();
        let hops = forwarded.iter().map(|hop| hop.parse().expect("an address"));
        TrustedProxies(nets.into()).client(peer.parse().expect("an address"), hops).to_string()
    }

    #[test]
    fn a_forwarding_header_counts_only_from_a_trusted_proxy_and_from_the_right() {
        assert_eq!(client(&[], "10.0.0.9", &["1.2.3.4"]), "10.0.0.9");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.9", &["6.6.6.6", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.9", &["6.6.6.6", "1.2.3.4", "10.0.0.8"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.9", &[]), "10.0.0.9");
        assert_eq!(client(&["10.0.0.0/8"], "7.7.7.7", &["1.2.3.4"]), "7.7.7.7");
    }

    #[test]
    fn a_school_has_one_address_whichever_version() {
        assert_eq!(per_network("2001:db8:1:2:3:4:5:6".parse().expect("v6")).to_string(), "2001:db8:1:2::");
        assert_eq!(per_network("192.0.2.7".parse().expect("v4")).to_string(), "192.0.2.7");
    }
}

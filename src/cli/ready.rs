//! The work behind `ready`: a health check for images without a shell or curl. Asks this machine alone, in plain HTTP.

use super::output::Output;
use crate::config::Config;
use anyhow::{Context, Result};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

/// A server that takes longer is not ready; it gives its database two seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks whether the server at `listen` is ready, and says what is amiss.
///
/// # Errors
/// When nothing answers there.
pub async fn ask(config: &Config, out: &Output) -> Result<ExitCode> {
    let address = here(config.listen);
    // The client wants to know how TLS is done before it knows that there is none.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let asked = client.get(format!("http://{address}/readyz")).send().await;
    let answer = asked.with_context(|| format!("no server answers at {address}"))?;
    let is_ready = answer.status().is_success();
    let told: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
    let reasons = told["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let reasons = reasons.collect::<Vec<_>>().join("; ");
    let said = if is_ready { "ready" } else { "not ready" };
    out.table(["address", "state", "reasons"], vec![[address.to_string(), said.into(), reasons]])?;
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A server that listens at every address is reached at the loopback's.
fn here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_at_the_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:80", "[::1]:80"),
            ("10.1.2.3:9", "10.1.2.3:9"),
            ("[fd00::1]:9", "[fd00::1]:9"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(here(listen).to_string(), asked);
        }
    }
}

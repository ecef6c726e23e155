//! Addresses of PostgreSQL: `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME?…` names the servers of one database, as libpq's
//! addresses do. Refuses what it would have to guess.

use super::{Result, StoreError};
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;

/// Which of the servers is asked for (`target_session_attrs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The one that takes writes.
    Primary,
    /// One that follows it.
    Standby,
    /// One that follows it, else the one that takes writes.
    PreferStandby,
    /// Whichever answers.
    Any,
}

/// Where a database is.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// One for each server, in the order of their preference.
    pub servers: Vec<PgConnectOptions>,
    pub wanted: Wanted,
    /// A pooler in between lends the server's connections by the transaction (`pool_mode=transaction`).
    pub by_transaction: bool,
}

impl Address {
    /// Reads an address; `wanted` is what it asks for when it does not say.
    pub fn parse(url: &str, wanted: Wanted) -> Result<Self> {
        let bad = || StoreError::Unfit("the PostgreSQL address is not understood".into());
        let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, name) = place.split_once('/').unwrap_or((place, ""));
        let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
        let user = if user.is_empty() { String::new() } else { format!("{user}@") };
        let (mut wanted, mut by_transaction, mut others) = (wanted, false, Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("target_session_attrs", value)) => wanted = Wanted::parse(value)?,
                Some(("pool_mode", value)) => by_transaction = is_by_transaction(value)?,
                _ => others.push(parameter),
            }
        }
        let query = others.join("&");
        let server = |host: &str| {
            let options = PgConnectOptions::from_str(&format!("{scheme}://{user}{host}/{name}?{query}"));
            let options = options.map_err(|_| bad())?.application_name("studyroute");
            // A pooler knows no such setting of a session, and numbers travel as they are anyway.
            Ok(if by_transaction { options.extra_float_digits(None) } else { options })
        };
        let servers = hosts.split(',').map(server).collect::<Result<Vec<_>>>()?;
        Ok(Self { servers, wanted, by_transaction })
    }
}

impl Wanted {
    fn parse(value: &str) -> Result<Self> {
        match value {
            "read-write" | "primary" => Ok(Self::Primary),
            "read-only" | "standby" => Ok(Self::Standby),
            "prefer-standby" => Ok(Self::PreferStandby),
            "any" => Ok(Self::Any),
            _ => Err(StoreError::Unfit(
                "target_session_attrs must be read-write, primary, read-only, standby, prefer-standby or any".into(),
            )),
        }
    }
}

fn is_by_transaction(value: &str) -> Result<bool> {
    match value {
        "transaction" => Ok(true),
        "session" => Ok(false),
        _ => Err(StoreError::Unfit("pool_mode must be session or transaction".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<(String, u16)> {
        let address = Address::parse(url, Wanted::Primary).expect("an address");
        address.servers.iter().map(|server| (server.get_host().to_string(), server.get_port())).collect()
    }

    #[test]
    fn an_address_may_name_several_servers() {
        let of = |host: &str, port| (host.to_string(), port);
        assert_eq!(hosts("postgres://me@one/db"), [of("one", 5432)]);
        assert_eq!(hosts("postgres://me:a,b@one:1,two,[::1]:3/db"), [of("one", 1), of("two", 5432), of("[::1]", 3)]);
        let address =
            Address::parse("postgres://me:p%40@a,b/db?target_session_attrs=any&sslmode=verify-full", Wanted::Primary);
        let address = address.expect("an address");
        assert_eq!((address.wanted, address.by_transaction), (Wanted::Any, false));
        for server in &address.servers {
            assert_eq!((server.get_username(), server.get_database()), ("me", Some("db")));
            assert!(matches!(server.get_ssl_mode(), sqlx::postgres::PgSslMode::VerifyFull));
        }
    }

    #[test]
    fn what_would_have_to_be_guessed_is_refused_in_words() {
        for (parameter, word) in [("target_session_attrs=write", "read-write"), ("pool_mode=statement", "transaction")]
        {
            let refused = Address::parse(&format!("postgres://me@a/db?{parameter}"), Wanted::Primary);
            let error = refused.expect_err("refused").to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(Address::parse("postgres://me@a:port/db", Wanted::Primary).is_err());
    }
}

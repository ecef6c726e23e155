//! Settings: one table of names, defaults and meanings. Each can be given as a flag, in the environment, or in a TOML file, in
//! that order of strength; unknown ones are refused. Parsed once into final types.

use crate::domain::map_tiles::MapTiles;
use crate::traces::Collector;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The law asks for half a year, and the database itself refuses to forget what is younger than this.
const AUDIT_DAYS_MIN: usize = 190;
/// For ever: some hundred years.
const DAYS_MAX: usize = 36_500;

/// Environment variables of the program begin like this; those of its tests with `STUDYROUTE_TEST_`.
const ENV_PREFIX: &str = "STUDYROUTE_";
const ENV_TEST_PREFIX: &str = "STUDYROUTE_TEST_";

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name as a flag and in the file.
    pub name: &'static str,
    /// What it is without being told.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// All settings.
pub const SETTINGS: [Setting; 25] = [
    Setting { name: "listen", default: "127.0.0.1:8080", help: "Address and port to listen on" },
    Setting {
        name: "database",
        default: "sqlite:studyroute.db",
        help: "sqlite:FILE (made if it is not there) or postgres://USER:PASSWORD@HOST/NAME; several servers as HOST,HOST",
    },
    Setting {
        name: "database-replica",
        default: "",
        help: "postgres://… of a standby that answers counts while it lags less than a minute; how far it lags is said with them",
    },
    Setting {
        name: "assets",
        default: "",
        help: "Where exhibits' files are kept: a folder or s3://BUCKET/PREFIX; without it, DATABASE-FILE.assets beside an SQLite file, and nowhere with PostgreSQL",
    },
    Setting { name: "routes-data", default: "routes-data", help: "Folder of route files imported at start" },
    Setting {
        name: "trusted-proxies",
        default: "",
        help: "Networks (CIDR, separated by commas) of proxies whose X-Forwarded-For is believed",
    },
    Setting {
        name: "log",
        default: "info",
        help: "What is logged, as a tracing filter such as info or studyroute=debug",
    },
    Setting {
        name: "access-log",
        default: "true",
        help: "Whether every request is logged (never with path, query or token)",
    },
    Setting {
        name: "traces",
        default: "",
        help: "Where traces are told: an OTLP/HTTP receiver such as http://127.0.0.1:4318/v1/traces (never with path, query or token); without it, nowhere",
    },
    Setting {
        name: "traces-sample",
        default: "1",
        help: "The share of traces that are told, 0 to 1; a trace that a caller began is told as the caller decided",
    },
    Setting {
        name: "map-tiles",
        default: "",
        help: "Addresses of map tiles with {z}, {x} and {y} (Web Mercator of WGS 84 or CGCS2000, never GCJ-02), separated by spaces, the lowest layer first; without it, maps show the routes' own data alone",
    },
    Setting {
        name: "map-tiles-credit",
        default: "",
        help: "Whose map tiles they are and under which licence, shown on every map; map-tiles needs it",
    },
    Setting {
        name: "map-tiles-approval",
        default: "",
        help: "The map's approval number (审图号), shown on every map; in China a map that is shown in public needs one",
    },
    Setting { name: "map-tiles-zoom-max", default: "18", help: "The deepest level of the map tiles" },
    Setting { name: "connections-max", default: "12000", help: "Connections at once" },
    Setting {
        name: "connections-per-address-max",
        default: "256",
        help: "Connections at once from one address (loopback, where a proxy sits, is not limited)",
    },
    Setting { name: "participants-burst", default: "300", help: "New participants one address may make at once" },
    Setting {
        name: "participants-per-minute",
        default: "60",
        help: "New participants one address may make per minute after the burst",
    },
    Setting {
        name: "failed-keys-per-minute",
        default: "60",
        help: "Keys from one address that may be wrong per minute; after that none from there is looked at for a while",
    },
    Setting { name: "queue-max-check-ins", default: "8192", help: "Check-ins that may wait for the database" },
    Setting { name: "batch-max-check-ins", default: "512", help: "Check-ins of one transaction" },
    Setting {
        name: "retention-tokens-days",
        default: "30",
        help: "Days after its last check-in that a participant's token is worth something",
    },
    Setting {
        name: "retention-participants-days",
        default: "90",
        help: "Days after its last check-in that a participant's check-ins are joined; after that they are only counted (on PostgreSQL, where they go by the week, up to a week later); more than retention-tokens-days",
    },
    Setting {
        name: "retention-audit-days",
        default: "190",
        help: "Days that entries of the audit log are kept, 190 at least",
    },
    Setting { name: "drain-s", default: "10", help: "Seconds that requests under way have to finish when stopping" },
];

impl Setting {
    /// Its name in the environment.
    #[must_use]
    pub fn env(&self) -> String {
        format!("{ENV_PREFIX}{}", self.name.to_uppercase().replace('-', "_"))
    }
}

/// Flags for all settings, and for the file.
pub fn args() -> impl Iterator<Item = Arg> {
    let file = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .env("STUDYROUTE_CONFIG")
        .help("TOML file with settings")
        .global(true);
    let settings = SETTINGS.iter().map(|setting| {
        Arg::new(setting.name)
            .long(setting.name)
            .env(setting.env())
            // The environment's value may hold a password.
            .hide_env_values(true)
            .help(format!("{} [default: {}]", setting.help, setting.default))
            .help_heading("Settings")
            .global(true)
    });
    std::iter::once(file).chain(settings)
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag,
    /// The environment.
    Environment,
    /// The file.
    File,
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

/// A mistake in the settings, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

/// Values as they were given.
#[derive(Clone)]
pub struct Given(BTreeMap<&'static str, (String, Origin)>);

impl Given {
    /// Gathers flags, environment and file.
    ///
    /// # Errors
    /// When the file cannot be read or anything in it or in the environment is not a setting.
    pub fn gather(matches: &ArgMatches) -> Result<Self, BadConfig> {
        refuse_unknown_environment(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let file = match matches.get_one::<String>("config") {
            Some(path) => read_file(path)?,
            None => BTreeMap::new(),
        };
        let mut given = BTreeMap::new();
        for setting in &SETTINGS {
            let told = matches.get_one::<String>(setting.name).map(|value| {
                let flag = matches.value_source(setting.name) == Some(ValueSource::CommandLine);
                (value.clone(), if flag { Origin::Flag } else { Origin::Environment })
            });
            let told = told.or_else(|| file.get(setting.name).map(|value| (value.clone(), Origin::File)));
            given.insert(setting.name, told.unwrap_or_else(|| (setting.default.into(), Origin::Default)));
        }
        Ok(Self(given))
    }

    /// Name, value to be shown (secrets hidden) and origin of every setting.
    pub fn shown(&self) -> impl Iterator<Item = (&'static str, String, Origin)> + '_ {
        self.0.iter().map(|(name, (value, origin))| {
            let shown = if name.starts_with("database") { without_password(value) } else { value.clone() };
            (*name, shown, *origin)
        })
    }

    fn parse<T: FromStr>(&self, name: &'static str, expected: &str) -> Result<T, BadConfig> {
        let (value, origin) = self.0.get(name).cloned().unwrap_or((String::new(), Origin::Default));
        value.parse().map_err(|_| BadConfig(format!("{name} (from {origin}) must be {expected}")))
    }
}

fn refuse_unknown_environment(names: impl Iterator<Item = String>) -> Result<(), BadConfig> {
    let known: Vec<String> = SETTINGS.iter().map(Setting::env).chain(["STUDYROUTE_CONFIG".into()]).collect();
    for name in names {
        if name.starts_with(ENV_PREFIX) && !name.starts_with(ENV_TEST_PREFIX) && !known.contains(&name) {
            return Err(BadConfig(format!("the environment variable {name} is not a setting; check its spelling")));
        }
    }
    Ok(())
}

fn read_file(path: &str) -> Result<BTreeMap<String, String>, BadConfig> {
    let text = std::fs::read_to_string(path).map_err(|error| BadConfig(format!("{path}: {error}")))?;
    let table: toml::Table = text.parse().map_err(|error| BadConfig(format!("{path}: {error}")))?;
    let mut values = BTreeMap::new();
    for (name, value) in table {
        if !SETTINGS.iter().any(|setting| setting.name == name) {
            return Err(BadConfig(format!("{path}: {name} is not a setting; check its spelling")));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            _ => return Err(BadConfig(format!("{path}: {name} must be a text, a whole number, true or false"))),
        };
        values.insert(name, value);
    }
    Ok(values)
}

/// A database address as it may be shown.
#[must_use]
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_string() };
    // Parameters may hold a password too.
    let rest = rest.split('?').next().unwrap_or(rest);
    match rest.rsplit_once('@') {
        Some((who, host)) => format!("{scheme}://{}:…@{host}", who.split(':').next().unwrap_or_default()),
        None => format!("{scheme}://{rest}"),
    }
}

/// How long what is kept, days.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// A token, after its last check-in.
    pub tokens_days: u32,
    /// What joins the check-ins of a participant, after the last of them.
    pub participants_days: u32,
    /// Entries of the audit log.
    pub audit_days: u32,
}

/// The settings, parsed.
#[derive(Clone)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The database's address.
    pub database: String,
    /// A standby's address; empty for none.
    pub database_replica: String,
    /// Where exhibits' files are kept; empty for beside the database's file.
    pub assets: String,
    /// Folder of route files.
    pub routes_data: PathBuf,
    /// Proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What is logged.
    pub log: String,
    /// Whether every request is logged.
    pub access_log: bool,
    /// Where traces are told, if anywhere.
    pub traces: Option<Collector>,
    /// Where map tiles come from, if anywhere.
    pub map_tiles: Option<MapTiles>,
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once from one address.
    pub connections_per_address_max: usize,
    /// New participants one address may make at once.
    pub participants_burst: NonZeroU32,
    /// And per minute after that.
    pub participants_per_minute: NonZeroU32,
    /// Keys from one address that may be wrong per minute.
    pub failed_keys_per_minute: NonZeroU32,
    /// Check-ins that may wait.
    pub queue_max: usize,
    /// Check-ins of one transaction.
    pub batch_max: usize,
    /// How long what is kept.
    pub retention: Retention,
    /// How long requests under way have to finish.
    pub drain: Duration,
}

impl Config {
    /// Parses what was given.
    ///
    /// # Errors
    /// Names the setting that is wrong and what it must be.
    pub fn parse(given: &Given) -> Result<Self, BadConfig> {
        let count = |name, least: usize, most: usize| {
            let expected = format!("a whole number from {least} to {most}");
            let value: usize = given.parse(name, &expected)?;
            if (least..=most).contains(&value) {
                Ok(value)
            } else {
                Err(BadConfig(format!("{name} must be {expected}")))
            }
        };
        let days =
            |name, least: usize| count(name, least, DAYS_MAX).map(|days| u32::try_from(days).unwrap_or(u32::MAX));
        let retention = Retention {
            tokens_days: days("retention-tokens-days", 1)?,
            participants_days: days("retention-participants-days", 1)?,
            audit_days: days("retention-audit-days", AUDIT_DAYS_MIN)?,
        };
        // Whoever may still check in must not be retired meanwhile.
        if retention.participants_days <= retention.tokens_days {
            return Err(BadConfig("retention-participants-days must be more than retention-tokens-days".into()));
        }
        let proxies: String = given.parse("trusted-proxies", "networks")?;
        let trusted_proxies = proxies.split(',').map(str::trim).filter(|net| !net.is_empty()).map(read_net);
        let log: String = given.parse("log", "a tracing filter")?;
        if log.parse::<tracing_subscriber::EnvFilter>().is_err() {
            return Err(BadConfig("log must be a tracing filter such as info or studyroute=debug".into()));
        }
        Ok(Self {
            listen: given.parse("listen", "an address and a port, such as 127.0.0.1:8080")?,
            database: given.parse("database", "a database address")?,
            database_replica: given.parse("database-replica", "a database address")?,
            assets: given.parse("assets", "a folder or s3://BUCKET/PREFIX")?,
            routes_data: given.parse("routes-data", "a folder")?,
            trusted_proxies: trusted_proxies.collect::<Result<_, _>>()?,
            log,
            access_log: given.parse("access-log", "true or false")?,
            traces: read_traces(given)?,
            map_tiles: read_map_tiles(given)?,
            connections_max: count("connections-max", 1, 1_000_000)?,
            connections_per_address_max: count("connections-per-address-max", 1, 1_000_000)?,
            participants_burst: given.parse("participants-burst", "a whole number above 0")?,
            participants_per_minute: given.parse("participants-per-minute", "a whole number above 0")?,
            failed_keys_per_minute: given.parse("failed-keys-per-minute", "a whole number above 0")?,
            queue_max: count("queue-max-check-ins", 100, 1_000_000)?,
            batch_max: count("batch-max-check-ins", 1, 10_000)?,
            retention,
            drain: Duration::from_secs(count("drain-s", 0, 600)? as u64),
        })
    }
}

fn read_traces(given: &Given) -> Result<Option<Collector>, BadConfig> {
    let endpoint: String = given.parse("traces", "an address")?;
    let share: f64 = given.parse("traces-sample", "a number from 0 to 1")?;
    if !(0.0..=1.0).contains(&share) {
        return Err(BadConfig("traces-sample must be a number from 0 to 1".into()));
    }
    let is_address = endpoint.starts_with("http://") || endpoint.starts_with("https://");
    if !endpoint.is_empty() && !is_address {
        return Err(BadConfig("traces must be an address such as http://127.0.0.1:4318/v1/traces".into()));
    }
    Ok(is_address.then_some(Collector { endpoint, share }))
}

fn read_map_tiles(given: &Given) -> Result<Option<MapTiles>, BadConfig> {
    let text = |name| given.parse::<String>(name, "a text");
    let (layers, credit, approval) = (text("map-tiles")?, text("map-tiles-credit")?, text("map-tiles-approval")?);
    let zoom_max = given.parse("map-tiles-zoom-max", "a whole number")?;
    MapTiles::new(&layers, &credit, &approval, zoom_max).map_err(|wrong| BadConfig(format!("map-tiles: {wrong}")))
}

fn read_net(text: &str) -> Result<IpNet, BadConfig> {
    let alone = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| alone())
        .map_err(|_| BadConfig(format!("trusted-proxies: \"{text}\" is not a network such as 10.0.0.0/8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_shown() {
        assert_eq!(without_password("postgres://me:secret@host:5432/db?password=x"), "postgres://me:…@host:5432/db");
        assert_eq!(without_password("postgres://host/db"), "postgres://host/db");
        assert_eq!(without_password("sqlite:studyroute.db"), "sqlite:studyroute.db");
    }

    #[test]
    fn a_misspelt_variable_is_noticed() {
        let refused = |name: &str| refuse_unknown_environment(std::iter::once(name.to_string())).is_err();
        assert!(refused("STUDYROUTE_LISTNE"));
        for known in ["STUDYROUTE_LISTEN", "STUDYROUTE_CONFIG", "STUDYROUTE_TEST_POSTGRES", "PATH"] {
            assert!(!refused(known), "{known}");
        }
    }
}

//! One database on several PostgreSQL servers, and a pooler in between.

use crate::both::{connect_postgres, open, runtime};
use crate::fixtures::{at, check_in, create, publish, record_new, short_canal};
use crate::support::postgres::{self, Postgres};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use studyroute::store::{CountQuery, Store};

/// However busy the machine is.
const SOON: Duration = Duration::from_secs(20);

fn address(database: &str) -> &str {
    database.rsplit_once('@').expect("a user").1
}

/// Two servers that both take writes: nothing is copied between them, so it shows which of them is asked.
async fn two(first: &Postgres, second: &Postgres) -> (String, String, String) {
    let (one, two) = (first.fresh_database(), second.fresh_database());
    let name = one.rsplit('/').next().expect("a name").to_string();
    let mut maintenance = connect_postgres(&two).await;
    let create = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::query(create).execute(&mut maintenance).await.expect("created");
    let two = format!("{}/{name}", two.rsplit_once('/').expect("a name").0);
    let hosts = address(&one).split('/').next().expect("a host");
    let both = format!("postgres://studyroute@{hosts},{}", address(&two));
    (one, two, both)
}

#[test]
fn a_store_turns_to_the_server_that_takes_writes_without_a_restart() {
    let (Some(first), Some(second)) = (postgres::start_own(), postgres::shared()) else { return };
    runtime().block_on(async {
        let (one, two, both) = two(&first, second).await;
        open(&one).await.close().await;
        let other = open(&two).await;
        publish(&other, &short_canal("short", 2)).await;
        let store = open(&format!("{both}?target_session_attrs=read-write")).await;
        assert_eq!(store.generation().await.expect("a number"), 0, "the first server that takes writes is asked");
        let following = tokio::spawn({
            let store = store.clone();
            async move { store.follow().await }
        });
        first.kill_hard();
        let until = Instant::now() + SOON;
        while store.generation().await.ok() != Some(1) {
            assert!(Instant::now() < until, "the other server was never asked");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // The first one is back, but what was turned to stays.
        first.start_again();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(store.generation().await.expect("a number"), 1);
        following.abort();
    });
}

/// Passes connections on until it falls silent: then nothing comes through any more, and nothing is closed, as when a machine loses its power.
fn silent_relay(to: &str) -> (SocketAddr, Arc<AtomicBool>) {
    let (door, is_silent) = (TcpListener::bind("127.0.0.1:0").expect("a port"), Arc::<AtomicBool>::default());
    let (place, to, silent) = (door.local_addr().expect("an address"), to.to_string(), Arc::clone(&is_silent));
    std::thread::spawn(move || {
        for client in door.incoming().map_while(Result::ok) {
            if silent.load(Ordering::Relaxed) {
                std::mem::forget(client);
                continue;
            }
            let server = TcpStream::connect(&to).expect("the server is there");
            let twins = [client.try_clone().expect("a twin"), server.try_clone().expect("a twin")];
            for [mut from, mut to] in
                [[client, twins[1].try_clone().expect("a twin")], [server, twins[0].try_clone().expect("a twin")]]
            {
                let silent = Arc::clone(&silent);
                std::thread::spawn(move || {
                    let mut part = [0; 8_192];
                    while let Ok(bytes @ 1..) = from.read(&mut part) {
                        while silent.load(Ordering::Relaxed) {
                            std::thread::park();
                        }
                        if to.write_all(&part[..bytes]).is_err() {
                            return;
                        }
                    }
                });
            }
            std::mem::forget(twins);
        }
    });
    (place, is_silent)
}

#[test]
fn what_a_vanished_server_never_answers_is_given_up_when_another_one_is_asked() {
    let (Some(first), Some(second)) = (postgres::shared(), postgres::start_own()) else { return };
    runtime().block_on(async {
        let (one, two, _) = two(first, &second).await;
        open(&one).await.close().await;
        publish(&open(&two).await, &short_canal("short", 2)).await;
        let (hosts, name) = address(&one).split_once('/').expect("a name");
        let (relay, is_silent) = silent_relay(hosts);
        let others = address(&two).split('/').next().expect("a host");
        let store = open(&format!("postgres://studyroute@{relay},{others}/{name}")).await;
        let following = tokio::spawn({
            let store = store.clone();
            async move { store.follow().await }
        });
        assert_eq!(store.generation().await.expect("a number"), 0, "the first one is asked");
        let since = store.asked_since();
        is_silent.store(true, Ordering::Relaxed);
        let cut = tokio::time::timeout(SOON, store.generation()).await.expect("it does not wait for ever");
        assert!(cut.is_err(), "{cut:?}");
        assert!(store.asked_since() > since, "what was remembered before is not relied upon");
        assert_eq!(store.generation().await.expect("a number"), 1, "the other one is asked");
        following.abort();
    });
}

#[test]
fn a_server_that_is_not_there_keeps_no_store_from_opening() {
    let Some(server) = postgres::shared() else { return };
    runtime().block_on(async {
        let database = server.fresh_database();
        let both = format!("postgres://studyroute@127.0.0.1:1,{}", address(&database));
        assert_eq!(open(&both).await.generation().await.expect("a number"), 0);
        let error = Store::open("postgres://studyroute@127.0.0.1:1,127.0.0.1:2/db").await.err().expect("refused");
        assert!(error.with_causes().contains("refused"), "{}", error.with_causes());
        let standby = Store::open(&format!("{database}?target_session_attrs=standby")).await.err().expect("refused");
        assert!(standby.to_string().contains("read-write"), "{standby}");
    });
}

#[test]
fn a_standby_answers_counts_and_says_how_old_they_are_and_nothing_hangs_on_it() {
    let (Some(server), Some(other)) = (postgres::start_own(), postgres::start_own()) else { return };
    runtime().block_on(async {
        // A server that is a copy of nothing, so that what it says shows who was asked; its log is longer than the other's.
        let (here, there, _) = two(&server, &other).await;
        open(&there).await.close().await;
        let mut elsewhere = connect_postgres(&there).await;
        for _ in 0..8 {
            for sql in ["create table longer (n int)", "drop table longer", "select pg_switch_wal()"] {
                sqlx::query(sql).execute(&mut elsewhere).await.expect("its log grows");
            }
        }
        let store = open(&here).await;
        let canal = publish(&store, &short_canal("short", 2)).await;
        let ann = create(&store, 1).await;
        record_new(&store, &check_in(ann, "one", &canal, 1, at("2026-05-01T09:30"))).await;
        let store = store.with_replica(&there).expect("an address");
        assert_eq!((store.replica_lag(), people(&store).await), (None, 1), "not asked before it is known to be there");
        let watching = tokio::spawn({
            let store = store.clone();
            async move { store.watch_replica().await }
        });
        let until = |wanted: i64| {
            let store = store.clone();
            async move {
                let until = Instant::now() + SOON;
                while people(&store).await != wanted {
                    assert!(Instant::now() < until, "{:?}", store.replica_lag());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                store.replica_lag()
            }
        };
        assert!(until(0).await.is_some_and(|lag| lag < SOON), "it is asked, and its lag is said");
        other.kill_hard();
        assert_eq!(until(1).await, None, "without it the database itself answers");
        watching.abort();
    });
}

/// People of all days.
async fn people(store: &Store) -> i64 {
    let ever = CountQuery { from: 20_000, to: 22_000, ..CountQuery::default() };
    store.counts(ever).await.expect("counts").first().map_or(0, |row| row.counted.people)
}

/// A certificate for an address, and who has signed it: PEM of the signer, of the certificate, of its key.
fn certified(address: &str) -> [String; 3] {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let keys = [KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key")];
    let mut authority = CertificateParams::new(Vec::<String>::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signer = authority.self_signed(&keys[0]).expect("signed").pem();
    let issuer = Issuer::from_params(&authority, &keys[0]);
    let server = CertificateParams::new(vec![address.to_string()]).expect("parameters");
    let server = server.signed_by(&keys[1], &issuer).expect("signed").pem();
    [signer, server, keys[1].serialize_pem()]
}

/// Gives a running server a certificate, as its own user.
async fn certify(database: &str, [_, certificate, key]: &[String; 3]) {
    let mut connection = connect_postgres(database).await;
    for (file, pem) in [("server.crt", certificate), ("server.key", key)] {
        let lines = pem.trim().lines().map(|line| format!("'{line}'")).collect::<Vec<_>>().join(",");
        let copy = format!("copy (select unnest(array[{lines}])) to program 'umask 077; cat > {file}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(copy)).execute(&mut connection).await.expect("written");
    }
    for sql in ["alter system set ssl = on", "select pg_reload_conf()"] {
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("set");
    }
    let until = Instant::now() + SOON;
    while sqlx::query_scalar::<_, String>("show ssl").fetch_one(&mut connect_postgres(database).await).await.ok()
        != Some("on".into())
    {
        assert!(Instant::now() < until, "it does not take the certificate");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn the_server_is_known_by_its_certificate_and_nobody_listens_on_the_way() {
    let Some(server) = postgres::start_own() else { return };
    runtime().block_on(async {
        let (database, folder) = (server.fresh_database(), tempfile::tempdir().expect("a folder"));
        let (right, other) = (certified("127.0.0.1"), certified("localhost"));
        certify(&database, &right).await;
        let authority = |name: &str, pem: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, pem).expect("written");
            file.display().to_string()
        };
        let (ours, foreign) = (authority("ours.pem", &right[0]), authority("foreign.pem", &other[0]));
        let verified = |file: &str| format!("{database}?sslmode=verify-full&sslrootcert={file}");
        let store = open(&verified(&ours)).await;
        store.ping().await.expect("it answers");
        let mut beside = connect_postgres(&database).await;
        let plain = "select count(*) from pg_stat_ssl s join pg_stat_activity a using (pid)
                     where a.application_name = 'studyroute' and not s.ssl";
        let plain: i64 = sqlx::query_scalar(plain).fetch_one(&mut beside).await.expect("a number");
        assert_eq!(plain, 0, "every connection of the store is encrypted");
        assert!(Store::open(&verified(&foreign)).await.is_err(), "signed by somebody else");
        // The same signer, and a certificate that is another address's.
        certify(&database, &other).await;
        let error = Store::open(&verified(&foreign)).await.err().expect("refused").with_causes();
        assert!(error.contains("certificate"), "{error}");
        let named = database.replace("127.0.0.1", "localhost");
        open(&format!("{named}?sslmode=verify-full&sslrootcert={foreign}")).await.ping().await.expect("it answers");
    });
}

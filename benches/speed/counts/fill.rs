//! Fills a fresh database with seeded check-ins: log rows and counters are what the domain's own `History` says, only the way
//! into the tables is another, because ten million single check-ins would take hours.

use super::school::{School, Stops};
use fastrand::Rng;
use sqlx::{Connection, PgConnection, QueryBuilder, SqliteConnection};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use studyroute::ambient::Ambient;
use studyroute::domain::check_in::Verdict;
use studyroute::domain::counts::{Changes, Entry, History, Scope};
use studyroute::domain::crs::Crs;
use studyroute::domain::sums::{Cell, Figures, of_days};
use studyroute::domain::time::{self, Day};
use studyroute::domain::token::{Holder, Secret};
use studyroute::store::Store;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use uuid::Uuid;

/// Rows of one statement.
const ROWS: usize = 1_000;
/// Participants of one transaction.
const PARTICIPANTS: usize = 4_000;
/// Participants whose tokens are kept, so that somebody can ask in their name.
const TOKENS: usize = 1_000;

/// What was filled in.
pub struct Filled {
    /// Of participants from all over the log.
    pub tokens: Vec<String>,
    pub first_day: Day,
    pub last_day: Day,
}

/// Writes rows by statements of many rows. One body for both databases, whose types of a transaction differ.
macro_rules! insert {
    ($db:ty, $tx:expr, $head:expr, $rows:expr, |$b:ident, $row:ident| $binds:expr) => {
        for rows in $rows.chunks(ROWS) {
            let mut statement: QueryBuilder<$db> = QueryBuilder::new($head);
            statement.push_values(rows, |mut $b, $row| {
                $binds;
            });
            statement.build().execute(&mut *$tx).await.expect("written");
        }
    };
}

macro_rules! write {
    ($db:ty, $tx:expr, $work:expr) => {
        match $work {
            Work::Log { participants, check_ins } => {
                insert!(
                    $db,
                    $tx,
                    "insert into participants (participant, token_hash, created_ms) ",
                    participants,
                    |b, p| { b.push_bind(p.id).push_bind(&p.token_hash[..]).push_bind(p.created_ms) }
                );
                insert!($db, $tx, LOG, check_ins, |b, c| b
                    .push_bind(c.participant)
                    .push_bind(&c.id)
                    .push_bind(c.seq)
                    .push_bind(c.entry.route)
                    .push_bind(c.entry.waypoint)
                    .push_bind(c.revision)
                    .push_bind(c.entry.occurred_ms)
                    .push_bind(c.received_ms)
                    .push_bind(i64::from(c.entry.verdict == Verdict::Uncertain))
                    .push_bind("position")
                    .push_bind(c.distance_m)
                    .push_bind(8.5)
                    .push_bind(i64::from(c.first_visit))
                    .push_bind(&c.seal[..]));
            }
            Work::Counters(counters) => {
                let (scopes, days, returns) = counter_rows(counters);
                insert!(
                    $db,
                    $tx,
                    "insert into count_scopes (scope, kind, route_key, waypoint_key, hour) ",
                    scopes,
                    |b, s| { b.push_bind(s[0]).push_bind(s[1]).push_bind(s[2]).push_bind(s[3]).push_bind(s[4]) }
                );
                let head =
                    "insert into day_counts (scope, span, first, people, people_inside, check_ins, visits, again,
                    again_inside, later, later_inside) ";
                insert!($db, $tx, head, days, |b, d| b
                    .push_bind(d[0])
                    .push_bind(0i64)
                    .push_bind(d[1])
                    .push_bind(d[2])
                    .push_bind(d[3])
                    .push_bind(d[4])
                    .push_bind(d[5])
                    .push_bind(d[6])
                    .push_bind(d[7])
                    .push_bind(d[8])
                    .push_bind(d[9]));
                let head = "insert into return_counts (scope, span, first, second, people, people_inside) ";
                insert!($db, $tx, head, returns, |b, r| b
                    .push_bind(r[0])
                    .push_bind(0i64)
                    .push_bind(r[1])
                    .push_bind(r[2])
                    .push_bind(r[3])
                    .push_bind(r[4]));
                for blocks in BLOCKS {
                    sqlx::query(blocks).execute(&mut *$tx).await.expect("summed");
                }
            }
        }
    };
}

const LOG: &str =
    "insert into check_ins (participant, id, seq, route_key, waypoint_key, revision, occurred_ms, received_ms,
    verdict, method, distance_m, accuracy_m, first_visit, seal) ";

/// The sums of blocks, worked out here by another hand than the store's.
const BLOCKS: [&str; 4] = [
    "insert into day_counts select scope, 1, first >> 5, cast(sum(people) as bigint), cast(sum(people_inside) as bigint),
         cast(sum(check_ins) as bigint), cast(sum(visits) as bigint), cast(sum(again) as bigint),
         cast(sum(again_inside) as bigint), cast(sum(later) as bigint), cast(sum(later_inside) as bigint) from day_counts where span = 0 group by scope, first >> 5",
    "insert into return_counts select scope, 1, first, second >> 5, cast(sum(people) as bigint), cast(sum(people_inside) as bigint)
     from return_counts where span = 0 group by scope, first, second >> 5",
    "insert into return_counts select scope, 2, second, first >> 5, cast(sum(people) as bigint), cast(sum(people_inside) as bigint)
     from return_counts where span = 0 group by scope, second, first >> 5",
    "insert into return_counts select scope, 3, first >> 5, second >> 5, cast(sum(people) as bigint),
         cast(sum(people_inside) as bigint) from return_counts where span = 0 group by scope, first >> 5, second >> 5",
];

/// Fills `url` (SQLite or PostgreSQL, without check-ins yet) with so many check-ins of the three years until today.
pub async fn fill(url: &str, check_ins: usize, seed: u64) -> Filled {
    let last_day = time::local_hour(Ambient::system().now_ms()).day;
    let routes = publish(url).await;
    let (sender, receiver) = channel(4);
    let school = School::new(routes, last_day, check_ins, seed);
    let drawn = std::thread::spawn(move || draw(school, seed, &sender));
    match url.strip_prefix("sqlite:") {
        Some(file) => sqlite(file, receiver).await,
        None => postgres(url, receiver).await,
    }
    let mut tokens = drawn.join().expect("drawn");
    Rng::with_seed(seed).shuffle(&mut tokens);
    tokens.truncate(TOKENS);
    Filled { tokens, first_day: last_day - super::school::DAYS + 1, last_day }
}

/// Publishes the project's own routes.
async fn publish(url: &str) -> Vec<Stops> {
    let store = Store::open(url).await.expect("a fresh database");
    for file in studyroute::app::route_files(Path::new("routes-data")) {
        studyroute::app::import_file(&store, None, &file, Crs::Wgs84, &Ambient::system()).await.expect("published");
    }
    let (_, published) = store.snapshot().await.expect("a snapshot");
    store.close().await;
    let stops = |p: studyroute::domain::route::Published| Stops {
        route: p.key,
        revision: p.revision,
        waypoints: p.waypoint_keys,
    };
    published.into_iter().map(stops).collect()
}

/// What one transaction writes.
enum Work {
    Log { participants: Vec<Participant>, check_ins: Vec<CheckIn> },
    Counters(Counters),
}

struct Participant {
    id: Uuid,
    token_hash: [u8; 32],
    created_ms: i64,
}

struct CheckIn {
    participant: Uuid,
    id: String,
    seq: i64,
    entry: Entry,
    revision: i64,
    received_ms: i64,
    distance_m: f64,
    first_visit: bool,
    seal: [u8; 16],
}

type Counters = HashMap<(Scope, Cell), Figures>;

/// Draws the visitors, counts them, and gives every tenth token back.
fn draw(school: School, seed: u64, sender: &Sender<Work>) -> Vec<String> {
    let (revisions, mut random) = (school.revisions(), Rng::with_seed(!seed));
    let (mut counters, mut tokens) = (Counters::new(), Vec::new());
    let (mut participants, mut check_ins) = (Vec::new(), Vec::new());
    for (number, visitor) in school.enumerate() {
        let (mut history, mut changes) = (History::default(), Changes::new());
        for &(received_ms, entry) in &visitor.check_ins {
            let (seq, first_visit) = (history.next_number(), !history.has_been_at(entry.waypoint));
            history.record(entry, &mut changes);
            check_ins.push(CheckIn {
                participant: visitor.id,
                id: Uuid::from_u128(random.u128(..)).to_string(),
                seq,
                entry,
                revision: revisions[&entry.route],
                received_ms,
                distance_m: random.f64() * 40.0,
                first_visit,
                seal: random.u128(..).to_be_bytes(),
            });
        }
        for (key, figures) in of_days(&changes) {
            counters.entry(key).or_default().add(figures, 1);
        }
        let secret = Secret::new(Holder::Participant, visitor.id, &visitor.secret_bits);
        if number % 10 == 0 {
            tokens.push(secret.reveal().to_owned());
        }
        let created_ms = visitor.check_ins[0].0;
        participants.push(Participant { id: visitor.id, token_hash: secret.hash(), created_ms });
        if participants.len() == PARTICIPANTS {
            send_log(&mut participants, &mut check_ins, sender);
        }
    }
    send_log(&mut participants, &mut check_ins, sender);
    counters.retain(|_, figures| !figures.is_zero());
    sender.blocking_send(Work::Counters(counters)).expect("taken");
    tokens
}

fn send_log(participants: &mut Vec<Participant>, check_ins: &mut Vec<CheckIn>, sender: &Sender<Work>) {
    let (participants, check_ins) = (std::mem::take(participants), std::mem::take(check_ins));
    sender.blocking_send(Work::Log { participants, check_ins }).expect("taken");
}

type CounterRows = (Vec<[i64; 5]>, Vec<[i64; 10]>, Vec<[i64; 5]>);

/// Scopes with numbers of their own, and the rows of single days in the order of the keys.
fn counter_rows(counters: Counters) -> CounterRows {
    let scopes: BTreeSet<Scope> = counters.keys().map(|(scope, _)| *scope).collect();
    let numbers: HashMap<Scope, i64> = scopes.iter().copied().zip(1..).collect();
    let (mut days, mut returns) = (Vec::new(), Vec::new());
    for ((scope, cell), Figures { people, people_inside, check_ins, visits, again, later }) in counters {
        let ([again, again_inside], [later, later_inside], number) = (again, later, numbers[&scope]);
        match cell {
            Cell::Day(day) => days.push([
                number,
                day,
                people,
                people_inside,
                check_ins,
                visits,
                again,
                again_inside,
                later,
                later_inside,
            ]),
            Cell::Return(day, previous) => returns.push([number, day, previous, people, people_inside]),
            other => panic!("{other:?} is no sum of days"),
        }
    }
    days.sort_unstable();
    returns.sort_unstable();
    let kind = |s: &Scope| {
        i64::from(s.route.is_some()) + 2 * i64::from(s.waypoint.is_some()) + 4 * i64::from(s.hour.is_some())
    };
    let key = |key: Option<i64>| key.unwrap_or(-1);
    let scopes =
        scopes.iter().map(|s| [numbers[s], kind(s), key(s.route), key(s.waypoint), key(s.hour.map(i64::from))]);
    (scopes.collect(), days, returns)
}

async fn sqlite(file: &str, mut work: Receiver<Work>) {
    let mut connection = SqliteConnection::connect(file).await.expect("connected");
    for pragma in ["pragma journal_mode=off", "pragma synchronous=off", "pragma cache_size=-200000"] {
        sqlx::query(pragma).execute(&mut connection).await.expect("set");
    }
    while let Some(work) = work.recv().await {
        let mut tx = connection.begin().await.expect("begun");
        write!(sqlx::Sqlite, tx, work);
        tx.commit().await.expect("written");
    }
    connection.close().await.expect("closed");
}

async fn postgres(url: &str, mut work: Receiver<Work>) {
    let mut connection = PgConnection::connect(url).await.expect("connected");
    while let Some(work) = work.recv().await {
        let mut tx = connection.begin().await.expect("begun");
        write!(sqlx::Postgres, tx, work);
        tx.commit().await.expect("written");
    }
    sqlx::query("analyze").execute(&mut connection).await.expect("analyzed");
    connection.close().await.expect("closed");
}

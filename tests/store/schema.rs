//! The tables: the same ones on both databases, with settings that keep what was acknowledged.

use crate::both::{Database, Place, both, connect_postgres, connect_sqlite, runtime};
use crate::fixtures::{at, audited, check_in, create, publish, record_new, short_canal};
use sqlx::{Connection, FromRow};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use studyroute::store::{Store, StoreError};

both! {
    every_statement_is_understood,
    an_existing_database_keeps_everything_when_it_is_opened_again,
    a_closed_store_does_not_answer,
    an_older_program_works_on_newer_tables_unless_they_say_that_it_cannot,
}

async fn every_statement_is_understood(database: Database) {
    assert_eq!(database.prepare_all().await.expect("a connection"), Vec::<String>::new());
    database.ping().await.expect("it answers");
}

async fn an_existing_database_keeps_everything_when_it_is_opened_again(database: Database) {
    let route = publish(&database, &short_canal("short", 2)).await;
    let ann = create(&database, 1).await;
    let stored = record_new(&database, &check_in(ann, "one", &route, 1, at("2026-05-01T09:30"))).await;
    let before = database.snapshot().await.expect("a snapshot");
    database.close().await;
    let again = database.again().await;
    assert_eq!(again.snapshot().await.expect("a snapshot"), before);
    assert_eq!(again.check_in(ann, "one").await.expect("read"), Some(stored));
    assert_eq!(again.participant(ann).await.expect("read").map(|p| p.token_hash), Some(ann.as_bytes().to_vec()));
    assert_eq!(audited(&again).await, 1);
}

async fn a_closed_store_does_not_answer(database: Database) {
    database.close().await;
    assert!(matches!(database.ping().await, Err(StoreError::Unavailable(_))));
}

/// Table, column, place, type, nullable.
#[derive(Debug, PartialEq, Eq, FromRow)]
struct Column {
    table_name: String,
    name: String,
    place: i64,
    kind: String,
    nullable: i64,
}

const SQLITE_COLUMNS: &str = "
    select m.name as table_name, c.name as name, c.cid + 1 as place, lower(c.type) as kind,
           c.\"notnull\" = 0 and c.pk = 0 as nullable
    from sqlite_schema m, pragma_table_info(m.name) c
    where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '_sqlx%' order by m.name, c.cid";

const POSTGRES_COLUMNS: &str = "
    select table_name::text, column_name::text as name, ordinal_position::bigint as place,
           case data_type when 'bigint' then 'integer' when 'double precision' then 'real' when 'bytea' then 'blob'
                when 'uuid' then 'blob' else data_type::text end as kind,
           (is_nullable = 'YES')::int::bigint as nullable
    from information_schema.columns where table_schema = 'public' and table_name not like '\\_sqlx%'
      and table_name not like 'check\\_ins\\_%'
    order by table_name, ordinal_position";

/// Primary and unique keys as `kind table(column,…)`, and what refers to what.
const SQLITE_KEYS: &str = "
    select 'p ' || m.name || '(' || group_concat(c.name, ',' order by c.pk) || ')'
    from sqlite_schema m, pragma_table_info(m.name) c
    where m.type = 'table' and c.pk > 0 and m.name not like 'sqlite_%' and m.name not like '_sqlx%' group by m.name
    union all
    select 'u ' || m.name || '(' || group_concat(c.name, ',' order by c.seqno) || ')'
    from sqlite_schema m, pragma_index_list(m.name) i, pragma_index_info(i.name) c
    where m.type = 'table' and i.\"unique\" and i.origin <> 'pk' group by m.name, i.name
    union all
    select 'f ' || m.name || '(' || f.\"from\" || ') ' || f.\"table\" || '(' || f.\"to\" || ') ' || lower(f.on_delete)
    from sqlite_schema m, pragma_foreign_key_list(m.name) f where m.type = 'table'";

const POSTGRES_KEYS: &str = "
    select c.contype::text || ' ' || c.conrelid::regclass::text || '(' || columns(c.conrelid, c.conkey) || ')'
           || case when c.contype = 'f' then ' ' || c.confrelid::regclass::text || '(' || columns(c.confrelid, c.confkey) || ') '
              || case c.confdeltype when 'c' then 'cascade' when 'a' then 'no action' else c.confdeltype::text end
              else '' end
    from pg_constraint c
    where c.contype in ('p', 'u', 'f') and c.connamespace = 'public'::regnamespace and c.conparentid = 0
      and c.conrelid::regclass::text not like '\\_sqlx%'";

const POSTGRES_COLUMNS_OF: &str = "
    create function pg_temp.columns(relation oid, keys smallint[]) returns text language sql as $$
        select string_agg(a.attname, ',' order by k.place)
        from unnest(keys) with ordinality as k(number, place)
        join pg_attribute a on a.attrelid = relation and a.attnum = k.number $$";

#[test]
fn the_tables_of_the_two_databases_are_twins() {
    runtime().block_on(async {
        let sqlite = Database::sqlite().await;
        let Some(postgres) = Database::postgres().await else { return eprintln!("skipped: no PostgreSQL here") };
        let mut one = connect_sqlite(&sqlite.place.url).await;
        let mut two = connect_postgres(&postgres.place.url).await;
        let left: Vec<Column> = sqlx::query_as(SQLITE_COLUMNS).fetch_all(&mut one).await.expect("a catalogue");
        let right: Vec<Column> = sqlx::query_as(POSTGRES_COLUMNS).fetch_all(&mut two).await.expect("a catalogue");
        assert_eq!(left, right);
        assert!(left.len() > 60, "{} columns", left.len());
        let left: Vec<String> = sqlx::query_scalar(SQLITE_KEYS).fetch_all(&mut one).await.expect("a catalogue");
        sqlx::query(POSTGRES_COLUMNS_OF).execute(&mut two).await.expect("a helper");
        let keys = POSTGRES_KEYS.replace("columns(", "pg_temp.columns(");
        let keys = sqlx::query_scalar(sqlx::AssertSqlSafe(keys));
        let right: Vec<String> = keys.fetch_all(&mut two).await.expect("a catalogue");
        let (left, right): (BTreeSet<_>, BTreeSet<_>) = (left.into_iter().collect(), right.into_iter().collect());
        assert_eq!(left, right);
        assert!(left.contains("u check_ins(participant,seq)"), "{left:?}");
    });
}

#[test]
fn every_migration_has_its_twin() {
    let names = |folder: &str| -> BTreeSet<String> {
        let files = std::fs::read_dir(folder).expect("a folder");
        files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8")).collect()
    };
    let sqlite = names("migrations/sqlite");
    assert_eq!(sqlite, names("migrations/postgres"));
    assert!(sqlite.contains("0001_core.sql"));
}

async fn journal_mode(database: &Database) -> String {
    let mut connection = connect_sqlite(&database.place.url).await;
    sqlx::query_scalar("pragma journal_mode").fetch_one(&mut connection).await.expect("a mode")
}

#[test]
fn the_sqlite_file_is_in_wal_mode() {
    runtime().block_on(async {
        let database = Database::sqlite().await;
        // synchronous is of the connection: a unit test of src/store/open.rs shows that any other is refused.
        assert_eq!(journal_mode(&database).await, "wal");
    });
}

#[test]
fn a_file_that_another_program_took_out_of_wal_mode_is_put_back() {
    runtime().block_on(async {
        let database = Database::sqlite().await;
        database.close().await;
        let mut other = connect_sqlite(&database.place.url).await;
        let set = "pragma journal_mode = delete";
        let mode: String = sqlx::query_scalar(set).fetch_one(&mut other).await.expect("a mode");
        assert_eq!(mode, "delete");
        other.close().await.expect("closed");
        let again = database.again().await;
        assert_eq!(journal_mode(&database).await, "wal");
        assert_eq!(again.generation().await.expect("a number"), 0);
    });
}

#[test]
fn a_database_that_cannot_be_in_wal_mode_is_refused_with_the_reason_at_once() {
    let started = Instant::now();
    // SQLite reads `file:` names as addresses; this one is in memory, where there is no log to write ahead.
    let error = runtime().block_on(Store::open("sqlite:file::memory:")).err().expect("refused");
    assert!(error.to_string().contains("journal_mode=memory"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn an_address_that_is_not_understood_is_refused_with_a_sentence() {
    let expected = [
        ("", "must be given as sqlite:FILE or postgres://USER@HOST/NAME"),
        ("studyroute.db", "must be given as sqlite:FILE or postgres://USER@HOST/NAME"),
        ("mysql://root@localhost/studyroute", "must be given as sqlite:FILE or postgres://USER@HOST/NAME"),
        ("sqlite:", "needs a plain file name"),
        ("sqlite://", "needs a plain file name"),
        ("sqlite::memory:", "needs a plain file name"),
        ("sqlite:studyroute.db?mode=ro", "needs a plain file name"),
        ("postgres://user@[nowhere/studyroute", "the PostgreSQL address is not understood"),
    ];
    for (url, sentence) in expected {
        let error = runtime().block_on(Store::open(url)).err().unwrap_or_else(|| panic!("{url} was opened"));
        assert!(matches!(error, StoreError::Unfit(_)), "{url}: {error:?}");
        assert!(error.to_string().contains(sentence), "{url}: {error}");
    }
}

#[test]
fn a_file_that_another_process_is_writing_to_can_be_opened() {
    runtime().block_on(async {
        let database = Database::sqlite().await;
        let mut other = connect_sqlite(&database.place.url).await;
        sqlx::query("begin immediate").execute(&mut other).await.expect("the write lock");
        let again = database.again().await;
        assert_eq!(again.generation().await.expect("a number"), 0);
    });
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let place = Place::sqlite();
    let text = "Dear diary, this is not a database, and it must not become one. ".repeat(20);
    std::fs::write(place.file(), &text).expect("written");
    let error = runtime().block_on(Store::open(&place.url)).err().expect("refused");
    assert_eq!(std::fs::read_to_string(place.file()).expect("read"), text, "{error}");
}

async fn an_older_program_works_on_newer_tables_unless_they_say_that_it_cannot(database: Database) {
    let future = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                  values (9999, 'from the future', true, 'x', 1)";
    database.execute(future).await.expect("inserted");
    let older = database.again().await;
    assert_eq!(older.migration().await.expect("a number"), 9999);
    assert_eq!(older.generation().await.expect("a number"), 0);
    older.close().await;
    database.execute("update schema_needs set migration = 9999").await.expect("updated");
    let error = Store::open(&database.place.url).await.err().expect("refused").to_string();
    assert!(error.contains("newer program") && error.contains("migration 9999"), "{error}");
    database.execute("update schema_needs set migration = 12").await.expect("updated");
    assert_eq!(database.again().await.generation().await.expect("a number"), 0);
}

/// While nodes are replaced one by one, the previous release works on the tables of the next.
#[test]
fn a_migration_that_takes_something_away_says_that_older_programs_cannot_stay() {
    for folder in ["migrations/sqlite", "migrations/postgres"] {
        for file in std::fs::read_dir(folder).expect("migrations").map(|file| file.expect("a file").path()) {
            let number: i64 = file.file_name().unwrap().to_str().unwrap()[..4].parse().expect("a number");
            let text = std::fs::read_to_string(&file).expect("read");
            let takes = ["drop table", "drop column", "rename to", "rename column", "alter column"];
            let takes_away = takes.iter().any(|words| text.contains(words));
            let says = text.contains("update schema_needs set migration") || text.contains("-- Older programs go on: ");
            assert!(number <= 12 || !takes_away || says, "{}", file.display());
        }
    }
}

/// All tables, indices and triggers, by name.
async fn catalogue(database: &Database) -> Vec<(String, String)> {
    let mut connection = connect_sqlite(&database.place.url).await;
    let all =
        sqlx::query_as("select name, coalesce(sql, '') from sqlite_schema where name not like '_sqlx%' order by name");
    all.fetch_all(&mut connection).await.expect("a catalogue")
}

/// Lays the tables of long rows out as they were before migration 9.
async fn turn_back_long_rows(database: &Database) {
    let catalogue = catalogue(database).await;
    for table in ["revisions", "waypoint_versions"] {
        let (_, made) = catalogue.iter().find(|(name, _)| name == table).expect("a table");
        let made = made.replacen(&format!("\"{table}\""), "before", 1) + ", without rowid";
        for sql in [
            made,
            format!("insert into before select * from {table}"),
            format!("drop table {table}"),
            format!("alter table before rename to {table}"),
        ] {
            database.execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }
    let undone = "delete from _sqlx_migrations where version = 9";
    database.execute(undone).await.expect("undone");
}

#[test]
fn long_rows_of_an_earlier_release_are_laid_out_anew_and_lose_nothing() {
    runtime().block_on(async {
        let mut database = Database::sqlite().await;
        publish(&database, &short_canal("short", 3)).await;
        publish(&database, &short_canal("short", 2)).await;
        let (before, tables) = (database.snapshot().await.expect("a snapshot"), catalogue(&database).await);
        let history = format!("{:?}", database.revisions("short", i64::MAX, 10).await.expect("a history"));
        turn_back_long_rows(&database).await;
        assert_ne!(catalogue(&database).await, tables, "the old layout is another one");
        database.close().await;
        database.store = database.again().await;
        assert_eq!(database.snapshot().await.expect("a snapshot"), before);
        assert_eq!(catalogue(&database).await, tables);
        assert_eq!(format!("{:?}", database.revisions("short", i64::MAX, 10).await.expect("a history")), history);
        let after = publish(&database, &short_canal("short", 3)).await;
        assert_eq!((after.revision, after.route.waypoints.len()), (3, 3));
    });
}

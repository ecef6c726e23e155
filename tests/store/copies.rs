//! Copies of a database, what is found in one, and what goes with it: the list of tables, and the files of exhibits.

use crate::both::{Database, connect_postgres, connect_sqlite, on_postgres, runtime};
use crate::fixtures::{audited, who};
use crate::moving::{furnish, same};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::path::Path;
use studyroute::store::{Blobs, Content, Kind, MoveProgress, NOT_COPIED, TABLES, compare, hash, recover, recover_into};

/// Table, column, kind.
type Column = (String, String, String);

const SQLITE_COLUMNS: &str = "
    select m.name, c.name, lower(c.type) from sqlite_schema m, pragma_table_info(m.name) c
    where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '_sqlx%'";

/// Parts of a table are not tables.
const POSTGRES_COLUMNS: &str = "
    select c.relname::text, a.attname::text, format_type(a.atttypid, null)
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and a.attnum > 0 and not a.attisdropped and c.relname not like '\\_sqlx%'";

/// What is listed, with the kinds by the names that they have in order: id, bytes, text, whole number, number.
fn listed(names: [&str; 5]) -> BTreeSet<Column> {
    let kind = |kind: Kind| {
        let at = [Kind::Id, Kind::Bytes, Kind::Text, Kind::Whole, Kind::Real].iter().position(|known| *known == kind);
        names[at.expect("a kind")].to_string()
    };
    let columns = |table: &'static studyroute::store::Table| {
        table.columns.iter().map(move |(name, of)| (table.name.to_string(), (*name).to_string(), kind(*of)))
    };
    TABLES.iter().flat_map(columns).collect()
}

fn to_be_copied(columns: Vec<Column>) -> BTreeSet<Column> {
    columns.into_iter().filter(|(table, ..)| !NOT_COPIED.contains(&table.as_str())).collect()
}

#[test]
fn the_list_of_tables_is_that_of_both_catalogues() {
    runtime().block_on(async {
        let sqlite = Database::sqlite().await;
        let mut link = connect_sqlite(&sqlite.place.url).await;
        let found = sqlx::query_as(SQLITE_COLUMNS).fetch_all(&mut link).await.expect("a catalogue");
        assert_eq!(to_be_copied(found), listed(["blob", "blob", "text", "integer", "real"]));
        let Some(postgres) = Database::postgres().await else { return eprintln!("skipped: no PostgreSQL here") };
        let mut link = connect_postgres(&postgres.place.url).await;
        let found = sqlx::query_as(POSTGRES_COLUMNS).fetch_all(&mut link).await.expect("a catalogue");
        assert_eq!(to_be_copied(found), listed(["uuid", "bytea", "text", "bigint", "double precision"]));
    });
}

#[test]
fn a_copy_of_postgresql_is_a_file_that_either_database_takes_back() {
    on_postgres(|source| async move {
        furnish(&source).await;
        let folder = tempfile::tempdir().expect("a folder");
        let (copy, progress) = (folder.path().join("copy.db"), MoveProgress::default());
        source.backup(&copy, &progress).await.expect("copied");
        assert!(source.backup(&copy, &progress).await.is_err(), "never over another file");
        assert_eq!(names(folder.path()), ["copy.db"], "nothing is left beside it");
        let back = Database::postgres().await.expect("it was there before");
        recover_into(&copy, &back, &progress).await.expect("put back");
        same(&compare(&source, &back, &progress).await.expect("compared"));
        assert_eq!(audited(&back.again().await).await, 3);
        let file = folder.path().join("studyroute.db");
        let aside = folder.path().join("aside");
        assert!(!recover(&copy, &file, &aside).await.expect("put back"));
        let file = crate::both::open(&format!("sqlite:{}", file.display())).await;
        same(&compare(&source, &file, &progress).await.expect("compared"));
        let full = recover_into(&copy, &source, &progress).await.expect_err("it is in use");
        assert!(full.to_string().contains("not empty"), "{full}");
        std::fs::write(folder.path().join("torn.db"), b"no database").expect("written");
        let torn = recover_into(&folder.path().join("torn.db"), &source, &progress).await;
        assert!(torn.expect_err("refused").to_string().contains("is no SQLite database"));
        file.close().await;
    });
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8")).collect()
}

#[test]
fn what_is_wrong_with_postgresql_is_said() {
    on_postgres(|database| async move {
        furnish(&database).await;
        let sound = database.soundness().await.expect("an answer");
        assert_eq!(sound.wrong, Vec::<String>::new());
        assert!(sound.rows > 50, "{sound:?}");
        let broken = [
            "alter table audit_log disable trigger audit_log_keeps_its_rows",
            "alter table check_ins add constraint later check (seq > 0) not valid",
        ];
        for sql in broken {
            database.execute(sql).await.expect("broken");
        }
        let wrong = database.soundness().await.expect("an answer").wrong.join("\n");
        assert!(wrong.contains("audit_log_keeps_its_rows of audit_log is switched off"), "{wrong}");
        assert!(wrong.contains("constraint later of check_ins"), "{wrong}");
    });
}

#[test]
fn files_of_exhibits_are_taken_along_once_and_checked() {
    runtime().block_on(async {
        let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let place = |folder: &Path| Blobs::open(&folder.display().to_string()).expect("a place");
        let (from, to) = (place(one.path()), place(other.path()));
        let bytes = Bytes::from_static(b"bell");
        let hash = hash("bell");
        let name = format!("sha256/{}/{hash}", &hash[..2]);
        from.put(&name, Content::Bytes(bytes)).await.expect("kept");
        from.put("uploads/part", Content::Bytes(Bytes::from_static(b"part"))).await.expect("kept");
        from.note_erasure(who(1)).await.expect("noted");
        let copied = from.copy_to(&to).await.expect("copied");
        assert_eq!((copied.files, copied.bytes, copied.were_there), (3, 8, 0));
        assert_eq!(std::fs::read(other.path().join(&name)).expect("there"), b"bell");
        let copied = from.copy_to(&to).await.expect("copied");
        assert_eq!((copied.files, copied.were_there), (0, 3), "it is done once");
        std::fs::write(one.path().join(&name), b"gong!").expect("changed");
        assert!(from.copy_to(&to).await.is_err(), "a file that is not what its name says");
        assert_eq!(std::fs::read(other.path().join(&name)).expect("there"), b"bell");
    });
}

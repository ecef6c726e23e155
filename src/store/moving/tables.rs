//! What is copied when a database moves: every table with its columns, in an order in which nothing refers to what comes later. A test
//! compares this list with the catalogues of both databases, so no table of a later migration is forgotten.
//!
//! Refuses to know how rows travel: it names what there is.

use super::super::sql::Dialect;
use Kind::{Bytes, Id, Real, Text, Whole};

/// What stands in a column, on both databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A random id: 16 bytes, or a uuid.
    Id,
    /// Characters.
    Text,
    /// A whole number of 64 bits.
    Whole,
    /// A number of 64 bits.
    Real,
    /// Any bytes.
    Bytes,
}

/// How the rows of a table may differ from an earlier copy of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Life {
    /// Other tables refer to it; it is small beside them, and looked through again at every start.
    Parent,
    /// Nothing refers to it; a first pass that was broken off goes on behind the last row that was copied.
    Leaf,
    /// As [`Life::Leaf`], and its rows are never changed: the database itself refuses that.
    OnlyAdded,
}

/// One table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, those of a unique key first.
    pub columns: &'static [(&'static str, Kind)],
    /// How many of them are that key.
    pub(super) key: usize,
    pub(super) life: Life,
    /// Whether the database gives its first column numbers of its own.
    pub(super) numbered: bool,
}

const fn parent(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, columns, key, life: Life::Parent, numbered: false }
}

const fn leaf(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, columns, key, life: Life::Leaf, numbered: false }
}

/// The same with numbers that the database gives.
const fn numbered(table: Table) -> Table {
    Table { numbered: true, ..table }
}

/// Tables that are kept by each database for itself: notes about its own state, not about study routes or visitors. What begins with
/// `_sqlx` or `sqlite_` belongs to the libraries.
pub const NOT_COPIED: [&str; 2] = ["schema_needs", "live_nodes"];

/// All that is copied.
pub const TABLES: [Table; 19] = [
    parent("generation", 1, &[("only_row", Whole), ("value", Whole)]),
    numbered(parent(
        "study_routes",
        1,
        &[
            ("route_key", Whole),
            ("slug", Text),
            ("revision", Whole),
            ("file_hash", Text),
            ("withdrawn", Whole),
            ("last_draft_version", Whole),
            ("preparing_content", Whole),
        ],
    )),
    numbered(parent("waypoints", 1, &[("waypoint_key", Whole), ("route_key", Whole), ("slug", Text)])),
    parent("participants", 1, &[("participant", Id), ("token_hash", Bytes), ("created_ms", Whole)]),
    leaf(
        "revisions",
        2,
        &[
            ("route_key", Whole),
            ("revision", Whole),
            ("published_ms", Whole),
            ("content_hash", Text),
            ("head", Text),
            ("kind", Text),
            ("note", Text),
            ("author", Text),
            ("author_key", Id),
            ("restored_revision", Whole),
        ],
    ),
    leaf(
        "waypoint_versions",
        2,
        &[
            ("waypoint_key", Whole),
            ("first_revision", Whole),
            ("last_revision", Whole),
            ("ordinal", Whole),
            ("content_hash", Text),
            ("document", Text),
            ("route_key", Whole),
            ("spot", Whole),
            ("answer_key", Text),
        ],
    ),
    // After the versions, whose triggers add to it: what they add beyond the source's rows goes again.
    leaf("waypoint_changes", 3, &[("route_key", Whole), ("revision", Whole), ("waypoint_key", Whole)]),
    // By its second unique key, which has no text: databases may order texts differently.
    leaf(
        "check_ins",
        2,
        &[
            ("participant", Id),
            ("seq", Whole),
            ("id", Text),
            ("route_key", Whole),
            ("waypoint_key", Whole),
            ("revision", Whole),
            ("occurred_ms", Whole),
            ("received_ms", Whole),
            ("verdict", Whole),
            ("method", Text),
            ("distance_m", Real),
            ("accuracy_m", Real),
            ("first_visit", Whole),
            ("seal", Bytes),
        ],
    ),
    numbered(leaf(
        "count_scopes",
        1,
        &[("scope", Whole), ("kind", Whole), ("route_key", Whole), ("waypoint_key", Whole), ("hour", Whole)],
    )),
    leaf(
        "day_counts",
        3,
        &[
            ("scope", Whole),
            ("span", Whole),
            ("first", Whole),
            ("people", Whole),
            ("people_inside", Whole),
            ("check_ins", Whole),
            ("visits", Whole),
            ("again", Whole),
            ("again_inside", Whole),
            ("later", Whole),
            ("later_inside", Whole),
        ],
    ),
    leaf(
        "return_counts",
        4,
        &[
            ("scope", Whole),
            ("span", Whole),
            ("first", Whole),
            ("second", Whole),
            ("people", Whole),
            ("people_inside", Whole),
        ],
    ),
    numbered(leaf(
        "contents",
        1,
        &[("content_key", Whole), ("created_ms", Whole), ("route_key", Whole), ("base_revision", Whole)],
    )),
    leaf(
        "draft_waypoints",
        2,
        &[
            ("content_key", Whole),
            ("slug", Text),
            ("ordinal", Whole),
            ("content_hash", Text),
            ("document", Text),
            ("first_revision", Whole),
            ("spot", Whole),
            ("answer_key", Text),
        ],
    ),
    leaf(
        "drafts",
        1,
        &[
            ("route_key", Whole),
            ("content_key", Whole),
            ("base_revision", Whole),
            ("version", Whole),
            ("head", Text),
            ("author", Text),
            ("created_ms", Whole),
            ("updated_by", Text),
            ("updated_ms", Whole),
        ],
    ),
    leaf(
        "schedules",
        1,
        &[
            ("route_key", Whole),
            ("at_ms", Whole),
            ("draft_version", Whole),
            ("note", Text),
            ("acknowledged", Text),
            ("author", Text),
            ("author_key", Id),
            ("failure", Text),
        ],
    ),
    numbered(leaf(
        "assets",
        1,
        &[
            ("asset_key", Whole),
            ("sha256", Text),
            ("media_type", Text),
            ("bytes", Whole),
            ("name", Text),
            ("report", Text),
            ("created_ms", Whole),
            ("created_by", Text),
            ("unused_since_ms", Whole),
            ("removed_ms", Whole),
        ],
    )),
    leaf(
        "uploads",
        1,
        &[
            ("upload_id", Id),
            ("created_by", Text),
            ("name", Text),
            ("length_bytes", Whole),
            ("received_bytes", Whole),
            ("parts", Text),
            ("created_ms", Whole),
            ("expires_ms", Whole),
            ("sha256", Text),
        ],
    ),
    leaf(
        "access_keys",
        1,
        &[
            ("key_id", Id),
            ("name", Text),
            ("role", Text),
            ("routes", Text),
            ("secret_hash", Bytes),
            ("created_ms", Whole),
            ("expires_ms", Whole),
            ("revoked_ms", Whole),
            ("last_used_ms", Whole),
            ("followed_by", Id),
        ],
    ),
    Table {
        name: "audit_log",
        key: 1,
        life: Life::OnlyAdded,
        numbered: true,
        columns: &[
            ("entry", Whole),
            ("at_ms", Whole),
            ("key_id", Id),
            ("who", Text),
            ("role", Text),
            ("action", Text),
            ("route", Text),
            ("subject", Text),
            ("revision", Whole),
            ("draft_version", Whole),
            ("outcome", Text),
            ("detail", Text),
            ("request_id", Text),
        ],
    },
];

impl Table {
    /// The columns of its key.
    pub(super) fn key_columns(&self) -> &'static [(&'static str, Kind)] {
        &self.columns[..self.key]
    }

    /// All rows in the order of the key; with `after`, those behind a key that is bound.
    pub(super) fn select(&self, dialect: Dialect, after: bool) -> String {
        let key = self.ordered_key(dialect);
        let bound: Vec<String> = (1..=self.key).map(|n| format!("${n}")).collect();
        let behind = if after { format!(" where ({key}) > ({})", bound.join(", ")) } else { String::new() };
        format!("select {} from {}{behind} order by {key}", names(self.columns), self.name)
    }

    /// The key as both databases order it: texts by their bytes.
    fn ordered_key(&self, dialect: Dialect) -> String {
        let ordered = self.key_columns().iter().map(|(name, kind)| match (dialect, kind) {
            (Dialect::Postgres, Text) => format!("{name} collate \"C\""),
            _ => (*name).to_string(),
        });
        ordered.collect::<Vec<_>>().join(", ")
    }

    /// Writes `rows` rows; `over` those that are there already.
    pub(super) fn insert(&self, dialect: Dialect, rows: usize, over: bool) -> String {
        let names_all = names(self.columns);
        // The numbers are the source's.
        let own = if dialect == Dialect::Postgres { " overriding system value" } else { "" };
        let rows = placeholders(rows, self.columns.len());
        let set = self.columns[self.key..].iter().map(|(name, _)| format!("{name} = excluded.{name}"));
        let set = set.collect::<Vec<_>>().join(", ");
        let key = names(self.key_columns());
        let conflict = match (over, set.is_empty()) {
            (false, _) => String::new(),
            (true, true) => " on conflict do nothing".into(),
            (true, false) => format!(" on conflict ({key}) do update set {set}"),
        };
        format!("insert into {} ({names_all}){own} values {rows}{conflict}", self.name)
    }

    /// Takes `rows` rows away.
    pub(super) fn delete(&self, rows: usize) -> String {
        let key = names(self.key_columns());
        format!("delete from {} where ({key}) in (values {})", self.name, placeholders(rows, self.key))
    }

    /// PostgreSQL's quickest way in.
    pub(super) fn copy(&self) -> String {
        format!("copy {} ({}) from stdin (format binary)", self.name, names(self.columns))
    }
}

fn names(columns: &[(&str, Kind)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// `($1, $2), ($3, $4)`
fn placeholders(rows: usize, width: usize) -> String {
    let row = |row: usize| {
        let cells: Vec<String> = (1..=width).map(|cell| format!("${}", row * width + cell)).collect();
        format!("({})", cells.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

//! Why a goal is missed, where it is known, by the beginning of the row's key. Said only of rows that miss theirs.

const WHY: &[(&str, &str)] = &[];

/// The reason that is known, or that none is.
pub fn why_missed(key: &str) -> &'static str {
    WHY.iter().find(|(begin, _)| key.starts_with(begin)).map_or("The reason is not known.", |(_, why)| why)
}

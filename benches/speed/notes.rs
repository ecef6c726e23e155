//! Why a goal is missed, where it is known, by the beginning of the row's key. Said only of rows that miss theirs.

const WHY: &[(&str, &str)] = &[
    (
        "nearby-54",
        "What every request passes (id, permit, figures, a line of the log, nine headers) and an item's numbers cost some 2 µs of CPU beside the bare endpoint's own.",
    ),
    (
        "nearby-1",
        "Between this row and the one of the 54 lie some 17 items and 6 µs: about 0.35 µs an item for its offsets, five formatted numbers and the copy of its text.",
    ),
    (
        "static",
        "The same 1 to 2 µs that every request passes; the bare endpoint has no id, no figures, no log and two headers.",
    ),
    ("304", "The same as for the content itself, beside the cheapest answer that there is."),
    (
        "check-ins",
        "The bare loop neither speaks HTTP nor judges, seals, knows tokens or counts. Where the rest goes within that was not profiled.",
    ),
    (
        "counts-growth",
        "Ten times the check-ins fill more days and hours, so the answer itself has three times the rows; this question is asked for the rows.",
    ),
];

/// The reason that is known, or that none is.
pub fn why_missed(key: &str) -> &'static str {
    WHY.iter().find(|(begin, _)| key.starts_with(begin)).map_or("The reason is not known.", |(_, why)| why)
}

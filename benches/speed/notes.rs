//! Why a goal is missed, where it is known, by the beginning of the row's key. Said only of rows that miss theirs.

const WHY: &[(&str, &str)] = &[
    (
        "nearby-54",
        "What every request passes (id, permit, figures, a line of the log, nine headers) and an item's numbers cost some 2 µs of CPU beside the bare endpoint's own.",
    ),
    (
        "nearby-1",
        "Each item costs its offsets, five formatted numbers and the copy of its text, which among many waypoints lies in no cache of the processor, while the bare endpoint sends the same few kilobytes again and again.",
    ),
    (
        "static",
        "The same 1 to 2 µs that every request passes; the bare endpoint has no id, no figures, no log and two headers.",
    ),
    ("304", "The same as for the content itself, beside the cheapest answer that there is."),
    (
        "check-ins-postgres",
        "PostgreSQL and the server share one core here: what the server needs for HTTP, judging, sealing and counting, the database lacks; the bare loop needs next to nothing.",
    ),
    (
        "check-ins",
        "The bare loop neither speaks HTTP nor judges, seals, knows tokens or counts: nearly half of the server's CPU is that, most of it the reading and writing of sockets.",
    ),
    (
        "counts-growth",
        "Ten times the check-ins fill more days and hours, so the answer itself has three times the rows; this question is asked for the rows.",
    ),
    (
        "peer",
        "The program sends its 20 items out of a million texts in cold memory, while the peers have 54 texts in all, which stay in the processor's caches; more than a third of its time is what the bare endpoint takes for sending as many bytes.",
    ),
    (
        "publish-p99",
        "One publication follows another here without a pause, and two processors carry the threads that answer, those of SQLite, the one that builds, and whoever asks: a question that meets them waits for a turn of the scheduler, whose tick is 4 ms on this kernel.",
    ),
];

/// The reason that is known, or that none is.
pub fn why_missed(key: &str) -> &'static str {
    WHY.iter().find(|(begin, _)| key.starts_with(begin)).map_or("The reason is not known.", |(_, why)| why)
}

//! Files of the corpus with bytes flipped, cut and doubled: whatever comes out, nothing panics and everything ends.

use crate::rig::read;
use proptest::prelude::*;
use studyroute::formats::Item;

/// One damage: where in the file (of 65,536), what kind, how much.
type Damage = (u16, u8, u8);

fn corpus() -> Vec<Vec<u8>> {
    let mut names: Vec<_> =
        std::fs::read_dir("tests/corpus/geo").expect("the corpus").map(|entry| entry.expect("a file").path()).collect();
    names.sort();
    names.iter().map(|name| std::fs::read(name).expect("readable")).collect()
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for &(place, kind, much) in damages {
        let at = usize::from(place) * bytes.len() / 65_536;
        let end = (at + usize::from(much)).min(bytes.len());
        match kind % 5 {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (much % 8)),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = much),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn damage_is_refused_or_read_and_never_fatal(
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec(any::<Damage>(), 1..6),
    ) {
        let corpus = corpus();
        let bytes = damaged(corpus[which.index(corpus.len())].clone(), &damages);
        if let Ok((_, items)) = read(&bytes) {
            for item in items {
                if let Item::Entry(entry) = item {
                    prop_assert!(entry.position.is_none_or(|position| position.lat.is_finite() && position.lon.is_finite()));
                }
            }
        }
    }
}

#[test]
fn a_file_cut_anywhere_gives_no_more_places_than_the_whole() {
    for bytes in corpus().iter().step_by(3) {
        let whole = read(bytes).map_or(0, |(_, items)| items.len());
        for at in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            assert!(read(&bytes[..at]).map_or(0, |(_, items)| items.len()) <= whole);
        }
    }
}

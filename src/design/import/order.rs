//! The order in which the waypoints stand after an import.

use std::collections::HashMap;

/// Puts those that ask for a place (from 1) there, as far as there are enough others before them; the others keep their order.
pub fn asked_for(order: &[String], wanted: &HashMap<String, u32>) -> Vec<String> {
    let (mut asking, others): (Vec<&String>, Vec<&String>) = order.iter().partition(|id| wanted.contains_key(*id));
    asking.sort_by_key(|id| wanted.get(*id));
    let (mut asking, mut others) = (asking.into_iter().peekable(), others.into_iter());
    let mut placed = Vec::with_capacity(order.len());
    while placed.len() < order.len() {
        let here = placed.len() as u64 + 1;
        let asked = asking.next_if(|id| wanted.get(*id).is_some_and(|place| u64::from(*place) <= here));
        let Some(next) = asked.or_else(|| others.next()).or_else(|| asking.next()) else { break };
        placed.push(next.clone());
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who asks for which place.
    type Asked = &'static [(&'static str, u32)];

    #[test]
    fn who_asks_for_a_place_stands_there_and_the_others_make_room() {
        let cases: [(&str, Asked, &str); 8] = [
            ("abcd", &[], "abcd"),
            ("abcd", &[("b", 4)], "acdb"),
            ("abcd", &[("d", 1)], "dabc"),
            ("abcd", &[("a", 3)], "bcad"),
            ("abcd", &[("a", 4), ("b", 3), ("c", 2), ("d", 1)], "dcba"),
            ("abcd", &[("c", 2), ("d", 2)], "acdb"),
            ("abcd", &[("a", 40), ("b", 30)], "cdba"),
            ("", &[("x", 1)], ""),
        ];
        for (order, wanted, expected) in cases {
            let order: Vec<String> = order.chars().map(String::from).collect();
            let wanted = wanted.iter().map(|(id, place)| (id.to_string(), *place)).collect();
            assert_eq!(asked_for(&order, &wanted).concat(), expected, "{wanted:?}");
        }
    }
}

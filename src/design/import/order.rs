//! The order in which the waypoints stand after an import.

use super::known::Number;
use std::collections::HashMap;

/// Puts those that ask for a place (from 1) there, as far as there are enough others before them; the others keep their order.
pub fn asked_for(order: &[Number], wanted: &HashMap<Number, u32>) -> Vec<Number> {
    let (mut asking, others): (Vec<Number>, Vec<Number>) = order.iter().partition(|number| wanted.contains_key(number));
    asking.sort_by_key(|number| wanted.get(number));
    let (mut asking, mut others) = (asking.into_iter().peekable(), others.into_iter());
    let mut placed = Vec::with_capacity(order.len());
    while placed.len() < order.len() {
        let here = placed.len() as u64 + 1;
        let asked = asking.next_if(|number| wanted.get(number).is_some_and(|place| u64::from(*place) <= here));
        let Some(next) = asked.or_else(|| others.next()).or_else(|| asking.next()) else { break };
        placed.push(next);
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
            let number = |id: char| u32::from(id);
            let order: Vec<Number> = order.chars().map(number).collect();
            let wanted = wanted.iter().map(|(id, place)| (id.chars().map(number).sum(), *place)).collect();
            let placed: String = asked_for(&order, &wanted).into_iter().filter_map(char::from_u32).collect();
            assert_eq!(placed, expected, "{wanted:?}");
        }
    }
}

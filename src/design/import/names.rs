//! Ids for places that have only a name: the same name always gives the same id.

use crate::domain::lint::SLUG_MAX;
use pinyin::ToPinyin;

/// Room that is left for a number at the end.
const NUMBER_ROOM: usize = 8;

/// A kebab-case id made of a name: Chinese by its sound (Hanyu Pinyin without tones), Latin letters and digits as they are.
/// A name with neither gives `stop`.
pub fn slug(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for character in name.chars() {
        if let Some(sound) = character.to_pinyin() {
            words.push(sound.plain().replace('ü', "v"));
            open = false;
        } else if character.is_ascii_alphanumeric() {
            if !open {
                words.push(String::new());
                open = true;
            }
            if let Some(word) = words.last_mut() {
                word.push(character.to_ascii_lowercase());
            }
        } else if character != '\'' {
            // An apostrophe stands inside a word.
            open = false;
        }
    }
    let mut slug = String::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        if slug.len() + word.len() + 1 + NUMBER_ROOM > SLUG_MAX {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { "stop".into() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lint::is_slug;

    #[test]
    fn a_name_becomes_an_id_that_an_address_can_hold() {
        for (name, expected) in [
            ("大成殿", "da-cheng-dian"),
            ("Nanwang Hub (south gate)", "nanwang-hub-south-gate"),
            ("戴村坝 Dam 2", "dai-cun-ba-dam-2"),
            ("Weishan's pier", "weishans-pier"),
            ("女儿墙", "nv-er-qiang"),
            ("🙂🙂", "stop"),
            ("", "stop"),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
        for name in ["很".repeat(200), "x".repeat(500), "a b ".repeat(100)] {
            let slug = slug(&name);
            assert!(is_slug(&slug) && slug.len() + NUMBER_ROOM <= SLUG_MAX, "{slug}");
        }
    }
}

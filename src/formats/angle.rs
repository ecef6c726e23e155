//! Latitudes and longitudes as people write them: `35.5967`, `35°35′48″N`, `北纬35度35分48秒`, `N35 35.800`, `35,5967`.
//!
//! Refuses to guess: what could be two places is no place. Whether a number is on the earth is judged by who takes it.

use unicode_normalization::UnicodeNormalization;

/// Longest cell that is looked at, in characters.
const CHARS_MAX: usize = 80;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Latitude.
    Lat,
    /// Longitude.
    Lon,
}

/// Which number of a pair comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairOrder {
    /// Latitude, longitude.
    LatLon,
    /// Longitude, latitude.
    LonLat,
    /// Nobody says.
    Unsaid,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    /// A number and whether it has a fraction.
    Number(f64, bool),
    /// The sign of degrees (0), minutes (1) or seconds (2).
    Mark(usize),
    Minus,
    Plus,
    /// The axis, and whether it counts below zero.
    Hemisphere(Axis, bool),
}

struct Angle {
    degrees: f64,
    axis: Option<Axis>,
    /// Degrees, minutes and seconds make three.
    numbers: usize,
}

/// One latitude or longitude in degrees.
///
/// # Errors
/// What is wrong with it and what to write instead.
pub fn read(text: &str, axis: Axis) -> Result<f64, String> {
    let angle = angle(&plain(text)?)?;
    match (axis, angle.axis) {
        (Axis::Lat, Some(Axis::Lon)) => {
            Err("is east or west, but this is the latitude; it looks swapped: exchange the two columns".into())
        }
        (Axis::Lon, Some(Axis::Lat)) => {
            Err("is north or south, but this is the longitude; it looks swapped: exchange the two columns".into())
        }
        _ => Ok(angle.degrees),
    }
}

/// Latitude and longitude from one cell.
///
/// # Errors
/// What is wrong with it and what to write instead, also when it is not sure which of the two is the latitude.
pub fn read_pair(text: &str, order: PairOrder) -> Result<(f64, f64), String> {
    let chars = plain(text.trim_matches(['(', ')', '[', ']', '（', '）', ' ']))?;
    let (first, second) = halves(&chars)?;
    let (a, b) = (first.degrees, second.degrees);
    let by_range = match (a.abs() > 90.0, b.abs() > 90.0) {
        (true, false) => PairOrder::LonLat,
        (false, true) => PairOrder::LatLon,
        _ => PairOrder::Unsaid,
    };
    match (first.axis, second.axis) {
        (Some(x), Some(y)) if x == y => {
            Err("has two latitudes or two longitudes; write one of each, such as 35.5967, 116.9842".into())
        }
        (Some(Axis::Lat), _) | (None, Some(Axis::Lon)) => Ok((a, b)),
        (Some(Axis::Lon), _) | (None, Some(Axis::Lat)) => Ok((b, a)),
        (None, None) => match (order, by_range) {
            (PairOrder::Unsaid, PairOrder::Unsaid) => {
                Err("could be latitude first or longitude first; write N and E after the numbers, or use two columns"
                    .into())
            }
            (PairOrder::LatLon, PairOrder::LonLat) | (PairOrder::LonLat, PairOrder::LatLon) => {
                Err("looks swapped: its latitude is beyond 90; exchange the two numbers or mend the heading".into())
            }
            (PairOrder::LonLat, _) | (PairOrder::Unsaid, PairOrder::LonLat) => Ok((b, a)),
            _ => Ok((a, b)),
        },
    }
}

/// The two angles of a cell: of all ways to cut it in two, the one that leaves as many numbers on either side.
fn halves(chars: &[char]) -> Result<(Angle, Angle), String> {
    let between = |c: char| c == ',' || c == ';' || c == '/' || c == '|' || c == '、' || c.is_whitespace();
    let letter = |c: Option<&char>| c.is_some_and(|c| "NSEW".contains(*c));
    let mut found: Option<(Angle, Angle)> = None;
    for (i, c) in chars.iter().enumerate() {
        let cut = between(*c) || letter(Some(c)) || letter(chars.get(i.wrapping_sub(1)));
        let (left, right) = (chars.get(..i).unwrap_or_default(), chars.get(i..).unwrap_or_default());
        let right = if between(*c) { right.get(1..).unwrap_or_default() } else { right };
        let (Ok(a), Ok(b)) = (angle(left), angle(right)) else { continue };
        if !cut || a.numbers != b.numbers {
            continue;
        }
        // A run of spaces is one cut.
        if found.as_ref().is_some_and(|(x, y)| (x.degrees, y.degrees) != (a.degrees, b.degrees)) {
            return Err("can be read as more than one pair; write it as 35.5967, 116.9842".into());
        }
        found = Some((a, b));
    }
    found.ok_or_else(|| "is not a pair of coordinates; write latitude and longitude as 35.5967, 116.9842".into())
}

/// One way to write every sign: NFKC, ASCII marks, capital letters.
fn plain(text: &str) -> Result<Vec<char>, String> {
    if text.chars().take(CHARS_MAX + 1).count() > CHARS_MAX {
        return Err("is too long for a coordinate; write degrees such as 35.5967".into());
    }
    // Before NFKC, which turns º into a letter and the double prime into two.
    let marked: String = text
        .chars()
        .map(|c| match c {
            'º' | '˚' | '∘' | '度' => '°',
            '′' | '’' | '‘' | 'ʹ' | '´' | '`' | '＇' | '分' => '\'',
            '″' | '”' | '“' | 'ʺ' | '〃' | '＂' | '秒' => '"',
            '−' | '–' | '－' | '﹣' => '-',
            '，' => ',',
            c => c,
        })
        .collect();
    let mut plain = marked.nfkc().collect::<String>().to_uppercase().replace("''", "\"");
    for (word, sign) in [
        ("北纬", "N"),
        ("南纬", "S"),
        ("东经", "E"),
        ("西经", "W"),
        ("北", "N"),
        ("南", "S"),
        ("东", "E"),
        ("西", "W"),
        ("NORTH", "N"),
        ("SOUTH", "S"),
        ("EAST", "E"),
        ("WEST", "W"),
        ("DEGREES", "°"),
        ("DEG", "°"),
        ("MIN", "'"),
        ("SEC", "\""),
    ] {
        plain = plain.replace(word, sign);
    }
    Ok(plain.trim().chars().collect())
}

fn tokens(chars: &[char]) -> Result<Vec<Token>, String> {
    let (mut tokens, mut i, mut by_letters) = (Vec::new(), 0, false);
    while let Some(&c) = chars.get(i) {
        i += 1;
        let token = match c {
            '0'..='9' | '.' => {
                let start = i - 1;
                let more = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
                while more(i) || (matches!(chars.get(i), Some('.' | ',')) && more(i + 1)) {
                    i += 1;
                }
                number(chars.get(start..i).unwrap_or_default())?
            }
            '°' => Token::Mark(0),
            'D' => {
                by_letters = true;
                Token::Mark(0)
            }
            '\'' | 'M' => Token::Mark(1),
            '"' => Token::Mark(2),
            // 35d35m48s: the first S after a number is seconds there.
            'S' if by_letters && matches!(tokens.last(), Some(Token::Number(..))) => Token::Mark(2),
            ':' if matches!(tokens.last(), Some(Token::Number(..))) => {
                Token::Mark(usize::from(tokens.contains(&Token::Mark(0))))
            }
            '-' => Token::Minus,
            '+' => Token::Plus,
            'N' => Token::Hemisphere(Axis::Lat, false),
            'S' => Token::Hemisphere(Axis::Lat, true),
            'E' => Token::Hemisphere(Axis::Lon, false),
            'W' => Token::Hemisphere(Axis::Lon, true),
            c if c.is_whitespace() => continue,
            _ => {
                return Err(format!(
                    "is not a coordinate because of “{c}”; write degrees such as 35.5967 or 35°35′48″N"
                ));
            }
        };
        tokens.push(token);
    }
    Ok(tokens)
}

fn number(digits: &[char]) -> Result<Token, String> {
    let text: String = digits.iter().map(|&c| if c == ',' { '.' } else { c }).collect();
    let value = text.parse().ok().filter(|_| text.len() <= 30);
    let value: f64 = value.ok_or("has a number that cannot be read; write degrees such as 35.5967")?;
    Ok(Token::Number(value, text.contains('.')))
}

/// `[N] [-] 35 [°] [35 [']] [48 ["]] [N]`
fn angle(chars: &[char]) -> Result<Angle, String> {
    let (mut axis, mut negative, mut signs, mut closed) = (None, false, 0, false);
    let mut parts: Vec<(f64, bool)> = Vec::new();
    let mut marks = [false; 3];
    for token in tokens(chars)? {
        match token {
            _ if closed => return Err("goes on after its hemisphere; write one coordinate in a cell".into()),
            Token::Number(value, fraction) => parts.push((value, fraction)),
            Token::Mark(unit) => {
                if parts.len() != unit + 1 || std::mem::replace(&mut marks[unit], true) {
                    return Err("has its degree, minute and second signs out of order; write 35°35′48″N".into());
                }
            }
            Token::Minus | Token::Plus if parts.is_empty() => {
                (negative, signs) = (token == Token::Minus, signs + 1);
            }
            Token::Minus | Token::Plus => return Err("has a sign within it; write degrees such as -35.5967".into()),
            Token::Hemisphere(said, below) => {
                if axis.replace(said).is_some() {
                    return Err("has two hemispheres; write one of N, S, E and W".into());
                }
                (negative, signs, closed) = (below, signs + 1, !parts.is_empty());
            }
        }
    }
    if signs > 1 {
        return Err("has two signs; write either a minus or one of N, S, E and W".into());
    }
    let degrees = sum(&parts)?;
    Ok(Angle { degrees: if negative { -degrees } else { degrees }, axis, numbers: parts.len() })
}

fn sum(parts: &[(f64, bool)]) -> Result<f64, String> {
    let (first, rest) =
        parts.split_first().ok_or("is not a coordinate; write degrees such as 35.5967 or 35°35′48″N")?;
    if rest.len() > 2 {
        return Err("has more than degrees, minutes and seconds; write one coordinate in a cell".into());
    }
    if parts.iter().rev().skip(1).any(|(_, fraction)| *fraction) {
        return Err("has a fraction before its last number; write 35.5967 or 35°35′48″".into());
    }
    if rest.iter().any(|(value, _)| *value >= 60.0) {
        return Err("has 60 or more minutes or seconds; each is from 0 to 59".into());
    }
    if first.0 > 360.0 {
        return Err("is more than 360 degrees; write degrees such as 116.9842, not metres".into());
    }
    Ok(rest.iter().zip([60.0, 3_600.0]).fold(first.0, |degrees, ((value, _), unit)| degrees + value / unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn coordinates_are_read_as_people_write_them() {
        let dms = 35.0 + 35.0 / 60.0 + 48.0 / 3_600.0;
        for (text, expected) in [
            ("35.5967", 35.5967),
            (" 35,5967 ", 35.5967),
            ("35,596", 35.596),
            ("-35.5", -35.5),
            ("−35.5", -35.5),
            ("+35.5°", 35.5),
            ("35.5N", 35.5),
            ("35.5 S", -35.5),
            ("35°35′48″N", dms),
            ("35°35'48.0\"", dms),
            ("35° 35’ 48”", dms),
            ("35º35''48", f64::NAN),
            ("35°35''", f64::NAN),
            ("N35 35.800", dms),
            ("35d35m48s", dms),
            ("35d35m48sS", -dms),
            ("35度35分48秒", dms),
            ("北纬35°35′48″", dms),
            ("北纬３５度３５分４８秒", dms),
            ("南纬35度35.8分", -dms),
            ("35:35:48", dms),
            ("35 deg 35 min 48 sec north", dms),
        ] {
            let read = read(text, Axis::Lat);
            if expected.is_nan() {
                assert!(read.is_err(), "{text}: {read:?}");
            } else {
                assert!(read.as_ref().is_ok_and(|value| (value - expected).abs() < 1e-9), "{text}: {read:?}");
            }
        }
        assert_eq!(read("116.99E", Axis::Lon), Ok(116.99));
        assert_eq!(read("西经 116.99", Axis::Lon), Ok(-116.99));
    }

    #[test]
    fn what_is_no_coordinate_is_told_what_to_do() {
        let digits = "9".repeat(400);
        for (text, expected) in [
            ("", "is not a coordinate"),
            ("孔庙", "because of “孔”"),
            ("NaN", "because of “A”"),
            ("inf", "because of"),
            ("1e999", "goes on after its hemisphere"),
            (&digits, "too long"),
            ("99999999999999999999999999999999999", "cannot be read"),
            ("--35", "two signs"),
            ("-35S", "two signs"),
            ("35-", "sign within"),
            ("N35N", "two hemispheres"),
            ("35°60′", "60 or more"),
            ("35°35′60″", "60 or more"),
            ("35.5°30′", "fraction before"),
            ("35′", "out of order"),
            ("35°35°", "out of order"),
            ("35 35 35 35", "more than degrees"),
            ("1.2.3", "cannot be read"),
            ("3949000.5", "not metres"),
            ("116.99E", "looks swapped"),
        ] {
            let message = read(text, Axis::Lat).expect_err(text);
            assert!(message.contains(expected), "{text}: {message}");
        }
        assert!(read("35N", Axis::Lon).expect_err("north").contains("looks swapped"));
    }

    #[test]
    fn pairs_are_told_apart_by_hemisphere_then_range_then_heading() {
        use PairOrder::{LatLon, LonLat, Unsaid};
        for (text, order) in [
            ("35.5, 117.25", Unsaid),
            ("35.5,117.25", LatLon),
            ("117.25,35.5", Unsaid),
            ("117.25 35.5", LonLat),
            ("(35.5；117.25)", Unsaid),
            ("35,5 117,25", Unsaid),
            ("35,5; 117,25", Unsaid),
            ("35°30′N 117°15′E", Unsaid),
            ("35°30′N117°15′E", Unsaid),
            ("E117°15′，N35°30′", LatLon),
            ("北纬35度30分，东经117度15分", Unsaid),
            ("N35 30.0 E117 15.0", Unsaid),
            ("35 30 0 117 15 0", Unsaid),
        ] {
            assert_eq!(read_pair(text, order), Ok((35.5, 117.25)), "{text}");
        }
        assert_eq!(read_pair("35.5, 36.5", LonLat), Ok((36.5, 35.5)));
        for (text, order, expected) in [
            ("35.5, 36.5", Unsaid, "latitude first or longitude first"),
            ("117.25, 35.5", LatLon, "looks swapped"),
            ("35.5N, 36.5N", Unsaid, "two latitudes"),
            ("35.5", Unsaid, "not a pair"),
            ("济宁市任城区", Unsaid, "not a pair"),
        ] {
            let message = read_pair(text, order).expect_err(text);
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_in_any_way_is_read_back(milliseconds in 0_u32..648_000_000, south: bool) {
            let value = f64::from(milliseconds) / 3_600_000.0;
            let (degrees, rest) = (milliseconds / 3_600_000, milliseconds % 3_600_000);
            let (minutes, seconds) = (rest / 60_000, f64::from(rest % 60_000) / 1_000.0);
            let (word, letter, sign) = if south { ("西经", "W", "-") } else { ("东经", "E", "") };
            let expected = if south { -value } else { value };
            for text in [
                format!("{sign}{value}"),
                format!("{value}{letter}"),
                format!("{degrees}°{minutes}′{seconds}″{letter}"),
                format!("{word}{degrees}度{minutes}分{seconds}秒"),
                format!("{letter}{degrees} {:.5}", f64::from(minutes) + seconds / 60.0).replace(" 60.00000", " 59.99999"),
                format!("{sign}{degrees}d{minutes}m{seconds}s"),
            ] {
                let got = read(&text, Axis::Lon);
                prop_assert!(got.as_ref().is_ok_and(|got| (got - expected).abs() < 2e-7), "{text}: {got:?}");
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,90}|[0-9NSEW°′″.,:; dms+-]{0,40}") {
            for result in [read(&text, Axis::Lat), read_pair(&text, PairOrder::Unsaid).map(|(lat, _)| lat)] {
                prop_assert!(result.map_or_else(|message| !message.is_empty(), f64::is_finite));
            }
        }
    }
}

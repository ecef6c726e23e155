//! Objects are objects: serde's derived readers also take a list of values in the members' order, which no document of this
//! service promises and which would let `[null, null]` make a participant. And whole numbers are whole numbers however they are
//! written: JSON does not tell 20.0 from 20, and some clients write the former.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// Reads a value that must be written as an object. For a member: `#[serde(deserialize_with = "strict::object")]`.
///
/// # Errors
/// When it is not one, or not the right one.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D) -> Result<T, D::Error> {
    T::deserialize(ObjectsOnly(reader))
}

/// A reader that takes structs from objects only.
pub struct ObjectsOnly<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectsOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Any JSON value whose objects name no member twice: which of the two was meant, nobody knows.
pub struct Unique(pub Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        // PostgreSQL keeps it in no text
        if value.contains('\0') {
            return Err(Error::custom("the character U+0000 stands in a text; take it out"));
        }
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unique(value))) = members.next_entry::<String, Unique>()? {
            if object.contains_key(&name) {
                let name: String = name.chars().take(40).collect();
                return Err(Error::custom(format!("the member \"{name}\" is there twice")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

/// Whole numbers up to this are exact as floating point.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Reads a whole number, 0 or more, or null. `#[serde(default, deserialize_with = "strict::whole")]`.
///
/// # Errors
/// When it is another value, or too large.
pub fn whole<'de, T: TryFrom<u64>, D: Deserializer<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    let too_large = |n| Error::invalid_value(Unexpected::Unsigned(n), &"a smaller number");
    let whole: Option<Whole> = Option::deserialize(reader)?;
    whole.map(|Whole(n)| T::try_from(n).map_err(|_| too_large(n))).transpose()
}

struct Whole(u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(WholeVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a whole number, 0 or more")
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Whole, E> {
        Ok(Whole(n))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Whole, E> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "just checked")]
        if n.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&n) {
            return Ok(Whole(n as u64));
        }
        Err(Error::invalid_type(Unexpected::Float(n), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Asked {
        #[serde(default, deserialize_with = "whole")]
        limit: Option<u32>,
    }

    #[test]
    fn whole_numbers_may_be_written_with_a_point_and_nothing_else_is_one() {
        let read = |text: &str| serde_json::from_str::<Asked>(text).map(|asked| asked.limit).ok();
        for (text, expected) in
            [("20", Some(20)), ("20.0", Some(20)), ("2e1", Some(20)), ("-0.0", Some(0)), ("null", None)]
        {
            assert_eq!(read(&format!(r#"{{"limit":{text}}}"#)), Some(expected), "{text}");
        }
        assert_eq!(read("{}"), Some(None));
        for text in ["20.5", "-1", "-1.0", "4294967296", "1e30", "\"20\"", "true", "[20]", "{}"] {
            assert_eq!(read(&format!(r#"{{"limit":{text}}}"#)), None, "{text}");
        }
    }

    #[test]
    fn an_object_is_not_read_from_a_list() {
        let read = |text: &str| object::<Asked, _>(&mut serde_json::Deserializer::from_str(text)).is_ok();
        assert!(read(r#"{"limit":1}"#));
        assert!(!read("[1]"));
    }
}

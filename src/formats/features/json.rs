//! The one guard over the JSON reader: depth and tokens are bounded while bytes are read, values while they are built, and a name
//! that stands twice in one object is noticed. Values follow one another, as in RFC 8142 sequences and in one feature a line.

use crate::formats::feed::Feed;
use crate::formats::{Refused, VALUE_MAX_BYTES};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::io::{self, BufRead, Read};

/// Deepest nesting of objects and lists.
pub(super) const DEPTH_MAX: usize = 32;
/// Longest text or number of a file, in bytes; a property has a closer bound.
const TOKEN_MAX_BYTES: usize = 1024 * 1024;
/// How much memory the properties of one feature may take, in bytes.
const MEMBER_MAX_BYTES: usize = 8 * 1024 * 1024;
/// What one value takes beside its text.
const VALUE_BYTES: usize = 64;
/// RFC 8142 puts this before every text of a sequence.
const RECORD_SEPARATOR: u8 = 0x1e;

/// A file of JSON values.
pub(super) struct Guard<'s> {
    feed: Feed<'s>,
    depth: usize,
    in_text: bool,
    escaped: bool,
    token_bytes: usize,
}

impl<'s> Guard<'s> {
    pub(super) fn new(source: &'s mut dyn Read) -> Result<Self, Refused> {
        Ok(Self { feed: Feed::new(source)?, depth: 0, in_text: false, escaped: false, token_bytes: 0 })
    }

    pub(super) fn encoding(&self) -> &'static str {
        self.feed.encoding()
    }

    /// Reads the next value with `seed`; `None` at the end of the file.
    pub(super) fn next<T>(
        &mut self,
        seed: impl for<'de> DeserializeSeed<'de, Value = T>,
    ) -> Result<Option<T>, Refused> {
        loop {
            self.feed.next_token();
            let found = self.feed.fill_buf()?;
            let Some(&byte) = found.first() else { return Ok(None) };
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | RECORD_SEPARATOR => self.feed.consume(1),
                b'{' | b'[' => break,
                _ => return Err(wrong(self.feed.line(), "something stands there that is no JSON object; remove it")),
            }
        }
        (self.depth, self.in_text, self.escaped) = (0, false, false);
        let mut json = serde_json::Deserializer::from_reader(&mut *self);
        match seed.deserialize(&mut json) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let (message, is_io) = (error.to_string(), error.is_io());
                if is_io {
                    return Err(io::Error::from(error).into());
                }
                // serde_json counts lines from the value's beginning; the feed from the file's.
                let said = message.split(" at line ").next().unwrap_or_default();
                let said: String = said.chars().take(200).collect();
                Err(wrong(self.feed.line(), &format!("is not readable as JSON ({said}); save or send the file again")))
            }
        }
    }

    fn take(&mut self, byte: u8) -> io::Result<()> {
        self.token_bytes += 1;
        match (self.in_text, byte) {
            (true, _) if self.escaped => self.escaped = false,
            (true, b'\\') => self.escaped = true,
            (true, b'"') => self.in_text = false,
            (false, b'"') => (self.in_text, self.token_bytes) = (true, 0),
            (false, b'{' | b'[') => {
                self.depth += 1;
                self.token_bytes = 0;
            }
            (false, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                self.token_bytes = 0;
            }
            (false, b',' | b':' | b'\n') => self.token_bytes = 0,
            _ => (),
        }
        let line = self.feed.line();
        if self.depth > DEPTH_MAX {
            let message =
                format!("line {line}: lists and objects are nested more than {DEPTH_MAX} deep; export the layer again");
            return Err(io::Error::other(Refused::TooLarge(message)));
        }
        if self.token_bytes > TOKEN_MAX_BYTES {
            let message = format!("line {line}: a text or number is longer than 1 MiB; shorten it");
            return Err(io::Error::other(Refused::TooLarge(message)));
        }
        Ok(())
    }
}

impl Read for Guard<'_> {
    /// Byte by byte, as the JSON reader asks, so that nothing after a value is swallowed with it.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(place) = buffer.first_mut() else { return Ok(0) };
        self.feed.next_token();
        let Some(&byte) = self.feed.fill_buf()?.first() else { return Ok(0) };
        self.feed.consume(1);
        self.take(byte)?;
        *place = byte;
        Ok(1)
    }
}

pub(super) fn wrong(line: u64, message: &str) -> Refused {
    Refused::Unreadable(format!("line {line}: {message}"))
}

/// Builds a value within bounds.
pub(super) struct Bounded<'a> {
    /// How much may still be built.
    left_bytes: &'a mut usize,
    /// Path of a name that stood twice, or of what was left out because it was too much.
    faults: &'a mut Vec<(String, String)>,
    path: String,
}

/// What a member of a feature was made of.
#[derive(Default)]
pub(super) struct Built {
    pub value: Value,
    /// Paths, and what is wrong there.
    pub faults: Vec<(String, String)>,
}

/// Builds one member of a feature.
pub(super) struct Member(pub &'static str);

impl<'de> DeserializeSeed<'de> for Member {
    type Value = Built;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Built, D::Error> {
        let (mut left_bytes, mut faults) = (MEMBER_MAX_BYTES, Vec::new());
        let seed = Bounded { left_bytes: &mut left_bytes, faults: &mut faults, path: self.0.to_string() };
        let value = seed.deserialize(deserializer)?;
        Ok(Built { value, faults })
    }
}

impl Bounded<'_> {
    fn fault(&mut self, path: &str, message: &str) {
        // One of each message is enough to mend the feature.
        if self.faults.iter().all(|(_, said)| said != message) {
            self.faults.push((path.into(), message.into()));
        }
    }

    fn child(&mut self, path: String) -> Bounded<'_> {
        Bounded { left_bytes: self.left_bytes, faults: self.faults, path }
    }

    /// The value, if there is room for it and a text of so many bytes.
    fn counted(self, value: Value) -> Value {
        self.sized(value, 0)
    }

    fn sized(mut self, value: Value, bytes: usize) -> Value {
        if let Some(left) = self.left_bytes.checked_sub(VALUE_BYTES.saturating_add(bytes)) {
            *self.left_bytes = left;
            return value;
        }
        *self.left_bytes = 0;
        let path = std::mem::take(&mut self.path);
        self.fault(&path, "is more than one place can hold; remove some");
        Value::Null
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(self.counted(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(self.counted(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(self.counted(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(self.counted(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(self.counted(value.into()))
    }

    fn visit_str<E>(mut self, text: &str) -> Result<Value, E> {
        if text.len() > VALUE_MAX_BYTES {
            let path = std::mem::take(&mut self.path);
            self.fault(&path, &format!("is longer than {} KiB; shorten it", VALUE_MAX_BYTES >> 10));
            return Ok(Value::Null);
        }
        Ok(self.sized(text.into(), text.len()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, elements.len());
            let Some(element) = list.next_element_seed(self.child(path))? else { break };
            if *self.left_bytes > 0 {
                elements.push(element);
            }
        }
        Ok(self.counted(Value::Array(elements)))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            let path = if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
            let value = object.next_value_seed(self.child(path.clone()))?;
            if members.contains_key(&name) {
                self.fault(&path, "stands twice in one object; remove one");
            } else if *self.left_bytes > 0 {
                *self.left_bytes = self.left_bytes.saturating_sub(name.len());
                members.insert(name, value);
            }
        }
        Ok(self.counted(Value::Object(members)))
    }
}

/// A word such as a type; what is no text is an empty one.
#[derive(Default)]
pub(super) struct Word(pub String);

impl<'de> serde::Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let built = Member("type").deserialize(deserializer)?;
        Ok(Self(built.value.as_str().unwrap_or_default().to_string()))
    }
}

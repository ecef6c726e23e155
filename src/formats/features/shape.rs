//! The geometry of a feature while it is read: positions are kept up to a bound, of areas nothing but their number.

use crate::formats::{LINE_POSITIONS_MAX, Position};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Coordinates of any nesting. `type` may come after them, so they are read before it is known what they draw.
#[derive(Default)]
pub(super) struct Coordinates {
    /// How deep the positions are nested: 1 for a point's, 2 for a line's, 3 for several lines.
    pub nesting: usize,
    /// The positions, to one more than a line may have.
    pub positions: Vec<Position>,
    /// How many lists hold positions.
    pub parts: u64,
    /// What stands there in place of a position.
    pub odd: Option<String>,
}

/// A geometry object.
#[derive(Default)]
pub(super) struct Geometry {
    pub kind: String,
    pub coordinates: Coordinates,
    /// A name stood twice, or it was no object.
    pub broken: bool,
}

/// A geometry or null.
pub(super) struct GeometrySeed;

impl<'de> DeserializeSeed<'de> for GeometrySeed {
    type Value = Option<Geometry>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Option::<Geometry>::deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Geometry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GeometryVisitor)
    }
}

struct GeometryVisitor;

/// What is no object or list is kept as a fault of this feature, not of the file.
macro_rules! broken_scalars {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, value: $type) -> Result<Self::Value, E> {
            Ok(Self::Value::broken(format!("{value}")))
        })*
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::broken("null".into()))
        }
    };
}

impl Geometry {
    fn broken(_: String) -> Self {
        Self { broken: true, ..Self::default() }
    }
}

impl<'de> Visitor<'de> for GeometryVisitor {
    type Value = Geometry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a geometry")
    }

    broken_scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Geometry, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Geometry { broken: true, ..Geometry::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Geometry, A::Error> {
        let mut geometry = Geometry::default();
        let (mut kinds, mut coordinates) = (0, 0);
        while let Some(name) = object.next_key::<String>()? {
            match name.as_str() {
                "type" => {
                    kinds += 1;
                    geometry.kind = object.next_value::<super::json::Word>()?.0;
                }
                "coordinates" => {
                    coordinates += 1;
                    geometry.coordinates = object.next_value_seed(CoordinatesSeed)?;
                }
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        geometry.broken |= kinds > 1 || coordinates > 1;
        Ok(geometry)
    }
}

/// Reads one list of numbers or of lists into the whole.
struct Nested<'a> {
    into: &'a mut Coordinates,
    depth: usize,
}

/// What one element of a list of coordinates was.
enum Piece {
    Number(f64),
    List,
    Odd(String),
}

impl Piece {
    fn broken(written: String) -> Self {
        Self::Odd(written)
    }
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let into = self.into;
        match deserializer.deserialize_any(PieceVisitor { into, depth: self.depth })? {
            Piece::List => (),
            Piece::Number(number) => into.odd = Some(number.to_string()),
            Piece::Odd(written) => into.odd = Some(written),
        }
        Ok(())
    }
}

struct PieceVisitor<'a> {
    into: &'a mut Coordinates,
    depth: usize,
}

struct PieceSeed<'a>(PieceVisitor<'a>);

impl<'de> DeserializeSeed<'de> for PieceSeed<'_> {
    type Value = Piece;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Piece, D::Error> {
        deserializer.deserialize_any(self.0)
    }
}

impl<'de> Visitor<'de> for PieceVisitor<'_> {
    type Value = Piece;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("coordinates")
    }

    broken_scalars!(visit_bool: bool, visit_str: &str);

    #[expect(clippy::cast_precision_loss, reason = "degrees are far below where it begins")]
    fn visit_i64<E>(self, value: i64) -> Result<Piece, E> {
        Ok(Piece::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "degrees are far below where it begins")]
    fn visit_u64<E>(self, value: u64) -> Result<Piece, E> {
        Ok(Piece::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Piece, E> {
        Ok(Piece::Number(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Piece, A::Error> {
        let Self { into, depth } = self;
        let (mut numbers, mut count, mut lists) = ([0.0; 3], 0_usize, 0_u64);
        let parts = into.parts;
        loop {
            let seed = PieceSeed(PieceVisitor { into: &mut *into, depth: depth + 1 });
            match list.next_element_seed(seed)? {
                None => break,
                Some(Piece::List) => lists += 1,
                Some(Piece::Odd(written)) => into.odd = Some(written.chars().take(80).collect()),
                Some(Piece::Number(number)) => {
                    if let Some(place) = numbers.get_mut(count) {
                        *place = number;
                    }
                    count += 1;
                }
            }
        }
        let [lon, lat, height] = numbers;
        match (count, lists) {
            (2.., 0) => into.add(Position { lat, lon, height_m: (count > 2).then_some(height) }, depth + 1),
            (1, 0) | (1.., 1..) => into.odd = Some(format!("[{lon}]")),
            (0, 1..) if into.parts == parts && into.nesting == depth + 2 => into.parts += 1,
            _ => (),
        }
        Ok(Piece::List)
    }
}

impl Coordinates {
    fn add(&mut self, position: Position, nesting: usize) {
        if self.nesting != 0 && self.nesting != nesting {
            self.odd = Some(format!("[{}, {}]", position.lon, position.lat));
        }
        self.nesting = nesting;
        if self.positions.len() <= LINE_POSITIONS_MAX {
            self.positions.push(position);
        }
    }
}

/// Coordinates that stand by themselves.
pub(super) struct CoordinatesSeed;

impl<'de> DeserializeSeed<'de> for CoordinatesSeed {
    type Value = Coordinates;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Coordinates, D::Error> {
        let mut coordinates = Coordinates::default();
        Nested { into: &mut coordinates, depth: 0 }.deserialize(deserializer)?;
        Ok(coordinates)
    }
}

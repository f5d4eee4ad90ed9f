//! What a JSON document would take in memory as a tree, found out without making one.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A list grows by doubling.
const ITEM: usize = 2 * size_of::<Value>();
/// The first item of a list makes room for four.
const LIST: usize = 4 * size_of::<Value>();
/// Key, hash and place of an entry, beside its value.
const ENTRY: usize = ITEM + 2 * (size_of::<String>() + 3 * size_of::<usize>());
/// What the allocator adds to a small piece.
const PIECE: usize = 32;

/// Bytes that a document takes as a tree; an estimate from above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(pub usize);

impl Weight {
    /// The weight of the one JSON value in `text`.
    ///
    /// # Errors
    /// When a tree could not be made of it: it is no JSON, too deep, or a number is out of range.
    pub fn of(text: &[u8]) -> Result<Self, serde_json::Error> {
        let mut bytes = size_of::<Value>();
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        Scale(&mut bytes).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(Self(bytes))
    }
}

struct Scale<'a>(&'a mut usize);

impl Scale<'_> {
    const fn add(&mut self, bytes: usize) {
        *self.0 = self.0.saturating_add(bytes);
    }
}

impl<'de> DeserializeSeed<'de> for Scale<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scale<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        self.add(text.len() + PIECE);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut first = true;
        while items.next_element_seed(Scale(self.0))?.is_some() {
            self.add(if first { LIST + PIECE } else { ITEM });
            first = false;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        self.add(2 * PIECE);
        while let Some(key) = entries.next_key::<Length>()? {
            self.add(key.0 + PIECE + ENTRY);
            entries.next_value_seed(Scale(self.0))?;
        }
        Ok(())
    }
}

/// Bytes of a key.
struct Length(usize);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = Length;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_str<E>(self, text: &str) -> Result<Length, E> {
                Ok(Length(text.len()))
            }
        }
        deserializer.deserialize_str(Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> usize {
        Weight::of(text.as_bytes()).unwrap().0
    }

    #[test]
    fn small_things_weigh_most() {
        let text = of(&format!("\"{}\"", "x".repeat(1 << 20)));
        assert!(text < (1 << 20) + 1000, "{text}");
        let nested = format!("[{}[1]]", "[1],".repeat(1 << 18));
        assert!(of(&nested) > 80 * nested.len(), "{}", of(&nested));
        assert!(of("{\"a\":{\"b\":1}}") > of("{\"a\":1}"));
    }

    #[test]
    fn what_makes_no_tree_has_no_weight() {
        for text in ["", "{", "1 2", "1e999", "\"\u{1}\"", &"[".repeat(10_000)] {
            assert!(Weight::of(text.as_bytes()).is_err(), "{text:.20}");
        }
    }
}

//! Bytes inside documents: base64 in JSON, as they are in other formats. Lists of numbers, which is how
//! they were once written, are read as well.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&STANDARD.encode(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(Bytes)
    } else {
        deserializer.deserialize_byte_buf(Bytes)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bytes in base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        STANDARD.decode(text).map_err(E::custom)
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_owned())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use crate::Source;

    #[test]
    fn bytes_are_written_short_and_read_as_they_ever_were() {
        let bytes = Source::Bytes(vec![0, 1, 255]);
        assert_eq!(serde_json::to_string(&bytes).unwrap(), r#"{"bytes":"AAH/"}"#);
        for text in [r#"{"bytes":"AAH/"}"#, r#"{"bytes":[0,1,255]}"#] {
            assert_eq!(serde_json::from_str::<Source>(text).unwrap(), bytes, "{text}");
        }
        for text in [r#"{"bytes":"A"}"#, r#"{"bytes":[256]}"#] {
            assert!(serde_json::from_str::<Source>(text).is_err(), "{text}");
        }
    }
}

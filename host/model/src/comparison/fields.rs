//! A document as fields: its scalars by JSON Pointer.

use serde_json::{Value, json};

use super::MOST_NAME;
use crate::Digest;

/// Fields of one document that are compared.
const MOST_FIELDS: usize = 500;
/// Items of a list that are fields of their own; a longer list is one field, told by its length and digest.
const MOST_ITEMS: usize = 16;
/// Bytes of a text that is told as it is; a longer one is told by its length and digest.
const MOST_TEXT: usize = 256;

/// The fields of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields {
    /// What stands at each JSON Pointer (RFC 6901), in the order of the document.
    pub values: Vec<(String, Value)>,
    /// There were more than are compared.
    pub more: bool,
}

/// The fields of `document`.
#[must_use]
pub fn fields(document: &Value) -> Fields {
    let mut fields = Fields::default();
    fields.descend(document, String::new());
    fields
}

impl Fields {
    fn descend(&mut self, value: &Value, pointer: String) {
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                for (name, value) in entries {
                    self.descend_into(value, &pointer, &name.replace('~', "~0").replace('/', "~1"));
                }
            }
            Value::Array(items) if !items.is_empty() && items.len() <= MOST_ITEMS => {
                for (index, value) in items.iter().enumerate() {
                    self.descend_into(value, &pointer, &index.to_string());
                }
            }
            leaf => self.values.push((pointer, told(leaf))),
        }
    }

    fn descend_into(&mut self, value: &Value, pointer: &str, segment: &str) {
        if self.values.len() >= MOST_FIELDS || pointer.len() + segment.len() > MOST_NAME {
            self.more = true;
        } else {
            self.descend(value, format!("{pointer}/{segment}"));
        }
    }
}

/// A leaf, a large one by its length and digest.
fn told(leaf: &Value) -> Value {
    let (of, length, digest) = match leaf {
        Value::Array(items) if !items.is_empty() => {
            ("array", items.len(), Digest::of(leaf.to_string().as_bytes()))
        }
        Value::String(text) if text.len() > MOST_TEXT => {
            ("text", text.chars().count(), Digest::of(text.as_bytes()))
        }
        _ => return leaf.clone(),
    };
    json!({ "of": of, "length": length, "sha256": digest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_found_by_pointer_in_the_order_of_the_document() {
        let document = json!({ "z": 1, "a/b": { "~": [true, { "x": null }] }, "none": {}, "empty": [] });
        let found = fields(&document);
        let expected = [
            ("/z", json!(1)),
            ("/a~1b/~0/0", json!(true)),
            ("/a~1b/~0/1/x", Value::Null),
            ("/none", json!({})),
            ("/empty", json!([])),
        ];
        assert_eq!(found.values, expected.map(|(pointer, value)| (pointer.to_owned(), value)));
        assert!(found.values.iter().all(|(pointer, value)| document.pointer(pointer) == Some(value)));
        assert_eq!(fields(&json!(7)).values, [(String::new(), json!(7))]);
    }

    #[test]
    fn what_is_long_is_told_by_length_and_digest() {
        let (list, text) = (vec![0.5; 17], "x".repeat(300));
        let found = fields(&json!({ "list": list, "text": text })).values;
        assert_eq!((&found[0].1["of"], &found[0].1["length"]), (&json!("array"), &json!(17)));
        assert_eq!(found[1].1["sha256"], json!(Digest::of(text.as_bytes())));
        let other = fields(&json!({ "list": vec![0.25; 17] })).values;
        assert_ne!(other[0].1, found[0].1);
        assert_eq!(fields(&json!({ "list": vec![0.5; 16] })).values.len(), 16);
    }

    #[test]
    fn a_document_without_end_is_cut_and_that_is_told() {
        let wide: serde_json::Map<String, Value> = (0..5_000).map(|n| (n.to_string(), json!(n))).collect();
        let found = fields(&wide.into());
        assert!(found.more && found.values.len() == 500);
        let long = fields(&json!({ "x".repeat(2_000): 1, "y": 2 }));
        assert!(long.more && long.values == [("/y".to_owned(), json!(2))]);
    }
}

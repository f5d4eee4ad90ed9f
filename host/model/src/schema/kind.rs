//! What a schema says that a place in its documents holds, as far as it says so plainly.

use serde_json::Value;

/// Schemas that are looked at for one place: references may lead in circles.
const MOST_LOOKS: u32 = 1_000;

/// What a place holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Text.
    Text,
    /// Something else, or it is not known.
    Other,
}

/// What the schema `root` says of the place that `tokens` lead to.
pub fn kind_at(root: &Value, tokens: impl Iterator<Item = String>) -> Kind {
    let mut look = Look { root, left: MOST_LOOKS };
    let mut at = Some(root);
    for token in tokens {
        at = at.and_then(|schema| look.member(schema, &token));
    }
    at.map_or(Kind::Other, |schema| look.kind(schema))
}

struct Look<'a> {
    root: &'a Value,
    left: u32,
}

impl<'a> Look<'a> {
    fn member(&mut self, schema: &'a Value, token: &str) -> Option<&'a Value> {
        self.left = self.left.checked_sub(1)?;
        let own = schema.get("properties").and_then(|properties| properties.get(token));
        let found = own.or_else(|| item(schema, token));
        found.or_else(|| others(self.root, schema).find_map(|other| self.member(other, token)))
    }

    fn kind(&mut self, schema: &'a Value) -> Kind {
        let Some(left) = self.left.checked_sub(1) else { return Kind::Other };
        self.left = left;
        let types = match schema.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => {
                let known = |kind: &Kind| *kind != Kind::Other;
                let mut kinds = others(self.root, schema).map(|other| self.kind(other));
                return kinds.find(known).unwrap_or(Kind::Other);
            }
        };
        let has = |name| types.contains(&name);
        match (has("integer"), has("string"), has("number")) {
            (true, _, false) => Kind::Integer,
            (false, true, false) => Kind::Text,
            _ => Kind::Other,
        }
    }
}

fn item<'a>(schema: &'a Value, token: &str) -> Option<&'a Value> {
    let index: usize = token.parse().ok()?;
    schema.get("prefixItems").and_then(|items| items.get(index)).or_else(|| schema.get("items"))
}

/// The schemas that a schema refers to, or is made of.
fn others<'a>(root: &'a Value, schema: &'a Value) -> impl Iterator<Item = &'a Value> {
    let reference =
        schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    let parts = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|name| schema.get(name)?.as_array());
    reference.and_then(|pointer| root.pointer(pointer)).into_iter().chain(parts.flatten())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_is_found_through_references_and_alternatives() {
        let schema = json!({
            "$defs": { "cells": { "anyOf": [{ "type": "integer" }, { "type": "null" }] }, "loop": { "$ref": "#/$defs/loop" } },
            "properties": {
                "cells": { "$ref": "#/$defs/cells" },
                "plate": { "properties": { "width": { "type": "number" }, "name": { "type": ["string", "null"] } } },
                "sizes": { "items": { "type": "integer" } },
                "loop": { "$ref": "#/$defs/loop" }
            }
        });
        let kind = |pointer: &str| kind_at(&schema, pointer.split('/').skip(1).map(str::to_owned));
        for pointer in ["/cells", "/sizes/3"] {
            assert_eq!(kind(pointer), Kind::Integer, "{pointer}");
        }
        assert_eq!(kind("/plate/name"), Kind::Text);
        for pointer in ["/plate/width", "/nothing", "/loop", "/loop/x"] {
            assert_eq!(kind(pointer), Kind::Other, "{pointer}");
        }
    }
}

//! How much work a schema makes: its parts, with each reference replaced by what it leads to. A page of
//! references to references can make a validator work for years.

use serde_json::{Map, Value};

/// The most parts; a real schema has some hundred.
const MAX_PARTS: u64 = 2_000;
/// The most parts inside one another: what validates calls itself as often.
const MAX_DEPTH: u64 = 100;
/// What a part inside `if`, `anyOf` and the like counts beside `unevaluated…`, which looks at it again.
const AGAIN: u64 = 3;

/// Keywords with one schema, with a list of them, and with named ones.
const ONE: [&str; 11] = [
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "additionalItems",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "dependencies"];
/// What makes references mean other things than they say.
const MOVED: [&str; 3] = ["$dynamicRef", "$recursiveRef", "$id"];

/// Checks that the work to validate against `document` is bounded.
pub(super) fn check(document: &Value) -> Result<(), String> {
    let mut unfolding = Unfolding { document, parts: 0, depth: 0, within: Vec::new() };
    document.as_object().map_or(Ok(()), |root| unfolding.keywords(root, 1))
}

struct Unfolding<'a> {
    document: &'a Value,
    parts: u64,
    depth: u64,
    /// References that are being followed.
    within: Vec<String>,
}

impl Unfolding<'_> {
    fn schema(&mut self, schema: &Value, times: u64) -> Result<(), String> {
        self.parts = self.parts.saturating_add(times);
        if self.parts > MAX_PARTS {
            return Err(format!("with its references followed it has more than {MAX_PARTS} parts"));
        }
        if self.depth == MAX_DEPTH {
            return Err(format!("with its references followed it is deeper than {MAX_DEPTH} parts"));
        }
        self.depth += 1;
        schema.as_object().map_or(Ok(()), |keywords| self.keywords(keywords, times))?;
        self.depth -= 1;
        Ok(())
    }

    fn keywords(&mut self, keywords: &Map<String, Value>, times: u64) -> Result<(), String> {
        // The document itself may have a name.
        let inside = |moved: &str| self.depth > 0 || moved != "$id";
        let moves = |moved: &str| inside(moved) && keywords.get(moved).is_some_and(Value::is_string);
        if let Some(moved) = MOVED.into_iter().find(|moved| moves(moved)) {
            return Err(format!("`{moved}` inside a schema is not allowed; refer with `$ref` and `#/…`"));
        }
        let again = keywords.keys().any(|name| name.starts_with("unevaluated"));
        let times = if again { times.saturating_mul(AGAIN) } else { times };
        for (name, value) in keywords {
            match (name.as_str(), value) {
                ("$ref", Value::String(reference)) => self.follow(reference, times)?,
                (name, schema) if ONE.contains(&name) => self.schema(schema, times)?,
                (name, Value::Array(list)) if LISTS.contains(&name) => {
                    list.iter().try_for_each(|schema| self.schema(schema, times))?;
                }
                (name, Value::Object(named)) if NAMED.contains(&name) => {
                    named.values().try_for_each(|schema| self.schema(schema, times))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn follow(&mut self, reference: &str, times: u64) -> Result<(), String> {
        let pointer = reference.strip_prefix('#').filter(|pointer| !pointer.contains('%'));
        let target = pointer.and_then(|pointer| self.document.pointer(pointer));
        let target = target.ok_or_else(|| format!("`$ref` `{reference}` leads nowhere in this document"))?;
        if self.within.iter().any(|known| known == reference) {
            return Err(format!("`$ref` `{reference}` leads back to itself"));
        }
        self.within.push(reference.to_owned());
        self.schema(target, times)?;
        self.within.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each definition refers twice to the next.
    fn doubling(depth: usize) -> Value {
        let mut definitions = Map::new();
        for index in 0..depth {
            let next = json!({ "$ref": format!("#/$defs/d{}", index + 1) });
            definitions.insert(format!("d{index}"), json!({ "anyOf": [next, next] }));
        }
        definitions.insert(format!("d{depth}"), json!({ "type": "string" }));
        json!({ "$defs": definitions, "properties": { "a": { "$ref": "#/$defs/d0" } } })
    }

    /// Each definition refers to the next.
    fn chain(length: usize) -> Value {
        let next = |index| (format!("d{index}"), json!({ "$ref": format!("#/$defs/d{}", index + 1) }));
        let mut definitions: Map<String, Value> = (0..length).map(next).collect();
        definitions.insert(format!("d{length}"), json!(true));
        json!({ "$defs": definitions, "$ref": "#/$defs/d0" })
    }

    #[test]
    fn references_are_followed_and_counted() {
        assert_eq!(check(&doubling(5)), Ok(()));
        assert!(check(&doubling(40)).is_err_and(|why| why.contains("2000 parts")));
        assert_eq!(check(&chain(50)), Ok(()));
        assert!(check(&chain(1_000)).is_err_and(|why| why.contains("deeper")));
        assert_eq!(check(&json!({ "$id": "https://example.com/x", "items": true })), Ok(()));
    }

    #[test]
    fn what_has_no_end_or_moves_is_refused() {
        for schema in [
            json!({ "items": { "$ref": "#" } }),
            json!({ "properties": { "a": { "$ref": "#/properties/a" } } }),
            json!({ "$ref": "https://json-schema.org/draft/2020-12/schema" }),
            json!({ "$ref": "#/$defs/nowhere" }),
            json!({ "$dynamicRef": "#x" }),
            json!({ "items": { "$id": "other", "$ref": "#/x" } }),
        ] {
            assert!(check(&schema).is_err(), "{schema}");
        }
    }

    #[test]
    fn properties_may_have_the_names_of_keywords() {
        let named = json!({ "properties": { "$ref": { "type": "string" }, "$id": { "type": "string" } } });
        assert_eq!(check(&named), Ok(()));
        assert_eq!(check(&json!({ "const": { "$ref": "#/nowhere" }, "default": { "$id": "x" } })), Ok(()));
    }

    #[test]
    fn what_is_looked_at_again_counts_again() {
        let nested = |depth: usize| {
            (0..depth).fold(json!({}), |schema, _| json!({ "if": schema, "unevaluatedProperties": false }))
        };
        assert_eq!(check(&nested(3)), Ok(()));
        assert!(check(&nested(20)).is_err());
    }
}

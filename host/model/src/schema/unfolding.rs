//! How much work a schema makes: its parts, with each reference replaced by what it leads to. A page of
//! references to references can make a validator work for years.

use serde_json::{Map, Value};

use super::{pattern, work};

/// The most parts; a real schema has some hundred.
const MAX_PARTS: u64 = 2_000;
/// The most parts inside one another: what validates calls itself as often.
const MAX_DEPTH: u64 = 100;
/// What a part inside `if`, `anyOf` and the like counts beside `unevaluated…`, which looks at it again.
pub(super) const AGAIN: u64 = 3;
/// The most places of all patterns, with their repetitions written out: compiled, each takes some bytes.
const MAX_PLACES: u64 = 100_000;
/// What the least pattern takes, in places.
const PATTERN: u64 = 100;
/// The most values in all `enum`s and the like: each is held as often as it is referred to.
const MAX_VALUES: u64 = 250_000;

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

/// What is known of a schema whose work is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfolded {
    /// Some pattern may be given up while it is matched.
    pub(super) gives_up: bool,
    /// It has alternatives: an error tells what is wrong with each.
    pub(super) has_alternatives: bool,
}

/// Checks that the work to compile `document`, and to validate against it, is bounded.
pub(super) fn check(document: &Value) -> Result<Unfolded, String> {
    let mut unfolding = Unfolding {
        document,
        parts: 0,
        depth: 0,
        places: 0,
        values: 0,
        found: Unfolded { gives_up: false, has_alternatives: false },
        within: Vec::new(),
    };
    document.as_object().map_or(Ok(()), |root| unfolding.keywords(root, 1))?;
    Ok(unfolding.found)
}

struct Unfolding<'a> {
    document: &'a Value,
    parts: u64,
    depth: u64,
    places: u64,
    values: u64,
    found: Unfolded,
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
                ("pattern", Value::String(pattern)) => self.pattern(pattern)?,
                ("enum" | "const" | "required" | "dependentRequired", values) => self.values(values)?,
                (name, Value::Array(list)) if LISTS.contains(&name) => {
                    self.found.has_alternatives |= matches!(name, "anyOf" | "oneOf");
                    list.iter().try_for_each(|schema| self.schema(schema, times))?;
                }
                (name, Value::Object(named)) if NAMED.contains(&name) => {
                    if name == "patternProperties" {
                        named.keys().try_for_each(|pattern| self.pattern(pattern))?;
                    }
                    named.values().try_for_each(|schema| self.schema(schema, times))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn pattern(&mut self, text: &str) -> Result<(), String> {
        let size = pattern::size(text);
        self.found.gives_up |= size.steps_back;
        self.places = self.places.saturating_add(size.places.max(PATTERN));
        if self.places <= MAX_PLACES {
            return Ok(());
        }
        Err(format!(
            "its patterns have more than {MAX_PLACES} places, each counted as often as it may be repeated"
        ))
    }

    fn values(&mut self, values: &Value) -> Result<(), String> {
        self.values = self.values.saturating_add(work::nodes(values));
        if self.values <= MAX_VALUES {
            return Ok(());
        }
        Err(format!("with its references followed its `enum`s have more than {MAX_VALUES} values"))
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

    const PLAIN: Unfolded = Unfolded { gives_up: false, has_alternatives: false };

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
        assert!(check(&doubling(5)).is_ok_and(|found| found.has_alternatives));
        assert!(check(&doubling(40)).is_err_and(|why| why.contains("2000 parts")));
        assert_eq!(check(&chain(50)), Ok(PLAIN));
        assert!(check(&chain(1_000)).is_err_and(|why| why.contains("deeper")));
        assert_eq!(check(&json!({ "$id": "https://example.com/x", "items": true })), Ok(PLAIN));
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
        assert_eq!(check(&named), Ok(PLAIN));
        assert_eq!(check(&json!({ "const": { "$ref": "#/nowhere" }, "default": { "$id": "x" } })), Ok(PLAIN));
    }

    #[test]
    fn what_is_looked_at_again_counts_again() {
        let nested = |depth: usize| {
            (0..depth).fold(json!({}), |schema, _| json!({ "if": schema, "unevaluatedProperties": false }))
        };
        assert_eq!(check(&nested(3)), Ok(PLAIN));
        assert!(check(&nested(20)).is_err());
    }

    #[test]
    fn patterns_and_values_are_counted() {
        let choices: Vec<Value> = (0..150_000).map(Value::from).collect();
        let referred = |times: usize| {
            let references = vec![json!({ "$ref": "#/$defs/a" }); times];
            json!({ "$defs": { "a": { "enum": choices } }, "allOf": references })
        };
        assert_eq!(check(&referred(1)), Ok(PLAIN));
        assert!(check(&referred(2)).is_err_and(|why| why.contains("250000 values")));
        assert!(check(&json!({ "pattern": "^(?!x)" })).is_ok_and(|found| found.gives_up));
        for pattern in [r"[\p{L}]{1,1000}", "(a{400}){400}", &"a".repeat(200_000)] {
            let told = check(&json!({ "items": { "pattern": pattern } }));
            assert!(told.is_err_and(|why| why.contains("100000 places")), "{pattern:.20}");
        }
        let many: Map<String, Value> =
            (0..1_500).map(|number| (format!("^{number}$"), json!(true))).collect();
        assert!(check(&json!({ "patternProperties": many })).is_err());
    }
}

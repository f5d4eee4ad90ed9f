//! How much work it is to check a document against a schema, told before it is done: each keyword of each
//! part at each place of the document it is for. A validator asks no one when it works for minutes.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::unfolding::AGAIN;
use super::{MAX_BACKTRACKING, pattern};

/// The most units of work; what real schemas and documents make stays far below.
pub(super) const MOST: u64 = 20_000_000;
/// A validator that gives up on a pattern checks the whole document again, and again.
const AGAIN_AFTER_GIVING_UP: u64 = 16;
/// Bytes of a text that are looked at with one unit.
const BYTES: u64 = 32;

/// The work is above [`MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

/// Units of work to check `value` against `document`, some pattern of which may be given up.
pub(super) fn of(document: &Value, value: &Value, gives_up: bool) -> Result<u64, TooMuch> {
    let mut work = Work { document, done: 0, lists: HashMap::new(), patterns: HashMap::new() };
    work.schema(document, value, if gives_up { AGAIN_AFTER_GIVING_UP } else { 1 })?;
    Ok(work.done)
}

struct Work<'a> {
    document: &'a Value,
    done: u64,
    /// Lists of values, by where they are in the schema.
    lists: HashMap<*const Value, List>,
    patterns: HashMap<&'a str, pattern::Size>,
}

/// A list of values that others are compared with.
#[derive(Clone, Copy)]
struct List {
    size: u64,
    /// They are all of one kind, and looked up: texts, or whole numbers.
    texts: bool,
    numbers: bool,
}

impl List {
    fn new(rule: &Value) -> Self {
        let all = |is: fn(&Value) -> bool| rule.as_array().is_some_and(|values| values.iter().all(is));
        Self { size: nodes(rule), texts: all(Value::is_string), numbers: all(Value::is_i64) }
    }
}

impl<'a> Work<'a> {
    fn add(&mut self, units: u64) -> Result<(), TooMuch> {
        self.done = self.done.saturating_add(units);
        if self.done > MOST { Err(TooMuch) } else { Ok(()) }
    }

    fn schema(&mut self, schema: &'a Value, value: &Value, times: u64) -> Result<(), TooMuch> {
        self.add(times)?;
        let Some(keywords) = schema.as_object() else { return Ok(()) };
        let again = keywords.keys().any(|name| name.starts_with("unevaluated"));
        let times = if again { times.saturating_mul(AGAIN) } else { times };
        keywords.iter().try_for_each(|(name, rule)| {
            self.add(times)?;
            self.keyword(name, rule, value, times)
        })
    }

    fn keyword(&mut self, name: &str, rule: &'a Value, value: &Value, times: u64) -> Result<(), TooMuch> {
        match (name, rule, value) {
            ("$ref", Value::String(reference), _) => {
                let target = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
                target.map_or(Ok(()), |target| self.schema(target, value, times))
            }
            ("not" | "if" | "then" | "else", rule, _) => self.schema(rule, value, times),
            ("allOf" | "anyOf" | "oneOf", Value::Array(rules), _) => {
                rules.iter().try_for_each(|rule| self.schema(rule, value, times))
            }
            ("dependentSchemas" | "dependencies", Value::Object(rules), Value::Object(_)) => {
                rules.values().try_for_each(|rule| self.schema(rule, value, times))
            }
            ("enum" | "const", rule, value) => self.equal(rule, value, times),
            ("pattern", Value::String(pattern), Value::String(text)) => self.matched(pattern, text, times),
            ("uniqueItems", Value::Bool(true), Value::Array(_)) => {
                let nodes = nodes(value);
                self.add(nodes.saturating_mul(times))
            }
            (_, rule, Value::Array(values)) => self.in_array(name, rule, values, times),
            (_, rule, Value::Object(values)) => self.in_object(name, rule, values, times),
            _ => Ok(()),
        }
    }

    fn in_array(&mut self, name: &str, rule: &'a Value, values: &[Value], times: u64) -> Result<(), TooMuch> {
        match (name, rule) {
            ("items" | "contains" | "additionalItems" | "unevaluatedItems", rule) => {
                values.iter().try_for_each(|value| self.schema(rule, value, times))
            }
            ("prefixItems", Value::Array(rules)) => {
                rules.iter().zip(values).try_for_each(|(rule, value)| self.schema(rule, value, times))
            }
            _ => Ok(()),
        }
    }

    fn in_object(
        &mut self,
        name: &str,
        rule: &'a Value,
        values: &Map<String, Value>,
        times: u64,
    ) -> Result<(), TooMuch> {
        match (name, rule) {
            ("properties", Value::Object(rules)) => {
                self.add(times.saturating_mul(rules.len() as u64))?;
                let mut present = rules.iter().filter_map(|(name, rule)| Some((rule, values.get(name)?)));
                present.try_for_each(|(rule, value)| self.schema(rule, value, times))
            }
            ("patternProperties", Value::Object(rules)) => rules.iter().try_for_each(|(pattern, rule)| {
                values.iter().try_for_each(|(name, value)| {
                    self.matched(pattern, name, times)?;
                    self.schema(rule, value, times)
                })
            }),
            ("additionalProperties" | "unevaluatedProperties", rule) => {
                values.values().try_for_each(|value| self.schema(rule, value, times))
            }
            ("propertyNames", rule) => {
                let mut names = values.keys().map(|name| Value::from(name.as_str()));
                names.try_for_each(|name| self.schema(rule, &name, times))
            }
            ("required" | "dependentRequired", rule) => {
                let size = self.list(rule).size;
                self.add(size.saturating_mul(times))
            }
            _ => Ok(()),
        }
    }

    /// Compared with each of the values it may have; texts are looked up.
    fn equal(&mut self, rule: &'a Value, value: &Value, times: u64) -> Result<(), TooMuch> {
        let list = self.list(rule);
        let looked_up = (list.texts && value.is_string()) || (list.numbers && value.is_i64());
        let length = value.as_str().map_or(0, str::len) as u64 / BYTES;
        let size = if looked_up { 1 } else { list.size };
        self.add(size.saturating_add(length).saturating_mul(times))
    }

    /// Each byte is looked at for each place of the pattern; where it steps back, from each byte on.
    fn matched(&mut self, pattern: &'a str, text: &str, times: u64) -> Result<(), TooMuch> {
        let size = *self.patterns.entry(pattern).or_insert_with(|| pattern::size(pattern));
        let length = text.len() as u64;
        let looks = length.saturating_mul(size.places);
        let starts = length.min(MAX_BACKTRACKING as u64) / AGAIN_AFTER_GIVING_UP;
        let looks = if size.steps_back { looks.saturating_mul(starts.max(1)) } else { looks };
        self.add((looks / BYTES).saturating_add(1).saturating_mul(times))
    }

    fn list(&mut self, rule: &'a Value) -> List {
        *self.lists.entry(std::ptr::from_ref(rule)).or_insert_with(|| List::new(rule))
    }
}

/// Values in `value`, itself among them; a long text counts as several.
pub(super) fn nodes(value: &Value) -> u64 {
    let inside = match value {
        Value::Array(values) => values.iter().map(nodes).sum(),
        Value::Object(named) => named.iter().map(|(name, value)| text(name) + nodes(value)).sum(),
        Value::String(string) => text(string),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    1 + inside
}

const fn text(text: &str) -> u64 {
    text.len() as u64 / BYTES
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn work(schema: &Value, value: &Value) -> Option<u64> {
        of(schema, value, false).ok()
    }

    #[test]
    fn real_schemas_make_little_work() {
        let schema = json!({
            "type": "object",
            "properties": {
                "loads": { "type": "array", "maxItems": 1_000_000, "uniqueItems": true, "items": {
                    "type": "object", "additionalProperties": false, "required": ["node", "force"],
                    "properties": {
                        "node": { "type": "integer", "minimum": 0, "title": "Node", "description": "Where." },
                        "force": { "type": "array", "items": { "type": "number" }, "minItems": 3, "maxItems": 3 },
                        "kind": { "enum": ["dead", "live", "wind", "snow"] },
                        "name": { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,63}$" },
                    }
                }},
                "mesh": { "type": "array", "items": { "type": "number", "minimum": 0, "maximum": 1 } },
            },
        });
        let load = json!({ "node": 1, "force": [0.0, 0.0, -9.81], "kind": "wind", "name": "corner_17" });
        let value = json!({ "loads": vec![load; 20_000], "mesh": vec![0.5; 300_000] });
        assert!(work(&schema, &value).is_some_and(|units| units < MOST / 4), "{:?}", work(&schema, &value));
    }

    #[test]
    fn attacks_are_told_before_they_cost_anything() {
        let many = json!(vec![json!([0.5]); 500_000]);
        let choices: Vec<_> = (0..150_000).map(|number| json!([number])).collect();
        let schemas = [
            json!({ "items": { "enum": choices } }),
            json!({ "items": { "allOf": vec![json!({ "minimum": 0 }); 1_900] } }),
            json!({ "allOf": vec![json!({ "uniqueItems": true }); 1_900] }),
            json!({ "items": { "enum": ["text", choices] } }),
        ];
        for schema in schemas {
            assert_eq!(work(&schema, &many), None, "{:.60}", schema.to_string());
        }
        let objects = json!(vec![json!({}); 200_000]);
        let names: Vec<_> = (0..100_000).map(|number| format!("n{number}")).collect();
        assert_eq!(work(&json!({ "items": { "required": names } }), &objects), None);
        let named: Map<String, Value> = names.iter().map(|name| (name.clone(), json!(true))).collect();
        assert_eq!(work(&json!({ "items": { "properties": named } }), &objects), None);
        assert_eq!(
            work(
                &json!({ "patternProperties": { "(a{100}){100}": true } }),
                &json!({ "a".repeat(100_000): 1 })
            ),
            None
        );
    }

    #[test]
    fn long_lists_of_one_kind_are_looked_up() {
        let numbers: Vec<_> = (0..100_000).collect();
        let schema = json!({ "items": { "enum": numbers } });
        assert!(work(&schema, &json!(vec![7; 100_000])).is_some());
        assert_eq!(work(&schema, &json!(vec![0.5; 100_000])), None);
    }

    #[test]
    fn patterns_cost_by_their_size_and_by_how_they_match() {
        let text = json!("a".repeat(1_000_000));
        assert!(work(&json!({ "pattern": "^[a-z]*$" }), &text).is_some());
        assert_eq!(work(&json!({ "pattern": "(a|aa){1000}" }), &text), None);
        assert_eq!(of(&json!({ "pattern": "^((a+)+(?!b))+$" }), &text, true), Err(TooMuch));
        let name = json!("a".repeat(60));
        assert!(of(&json!({ "pattern": "^(?!con$)[a-z]{1,64}$" }), &name, true).is_ok());
    }

    #[test]
    fn references_are_followed() {
        let schema = json!({ "$defs": { "a": { "allOf": vec![json!(true); 1_000] } }, "items": { "$ref": "#/$defs/a" } });
        assert_eq!(work(&schema, &json!(vec![0; 100_000])), None);
        assert!(work(&schema, &json!(vec![0; 1_000])).is_some());
    }
}

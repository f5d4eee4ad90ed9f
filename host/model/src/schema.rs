//! JSON Schema 2020-12: defaults filled in, errors as JSON Pointers. No reference leaves the document.

mod kind;
mod pattern;
mod unfolding;
mod work;

use std::fmt::{self, Write as _};

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use kind::{Kind, kind_at};

const MAX_ERRORS: usize = 20;
/// Steps back of one `pattern` in one text; some patterns double them with each character.
const MAX_BACKTRACKING: usize = 10_000;
/// Bytes that the automaton of one `pattern` may take.
const MAX_AUTOMATON: usize = 1 << 20;
/// Bytes of one rule in words: some say the value they are about, whole.
const MAX_WORDS: usize = 1_000;
/// Units of work up to which every place is looked for: all of them are held before the first is told.
const EVERY_PLACE: u64 = 100_000;

/// A compiled schema.
pub struct Schema {
    document: Value,
    validator: Validator,
    unfolded: unfolding::Unfolded,
}

/// A document that is not a schema; in words.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a valid JSON Schema 2020-12: {0}")]
pub struct SchemaError(pub String);

/// One place of a document that breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// The rule, in words.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            formatter.write_str(&self.message)
        } else {
            write!(formatter, "{}: {}", self.pointer, self.message)
        }
    }
}

impl Schema {
    /// Compiles `document`.
    ///
    /// # Errors
    /// When it is not a schema, refers to another document, or makes work without bound.
    pub fn new(document: &Value) -> Result<Self, SchemaError> {
        jsonschema::draft202012::meta::validate(document).map_err(|error| SchemaError(words(&error)))?;
        let unfolded = unfolding::check(document).map_err(SchemaError)?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(
                PatternOptions::fancy_regex().backtrack_limit(MAX_BACKTRACKING).dfa_size_limit(MAX_AUTOMATON),
            )
            .build(document)
            .map_err(|error| SchemaError(words(&error)))?;
        Ok(Self { document: document.clone(), validator, unfolded })
    }

    /// `value` with the schema's defaults filled in, when that is valid.
    ///
    /// # Errors
    /// Every place (at most 20) that breaks a rule.
    pub fn complete(&self, mut value: Value) -> Result<Value, Vec<FieldError>> {
        fill_defaults(&self.document, &mut value);
        self.check(&value)?;
        Ok(value)
    }

    /// Checks `value` as it is.
    ///
    /// # Errors
    /// Every place (at most 20) that breaks a rule, of a large document the first; or that checking it
    /// would be too much work.
    pub fn check(&self, value: &Value) -> Result<(), Vec<FieldError>> {
        let work = work::of(&self.document, value, self.unfolded.gives_up);
        let work = work.map_err(|work::TooMuch| vec![whole(too_much())])?;
        if self.validator.is_valid(value) {
            return Ok(());
        }
        Err(self.errors(value, work))
    }

    fn errors(&self, value: &Value, work: u64) -> Vec<FieldError> {
        if work <= EVERY_PLACE {
            return self.validator.iter_errors(value).take(MAX_ERRORS).map(|error| place(&error)).collect();
        }
        // An error about alternatives holds all that is wrong with each of them.
        if self.unfolded.has_alternatives {
            return vec![whole("does not fit; it is too large to tell where".to_owned())];
        }
        self.validator.validate(value).err().map(|error| place(&error)).into_iter().collect()
    }
}

fn too_much() -> String {
    format!(
        "checking it against the schema takes more than {} steps; make it, or the schema, smaller",
        work::MOST
    )
}

const fn whole(message: String) -> FieldError {
    FieldError { pointer: String::new(), message }
}

fn place(error: &ValidationError<'_>) -> FieldError {
    FieldError { pointer: error.instance_path().to_string(), message: words(error) }
}

/// What `error` says, cut where it goes on for too long.
fn words(error: &ValidationError<'_>) -> String {
    let mut words = Words(String::new());
    match write!(words, "{error}") {
        Ok(()) => words.0,
        Err(fmt::Error) => words.0 + "…",
    }
}

/// Takes so many characters and no more.
struct Words(String);

impl fmt::Write for Words {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_WORDS.saturating_sub(self.0.len());
        let end = text.floor_char_boundary(room);
        let (taken, rest) = text.split_at_checked(end).unwrap_or(("", text));
        self.0.push_str(taken);
        if rest.is_empty() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Fills `default`s of `properties`, level by level, where a value is missing; looks into no
/// `$ref` or `anyOf`, since which branch holds is only known afterwards.
fn fill_defaults(schema: &Value, value: &mut Value) {
    let (Some(properties), Value::Object(object)) =
        (schema.get("properties").and_then(Value::as_object), value)
    else {
        return;
    };
    for (name, property) in properties {
        if let Some(default) = property.get("default") {
            object.entry(name.clone()).or_insert_with(|| default.clone());
        }
        if let Some(inner) = object.get_mut(name) {
            fill_defaults(property, inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plate() -> Schema {
        Schema::new(&json!({
            "type": "object",
            "properties": {
                "width": { "type": "number", "exclusiveMinimum": 0 },
                "mesh": { "type": "object", "default": {}, "properties": { "cells": { "type": "integer", "default": 32 } } }
            },
            "required": ["width"],
            "additionalProperties": false
        }))
        .unwrap()
    }

    #[test]
    fn defaults_are_filled_in_at_every_level() {
        let complete = plate().complete(json!({ "width": 2.0 }));
        assert_eq!(complete, Ok(json!({ "width": 2.0, "mesh": { "cells": 32 } })));
    }

    #[test]
    fn keys_stay_in_their_order_and_defaults_follow() {
        let schema = r#"{"properties":{"z":{"default":1},"a":{"default":2},"m":{"default":3}}}"#;
        let schema = Schema::new(&serde_json::from_str(schema).unwrap()).unwrap();
        let complete = schema.complete(serde_json::from_str(r#"{"y":0,"m":0,"b":{"d":1,"c":2}}"#).unwrap());
        assert_eq!(complete.unwrap().to_string(), r#"{"y":0,"m":0,"b":{"d":1,"c":2},"z":1,"a":2}"#);
    }

    #[test]
    fn each_error_has_its_pointer() {
        let errors = plate().complete(json!({ "width": -1, "mesh": { "cells": "many" } })).unwrap_err();
        let mut pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/mesh/cells", "/width"]);
    }

    #[test]
    fn a_schema_must_be_one_and_stay_at_home() {
        assert!(Schema::new(&json!({ "type": "nonsense" })).is_err());
        assert!(Schema::new(&json!({ "$ref": "http://127.0.0.1:1/x" })).is_err());
        assert!(Schema::new(&json!({ "$ref": "file:///etc/passwd" })).is_err());
        assert!(Schema::new(&json!({ "items": { "$ref": "#" } })).is_err());
    }

    #[test]
    fn what_would_take_minutes_is_refused_in_words() {
        let choices: Vec<_> = (0..100_000).map(|number| json!([number])).collect();
        let schema = Schema::new(&json!({ "items": { "enum": choices } })).unwrap();
        let errors = schema.check(&json!(vec![json!([-1]); 100_000])).unwrap_err();
        assert!(errors[0].message.contains("20000000 steps"), "{errors:?}");
        assert_eq!(schema.check(&json!([[7]])), Ok(()));
        // The words of the rule would name every choice.
        assert!(schema.check(&json!([7])).unwrap_err()[0].message.len() <= MAX_WORDS + 3);
    }

    #[test]
    fn of_a_large_document_the_first_place_is_told() {
        let schema = Schema::new(&json!({ "items": { "type": "number" } })).unwrap();
        let mut values = vec![json!(0.5); 500_000];
        values[400_000] = json!("x");
        let errors = schema.check(&json!(values)).unwrap_err();
        assert_eq!((errors.len(), errors[0].pointer.as_str()), (1, "/400000"));
        let either =
            Schema::new(&json!({ "items": { "anyOf": [{ "type": "number" }, { "type": "null" }] } }));
        let errors = either.unwrap().check(&json!(values)).unwrap_err();
        assert_eq!((errors.len(), errors[0].pointer.as_str()), (1, ""));
    }
}

//! JSON Schema 2020-12: defaults filled in, errors as JSON Pointers. No reference leaves the document.

mod unfolding;

use std::fmt;

use jsonschema::{Draft, PatternOptions, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const MAX_ERRORS: usize = 20;
/// Steps back of one `pattern` in one text; some patterns double them with each character.
const MAX_BACKTRACKING: usize = 10_000;

/// A compiled schema.
pub struct Schema {
    document: Value,
    validator: Validator,
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
        jsonschema::draft202012::meta::validate(document).map_err(|error| SchemaError(error.to_string()))?;
        unfolding::check(document).map_err(SchemaError)?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(MAX_BACKTRACKING))
            .build(document)
            .map_err(|error| SchemaError(error.to_string()))?;
        Ok(Self { document: document.clone(), validator })
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
    /// Every place (at most 20) that breaks a rule.
    pub fn check(&self, value: &Value) -> Result<(), Vec<FieldError>> {
        let errors: Vec<FieldError> = self
            .validator
            .iter_errors(value)
            .take(MAX_ERRORS)
            .map(|error| FieldError {
                pointer: error.instance_path().to_string(),
                message: error.to_string(),
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
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
}

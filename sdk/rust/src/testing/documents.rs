//! Parameters and outcomes against their schemas, by the rules of the host.

use serde_json::Value;

/// `value` with the schema's defaults filled in, when that is valid.
pub(super) fn complete(schema: &Value, value: &Value) -> Result<Value, Vec<String>> {
    let mut value = value.clone();
    fill_defaults(schema, &mut value);
    check(schema, &value)?;
    Ok(value)
}

/// Every place of `value` that breaks the schema, in words.
pub(super) fn check(schema: &Value, value: &Value) -> Result<(), Vec<String>> {
    jsonschema::draft202012::meta::validate(schema).map_err(|error| vec![error.to_string()])?;
    let validator = jsonschema::draft202012::new(schema).map_err(|error| vec![error.to_string()])?;
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| match error.instance_path().to_string() {
            pointer if pointer.is_empty() => error.to_string(),
            pointer => format!("{pointer}: {error}"),
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Fills `default`s of `properties`, level by level, where a value is missing.
fn fill_defaults(schema: &Value, value: &mut Value) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let (Some(properties), Value::Object(object)) = (properties, value) else { return };
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

    #[test]
    fn defaults_come_first_and_errors_have_their_place() {
        let schema = json!({
            "type": "object",
            "properties": {
                "mesh": { "type": "object", "default": {}, "properties": { "cells": { "type": "integer", "default": 8 } } }
            },
            "additionalProperties": false
        });
        assert_eq!(complete(&schema, &json!({})), Ok(json!({ "mesh": { "cells": 8 } })));
        let errors = complete(&schema, &json!({ "mesh": { "cells": "many" } })).unwrap_err();
        assert!(errors[0].starts_with("/mesh/cells: "), "{errors:?}");
        assert!(check(&json!({ "type": "nonsense" }), &json!(1)).is_err());
    }
}

//! JSON Schemas of the types a pipeline is written with.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

const META_SCHEMA: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of parameters of type `T`: what it can be read from.
pub(crate) fn params<T: JsonSchema>() -> Value {
    schema::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of outcomes of type `T`: what it is written as.
pub(crate) fn outcome<T: JsonSchema>() -> Value {
    schema::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn schema<T: JsonSchema>(mut settings: SchemaSettings) -> Value {
    settings.inline_subschemas = true;
    let mut generator = settings.into_generator();
    // Not the generator's root schema: that one has the name of the Rust type for a title.
    let mut schema = T::json_schema(&mut generator);
    let definitions = generator.take_definitions(false);
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    RecursiveTransform(for_callers).transform(&mut schema);
    schema.insert("$schema".to_owned(), META_SCHEMA.into());
    schema.to_value()
}

/// Takes out what concerns Rust alone: widths of numbers, and `null` for what may be left out.
fn for_callers(schema: &mut Schema) {
    if schema.get("type").is_some_and(is_number) {
        schema.remove("format");
    }
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
}

fn is_number(kind: &Value) -> bool {
    match kind {
        Value::String(kind) => kind == "number" || kind == "integer",
        Value::Array(kinds) => kinds.iter().any(is_number),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Spring {
        /// # Stiffness
        ///
        /// Force per length.
        #[schemars(range(min = 1, max = 100), extend("x-unit" = "N/m"))]
        stiffness: f64,
        /// Coils.
        coils: Option<u32>,
    }

    impl Default for Spring {
        fn default() -> Self {
            Self { stiffness: 10.0, coils: None }
        }
    }

    #[test]
    fn comments_units_ranges_and_defaults_reach_the_schema() {
        let expected = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "stiffness": {
                    "title": "Stiffness", "description": "Force per length.", "type": "number",
                    "minimum": 1, "maximum": 100, "default": 10.0, "x-unit": "N/m"
                },
                "coils": { "description": "Coils.", "type": ["integer", "null"], "minimum": 0 }
            },
            "additionalProperties": false
        });
        assert_eq!(params::<Spring>(), expected);
        let required = outcome::<Spring>()["required"].clone();
        assert_eq!(required, json!(["stiffness", "coils"]));
    }

    #[test]
    fn properties_stand_in_the_order_of_the_fields() {
        let order =
            |schema: Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        for schema in [params::<Spring>(), outcome::<Spring>()] {
            let read: Value = serde_json::from_str(&schema.to_string()).unwrap();
            assert_eq!(order(read), ["stiffness", "coils"]);
        }
    }
}

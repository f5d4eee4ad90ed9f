//! What a plugin says of itself, checked.

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema::{Schema, SchemaError};
use crate::{PluginName, Resources, check_text};

const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 64 * 1024;
const MAX_IMAGES: usize = 16;
const MAX_EXAMPLES: usize = 64;

/// An image a plugin needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Logical name.
    pub name: String,
    /// Why it is needed.
    pub purpose: String,
}

/// A worked case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// What it is called.
    pub name: String,
    /// Parameters.
    pub params: Value,
    /// Expected subset of the outcome.
    pub expect: Option<Value>,
    /// Relative tolerance for numbers in `expect`.
    pub tolerance: f64,
}

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the pipeline.
    pub name: PluginName,
    /// Semantic version.
    pub version: Version,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: String,
    /// JSON Schema 2020-12 of the parameters.
    pub params_schema: Value,
    /// JSON Schema 2020-12 of the outcome.
    pub result_schema: Value,
    /// Images its calls may name.
    pub images: Vec<Image>,
    /// The most one call asks for.
    pub max_resources: Resources,
    /// The most calls in one step.
    pub max_parallel: u32,
    /// Worked cases.
    pub examples: Vec<Example>,
}

/// Why a manifest is refused: the field and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("manifest field `{field}`: {rule}")]
pub struct ManifestError {
    /// Field, e.g. `examples[0].params`.
    pub field: String,
    /// The rule, in words.
    pub rule: String,
}

impl Manifest {
    /// Checks every rule the types do not carry already.
    ///
    /// # Errors
    /// The first rule broken, with its field.
    pub fn check(&self) -> Result<(), ManifestError> {
        text("title", &self.title, MAX_TITLE)?;
        text("description", &self.description, MAX_DESCRIPTION)?;
        at_most("images", self.images.len(), MAX_IMAGES)?;
        at_most("examples", self.examples.len(), MAX_EXAMPLES)?;
        for (index, image) in self.images.iter().enumerate() {
            text(&format!("images[{index}].name"), &image.name, MAX_TITLE)?;
            text(&format!("images[{index}].purpose"), &image.purpose, MAX_TITLE)?;
        }
        if let Some(bound) = self.max_resources.zero() {
            return Err(error(format!("max-resources.{bound}"), "must not be 0"));
        }
        if self.max_parallel == 0 {
            return Err(error("max-parallel", "must not be 0"));
        }
        self.check_schemas()
    }

    fn check_schemas(&self) -> Result<(), ManifestError> {
        let params = schema("params-schema", &self.params_schema)?;
        schema("result-schema", &self.result_schema)?;
        for (index, example) in self.examples.iter().enumerate() {
            text(&format!("examples[{index}].name"), &example.name, MAX_TITLE)?;
            if !(0.0..=1.0).contains(&example.tolerance) {
                return Err(error(format!("examples[{index}].tolerance"), "must be between 0 and 1"));
            }
            params
                .complete(example.params.clone())
                .map_err(|errors| error(format!("examples[{index}].params"), first(&errors)))?;
        }
        Ok(())
    }
}

fn text(field: &str, value: &str, limit: usize) -> Result<(), ManifestError> {
    if value.is_empty() {
        return Err(error(field, "must not be empty"));
    }
    check_text(value, limit).map_err(|rule| error(field, rule.to_string()))
}

fn at_most(field: &str, count: usize, limit: usize) -> Result<(), ManifestError> {
    if count > limit { Err(error(field, format!("at most {limit} are allowed"))) } else { Ok(()) }
}

fn schema(field: &str, value: &Value) -> Result<Schema, ManifestError> {
    Schema::new(value).map_err(|SchemaError(rule)| error(field, rule))
}

fn first(errors: &[crate::schema::FieldError]) -> String {
    errors.first().map(ToString::to_string).unwrap_or_default()
}

fn error(field: impl Into<String>, rule: impl Into<String>) -> ManifestError {
    ManifestError { field: field.into(), rule: rule.into() }
}

//! Changes of what people call runs and sort them by.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use simulay_model as model;
use simulay_model::{LabelKey, LabelValue, RunName};
use utoipa::ToSchema;

/// A JSON Merge Patch (RFC 7396) of a run: what is absent stays, what is null goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunPatch {
    /// What people call it: one line of at most 200 characters.
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub name: Option<Option<RunName>>,
    /// Labels by their keys; one whose value is null goes, and all of them when this is null.
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    pub labels: Option<Option<BTreeMap<LabelKey, Option<LabelValue>>>>,
}

/// What is told, be it null.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<RunPatch> for model::DescriptionChange {
    fn from(patch: RunPatch) -> Self {
        let labels = match patch.labels {
            None => model::LabelsChange::Keep,
            Some(None) => model::LabelsChange::Clear,
            Some(Some(labels)) => model::LabelsChange::Merge(labels),
        };
        Self { name: patch.name, labels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_null_differs_from_what_is_absent() {
        let read = |text: &str| serde_json::from_str::<RunPatch>(text).unwrap();
        assert_eq!(read("{}"), RunPatch::default());
        let cleared = RunPatch { name: Some(None), labels: Some(None) };
        assert_eq!(read(r#"{"name":null,"labels":null}"#), cleared);
        let merged = read(r#"{"name":"a","labels":{"b":null,"c":"d"}}"#);
        assert_eq!(serde_json::to_string(&merged).unwrap(), r#"{"name":"a","labels":{"b":null,"c":"d"}}"#);
        assert!(serde_json::from_str::<RunPatch>(r#"{"state":"failed"}"#).is_err());
    }
}

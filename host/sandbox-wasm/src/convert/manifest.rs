//! What a plugin says of itself, checked.

use serde_json::Value;
use simulay_model::{Example, Image, Manifest, ManifestError, Resources};

use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::json;

/// The manifest, when every rule holds; a JSON document in it has at most `json_bytes`.
pub(crate) fn manifest(said: wit::Manifest, json_bytes: usize) -> Result<Manifest, ManifestError> {
    let resources = said.max_resources;
    let examples = said.examples.into_iter().enumerate();
    let manifest = Manifest {
        name: said.name.parse().map_err(|rule| broken("name", &rule))?,
        version: said.version.parse().map_err(|rule| broken("version", &rule))?,
        title: said.title,
        description: said.description,
        params_schema: document("params-schema", &said.params_schema, json_bytes)?,
        result_schema: document("result-schema", &said.result_schema, json_bytes)?,
        images: said.images.into_iter().map(image).collect(),
        max_resources: Resources {
            cpu_milli: resources.cpu_milli,
            memory_mib: resources.memory_mib,
            scratch_mib: resources.scratch_mib,
            timeout_ms: resources.timeout_ms,
        },
        max_parallel: said.max_parallel,
        examples: examples.map(|(n, said)| example(n, said, json_bytes)).collect::<Result<_, _>>()?,
    };
    manifest.check()?;
    Ok(manifest)
}

fn image(said: wit::Image) -> Image {
    Image { name: said.name, purpose: said.purpose }
}

fn example(index: usize, said: wit::Example, json_bytes: usize) -> Result<Example, ManifestError> {
    let at = |field: &str| format!("examples[{index}].{field}");
    let expect = said.expect.map(|text| document(&at("expect"), &text, json_bytes)).transpose()?;
    Ok(Example {
        name: said.name,
        params: document(&at("params"), &said.params, json_bytes)?,
        expect,
        tolerance: said.tolerance,
    })
}

fn document(field: &str, text: &str, limit: usize) -> Result<Value, ManifestError> {
    json::parse(text, limit).map_err(|rule| broken(field, &rule))
}

fn broken(field: &str, rule: &dyn ToString) -> ManifestError {
    ManifestError { field: field.to_owned(), rule: rule.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> wit::Manifest {
        wit::Manifest {
            name: "plate".into(),
            version: "1.2.3".into(),
            title: "Plate".into(),
            description: "A plate.".into(),
            params_schema: r#"{"type":"object"}"#.into(),
            result_schema: "{}".into(),
            images: vec![wit::Image { name: "octave".into(), purpose: "computes".into() }],
            max_resources: wit::Resources { cpu_milli: 1, memory_mib: 2, scratch_mib: 3, timeout_ms: 4 },
            max_parallel: 1,
            examples: vec![wit::Example {
                name: "small".into(),
                params: "{}".into(),
                expect: None,
                tolerance: 0.1,
            }],
        }
    }

    fn field_of(change: impl FnOnce(&mut wit::Manifest)) -> String {
        let mut said = said();
        change(&mut said);
        manifest(said, 1000).unwrap_err().field
    }

    #[test]
    fn a_good_manifest_is_taken() {
        let taken = manifest(said(), 1000).unwrap();
        assert_eq!(taken.name.as_str(), "plate");
        assert_eq!(taken.version.to_string(), "1.2.3");
        assert_eq!(taken.max_resources.timeout_ms, 4);
    }

    #[test]
    fn each_broken_rule_names_its_field() {
        assert_eq!(field_of(|m| m.name = "../x".into()), "name");
        assert_eq!(field_of(|m| m.version = "1.0".into()), "version");
        assert_eq!(field_of(|m| m.title = "a\u{202e}b".into()), "title");
        assert_eq!(field_of(|m| m.params_schema = "{".into()), "params-schema");
        assert_eq!(field_of(|m| m.params_schema = r#"{"type":"nonsense"}"#.into()), "params-schema");
        assert_eq!(field_of(|m| m.result_schema = r#"{"a":1,"a":2}"#.into()), "result-schema");
        assert_eq!(field_of(|m| m.max_parallel = 0), "max-parallel");
        assert_eq!(field_of(|m| m.examples[0].params = "[]".into()), "examples[0].params");
        assert_eq!(field_of(|m| m.examples[0].expect = Some("x".into())), "examples[0].expect");
        assert_eq!(field_of(|m| m.examples[0].tolerance = f64::NAN), "examples[0].tolerance");
    }
}

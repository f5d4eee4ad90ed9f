//! For unit tests of a plugin: what the host would do around it.

use serde_json::{Map, Value};

use crate::{Artifact, ContainerResult, Ending, Pipeline, Request};

/// A request with `params` and the schema's defaults for what they leave out.
///
/// # Errors
/// When the schema is no JSON, or the parameters are not those of the pipeline.
pub fn request<P: Pipeline>(
    params: &Value,
    inputs: Vec<Artifact>,
    seed: u64,
) -> Result<Request<P::Params>, String> {
    let mut complete = defaults(&P::manifest().params_schema)?;
    let given = params.as_object().ok_or("the parameters are no object")?;
    complete.extend(given.clone());
    let params = serde_json::from_value(Value::Object(complete)).map_err(|error| error.to_string())?;
    Ok(Request { params, inputs, seed })
}

/// Checks what the host checks of a manifest and a compiler cannot: schemas and examples are JSON, and
/// the parameters of each example are those of the pipeline.
///
/// # Errors
/// The first rule broken, in words.
pub fn check_manifest<P: Pipeline>() -> Result<(), String> {
    let manifest = P::manifest();
    defaults(&manifest.params_schema)?;
    parse(&manifest.result_schema)?;
    for example in manifest.examples {
        request::<P>(&parse(&example.params)?, Vec::new(), 0)
            .map_err(|error| format!("example `{}`: {error}", example.name))?;
        example.expect.as_deref().map(parse).transpose()?;
    }
    Ok(())
}

/// The result of the call `name`.
#[must_use]
pub fn ended(name: &str, ending: Ending, outputs: Vec<Artifact>) -> ContainerResult {
    ContainerResult {
        name: name.to_owned(),
        ending,
        stdout: String::new(),
        stderr: String::new(),
        outputs,
        wall_ms: 1,
        reused: false,
    }
}

fn defaults(schema: &str) -> Result<Map<String, Value>, String> {
    let schema = parse(schema)?;
    let properties = schema.get("properties").and_then(Value::as_object);
    let default =
        |(name, property): (&String, &Value)| Some((name.clone(), property.get("default")?.clone()));
    Ok(properties.into_iter().flatten().filter_map(default).collect())
}

fn parse(json: &str) -> Result<Value, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

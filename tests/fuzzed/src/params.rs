//! Parameters, inputs, and JSON that a plugin writes.

use std::sync::LazyLock;

use serde_json::{Value, json};
use simulay_model::schema::Schema;
use simulay_model::{Manifest, RelativePath, Request};
use simulay_sandbox::Answer;

use crate::answer::answer;
use crate::sandbox::blame_call;
use crate::seeds;

/// The schemas of the plugins we ship.
static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
    let manifests = seeds::MANIFESTS.iter().map(|text| serde_json::from_str::<Manifest>(text).unwrap());
    manifests.map(|manifest| Schema::new(&manifest.params_schema).unwrap()).collect()
});

/// Takes any bytes as a request, whose parameters are held against the schemas of the plugins we ship, and
/// as JSON that a plugin answers to it.
pub fn params(bytes: &[u8]) {
    let request: Option<Request> = serde_json::from_slice(bytes).ok();
    if let Some(request) = &request {
        if let Ok(params) = request.params.value() {
            SCHEMAS.iter().for_each(|schema| complete(schema, &params));
        }
        for input in &request.inputs {
            assert_eq!(RelativePath::new(input.path.as_str()).as_ref(), Ok(&input.path));
        }
    }
    let plain = Request { params: json!({}).into(), inputs: Vec::new(), seed: 0 };
    strictly(request.unwrap_or(plain), bytes);
}

fn complete(schema: &Schema, params: &Value) {
    match schema.complete(params.clone()) {
        Ok(complete) => {
            assert_eq!(schema.check(&complete), Ok(()));
            assert_eq!(schema.complete(complete.clone()), Ok(complete.clone()), "nothing is left to fill in");
        }
        Err(errors) => assert!((1..=20).contains(&errors.len()), "{errors:?}"),
    }
}

/// What is taken as JSON from a plugin is JSON to everybody, and the same.
fn strictly(request: Request, bytes: &[u8]) {
    match answer(request, bytes) {
        Ok(answered) => {
            let Ok(Answer::Step(step)) = answered.answer else { panic!("{answered:?}") };
            assert_eq!(serde_json::from_slice(bytes).ok(), step.state.value().ok());
        }
        Err(error) => blame_call(&error),
    }
}

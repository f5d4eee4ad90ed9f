//! A plugin that does, on request, everything a plugin must not do.
//!
//! The parameter `do` names the deed; `nothing` is the innocent one. Built against the contract alone.

#[allow(unsafe_code, missing_docs, reason = "generated code calls the host through raw pointers")]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "plugin" });
}
mod after;
mod asking;
mod before;
mod manifest;

use bindings::exports::simulay::plugin::pipeline::{
    ContainerResult, Failure, Guest, Manifest, Next, Request, Step,
};

struct Mischief;

impl Guest for Mischief {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn pre_process(request: Request) -> Result<Step, Failure> {
        let deed = deed(&request.params);
        match asking::step(&deed) {
            Some(step) => Ok(step),
            None => before::step(&deed),
        }
    }

    fn post_process(request: Request, state: String, _: Vec<ContainerResult>) -> Result<Next, Failure> {
        after::next(&deed(&request.params), state)
    }
}

fn deed(params: &str) -> String {
    let params: serde_json::Value = serde_json::from_str(params).unwrap_or_default();
    params.get("do").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(target_family = "wasm")]
mod exported {
    #![allow(unsafe_code, reason = "the generated exports are called through raw pointers")]
    use super::{Mischief, bindings};

    bindings::export!(Mischief with_types_in bindings);
}

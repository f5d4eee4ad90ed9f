//! A plugin that draws what it is asked for: so many points, of such a curve, in such a unit. It starts no container.

#[allow(unsafe_code, missing_docs, reason = "generated code calls the host through raw pointers")]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "plugin" });
}
mod curve;
mod manifest;
mod params;

use bindings::exports::simulay::plugin::pipeline::{
    ContainerResult, Failure, Guest, Manifest, Next, Report, Request, Step,
};
use params::Params;
use serde_json::json;

struct Drawing;

impl Guest for Drawing {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn pre_process(_: Request) -> Result<Step, Failure> {
        Ok(Step { calls: vec![], state: "null".into() })
    }

    fn post_process(request: Request, _: String, _: Vec<ContainerResult>) -> Result<Next, Failure> {
        let params = Params::read(&request.params)?;
        if params.level > params.most {
            return Err(Failure::Simulation(format!("{} is more than {}", params.level, params.most)));
        }
        let outcome = json!({ "level": params.level, "twice": 2.0 * params.level }).to_string();
        Ok(Next::Done(Report { outcome, plots: vec![curve::plot(&params)], artifacts: vec![] }))
    }
}

#[cfg(target_family = "wasm")]
mod exported {
    #![allow(unsafe_code, reason = "the generated exports are called through raw pointers")]
    use super::{Drawing, bindings};

    bindings::export!(Drawing with_types_in bindings);
}

//! What a pipeline plugin in Rust is written with.
//!
//! A plugin decides, the host acts. Implement [`Pipeline`], name it in [`export_pipeline!`] and build
//! the crate as a `cdylib` for `wasm32-wasip2`. A plugin crate that is an `rlib` as well runs its unit
//! tests natively, with [`testing`] in place of the host.
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use simulay_sdk::{Failure, Manifest, Next, Pipeline, Report, Request, Results, Step, octave};
//!
//! /// What to square.
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Params {
//!     /// Length of an edge.
//!     #[schemars(range(min = 0, max = 1000), extend("x-unit" = "m"))]
//!     edge_m: f64,
//! }
//!
//! /// The square of it.
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Outcome {
//!     /// Area.
//!     #[schemars(extend("x-unit" = "m2"))]
//!     area_m2: f64,
//! }
//!
//! struct Square;
//!
//! impl Pipeline for Square {
//!     type Params = Params;
//!     type State = ();
//!     type Outcome = Outcome;
//!
//!     fn manifest() -> Manifest<Params> {
//!         simulay_sdk::manifest!().title("Area of a square").image("octave", "squares")
//!     }
//!
//!     fn pre_process(request: &Request<Params>) -> Result<Step, Failure> {
//!         let main = r#"p = jsondecode(fileread("params.json"));
//! write_json("result.json", struct("area_m2", p.edge_m ^ 2));"#;
//!         let script = octave::script("square", main).params(&request.params).write_json();
//!         Ok(script.keep("result.json").build().into())
//!     }
//!
//!     fn post_process(_: &Request<Params>, (): (), results: &Results) -> Result<Next<Outcome>, Failure> {
//!         let outcome = results.call("square")?.json("result.json")?;
//!         Ok(Report::new(outcome).into())
//!     }
//! }
//!
//! simulay_sdk::export_pipeline!(Square);
//! ```

mod artifacts;
#[allow(unsafe_code, missing_docs, reason = "generated code calls the host through raw pointers")]
#[doc(hidden)]
pub mod bindings;
mod contract;
#[doc(hidden)]
pub mod glue;
pub mod log;
mod manifest;
pub mod octave;
mod pipeline;
mod report;
mod request;
mod results;
mod schema;
mod stored;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use artifacts::{Artifacts, ReadError};
pub use contract::{
    Artifact, ContainerCall, ContainerResult, Ending, Failure, File, Kept, Omission, OnFailure, Plot,
    Resources, Series, Source, Step,
};
pub use manifest::Manifest;
pub use pipeline::Pipeline;
pub use report::{Next, Report, series};
pub use request::Request;
pub use results::{CallResult, Results};
pub use stored::{Reader, StoredFile};

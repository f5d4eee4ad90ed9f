//! What a pipeline plugin in Rust is written with.
//!
//! A plugin decides, the host acts. Implement [`Pipeline`], name it in [`export_pipeline!`] and build
//! the crate as a `cdylib` for `wasm32-wasip2`. A plugin crate that is an `rlib` as well runs its unit
//! tests natively, with [`testing`] and [`MemoryArtifacts`] in place of the host.
//!
//! ```
//! use serde_json::json;
//! use simulay_sdk::{
//!     Artifacts, ContainerResult, Failure, Manifest, Next, Pipeline, Report, Request, Resources, Step,
//!     image, octave, read,
//! };
//!
//! struct Square;
//!
//! impl Pipeline for Square {
//!     type Params = f64;
//!     type State = ();
//!
//!     fn manifest() -> Manifest {
//!         Manifest {
//!             name: "square".into(),
//!             version: "1.0.0".into(),
//!             title: "Square of a number".into(),
//!             description: "Squares a number in Octave.".into(),
//!             params_schema: r#"{"type": "number"}"#.into(),
//!             result_schema: r#"{"type": "number"}"#.into(),
//!             images: vec![image("octave", "squares")],
//!             max_resources: Resources { cpu_milli: 1000, memory_mib: 256, scratch_mib: 16, timeout_ms: 10_000 },
//!             max_parallel: 1,
//!             examples: vec![],
//!         }
//!     }
//!
//!     fn pre_process(request: &Request<f64>, _: &dyn Artifacts) -> Result<Step<()>, Failure> {
//!         let main = r#"write_json("y.json", jsondecode(fileread("params.json")) ^ 2);"#;
//!         let call = octave::script("square", main)
//!             .params(&json!(request.params))
//!             .write_json()
//!             .keep("y.json")
//!             .build();
//!         Ok(Step { calls: vec![call], state: () })
//!     }
//!
//!     fn post_process(
//!         _: &Request<f64>,
//!         (): (),
//!         results: &[ContainerResult],
//!         artifacts: &dyn Artifacts,
//!     ) -> Result<Next<()>, Failure> {
//!         let y: f64 = read::json(artifacts, read::result(results, "square")?, "y.json")?;
//!         Ok(Next::Done(Report::new(&y)?))
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
pub mod octave;
mod pipeline;
pub mod read;
pub mod testing;

pub use artifacts::{Artifacts, MemoryArtifacts, ReadError};
pub use contract::{
    Artifact, ContainerCall, ContainerResult, Ending, Example, Failure, File, Image, Kept, Manifest, Next,
    OnFailure, Plot, Report, Request, Resources, Series, Source, Step, example, image, series,
};
pub use pipeline::Pipeline;

//! Unit tests of a plugin, without Docker and without the host.
//!
//! [`trial`] plays the host around a pipeline: it checks the parameters against the derived schema and
//! fills in the defaults, has your test answer each container call, and carries the state from step to
//! step as JSON until the report. What the host would refuse is an error here too.
//!
//! ```
//! # use schemars::JsonSchema;
//! # use serde::{Deserialize, Serialize};
//! # use serde_json::json;
//! # use simulay_sdk::{Failure, Manifest, Next, Pipeline, Report, Request, Results, Step, octave};
//! use simulay_sdk::Ending;
//! use simulay_sdk::testing::{Answer, Stop, trial};
//! # #[derive(Serialize, Deserialize, JsonSchema)]
//! # struct Params { edge_m: f64 }
//! # #[derive(Serialize, Deserialize, JsonSchema)]
//! # struct Outcome { area_m2: f64 }
//! # struct Square;
//! # impl Pipeline for Square {
//! #     type Params = Params;
//! #     type State = ();
//! #     type Outcome = Outcome;
//! #     fn manifest() -> Manifest<Params> { simulay_sdk::manifest!().image("octave", "squares") }
//! #     fn pre_process(request: &Request<Params>) -> Result<Step, Failure> {
//! #         let script = octave::script("square", "x").params(&request.params).keep("result.json");
//! #         Ok(script.build().into())
//! #     }
//! #     fn post_process(_: &Request<Params>, (): (), results: &Results) -> Result<Next<Outcome>, Failure> {
//! #         Ok(Report::new(results.call("square")?.json("result.json")?).into())
//! #     }
//! # }
//!
//! let square = || trial::<Square>(json!({ "edge_m": 3 }));
//! let done = square().run(|call| {
//!     assert_eq!(call.params()["edge_m"], 3.0);
//!     Answer::ok().json("result.json", &json!({ "area_m2": 9.0 }))
//! });
//! assert_eq!(done.unwrap().outcome["area_m2"], 9.0);
//!
//! let stopped = square().run(|_| Answer::ended(Ending::OutOfMemory)).unwrap_err();
//! assert_eq!(stopped, Stop::Call { name: "square".into(), ending: Ending::OutOfMemory });
//! ```

mod answer;
mod documents;
mod examples;
mod memory;
mod rules;
mod trial;

pub use answer::{Answer, Call, ended};
pub use examples::{Example, examples};
pub use memory::MemoryArtifacts;
pub use rules::check;
pub use trial::{Done, Stop, Trial, trial};

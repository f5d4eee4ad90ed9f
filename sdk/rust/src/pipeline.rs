//! What a plugin implements.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contract::{Failure, Step};
use crate::manifest::Manifest;
use crate::report::Next;
use crate::request::Request;
use crate::results::Results;

/// A pipeline: pure functions of their arguments. Whatever must outlive a call goes into `State`.
pub trait Pipeline {
    /// The parameters; their JSON Schema is derived. `#[serde(default)]` on the type and its `Default`
    /// give the defaults, doc comments the descriptions, `#[schemars(range(…), extend("x-unit" = "m"))]`
    /// the bounds and units.
    type Params: Serialize + DeserializeOwned + JsonSchema;
    /// What a step remembers for the one after it; `()` for a pipeline of one step.
    type State: Serialize + DeserializeOwned;
    /// What a caller reads; its JSON Schema is derived too.
    type Outcome: Serialize + JsonSchema;

    /// What the plugin says of itself.
    fn manifest() -> Manifest<Self::Params>;

    /// Turns a request into the first step.
    ///
    /// # Errors
    /// When the request cannot be simulated.
    fn pre_process(request: &Request<Self::Params>) -> Result<Step<Self::State>, Failure>;

    /// Turns the results of a step into a report or the next step.
    ///
    /// # Errors
    /// When the results give no usable answer.
    fn post_process(
        request: &Request<Self::Params>,
        state: Self::State,
        results: &Results,
    ) -> Result<Next<Self::Outcome, Self::State>, Failure>;
}

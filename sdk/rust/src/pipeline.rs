//! What a plugin implements.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Artifacts, ContainerResult, Failure, Manifest, Next, Request, Step};

/// A pipeline: pure functions of their arguments. Whatever must outlive a call goes into `State`.
pub trait Pipeline {
    /// The parameters, as `params-schema` describes them.
    type Params: DeserializeOwned;
    /// What a step remembers for the one after it.
    type State: Serialize + DeserializeOwned;

    /// What the plugin says of itself.
    fn manifest() -> Manifest;

    /// Turns a request into the first step.
    ///
    /// # Errors
    /// When the request cannot be simulated.
    fn pre_process(
        request: &Request<Self::Params>,
        artifacts: &dyn Artifacts,
    ) -> Result<Step<Self::State>, Failure>;

    /// Turns the results of a step, in the order of its calls, into a report or the next step.
    ///
    /// # Errors
    /// When the results give no usable answer.
    fn post_process(
        request: &Request<Self::Params>,
        state: Self::State,
        results: &[ContainerResult],
        artifacts: &dyn Artifacts,
    ) -> Result<Next<Self::State>, Failure>;
}

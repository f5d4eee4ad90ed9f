//! What every sandbox must do, whatever runs the plugins. Each behaviour is a function that fails the test
//! which calls it; [`check`] calls them all.

mod artifacts;
mod calls;
mod inspection;
mod limits;
pub mod scripts;
mod subject;

pub use artifacts::{
    a_fault_in_reading_is_the_hosts, an_artifact_is_read_in_parts, an_artifact_of_another_run_is_refused,
};
pub use calls::{
    a_failure_is_an_answer, documents_pass_unchanged, each_caller_gets_its_own_answer, stages_are_answered,
};
pub use inspection::{a_plugin_describes_itself, what_is_no_plugin_is_refused};
pub use limits::{memory_is_limited, time_is_limited};
pub use subject::{Plugins, Subject};

/// Checks every behaviour.
pub async fn check(subject: &Subject<'_>) {
    a_plugin_describes_itself(subject).await;
    what_is_no_plugin_is_refused(subject).await;
    stages_are_answered(subject).await;
    documents_pass_unchanged(subject).await;
    each_caller_gets_its_own_answer(subject).await;
    a_failure_is_an_answer(subject).await;
    an_artifact_is_read_in_parts(subject).await;
    an_artifact_of_another_run_is_refused(subject).await;
    a_fault_in_reading_is_the_hosts(subject).await;
    time_is_limited(subject).await;
    memory_is_limited(subject).await;
}

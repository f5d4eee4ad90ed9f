//! What is asked of whoever executes a container call.

use serde::{Deserialize, Serialize};
use simulay_model::{AccountName, ContainerCall, ContainerName, PluginRef};

use crate::Permissions;

/// A container call to execute. Nothing in it was admitted: who executes it decides that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionRequest {
    /// The container that works on the call.
    pub name: ContainerName,
    /// As the plugin wrote it.
    pub call: ContainerCall,
    /// What the manifest of the plugin permits.
    pub permissions: Permissions,
    /// Whether the container may be started.
    pub begin: Begin,
    /// The fence of the lease under which it is asked for.
    pub fence: u64,
    /// Whose calls may follow each other in a container, where the operator grants that to the plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Tenant>,
}

/// Whose calls may follow each other in a container: those of one account and of one plugin version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tenant {
    /// Whose run it is.
    pub account: AccountName,
    /// What makes its calls.
    pub plugin: PluginRef,
}

/// Whether a container may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begin {
    /// It was not started before, and is when it is not there.
    Start,
    /// It may have been started before.
    Adopt,
}

#[cfg(test)]
mod tests {
    use simulay_model::{Digest, File, OnFailure, Resources, RunId, Source};

    use super::*;

    #[test]
    fn a_request_is_the_same_in_another_process() {
        let resources = Resources { cpu_milli: 10, memory_mib: 1, scratch_mib: 1, timeout_ms: 1 };
        let content = Source::Bytes(vec![0, 255]);
        let version = "1.0.0".parse().unwrap();
        let plugin = PluginRef { name: "beam".parse().unwrap(), version, sha256: Digest::of(b"beam") };
        let request = ExecutionRequest {
            name: ContainerName { run: RunId::generate(), step: 1, call: 2, attempt: 3 },
            call: ContainerCall {
                name: "solve".to_owned(),
                image: "octave".to_owned(),
                command: vec!["a\0b".to_owned()],
                env: vec![("SIM_A".to_owned(), "b".to_owned())],
                files: vec![File { path: "../x".to_owned(), content }],
                outputs: vec!["*".to_owned()],
                excludes: Vec::new(),
                keep_unchanged: false,
                resources,
                on_failure: OnFailure::Report,
                deterministic: false,
            },
            permissions: Permissions { images: ["octave".to_owned()].into(), max_resources: resources },
            begin: Begin::Adopt,
            fence: 7,
            tenant: Some(Tenant { account: AccountName::local(), plugin }),
        };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<ExecutionRequest>(&text).unwrap(), request);
    }
}

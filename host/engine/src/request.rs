//! What callers ask the engine for.

use semver::Version;
use simulay_containers::Capacity;
use simulay_model::{
    ContainerCall, Digest, Document, Labels, Plugin, PluginName, PluginRef, RelativePath, RunName, SweepPoint,
};

/// Which version of a pipeline is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Name.
    pub name: PluginName,
    /// The latest when none.
    pub version: Option<Version>,
}

impl Selector {
    /// The version that `plugin` is, and no other.
    #[must_use]
    pub fn exactly(plugin: &Plugin) -> Self {
        let PluginRef { name, version, .. } = plugin.reference();
        Self { name, version: Some(version) }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.version {
            Some(version) => write!(formatter, "{}@{version}", self.name),
            None => write!(formatter, "{}", self.name),
        }
    }
}

/// A request for a run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Pipeline.
    pub pipeline: Selector,
    /// Parameters as the caller gave them.
    pub params: Document,
    /// Files, uploaded before.
    pub inputs: Vec<NewInput>,
    /// Drawn by the host when none.
    pub seed: Option<u64>,
    /// How often a call is tried again after its command failed.
    pub retries: u32,
    /// Whether results of earlier, equal calls may be taken.
    pub reuse: bool,
    /// What people call it.
    pub name: Option<RunName>,
    /// By what people sort it.
    pub labels: Labels,
    /// The point of a sweep that it is: for sweeps to say, and no caller.
    pub sweep: Option<SweepPoint>,
    /// Who asks waits for the end: work on it may begin before it is durable, as far as nothing comes of that outside the
    /// store.
    pub awaited: bool,
}

impl NewRun {
    /// A request for a run with these parameters, and nothing else asked for.
    #[must_use]
    pub fn new(pipeline: Selector, params: Document) -> Self {
        Self {
            pipeline,
            params,
            inputs: Vec::new(),
            seed: None,
            retries: 0,
            reuse: true,
            name: None,
            labels: Labels::default(),
            sweep: None,
            awaited: false,
        }
    }
}

/// An uploaded file under the name it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInput {
    /// Name for the plugin.
    pub path: RelativePath,
    /// The bytes.
    pub sha256: Digest,
    /// How many they are, when the caller says so.
    pub size: Option<u64>,
}

/// What a request would do first.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Parameters with defaults filled in.
    pub params: Document,
    /// The container calls of the first step, admitted by the policy.
    pub calls: Vec<ContainerCall>,
    /// What they take of a node together.
    pub demand: Capacity,
}

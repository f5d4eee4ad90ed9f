//! The documents that go over the wire, both ways. Clients read them with these types too.
//!
//! They stand beside the domain types, not on them: what is stored or shown to plugins may change
//! while these stay.

mod account;
mod artifact;
mod audit;
mod call;
mod event;
mod image;
mod input;
mod life;
mod link;
mod open;
mod pipeline;
mod plugin;
mod problem;
mod report;
mod run;
mod session;
mod sharing;
mod system;
mod usage;

pub use account::{Me, Role, Scope};
pub use artifact::{Artifact, ArtifactKind, ArtifactList, ListedArtifact};
pub use audit::{AuditList, AuditRecord};
pub use call::{
    Asked, Call, CallList, CallResult, Ending, Omission, OnFailure, PlacedFile, Preview, Resources, Variable,
};
pub use event::Event;
pub use image::{Image, ImageList};
pub use input::{Input, InputStored, Missing, Unpacked, Wanted};
pub use life::{
    Check, Disagreement, PermissionIncrease, PluginEvent, PluginEventKind, PluginState, RolledBack,
    Visibility,
};
pub use link::{LINK, Link, LinkList, LinkMade, NewLink};
pub use open::Open;
pub use pipeline::{Pipeline, PipelineList, PipelineSummary};
pub use plugin::{DeclaredImage, Example, Manifest, Plugin, PluginList, PluginSummary, Tool};
pub use problem::{FieldError, Problem, ProblemKind};
pub use report::{KeptFile, Plot, Report, Series};
pub use run::{
    NamedRun, NewRun, PluginRef, Run, RunError, RunErrorKind, RunList, RunOptions, RunState, RunSummary,
};
pub use session::{SignIn, SignInWays};
pub use sharing::NewVisibility;
pub use system::{Health, Lack, Limits, Node, Process, Runner, Stats, System};
pub use usage::{DailyUsage, QuotaState, Usage, UsageReport};

//! The documents that go over the wire, both ways. Clients read them with these types too.
//!
//! They stand beside the domain types, not on them: what is stored or shown to plugins may change
//! while these stay.

mod account;
mod artifact;
mod audit;
mod call;
mod comparison;
mod event;
mod image;
mod input;
mod isolation;
mod life;
mod link;
mod news;
mod open;
mod pipeline;
mod plot;
mod plugin;
mod problem;
mod report;
mod reuse;
mod run;
mod run_list;
mod run_patch;
mod session;
mod sharing;
mod shipped;
mod sweep;
mod sweep_point;
mod system;
mod usage;

pub use account::{Me, Role, Scope};
pub use artifact::{Artifact, ArtifactKind, ArtifactList, ListedArtifact};
pub use audit::{AuditList, AuditRecord};
pub use call::{
    Asked, Call, CallList, CallResult, Ending, Omission, OnFailure, PlacedFile, Preview, Resources, Variable,
};
pub use comparison::{
    Comparison, ComparisonGroup, ComparisonRow, Deviation, JoinedCurve, JoinedPlot, JoinedSeries,
};
pub use event::Event;
pub use image::{Image, ImageList};
pub use input::{Input, InputStored, Missing, Unpacked, Wanted};
pub use isolation::{Isolation, NewIsolation};
pub use life::{
    Check, Disagreement, PermissionIncrease, PluginEvent, PluginEventKind, PluginState, RolledBack,
    Visibility,
};
pub use link::{LINK, Link, LinkList, LinkMade, NewLink};
pub use news::{Heartbeat, PluginNews, Readiness, RunNews, UploadNews};
pub use open::Open;
pub use pipeline::{Pipeline, PipelineList, PipelineSummary};
pub use plot::{Axis, PlotCurves, PlotList, PlotSummary, PlottedCurve};
pub use plugin::{DeclaredImage, Example, Manifest, Plugin, PluginList, PluginSummary, Tool};
pub use problem::{FieldError, Problem, ProblemKind};
pub use report::{KeptFile, Plot, Report, Series};
pub use reuse::{CallReuse, KeyPart, NearestCall, NoReuse};
pub use run::{NamedRun, NewRun, PluginRef, Run, RunError, RunErrorKind, RunOptions, RunState};
pub use run_list::{Estimate, RunCounts, RunList, RunSummary, RunTotal};
pub use run_patch::RunPatch;
pub use session::{SignIn, SignInWays};
pub use sharing::NewVisibility;
pub use shipped::{ShippedPlugin, ShippedPluginList};
pub use sweep::{
    MorePoints, NewSweep, Point, PointCounts, PointList, PointState, RangeScale, StopRule, Sweep,
    SweepEstimate, SweepLayout, SweepList, SweepMethod, SweepPreview, SweepState, SweepSummary, Variation,
    VariedParameter, VariedRange,
};
pub use sweep_point::SweepPoint;
pub use system::{Health, Lack, Limits, Node, Pool, Process, Runner, Stats, System};
pub use usage::{DailyUsage, QuotaState, Usage, UsageReport};

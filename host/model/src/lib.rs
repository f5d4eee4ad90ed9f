//! Domain types and pure rules of Simulay: no I/O, no HTTP, no SQL, no WIT types.
//!
//! The plugin's view (WIT), the wire view (HTTP JSON) and the stored view are three sets of types
//! elsewhere; these are the ones between.

mod account;
mod artifact;
mod asked;
mod audit;
mod bytes;
mod call;
mod chain;
mod change;
mod clash;
mod clock;
pub mod comparison;
pub mod curve;
mod decision;
mod description;
mod digest;
mod document;
mod error;
mod event;
mod id;
mod isolation;
mod label;
mod life;
mod manifest;
mod name;
mod path;
pub mod permissions;
mod plugin;
mod plugin_life;
mod principal;
mod process;
mod progress;
mod quota;
mod record;
pub mod reference;
mod report;
mod resources;
mod reuse;
mod run;
mod run_field;
mod run_name;
pub mod schema;
mod scope;
mod summary;
mod sweep;
mod sweep_point;
mod text;
mod token;
mod usage;
mod weight;

pub use account::{Account, AccountName, AccountNameError, Identity, Role};
pub use artifact::{Artifact, ArtifactKind, RunArtifact};
pub use asked::{AskedCall, PlacedFile};
pub use audit::{
    AuditAction, AuditChain, AuditEntry, AuditFault, AuditHead, AuditHeadError, AuditRecord, AuditResult,
    plain,
};
pub use call::{CallEnd, ContainerCall, ContainerResult, Ending, File, Omission, OnFailure, Source};
pub use chain::Chain;
pub use change::{Change, LogLevel, RunEnd, Stage};
pub use clash::Clash;
pub use clock::{Clock, ManualClock, SystemClock};
pub use decision::Decision;
pub use description::{Description, DescriptionChange, LabelsChange};
pub use digest::{Digest, DigestError, Hasher};
pub use document::Document;
pub use error::{ErrorKind, RunError};
pub use event::{CallEnded, CallStarted, CallSummary, Event, EventData, Logged, RunEnded, StepPlanned};
pub use id::{
    ContainerName, ContainerNameError, RunId, RunIdError, SweepId, SweepIdError, TokenId, TokenIdError,
};
pub use isolation::Isolation;
pub use label::{Label, LabelError, LabelKey, LabelValue, Labels};
pub use life::{Check, Disagreement, PluginEvent, PluginEventKind, PluginState, Visibility};
pub use manifest::{Example, Image, Manifest, ManifestError};
pub use name::{PluginName, PluginNameError};
pub use path::{MAX_PATH_BYTES, PathError, RelativePath};
pub use plugin::{Inspection, Plugin, PluginRef, PluginSummary, Tool, revision_of};
pub use plugin_life::{Grant, PluginChange, PluginEffects, PluginLife, PluginRefusal};
pub use principal::{OwnerFilter, Principal};
pub use process::{MissingPart, ProcessStatus, RunnerStatus};
pub use progress::{AttemptProgress, Effects, Head, Progress, Refusal};
pub use quota::{Quota, QuotaExceeded, QuotaOverrides, QuotaSetting, Quotas};
pub use record::CallRecord;
pub use report::{Failure, Next, Plot, Report, ReportFile, Request, Series, Step};
pub use resources::Resources;
pub use reuse::{CallKey, CallKeyError, CallPlace, KeyPart, KeyedCall, Offer};
pub use run::{Run, RunState, UnfinishedRun};
pub use run_field::{RunField, RunFieldError, RunPart, scalars};
pub use run_name::{RunName, RunNameError};
pub use scope::Scope;
pub use summary::RunSummary;
pub use sweep::{
    Bound, Design, Draft, Layout, Method, ParamPointer, ParamPointerError, PointCounts, Points, Range, Scale,
    StopRule, Sweep, SweepChange, SweepProgress, SweepRefusal, SweepSpec, SweepState, SweepSummary,
    Variation, Varied,
};
pub use sweep_point::SweepPoint;
pub use text::{TextError, check_text};
pub use token::{TOKEN_BYTES, Token, TokenKind, TokenSecret, TokenSecretError, without_tokens};
pub use usage::{
    DailyUsage, Month, MonthError, PresentUse, StartedAttempt, Usage, day_of, seconds_to_midnight,
};
pub use weight::Weight;

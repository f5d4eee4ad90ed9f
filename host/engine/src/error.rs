//! What the engine could not do, and why it refuses a request.

use std::error::Error;

use semver::Version;
use simulay_archives::ArchiveError;
use simulay_blobs::BlobError;
use simulay_model::permissions::PermissionIncrease;
use simulay_model::schema::FieldError;
use simulay_model::{PluginName, RunError, RunId, SweepRefusal};
use simulay_sandbox::InspectError;
use simulay_store::StoreError;

/// What the engine could not do.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store of records refuses it, or failed.
    #[error(transparent)]
    Records(#[from] StoreError),
    /// The store of blobs refuses it, or failed.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// Less is free than is kept for the work in hand.
    #[error(
        "{} MiB are free in the data directory, and {} MiB are kept for the work in hand",
        free >> 20,
        floor >> 20
    )]
    Low {
        /// Bytes that are free.
        free: u64,
        /// Bytes that stay free.
        floor: u64,
    },
    /// A part of the engine itself broke.
    #[error("a part of the engine broke")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

impl EngineError {
    /// A part of the engine itself broke.
    pub(crate) fn broken(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Broken(Box::new(cause))
    }

    /// True when stored bytes are not what they were.
    pub(crate) const fn is_damage(&self) -> bool {
        matches!(self, Self::Records(StoreError::Corrupt(_)) | Self::Blobs(BlobError::Corrupt(_)))
    }
}

/// What a port fails with is an error of the engine, also in a refusal.
macro_rules! carry_errors_of_ports {
    ($($refusal:ty),+) => {
        $(
            impl From<StoreError> for $refusal {
                fn from(error: StoreError) -> Self {
                    Self::Engine(error.into())
                }
            }

            impl From<BlobError> for $refusal {
                fn from(error: BlobError) -> Self {
                    Self::Engine(error.into())
                }
            }
        )+
    };
}

carry_errors_of_ports!(UploadError, ArchiveRefused, CreateError, LifeError, RepeatError, SweepError);

/// The manifest names images that are not registered: which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no image is registered as {}", .0.join(", "))]
pub struct UnknownImages(pub Vec<String>);

/// Why an upload is refused.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The component or its manifest is.
    #[error(transparent)]
    Refused(#[from] InspectError),
    /// It could not run here.
    #[error(transparent)]
    UnknownImages(#[from] UnknownImages),
    /// The principal is there for another pipeline.
    #[error("your token is for another pipeline than `{0}`")]
    OutsideScope(PluginName),
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why an archive of inputs is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveRefused {
    /// The archive is at fault, or is more than is taken.
    #[error(transparent)]
    Archive(ArchiveError),
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<ArchiveError> for ArchiveRefused {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Shelf(source) => match source.downcast::<EngineError>() {
                Ok(error) => Self::Engine(*error),
                Err(source) => Self::Archive(ArchiveError::Shelf(source)),
            },
            other => Self::Archive(other),
        }
    }
}

/// Why a request that may come again is refused.
#[derive(Debug, thiserror::Error)]
pub enum RepeatError {
    /// The first is still at work.
    #[error("a request with this key is being worked on; ask again when it has been answered")]
    InFlight,
    /// The first asked for something else.
    #[error("another request had this key; give each request a key of its own")]
    OtherRequest,
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a run is not accepted (or cannot be previewed).
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is no such pipeline or version.
    #[error("there is no pipeline `{0}`; `GET /v1/pipelines` lists what there is")]
    UnknownPipeline(String),
    /// The version takes no new runs, or no version of the pipeline does.
    #[error("{0}")]
    NotActive(String),
    /// Parameters break the plugin's schema; each place by JSON Pointer.
    #[error("the parameters are not valid")]
    ParamsInvalid(Vec<FieldError>),
    /// An input names bytes that were not uploaded, or two have one path: JSON Pointer and rule.
    #[error("{}", .0.message)]
    InputInvalid(FieldError),
    /// Too many runs wait.
    #[error("{0} runs are waiting or at work already; try again later")]
    QueueFull(usize),
    /// Too many requests wait to be checked against schemas.
    #[error("the server checks as many requests against schemas as it can; try again later")]
    TooBusy,
    /// Another request has the id that was chosen.
    #[error("another request has the id {0}; choose another")]
    IdTaken(RunId),
    /// The request came before, and cannot be answered like the first.
    #[error(transparent)]
    Repeat(#[from] RepeatError),
    /// The host is stopping.
    #[error("the host is stopping")]
    Draining,
    /// A preview failed as the run would: in `pre-process` or at the policy.
    #[error(transparent)]
    Preview(RunError),
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a sweep is not accepted, or stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The request makes no sense: JSON Pointer into it, and rule.
    #[error("{}", .0.message)]
    Invalid(FieldError),
    /// None of its runs would be accepted.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// Its owner has as many as one may that have not ended.
    #[error("{0} sweeps of yours have not ended; wait for some, or cancel them")]
    TooManyUnfinished(usize),
    /// Where it is in its life does not allow it.
    #[error(transparent)]
    Refused(#[from] SweepRefusal),
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<FieldError> for SweepError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error)
    }
}

/// Why there is no link to a run.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It would be taken for too long, or not at all.
    #[error("a link is taken for 1 second to 90 days")]
    Lifetime,
    /// The run has as many as it may.
    #[error("the run has {0} links already; revoke some")]
    TooMany(usize),
    /// Nobody is known by a token here.
    #[error("links are for a server that tells who asks: set `auth.mode = \"accounts\"`")]
    NoAccount,
    /// The machine gives no chance.
    #[error("the machine gives no random numbers")]
    Entropy(#[source] getrandom::Error),
    /// There is no such run; the engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a plugin stays where it is in its life.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// It asks for what was not approved: what.
    #[error("what the plugin asks for is not approved yet: {}", .0.iter().map(told).collect::<Vec<_>>().join(", "))]
    NeedsApproval(Vec<PermissionIncrease>),
    /// Whoever would approve it uploaded it.
    #[error(
        "you uploaded it yourself: another operator approves it; with `plugins.approve_own = true` you would"
    )]
    OwnUpload,
    /// It could not run here.
    #[error(transparent)]
    UnknownImages(#[from] UnknownImages),
    /// No version serves the pipeline.
    #[error("no release of the plugin is active")]
    NothingServed,
    /// Another version than the one named serves the pipeline: which.
    #[error("version {0} serves the pipeline")]
    OtherServed(Version),
    /// No other release than this is active.
    #[error("no release before {0} is active; activate one first")]
    NothingBefore(Version),
    /// The request came before, and cannot be answered like the first.
    #[error(transparent)]
    Repeat(#[from] RepeatError),
    /// Its examples cannot be run.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

fn told(more: &PermissionIncrease) -> String {
    let PermissionIncrease { what, before, now } = more;
    if before.is_null() { format!("{what} ({now})") } else { format!("{what} ({now}, before {before})") }
}

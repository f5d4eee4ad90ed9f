//! What happens to a run. Owns no technology: it is given a sandbox, containers and a store.

mod accept;
mod accounts;
mod active_time;
mod allowance;
mod among;
mod approval;
mod archive;
mod audit;
mod backoff;
mod call_key;
mod catalog;
mod checks;
mod clock_watch;
mod context;
mod description;
mod drive;
mod engine;
mod entropy;
mod error;
mod events;
mod exchange;
mod fair_queue;
mod fault;
mod file_names;
mod intake;
mod lease;
mod limits;
mod links;
mod logs;
mod memory;
mod metering;
mod news;
mod omission;
mod overview;
mod parsing;
mod parts;
mod pass;
mod passwords;
mod placing;
mod plan;
mod plugins;
mod quotas;
mod races;
mod reader;
mod readiness;
mod relayed;
mod repeat;
mod report;
mod request;
mod retention;
mod retry;
mod reuse;
mod runner;
mod runners;
mod sessions;
mod settings;
mod shared;
mod simulate;
mod stats;
mod storage;
mod sweeps;
mod trace;
mod upkeep;
mod upload;
mod verdict;

pub use accounts::{AccountError, Accounts, NewToken, draw_token};
pub use among::ReuseAmong;
pub use approval::{Approval, PluginPolicy};
pub use archive::ArchiveWriter;
pub use audit::AuditLog;
pub use backoff::Backoff;
pub use catalog::{Activation, Catalog, PluginDetails, RolledBack, Submission};
pub use clock_watch::ClockJump;
pub use description::DescribeError;
pub use engine::Engine;
pub use entropy::{Entropy, SystemEntropy};
pub use error::{
    ArchiveRefused, CreateError, EngineError, LifeError, LinkError, RepeatError, SweepError, UnknownImages,
    UploadError,
};
pub use intake::{Intake, Named};
pub use links::Links;
pub use logs::LogStream;
pub use metering::{AccountUsage, Load, Meter};
pub use news::{Cursor, News, NewsError, NewsStream, NoCursor};
pub use overview::{Estimate, Overview, Quartiles};
pub use parts::Parts;
pub use passwords::{HashingError, Password, PasswordRule};
pub use quotas::AccountQuotas;
pub use reader::{
    AtWorkLog, Compared, Comparison, KeptLog, Log, LogStart, Nearest, NotReused, Reader, ReuseTold,
};
pub use readiness::{Lack, Part};
pub use repeat::{AtWork, Beginning, Once};
pub use request::{NewInput, NewRun, Planned, Selector};
pub use retention::{Collected, RetentionPorts, RetentionRules, collect};
pub use runner::Runner;
pub use runners::Runners;
pub use sessions::{AccountChange, AccountCredentials, NewSession, Sessions, SignInError};
pub use settings::Settings;
pub use simulay_signals::{StreamName, UploadProgress, UploadStage};
pub use stats::Stats;
pub use sweeps::{
    Answering, CountedSweep, NewSweep, PointPage, SweepEstimate, SweepPointState, SweepPreview, Sweeps,
};
pub use upload::InputWriter;

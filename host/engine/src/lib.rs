//! What happens to a run. Owns no technology: it is given a sandbox, containers and a store.

mod accept;
mod approval;
mod backoff;
mod chance;
mod drive;
mod engine;
mod error;
mod events;
mod exchange;
mod hold;
mod limits;
mod logs;
mod parts;
mod plan;
mod plugins;
mod repeat;
mod request;
mod retry;
mod settings;
mod simulate;
mod sweep;
mod turns;
mod upkeep;
mod verdict;
mod work_time;

pub use approval::{Approval, PluginPolicy};
pub use backoff::Backoff;
pub use chance::{Chance, SystemChance};
pub use engine::{Activation, Engine, Named, PluginDetails, RolledBack, Stats, Submission};
pub use error::{CreateError, LifeError, UploadError};
pub use logs::{LogStream, StreamName};
pub use parts::Parts;
pub use repeat::{AtWork, Beginning, Once, RepeatError};
pub use request::{NewInput, NewRun, Planned, Selector};
pub use settings::Settings;

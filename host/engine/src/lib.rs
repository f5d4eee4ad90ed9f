//! What happens to a run. Owns no technology: it is given a sandbox, containers and a store.

mod accept;
mod approval;
mod drive;
mod engine;
mod error;
mod events;
mod exchange;
mod limits;
mod logs;
mod parts;
mod plan;
mod plugins;
mod request;
mod settings;
mod simulate;
mod verdict;

pub use approval::{Approval, PluginPolicy};
pub use engine::{Activation, Engine, PluginDetails, RolledBack, Stats, Submission};
pub use error::{CreateError, LifeError, UploadError};
pub use logs::{LogStream, StreamName};
pub use parts::Parts;
pub use request::{NewInput, NewRun, Planned, Selector};
pub use settings::Settings;

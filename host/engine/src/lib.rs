//! What happens to a run. Owns no technology: it is given a sandbox, containers and a store.

mod accept;
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

pub use engine::{Engine, Stats};
pub use error::{CreateError, UploadError};
pub use logs::{LogStream, StreamName};
pub use parts::Parts;
pub use request::{NewInput, NewRun, Planned, Selector};
pub use settings::Settings;

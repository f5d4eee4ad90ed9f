//! What happens to a run. Owns no technology: it is given a sandbox, containers and a store.

mod engine;
mod error;
mod settings;

pub use engine::{Engine, LogStream, NewInput, NewRun, Parts, Planned, Selector, Stats, StreamName};
pub use error::{CreateError, UploadError};
pub use settings::Settings;

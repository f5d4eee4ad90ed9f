//! Messages for the run's log. Outside the host they go nowhere.

#[cfg(target_family = "wasm")]
use crate::bindings::simulay::plugin::log::{Level, write};

/// Writes what a reader of the log wants to know.
pub fn info(message: &str) {
    #[cfg(target_family = "wasm")]
    write(Level::Info, message);
    #[cfg(not(target_family = "wasm"))]
    let _ = message;
}

/// Writes what a reader of the log should look at.
pub fn warn(message: &str) {
    #[cfg(target_family = "wasm")]
    write(Level::Warn, message);
    #[cfg(not(target_family = "wasm"))]
    let _ = message;
}

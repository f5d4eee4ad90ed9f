//! Messages for the run's log. In a test they go to its standard error.

#[cfg(target_family = "wasm")]
use crate::bindings::simulay::plugin::log::{Level, write};

/// Writes what helps to find a mistake.
pub fn debug(message: &str) {
    #[cfg(target_family = "wasm")]
    write(Level::Debug, message);
    #[cfg(not(target_family = "wasm"))]
    eprintln!("debug: {message}");
}

/// Writes what a reader of the log wants to know.
pub fn info(message: &str) {
    #[cfg(target_family = "wasm")]
    write(Level::Info, message);
    #[cfg(not(target_family = "wasm"))]
    eprintln!("info: {message}");
}

/// Writes what a reader of the log should look at.
pub fn warn(message: &str) {
    #[cfg(target_family = "wasm")]
    write(Level::Warn, message);
    #[cfg(not(target_family = "wasm"))]
    eprintln!("warn: {message}");
}

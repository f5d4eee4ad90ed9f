//! Writes to standard output and standard error. A reader that has gone is an error, not a panic.

use std::io::{self, Write as _};

use serde::Serialize;

use super::inert::{inert, inert_json};

/// Writes text without a line end to standard output.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(inert(text).as_bytes())?;
    out.flush()
}

/// Writes a line to standard output.
pub(crate) fn say(text: &str) -> io::Result<()> {
    print(&format!("{text}\n"))
}

/// Writes bytes as they are to standard output.
pub(crate) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes one document to standard output.
pub(crate) fn print_json(document: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document).map_err(io::Error::other)?;
    print_bytes(format!("{}\n", inert_json(&text)).as_bytes())
}

/// Writes one document on one line to standard output.
pub(crate) fn print_json_line(document: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(document).map_err(io::Error::other)?;
    print_bytes(format!("{}\n", inert_json(&text)).as_bytes())
}

/// Writes a line to standard error; there is nobody to tell when that fails.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", inert(text));
}

/// Tells something on standard error, as text or as a document.
pub(crate) fn remark(text: &str, json: bool) {
    if json {
        let document = serde_json::json!({ "note": text });
        let _ = writeln!(io::stderr().lock(), "{}", inert_json(&document.to_string()));
    } else {
        note(text);
    }
}

/// Tells on standard error what went wrong, as text or as a document.
pub(crate) fn complain(message: &str, json: bool) {
    if json {
        let document = serde_json::json!({ "error": { "message": message } });
        let _ = writeln!(io::stderr().lock(), "{}", inert_json(&document.to_string()));
    } else {
        note(&format!("simulay: {message}"));
    }
}

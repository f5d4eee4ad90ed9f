//! How a request is failed.

use std::fmt;
use std::time::Duration;

use crate::{Lie, Request};

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The connection ends before the daemon hears of it.
    LostRequest,
    /// The daemon does it; the connection ends without an answer.
    LostAnswer,
    /// Answered with 500; the daemon does not hear of it.
    ServerError,
    /// Answered with 409; the daemon does not hear of it.
    Conflict,
    /// The daemon does it; the answer is no HTTP body anyone expects.
    Garbage,
    /// The daemon does it; the answer is cut after its head.
    Cut,
    /// Answered late.
    Late(Duration),
    /// Never answered, for this long; then the connection ends.
    Hang(Duration),
    /// Answered, and not truly.
    Lie(Lie),
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LostRequest => formatter.write_str("lost request"),
            Self::LostAnswer => formatter.write_str("lost answer"),
            Self::ServerError => formatter.write_str("500"),
            Self::Conflict => formatter.write_str("409"),
            Self::Garbage => formatter.write_str("garbage"),
            Self::Cut => formatter.write_str("cut"),
            Self::Late(time) => write!(formatter, "{} s late", time.as_secs()),
            Self::Hang(time) => write!(formatter, "hangs {} s", time.as_secs()),
            Self::Lie(lie) => lie.fmt(formatter),
        }
    }
}

/// One request to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Method and path, as heard.
    pub request: Request,
    /// Which of these requests, from 1; every one of them without.
    pub nth: Option<usize>,
    /// How.
    pub mode: Mode,
}

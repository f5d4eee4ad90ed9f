//! How MongoDB is waited for, and what its errors mean: the same for records as for blobs.

use std::error::Error as StdError;
use std::time::Duration;

use mongodb::error::{Error, ErrorKind, WriteFailure};
use tokio::time::timeout;

/// No answer for so long is none: longer than any try again. The driver itself waits for ever for a server that is
/// there and silent.
const GONE: Duration = Duration::from_secs(30);

/// A unique index has such a key already.
pub const DUPLICATE_KEY: i32 = 11000;
/// The disk of the server is full.
const OUT_OF_DISK_SPACE: i32 = 14031;
/// The server ends, or another one is the primary by now.
const CHANGING: [i32; 7] = [91, 189, 10107, 11600, 11602, 13435, 13436];

/// Why work with MongoDB failed, as an error of a port keeps it.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// The server did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the MongoDB server does not answer")]
struct Silent;

/// What `work` gives, unless the server does not answer.
///
/// # Errors
/// Those of `work`; and when there was no answer for longer than any try again takes.
pub async fn bounded<T, E: From<Error>>(work: impl IntoFuture<Output = Result<T, E>>) -> Result<T, E> {
    timeout(GONE, work.into_future()).await.unwrap_or_else(|_| Err(Error::custom(Silent).into()))
}

/// Why something failed: the driver's own word for a server that does not answer says less.
#[must_use]
pub fn cause(error: Error) -> Cause {
    if error.get_custom::<Silent>().is_some() { Silent.into() } else { error.into() }
}

/// True when the disk of the server is full.
#[must_use]
pub fn is_full(error: &Error) -> bool {
    code(error) == Some(OUT_OF_DISK_SPACE)
}

/// True when a unique index refused a write.
#[must_use]
pub fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

/// True when the server is away for now: it was not found, or changes its state. Waiting may help then, and helps
/// against nothing else.
#[must_use]
pub fn is_away(error: &Error) -> bool {
    error.get_custom::<Silent>().is_some() || is_unreached(error)
}

fn is_unreached(error: &Error) -> bool {
    let unreached = matches!(
        *error.kind,
        ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
    );
    unreached || code(error).is_some_and(|code| CHANGING.contains(&code))
}

/// The server's code of an error.
fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        ErrorKind::InsertMany(error) => error.write_errors.as_ref()?.first().map(|error| error.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_fails_what_is_asked_of_it() {
        let never = std::future::pending::<Result<(), Error>>();
        let error = bounded(never).await.unwrap_err();
        assert!(is_away(&error));
        assert_eq!(cause(error).to_string(), "the MongoDB server does not answer");
    }

    #[test]
    fn waiting_helps_against_nothing_else() {
        assert!(!is_away(&Error::custom("something else")));
    }
}

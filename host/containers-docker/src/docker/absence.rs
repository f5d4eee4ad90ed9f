//! Why nobody answers, in plain words: the libraries below name themselves before the cause.

use std::error::Error;
use std::io::{self, ErrorKind};

use bollard::errors::Error as DockerError;

/// What keeps Docker from answering.
pub(crate) fn in_words(error: &DockerError) -> String {
    match error {
        DockerError::RequestTimeoutError => "no answer in time".to_owned(),
        DockerError::IOError { err } => of_connection(err),
        error => {
            let cause = first_cause(error);
            cause.downcast_ref().map_or_else(|| cause.to_string(), of_connection)
        }
    }
}

/// The error that led to all the others.
fn first_cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}

fn of_connection(error: &io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such socket",
        ErrorKind::ConnectionRefused => "the connection is refused; nobody listens there",
        ErrorKind::PermissionDenied => "this user has no right to use the socket",
        ErrorKind::TimedOut => "no connection in time",
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
            "the connection broke off"
        }
        _ => return error.to_string(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(kind: ErrorKind) -> String {
        in_words(&DockerError::IOError { err: kind.into() })
    }

    #[test]
    fn the_cause_is_told_and_not_who_met_it() {
        assert_eq!(words(ErrorKind::NotFound), "there is no such socket");
        assert!(words(ErrorKind::ConnectionRefused).contains("refused"));
        assert_eq!(words(ErrorKind::PermissionDenied), "this user has no right to use the socket");
        assert_eq!(in_words(&DockerError::RequestTimeoutError), "no answer in time");
        let strange = DockerError::IOError { err: io::Error::other("invalid peer certificate") };
        assert_eq!(in_words(&strange), "invalid peer certificate");
    }
}

//! Why a container call could not be carried out. How a command ended is no error: see `Ending`.

mod io_error;

use serde::{Deserialize, Serialize};

/// One variant per cause a caller can act on.
#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ContainerError {
    /// The call asks for what is not allowed.
    #[error("`{field}`: {rule}")]
    SpecDenied {
        /// Field of the call, e.g. `command[3]`.
        field: String,
        /// The rule, in words.
        rule: String,
    },
    /// The image is not in the operator's list, or the manifest does not declare it.
    #[error("image `{image}` is not allowed: {rule}")]
    ImageNotAllowed {
        /// Logical name.
        image: String,
        /// Which list lacks it, and the cure.
        rule: String,
    },
    /// The image is in the list and Docker does not have it.
    #[error("image `{image}` is registered as {id}, which {} not have; {}", who(.nodes), cure(.nodes))]
    ImageUnavailable {
        /// Logical name.
        image: String,
        /// Image ID.
        id: String,
        /// Names of the nodes that lack it, where there are several.
        #[serde(default)]
        nodes: Vec<String>,
    },
    /// The node takes no such call now; nothing was started.
    #[error("there is no room for the call: {0}")]
    NoRoom(String),
    /// The command cannot be started, e.g. its program is not in the image.
    #[error("the command cannot be started: {0}")]
    CommandRefused(String),
    /// The image carries the init of another version of Simulay.
    #[error(
        "image `{image}` was registered by another version of Simulay; register it again with \
         `simulay images refresh`, or with `simulay images register {image} IMAGE`"
    )]
    ForeignInit {
        /// Logical name.
        image: String,
    },
    /// The input files do not fit into the working directory.
    #[error("the input files do not fit into {0} MiB of scratch space")]
    InputsTooLarge(u32),
    /// The container ended without a result, or is gone.
    #[error("the container was lost: {0}")]
    Lost(String),
    /// Docker does not answer, or not as it should.
    #[error("Docker is not available: {0}")]
    Unavailable(String),
    /// The caller's side of the exchange failed (a full disk, a missing artifact).
    #[error("the host could not read or store a file")]
    Exchange(
        #[source]
        #[serde(with = "io_error")]
        std::io::Error,
    ),
    /// The caller cancelled; the container is gone.
    #[error("cancelled")]
    Cancelled,
    /// Whoever executes the calls is closed; the container goes on.
    #[error("no container calls are executed here any more")]
    Closed,
    /// Someone with a newer lease of the run, or a newer attachment to the container, sees to it; the container
    /// goes on.
    #[error("someone else has the container since")]
    Fenced,
}

impl ContainerError {
    /// True when a call that ended so left no container.
    #[must_use]
    pub const fn leaves_nothing(&self) -> bool {
        !matches!(self, Self::Closed | Self::Unavailable(_) | Self::Fenced)
    }
}

fn who(nodes: &[String]) -> String {
    if nodes.is_empty() {
        "Docker does".to_owned()
    } else {
        format!("the nodes {} do", shown(&nodes.join(", ")))
    }
}

const fn cure(nodes: &[String]) -> &'static str {
    if nodes.is_empty() { "register it again" } else { "push it to a registry, or copy it there" }
}

/// Text from outside as it may appear in a message: short, and without what a terminal obeys.
#[must_use]
pub fn shown(text: &str) -> String {
    const LENGTH: usize = 300;
    let plain = |c| match c {
        '"' | '\'' | '\\' => String::from(c),
        _ => c.escape_debug().to_string(),
    };
    text.chars().take(LENGTH).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn errors_are_the_same_in_another_process() {
        let exchange = |kind| ContainerError::Exchange(io::Error::new(kind, "why"));
        for error in [
            ContainerError::SpecDenied { field: "env[1]".to_owned(), rule: "no".to_owned() },
            ContainerError::InputsTooLarge(7),
            ContainerError::Lost("gone".to_owned()),
            ContainerError::NoRoom("full".to_owned()),
            ContainerError::Cancelled,
            ContainerError::Fenced,
            exchange(io::ErrorKind::NotFound),
            exchange(io::ErrorKind::StorageFull),
            exchange(io::ErrorKind::InvalidData),
            exchange(io::ErrorKind::Other),
        ] {
            let there = serde_json::from_str(&serde_json::to_string(&error).unwrap()).unwrap();
            match (&error, &there) {
                (ContainerError::Exchange(here), ContainerError::Exchange(there)) => {
                    assert_eq!((here.kind(), here.to_string()), (there.kind(), there.to_string()));
                }
                _ => assert_eq!(error.to_string(), there.to_string()),
            }
        }
    }
}

//! Whether a process can work: what of it is out of reach.

use std::time::Duration;

use simulay_model::{Chain, Digest, OwnerFilter};

use crate::shared::Shared;

/// For one part to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// A part that a process works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The process itself.
    Host,
    /// The records.
    Store,
    /// Hints from other processes.
    Signals,
    /// The bytes.
    Blobs,
    /// Room on the disk.
    Disk,
    /// The processes that work on runs, with the nodes behind them.
    Runners,
    /// Docker, or the nodes that have it.
    Containers,
}

/// What keeps a process from working, or slows it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// What is out of reach.
    pub part: Part,
    /// In words, for whoever looks after it.
    pub why: String,
    /// False when the process goes on without it, only later.
    pub needed: bool,
}

impl Part {
    /// Its name, for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Store => "store",
            Self::Signals => "signals",
            Self::Blobs => "blobs",
            Self::Disk => "disk",
            Self::Runners => "runners",
            Self::Containers => "containers",
        }
    }
}

impl Shared {
    /// All that is out of reach. Each part has a few seconds to answer.
    pub(crate) async fn lacks(&self) -> Vec<Lack> {
        let at_work = if self.settings.runs_elsewhere { Part::Runners } else { Part::Containers };
        let (store, blobs, room, containers) = tokio::join!(
            Lack::of(Part::Store, self.parts.runs.count_unfinished(&OwnerFilter::Any, 1)),
            Lack::of(Part::Blobs, self.parts.blobs.size(Digest::of(b""))),
            Lack::of(Part::Disk, self.check_room()),
            Lack::of(at_work, self.parts.containers.ping()),
        );
        let stopping = self.shutdown.is_cancelled();
        let host = stopping.then(|| Lack::new(Part::Host, "the host is stopping"));
        let silent = !self.parts.signals.is_connected();
        let why = "nothing is heard of other processes; all goes on, and later";
        let signals = silent.then(|| Lack::new(Part::Signals, why));
        let lacks = [host, signals, store, blobs, room, containers].into_iter().flatten();
        lacks.map(|lack| Lack { needed: self.needs(lack.part), ..lack }).collect()
    }

    /// Who works on no runs goes on telling of them when there is no room for more, and nobody to work on them.
    fn needs(&self, part: Part) -> bool {
        match part {
            Part::Host | Part::Store | Part::Blobs => true,
            Part::Disk | Part::Containers => !self.settings.runs_elsewhere,
            Part::Signals | Part::Runners => false,
        }
    }
}

impl Lack {
    fn new(part: Part, why: &str) -> Self {
        Self { part, why: why.to_owned(), needed: true }
    }

    /// What `part`, which is needed, answers to `asked`, when it is an error or takes more than a few seconds.
    pub async fn of<T, E>(part: Part, asked: impl Future<Output = Result<T, E>>) -> Option<Self>
    where
        E: std::error::Error + 'static,
    {
        let why = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(_)) => return None,
            Ok(Err(error)) => {
                tracing::info!(part = part.as_str(), error = %Chain(&error), "not ready");
                error.to_string()
            }
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        Some(Self { part, why, needed: true })
    }
}

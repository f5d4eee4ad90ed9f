//! Streams of calls, wherever they are: in this process, told by another, or kept.

use std::ops::Range;
use std::sync::Arc;

use futures_util::stream;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use simulay_model::{Artifact, CallEnd, ContainerName, Digest, OwnerFilter, Principal, RunId};
use simulay_signals::{Heard, LogName, Topic};
use simulay_store::StoreError;
use tokio::time::timeout;

use super::Reader;
use crate::lease::may_pass;
use crate::logs::LiveLog;
use crate::{EngineError, LogStream, StreamName, events, relayed};

/// A stream of the newest attempt at a call.
pub enum Log {
    /// The attempt is over.
    Kept(KeptLog),
    /// It is not.
    AtWork(AtWorkLog),
}

/// A stream that is over.
pub struct KeptLog {
    reader: Reader,
    attempt: u32,
    /// None of a stream that said nothing.
    blob: Option<Artifact>,
}

/// A stream that goes on, in this process, in another, or nowhere yet.
pub struct AtWorkLog {
    reader: Reader,
    wanted: Wanted,
    attempt: u32,
    here: Option<Arc<LiveLog>>,
}

/// Where a stream is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStart {
    /// From this byte on, which may be still to come.
    At(u64),
    /// From so many bytes before the last by now.
    Last(u64),
}

impl LogStart {
    /// The byte, of a stream that is so long.
    #[must_use]
    pub const fn of(self, length: u64) -> u64 {
        match self {
            Self::At(byte) => byte,
            Self::Last(bytes) => length.saturating_sub(bytes),
        }
    }
}

/// A stream of a call, of a run whose owner the filter admits.
struct Wanted {
    owner: OwnerFilter,
    run: RunId,
    step: u32,
    index: u32,
    name: StreamName,
}

impl Wanted {
    /// Of an attempt at the call.
    const fn log(&self, attempt: u32) -> LogName {
        let container = ContainerName { run: self.run, step: self.step, call: self.index, attempt };
        LogName { container, stream: self.name }
    }
}

/// What is stored of a stream of a call.
struct StoredLog {
    /// The newest attempt at the call.
    attempt: u32,
    content: StoredContent,
}

impl StoredLog {
    const fn is_at_work(&self) -> bool {
        matches!(self.content, StoredContent::None)
    }
}

enum StoredContent {
    /// The attempt has not ended.
    None,
    Empty,
    Blob(Artifact),
}

/// What is kept of a stream that is over.
struct Kept(Option<Artifact>);

impl Log {
    /// Which attempt said it, from 0.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        match self {
            Self::Kept(log) => log.attempt,
            Self::AtWork(log) => log.attempt,
        }
    }
}

impl KeptLog {
    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.blob.as_ref().map_or(0, |blob| blob.size)
    }

    /// The digest of its bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.blob.as_ref().map_or_else(|| Digest::of(b""), |blob| blob.sha256)
    }

    /// The bytes in `range`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn read(self, range: Range<u64>) -> Result<LogStream, EngineError> {
        match &self.blob {
            Some(blob) => self.reader.stored_log(blob, range).await,
            None => Ok(stream::empty().boxed()),
        }
    }
}

impl AtWorkLog {
    /// The bytes from `start` on until the call ends, and the place of the first. Of a call that waits for its turn
    /// they come once it has had it.
    pub async fn follow(self, start: LogStart) -> (u64, LogStream) {
        let from = start.of(self.length(start).await);
        let Self { reader, wanted, attempt, here } = self;
        let log = match here {
            Some(log) => reader.log_here(&log, wanted, attempt, from),
            None if reader.shared.parts.relay.is_some() => reader.log_elsewhere(wanted, attempt, from),
            None => reader.log_to_come(wanted, attempt, from),
        };
        (from, log)
    }

    /// How much was said by now, when `start` depends on it.
    async fn length(&self, start: LogStart) -> u64 {
        match (start, &self.here, &self.reader.shared.parts.relay) {
            (LogStart::Last(_), Some(log), _) => log.length() as u64,
            (LogStart::Last(_), None, Some(relay)) => relay.told(self.wanted.log(self.attempt)).await,
            _ => 0,
        }
    }
}

impl Reader {
    /// A stream of the newest attempt at a call.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such call.
    pub async fn log(
        &self,
        principal: &Principal,
        run: RunId,
        (step, index): (u32, u32),
        name: StreamName,
    ) -> Result<Log, EngineError> {
        let wanted = Wanted { owner: principal.visible(), run, step, index, name };
        let mut stored = self.stored(&wanted).await?;
        let mut here = self.shared.logs.get(wanted.log(stored.attempt));
        if here.is_none() && stored.is_at_work() {
            // It may have ended since, or be tried again.
            stored = self.stored(&wanted).await?;
            here = self.shared.logs.get(wanted.log(stored.attempt));
        }
        let StoredLog { attempt, content } = stored;
        let kept = |blob| Log::Kept(KeptLog { reader: self.clone(), attempt, blob });
        Ok(match content {
            StoredContent::Empty => kept(None),
            StoredContent::Blob(blob) => kept(Some(blob)),
            StoredContent::None => Log::AtWork(AtWorkLog { reader: self.clone(), wanted, attempt, here }),
        })
    }

    /// A stream of an attempt at work in this process, from byte `from` on.
    fn log_here(&self, log: &Arc<LiveLog>, wanted: Wanted, attempt: u32, from: u64) -> LogStream {
        let (reader, position) = (self.clone(), usize::try_from(from).unwrap_or(usize::MAX));
        log.follow(position, move |from| {
            std::future::ready(Ok(reader.log_elsewhere(wanted, attempt, from as u64)))
        })
    }

    /// A stream of an attempt that waits for its turn, from byte `from` on; what is kept of it, when it has had it
    /// before anyone looked.
    fn log_to_come(&self, wanted: Wanted, attempt: u32, from: u64) -> LogStream {
        let reader = self.clone();
        let begun = async move {
            let mut signals = reader.shared.parts.signals.subscribe(Topic::Run(wanted.run));
            loop {
                signals.forget();
                if let Some(log) = reader.shared.logs.get(wanted.log(attempt)) {
                    return Ok(reader.log_here(&log, wanted, attempt, from));
                }
                if let Some(Kept(kept)) = reader.kept_by_now(&wanted, attempt).await? {
                    let Some(blob) = kept else { return Ok(stream::empty().boxed()) };
                    return reader.stored_log(&blob, from.min(blob.size)..blob.size).await;
                }
                if timeout(events::LOOK, signals.next()).await == Ok(Heard::Closed) {
                    tokio::time::sleep(events::LOOK).await;
                }
            }
        };
        stream::once(begun).try_flatten().boxed()
    }

    /// A stream of an attempt from byte `from` on, as another process tells it, and the rest when it is over.
    fn log_elsewhere(&self, wanted: Wanted, attempt: u32, from: u64) -> LogStream {
        let relay = self.shared.parts.relay.as_ref();
        let pieces = relay.map_or(stream::empty().boxed(), |relay| relay.follow(wanted.log(attempt), from));
        let (reader, ending) = (self.clone(), self.clone());
        let end = async move { ending.end_of_log(&wanted, attempt).await }.boxed();
        let kept = |blob: Artifact, from| async move { reader.stored_log(&blob, from..blob.size).await };
        relayed::follow(pieces, from, end, kept)
    }

    /// Waits until the attempt is over, and gives what is kept of the stream.
    async fn end_of_log(&self, wanted: &Wanted, attempt: u32) -> Result<Option<Artifact>, EngineError> {
        let mut signals = self.shared.parts.signals.subscribe(Topic::Run(wanted.run));
        loop {
            signals.forget();
            match self.kept_by_now(wanted, attempt).await {
                Ok(Some(Kept(kept))) => return Ok(kept),
                // The store may answer later.
                Err(EngineError::Records(error)) if may_pass(&error) => {
                    tokio::time::sleep(events::LOOK).await
                }
                Err(error) => return Err(error),
                Ok(None) => {
                    if timeout(events::LOOK, signals.next()).await == Ok(Heard::Closed) {
                        tokio::time::sleep(events::LOOK).await;
                    }
                }
            }
        }
    }

    /// What is kept of the stream; nothing while the attempt is not over.
    async fn kept_by_now(&self, wanted: &Wanted, attempt: u32) -> Result<Option<Kept>, EngineError> {
        let log = self.stored(wanted).await?;
        Ok(match log.content {
            // Of an attempt that another follows nothing is kept.
            _ if log.attempt != attempt => Some(Kept(None)),
            StoredContent::Blob(blob) => Some(Kept(Some(blob))),
            StoredContent::Empty => Some(Kept(None)),
            StoredContent::None => self.is_over(wanted).await?.then_some(Kept(None)),
        })
    }

    async fn is_over(&self, wanted: &Wanted) -> Result<bool, EngineError> {
        let run = self.shared.parts.runs.summary(&wanted.owner, wanted.run).await?;
        Ok(run.is_none_or(|run| run.state.is_end()))
    }

    async fn stored_log(&self, blob: &Artifact, range: Range<u64>) -> Result<LogStream, EngineError> {
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let part = (range != (0..blob.size)).then_some(range);
        let content = self.shared.parts.blobs.read(blob.sha256, part).await?;
        Ok(content.map_err(EngineError::from).boxed())
    }

    async fn stored(&self, wanted: &Wanted) -> Result<StoredLog, EngineError> {
        let Wanted { owner, run, step, index, name } = wanted;
        let record = self.shared.parts.journal.call(owner, *run, *step, *index).await?;
        let record = record.ok_or(StoreError::NotFound)?;
        let artifact = match record.end {
            Some(CallEnd::Result(result)) => match name {
                StreamName::Stdout => result.stdout_log,
                StreamName::Stderr => result.stderr_log,
            },
            Some(CallEnd::Error(_)) => None,
            None => return Ok(StoredLog { attempt: record.attempt, content: StoredContent::None }),
        };
        let content = artifact.map_or(StoredContent::Empty, StoredContent::Blob);
        Ok(StoredLog { attempt: record.attempt, content })
    }
}

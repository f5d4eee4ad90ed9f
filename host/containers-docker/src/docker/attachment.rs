//! The two directions of an attachment to a container, as frames.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::errors::Error;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use simulay_init::frames::{Decoder, FrameError, Order, PROTOCOL, Phase, Report, SYNC, encode};
use tokio::io::{AsyncWrite, AsyncWriteExt as _, BufWriter};
use uuid::Uuid;

/// An attachment that is lost, or on which the other side makes no sense; in words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Cut(pub(super) String);

/// Who answered a greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeted {
    /// An init that speaks as this host does, and where its job is.
    Init(Phase),
    /// An init of another host.
    Foreign,
}

/// Bytes that go to init in one piece, two of a file with their frames: each piece wakes everybody on its way.
const BUFFER: usize = 130 << 10;
/// For init to take a frame.
const PATIENCE: Duration = Duration::from_secs(60);

/// What init says.
pub(super) struct Reader {
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>,
    decoder: Decoder<Report>,
    ready: VecDeque<Result<Report, FrameError>>,
}

/// What init is told.
pub(super) struct Writer {
    input: BufWriter<Pin<Box<dyn AsyncWrite + Send>>>,
}

/// Both directions.
pub(super) struct Attached {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    /// Where the job is, once init has said so to who is attached.
    pub(super) phase: Option<Phase>,
    /// By which init was greeted last.
    pub(super) session: u64,
}

impl From<AttachContainerResults> for Attached {
    fn from(attached: AttachContainerResults) -> Self {
        let reader = Reader { output: attached.output, decoder: Decoder::default(), ready: VecDeque::new() };
        let input = BufWriter::with_capacity(BUFFER, attached.input);
        Self { reader, writer: Writer { input }, phase: None, session: 0 }
    }
}

impl Attached {
    /// Asks init where its job is, for as long as `patience`.
    pub(super) async fn ask(&mut self, patience: Duration) -> Result<Greeted, Cut> {
        let session = session();
        let asked = async {
            self.writer.greet(session).await?;
            self.reader.welcome(session).await
        };
        let silent = |_| Err(Cut("simulay-init does not answer".to_owned()));
        let greeted = tokio::time::timeout(patience, asked).await.unwrap_or_else(silent)?;
        if let Greeted::Init(phase) = greeted {
            (self.phase, self.session) = (Some(phase), session);
        }
        Ok(greeted)
    }

    /// Whether the init of the container that is `called` so says within `patience` that it has no job.
    pub(super) async fn waits(&mut self, called: &str, patience: Duration) -> bool {
        let answer = self.ask(patience).await;
        let waits = matches!(answer, Ok(Greeted::Init(Phase::Idle)));
        if !waits {
            tracing::info!(container = called, ?answer, "a container waits no more");
        }
        waits
    }

    /// False when it is over, or init has said something since it was heard last. Does not wait.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.reader.ready.is_empty() && self.reader.output.next().now_or_never().is_none()
    }

    /// Asks init whose job it has, for as long as `patience`; none when it has none, or is of another host.
    pub(super) async fn whose(&mut self, patience: Duration) -> Result<Option<String>, Cut> {
        match self.ask(patience).await? {
            Greeted::Init(Phase::Running | Phase::Ended) => {}
            Greeted::Init(Phase::Idle) | Greeted::Foreign => return Ok(None),
        }
        let told = tokio::time::timeout(patience, self.reader.serves()).await;
        told.unwrap_or_else(|_| Err(Cut("simulay-init does not say whose job it has".to_owned()))).map(Some)
    }

    /// Has init start a command ahead, by `order`, for as long as `patience`; true when it waits.
    pub(super) async fn boot(&mut self, order: &Order, patience: Duration) -> Result<bool, Cut> {
        let booted = async {
            self.writer.say(order).await?;
            self.reader.booted().await
        };
        let silent = |_| Err(Cut("simulay-init does not say whether the command waits".to_owned()));
        tokio::time::timeout(patience, booted).await.unwrap_or_else(silent)
    }

    /// Tells init that everything handed back is safe.
    pub(super) async fn acknowledge(&mut self) -> Result<(), Cut> {
        self.writer.say(&Order::Ack).await
    }

    /// Has init make the container as it was before its job; true when it is, within `patience`.
    pub(super) async fn reset(&mut self, patience: Duration) -> Result<bool, Cut> {
        let again = async {
            self.writer.say(&Order::Reset).await?;
            let greeted = self.reader.welcome(self.session).await?;
            Ok(greeted == Greeted::Init(Phase::Idle) && self.reader.booted().await?)
        };
        let silent = |_| Err(Cut("simulay-init does not say that all is as before".to_owned()));
        let is_so = tokio::time::timeout(patience, again).await.unwrap_or_else(silent)?;
        self.phase = is_so.then_some(Phase::Idle);
        Ok(is_so)
    }
}

impl Reader {
    /// The next report.
    pub(super) async fn next(&mut self) -> Result<Report, Cut> {
        self.next_frame().await?.map_err(|error| Cut(error.to_string()))
    }

    /// Waits until init says whether a command waits.
    async fn booted(&mut self) -> Result<bool, Cut> {
        loop {
            match self.next().await? {
                Report::Booted => return Ok(true),
                Report::NotBooted => return Ok(false),
                _ => {}
            }
        }
    }

    /// Waits until init says whose job it has.
    async fn serves(&mut self) -> Result<String, Cut> {
        loop {
            if let Report::Serves { attempt } = self.next().await? {
                return Ok(attempt);
            }
        }
    }

    /// Waits for the answer to the greeting with `session`; what came before was for another.
    pub(super) async fn welcome(&mut self, session: u64) -> Result<Greeted, Cut> {
        loop {
            match self.next_frame().await? {
                Ok(Report::Welcome { session: echoed, phase, protocol: PROTOCOL }) if echoed == session => {
                    return Ok(Greeted::Init(phase));
                }
                Ok(
                    Report::Welcome { session: echoed, .. }
                    | Report::UnversionedWelcome { session: echoed, .. },
                ) if echoed == session => return Ok(Greeted::Foreign),
                _ => {}
            }
        }
    }

    async fn next_frame(&mut self) -> Result<Result<Report, FrameError>, Cut> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(frame);
            }
            match self.output.next().await {
                Some(Ok(LogOutput::StdOut { message })) => self.ready.extend(self.decoder.feed(&message)),
                Some(Ok(LogOutput::StdErr { message })) => {
                    tracing::debug!(said = %message.escape_ascii(), "simulay-init complains");
                }
                Some(Ok(LogOutput::StdIn { .. } | LogOutput::Console { .. })) => {}
                Some(Err(error)) => return Err(Cut(error.to_string())),
                None => return Err(Cut("the attachment ended".to_owned())),
            }
        }
    }
}

impl Writer {
    /// Begins a session, whatever an earlier attachment may have left unfinished.
    pub(super) async fn greet(&mut self, session: u64) -> Result<(), Cut> {
        taken(self.input.write_all(SYNC)).await?;
        self.say(&Order::Hello { session }).await
    }

    /// Sends one order, and those before it.
    pub(super) async fn say(&mut self, order: &Order) -> Result<(), Cut> {
        self.say_before(order).await?;
        taken(self.input.flush()).await
    }

    /// Sends one order at the latest with the next one that is said.
    pub(super) async fn say_before(&mut self, order: &Order) -> Result<(), Cut> {
        let frame = encode(order).map_err(|error| Cut(error.to_string()))?;
        taken(self.input.write_all(&frame)).await
    }

    /// The same, with the content that goes behind it.
    pub(super) async fn say_with(&mut self, order: &Order, content: &[u8]) -> Result<(), Cut> {
        self.say_before(order).await?;
        taken(self.input.write_all(content)).await
    }
}

/// In time, or not at all.
async fn taken(written: impl Future<Output = io::Result<()>>) -> Result<(), Cut> {
    match tokio::time::timeout(PATIENCE, written).await {
        Ok(written) => written.map_err(|error| Cut(error.to_string())),
        Err(_) => Err(Cut("simulay-init takes no orders".to_owned())),
    }
}

/// By which an attachment is told from those before it.
pub(super) fn session() -> u64 {
    Uuid::new_v4().as_u64_pair().0
}

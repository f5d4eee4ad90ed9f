//! One attachment's talk with init, from greeting to the last output.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use simulay_containers::{Admitted, ContainerError, Exchange, Omitted};
use simulay_init::frames::{Exit, Phase, Report};
use simulay_model::ContainerName;
use tokio::time::Instant;

use super::attachment::{Attached, Cut, Greeted, Reader, Writer, session};
use super::daemon::Ran;
use super::receiving::{Progress, Receipt, ReceiveError};
use super::sending::{self, SendError};

/// Silence this long is looked into.
const SILENCE: Duration = Duration::from_secs(30);
/// Silences in a row after which init counts as stuck where it should speak.
const MAX_SILENCES: u32 = 2;
/// For init to answer a greeting before the container is looked at.
const GREETING: Duration = Duration::from_secs(2);
const MAX_GREETINGS: u32 = 30;
/// For init to end and report a command whose time and grace are over.
const MARGIN: Duration = Duration::from_secs(20);

/// What a job is and what is known of it across attachments.
pub(super) struct Job<'a> {
    /// Of which attempt.
    pub(super) name: ContainerName,
    pub(super) call: &'a Admitted,
    pub(super) env: Vec<(String, String)>,
    pub(super) exchange: &'a dyn Exchange,
    /// Where it runs, as long as that is known without asking.
    pub(super) ran: Option<Ran>,
    /// When the command was first known to run.
    pub(super) running_since: Option<Instant>,
    /// Whether init answered the last greeting.
    pub(super) answered: bool,
}

/// What came of a conversation.
#[derive(Debug)]
pub(super) enum Heard {
    /// Everything.
    Done(Exit, Omitted),
    /// The command should be over long since, and init, asked anew, says that it runs.
    Overdue,
    /// Not everything.
    Cut(String),
}

impl Job<'_> {
    /// Talks with init over `attached`. `alive` tells whether the container runs, as far as known.
    pub(super) async fn converse<A, F>(
        &mut self,
        attached: &mut Attached,
        alive: A,
    ) -> Result<Heard, ContainerError>
    where
        A: Fn() -> F + Sync,
        F: Future<Output = bool> + Send,
    {
        self.converse_as(session(), attached, alive).await
    }

    async fn converse_as<A, F>(
        &mut self,
        session: u64,
        attached: &mut Attached,
        alive: A,
    ) -> Result<Heard, ContainerError>
    where
        A: Fn() -> F + Sync,
        F: Future<Output = bool> + Send,
    {
        self.answered = false;
        let phase = attached.phase.take();
        let Attached { reader, writer, session: known, .. } = attached;
        let greeted = match phase {
            Some(phase) => Ok(Greeted::Init(phase)),
            None => {
                *known = session;
                greet(reader, writer, session, &alive).await
            }
        };
        let phase = match greeted {
            Ok(Greeted::Init(phase)) => phase,
            Ok(Greeted::Foreign) => {
                return Err(ContainerError::ForeignInit { image: self.call.image_name().to_owned() });
            }
            Err(Cut(reason)) => return Ok(Heard::Cut(reason)),
        };
        self.answered = true;
        if phase == Phase::Running && self.is_overdue() {
            return Ok(Heard::Overdue);
        }
        let sent = AtomicBool::new(phase != Phase::Idle);
        if phase != Phase::Idle {
            self.running_since.get_or_insert_with(Instant::now);
            return self.hear(reader, &sent, alive).await;
        }
        let (name, call, env, exchange) = (self.name, self.call, self.env.clone(), self.exchange);
        let sending = async {
            let outcome = sending::send(writer, (name, call), env, exchange).await;
            sent.store(true, Ordering::Relaxed);
            outcome
        };
        let hearing = self.hear(reader, &sent, alive);
        tokio::pin!(sending, hearing);
        tokio::select! {
            heard = &mut hearing => return heard,
            sent = &mut sending => match sent {
                Ok(()) => {}
                Err(SendError::Final(error)) => return Err(error),
                // Init may have said why before it stopped listening; else the silence will tell.
                Err(SendError::Cut(Cut(reason))) => tracing::debug!(reason, "the job was not sent"),
            }
        }
        hearing.await
    }

    async fn hear<A, F>(
        &mut self,
        reader: &mut Reader,
        sent: &AtomicBool,
        alive: A,
    ) -> Result<Heard, ContainerError>
    where
        A: Fn() -> F + Sync,
        F: Future<Output = bool> + Send,
    {
        let mut receipt = Receipt::new(self.call, self.exchange);
        let mut ended = false;
        let mut silences = 0;
        loop {
            let until = self.silence_ends(ended);
            match tokio::time::timeout_at(until, reader.next()).await {
                Ok(Ok(report)) => {
                    silences = 0;
                    if let Report::Serves { attempt } = &report
                        && *attempt != self.name.to_string()
                    {
                        return Ok(Heard::Cut(format!("the container serves {attempt:?}")));
                    }
                    if report == Report::Started {
                        self.running_since.get_or_insert_with(Instant::now);
                    }
                    match receipt.take(report).await {
                        Ok(Progress::Done(exit)) => return Ok(Heard::Done(exit, receipt.omitted())),
                        Ok(progress) => ended = progress == Progress::Ended,
                        Err(ReceiveError::Final(error)) => return Err(error),
                        Err(ReceiveError::Cut(Cut(reason))) => return Ok(Heard::Cut(reason)),
                    }
                }
                Ok(Err(Cut(reason))) => return Ok(Heard::Cut(reason)),
                // The silence may be the daemon's: a new attachment hears what this one did not.
                Err(_) if !ended && self.is_overdue() => {
                    return Ok(Heard::Cut("the command is overdue: asking anew".to_owned()));
                }
                Err(_) if !alive().await => return Ok(Heard::Cut("the container stopped".to_owned())),
                Err(_) => {
                    let at_work = self.running_since.is_some() && !ended;
                    silences += u32::from(!at_work && sent.load(Ordering::Relaxed));
                    if silences >= MAX_SILENCES {
                        return Ok(Heard::Cut("simulay-init is silent".to_owned()));
                    }
                }
            }
        }
    }

    /// How long the command is known to have run, milliseconds.
    pub(super) fn running_ms(&self) -> u64 {
        let time = self.running_since.map_or(Duration::ZERO, |since| since.elapsed());
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }

    fn silence_ends(&self, ended: bool) -> Instant {
        let next = Instant::now() + SILENCE;
        match self.overdue_at() {
            Some(overdue) if !ended => next.min(overdue),
            _ => next,
        }
    }

    /// The command should have ended long since.
    pub(super) fn is_overdue(&self) -> bool {
        self.overdue_at().is_some_and(|overdue| overdue <= Instant::now())
    }

    fn overdue_at(&self) -> Option<Instant> {
        let limits = self.call.limits();
        let time = self.call.resources().timeout_ms.saturating_add(limits.grace_ms);
        self.running_since?.checked_add(Duration::from_millis(time))?.checked_add(MARGIN)
    }
}

/// Greets init and waits for its answer, as long as the container lives: Docker attaches to dead
/// ones as well.
async fn greet<A, F>(
    reader: &mut Reader,
    writer: &mut Writer,
    session: u64,
    alive: &A,
) -> Result<Greeted, Cut>
where
    A: Fn() -> F + Sync,
    F: Future<Output = bool> + Send,
{
    writer.greet(session).await?;
    for _ in 0..MAX_GREETINGS {
        match tokio::time::timeout(GREETING, reader.welcome(session)).await {
            Ok(answered) => return answered,
            Err(_) if alive().await => {}
            Err(_) => return Err(Cut("the container stopped".to_owned())),
        }
    }
    Err(Cut("simulay-init does not answer".to_owned()))
}

#[cfg(test)]
mod tests;

//! The job of a container, from nothing to acknowledged; where jobs follow each other, one after the other.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use simulay_init::frames::{BootSpec, FAILED, JobSpec, Order, PATIENCE_VARIABLE, Rejection, UNCLAIMED};

use crate::badness::Badness;
use crate::boot::Boot;
use crate::cgroup;
use crate::command::{self, Ahead};
use crate::hands::Hands;
use crate::inputs::Inputs;
use crate::orders::Event;
use crate::outputs::{Compiled, Wanted};
use crate::parent::Parent;
use crate::processes::{Causes, Processes};
use crate::record::Record;
use crate::reset;
use crate::user::{self, User};

/// How long a rejection is held when no job said how long.
const HOLD_MS: u64 = 60_000;

/// How long init is there when all is safe: whoever removes the container takes it apart at a better moment.
const LINGER_MS: u64 = 250;

/// How long whoever stores what came of the job is not disturbed by memory that is given back.
const REST_MS: u64 = 25;

/// The exit code, once it is known.
type Flow = ControlFlow<u8>;

/// Obeys orders until the job is over; gives init's exit code.
pub(crate) fn serve(
    events: &Receiver<Event>,
    sender: &SyncSender<Event>,
    record: &Arc<Record>,
    badness: &Badness,
) -> u8 {
    let patience = patience();
    let (state, user) = (State::Idle, User::first());
    let (boot, parent, hands, compiled) = (None, None, Hands::default(), Compiled::default());
    hands.gather();
    cgroup::open();
    let (ended, deaf) = (None, false);
    let mut keeper =
        Keeper { record, sender, badness, state, user, boot, parent, hands, compiled, ended, deaf };
    loop {
        // Each event begins it anew.
        let deadline = keeper.state.deadline().or_else(|| keeper.state.idle_until(patience));
        let flow = match next(events, deadline) {
            Some(event) => keeper.handle(event),
            None => keeper.pass_deadline(),
        };
        if let ControlFlow::Break(code) = flow {
            return code;
        }
    }
}

/// How long nobody need say anything before there is a job; for ever, unless the host that made the container said so:
/// it may be gone for good.
fn patience() -> Option<Duration> {
    let seconds = std::env::var(PATIENCE_VARIABLE).ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The next event, or none when the deadline has passed.
fn next(events: &Receiver<Event>, deadline: Option<Instant>) -> Option<Event> {
    let Some(deadline) = deadline else { return events.recv().ok() };
    events.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

/// The moment `milliseconds` from now; none when that is for ever.
fn after(milliseconds: u64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_millis(milliseconds))
}

enum State {
    /// No job.
    Idle,
    /// Files come.
    Begun(Box<Begun>),
    /// The command runs.
    Running(Running),
    /// What there is to say is held.
    Held { hold: Duration, until: Option<Instant> },
    /// All is said, and safe.
    Over { until: Option<Instant> },
}

struct Begun {
    spec: JobSpec,
    wanted: Wanted,
    inputs: Inputs,
}

struct Running {
    processes: Arc<Processes>,
    deadline: Option<Instant>,
    /// TERM was sent; KILL is next.
    ending: bool,
    grace_ms: u64,
    hold_ms: u64,
}

impl State {
    fn held(hold_ms: u64) -> Self {
        Self::Held { hold: Duration::from_millis(hold_ms), until: after(hold_ms) }
    }

    const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Idle | Self::Begun(_) => None,
            Self::Running(running) => running.deadline,
            Self::Held { until, .. } | Self::Over { until } => *until,
        }
    }

    fn idle_until(&self, patience: Option<Duration>) -> Option<Instant> {
        if matches!(self, Self::Idle) { Instant::now().checked_add(patience?) } else { None }
    }
}

struct Keeper<'a> {
    record: &'a Arc<Record>,
    sender: &'a SyncSender<Event>,
    badness: &'a Badness,
    state: State,
    /// Whom the job is, or the next.
    user: User,
    /// The command that was started ahead of its job.
    boot: Option<Boot>,
    /// The command that was started ahead of all jobs.
    parent: Option<Parent>,
    /// For the next command.
    hands: Hands,
    compiled: Compiled,
    /// Those of the command that is over, which may have memory yet.
    ended: Option<Arc<Processes>>,
    deaf: bool,
}

impl Keeper<'_> {
    fn handle(&mut self, event: Event) -> Flow {
        match event {
            Event::Order(order) => return self.obey(order),
            Event::Deaf => self.deaf = true,
            Event::Stop => match &mut self.state {
                State::Idle | State::Begun(_) | State::Over { .. } => return Flow::Break(0),
                State::Running(running) => running.terminate(|causes| causes.stopped = true),
                State::Held { .. } => {}
            },
            Event::Ended => self.hold(),
        }
        match self.state {
            State::Idle | State::Begun(_) if self.deaf => Flow::Break(0),
            _ => Flow::Continue(()),
        }
    }

    /// Orders that come too late for the job at work are left alone: they cannot help it, and it
    /// should not suffer.
    fn obey(&mut self, order: Order) -> Flow {
        let done = match (order, &mut self.state) {
            (Order::Hello { session }, _) => {
                self.greet(session);
                Ok(())
            }
            (Order::Ack, State::Idle) => return Flow::Break(0),
            (Order::Ack, State::Held { .. }) => {
                self.record.let_go();
                self.state = State::Over { until: after(REST_MS) };
                Ok(())
            }
            (Order::Terminate, State::Running(running)) => {
                running.terminate(|causes| causes.terminated = true);
                Ok(())
            }
            (Order::Begin(spec), State::Idle | State::Begun(_)) => self.begin(spec),
            (Order::File { path, size }, State::Begun(begun)) => begun.inputs.begin(path, size),
            (Order::Data(content), State::Begun(begun)) => begun.inputs.write(content.bytes()),
            (Order::Run, State::Begun(_)) => self.run(),
            (Order::Boot(spec), State::Idle) if self.boot.is_none() => {
                self.boot(spec);
                Ok(())
            }
            (Order::Fork(spec), State::Idle) if self.parent.is_none() => {
                self.parent(spec);
                Ok(())
            }
            (Order::Reset, State::Held { .. }) => return self.reset(),
            (Order::File { .. } | Order::Data(_) | Order::Run, State::Idle) => {
                Err(Rejection::Order("no job was begun".to_owned()))
            }
            (_, _) => Ok(()),
        };
        if let Err(rejection) = done {
            self.reject(rejection);
        }
        Flow::Continue(())
    }

    fn greet(&mut self, session: u64) {
        if matches!(self.state, State::Begun(_)) {
            self.state = State::Idle;
        }
        self.record.greet(session);
    }

    fn begin(&mut self, spec: JobSpec) -> Result<(), Rejection> {
        // The files of a job that was begun before make room first.
        self.state = State::Idle;
        let wanted = Wanted::new(&spec, self.user, &self.compiled)?;
        let refuse = |error: std::io::Error| Rejection::Command(error.to_string());
        self.user.move_in().map_err(refuse)?;
        self.state = State::Begun(Box::new(Begun { spec, wanted, inputs: Inputs::of(self.user) }));
        Ok(())
    }

    fn boot(&mut self, spec: BootSpec) {
        self.boot = Boot::start(spec, self.badness, self.record).ok();
        if self.boot.is_none() {
            self.record.change(|facts| facts.booted = Some(false));
        }
    }

    /// Only where each job is a user of its own: others must not outlive theirs.
    fn parent(&mut self, spec: BootSpec) {
        let may = self.user != User::Own && user::are_there();
        self.parent = may.then(|| Parent::start(spec, self.record).ok()).flatten();
        if self.parent.is_none() {
            self.record.change(|facts| facts.booted = Some(false));
        }
    }

    /// Makes the container as it was before the job; one that is not goes on with no other.
    fn reset(&mut self) -> Flow {
        let Some(parent) = &self.parent else { return Flow::Break(FAILED) };
        if let Err(error) = reset::clean(parent, self.user) {
            // The host writes down what init complains of.
            let _ = writeln!(std::io::stderr(), "what the job left stays: {error}");
            return Flow::Break(FAILED);
        }
        if !self.record.begin_anew() {
            return Flow::Break(FAILED);
        }
        (self.state, self.user, self.ended) = (State::Idle, self.user.next(), None);
        self.hands.gather();
        Flow::Continue(())
    }

    fn run(&mut self) -> Result<(), Rejection> {
        let State::Begun(begun) = std::mem::replace(&mut self.state, State::Idle) else { return Ok(()) };
        let Begun { spec, wanted, mut inputs } = *begun;
        let held = State::held(spec.hold_ms);
        self.record.serve(&spec.attempt);
        let booted = self.boot.take().and_then(|boot| boot.fit(&spec)).map(Ahead::Booted);
        let ahead = booted.or(self.parent.as_ref().map(Ahead::Parent)).unwrap_or(Ahead::Nothing);
        let started = inputs.keep().and_then(|()| {
            let (sender, wanted) = (self.sender.clone(), wanted.besides(inputs.placed()));
            let ended = move || drop(sender.send(Event::Ended));
            let own = (self.badness, &self.hands);
            command::start(&spec, (wanted, self.user), ahead, own, self.record, ended)
        });
        self.state = match &started {
            Ok(processes) => State::Running(Running::new(processes, &spec)),
            Err(_) => held,
        };
        started.map(drop)
    }

    fn reject(&mut self, rejection: Rejection) {
        match &self.state {
            State::Begun(begun) => {
                self.record.serve(&begun.spec.attempt);
                self.state = State::held(begun.spec.hold_ms);
            }
            State::Idle => self.state = State::held(HOLD_MS),
            State::Held { .. } | State::Running(_) | State::Over { .. } => {}
        }
        self.record.finish(Err(rejection));
    }

    fn hold(&mut self) {
        if let State::Running(running) = &self.state {
            self.ended = Some(Arc::clone(&running.processes));
            self.state = State::held(running.hold_ms);
        }
    }

    fn pass_deadline(&mut self) -> Flow {
        match &mut self.state {
            State::Running(running) if running.ending => running.kill(),
            State::Running(running) => running.terminate(|causes| causes.timed_out = true),
            State::Held { hold, until } => {
                let later = self.record.last_telling().and_then(|told| told.checked_add(*hold));
                if later.is_none_or(|later| later <= Instant::now()) {
                    return Flow::Break(UNCLAIMED);
                }
                *until = later;
            }
            State::Over { until } => match self.ended.take() {
                Some(ended) => {
                    ended.give_back_memory();
                    *until = after(LINGER_MS);
                }
                None => return Flow::Break(0),
            },
            State::Idle => return Flow::Break(0),
            State::Begun(_) => {}
        }
        Flow::Continue(())
    }
}

impl Running {
    fn new(processes: &Arc<Processes>, spec: &JobSpec) -> Self {
        Self {
            processes: Arc::clone(processes),
            deadline: after(spec.timeout_ms),
            ending: false,
            grace_ms: spec.grace_ms,
            hold_ms: spec.hold_ms,
        }
    }

    fn terminate(&mut self, note: impl FnOnce(&mut Causes)) {
        if !self.ending {
            self.ending = true;
            self.deadline = after(self.grace_ms);
            self.processes.signal(Signal::SIGTERM, note);
        }
    }

    fn kill(&mut self) {
        self.deadline = None;
        self.processes.signal(Signal::SIGKILL, |_| ());
    }
}

//! Tells the host what is known, and all of it again to a host that comes later.

use std::io::{BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use simulay_init::frames::{Content, PROTOCOL, Phase, Report, SYNC, encode, pieces};

use crate::held::Piece;
use crate::outputs;
use crate::record::{Facts, Harvest, Output, Record, Session};

/// Bytes that go to the host in one piece, two of a file with their frames.
const BUFFER: usize = 130 << 10;
/// For other things to be told together with those that nobody waits for: each piece wakes everybody on its way.
const COMPANY: Duration = Duration::from_millis(5);
/// Bytes of a file that are read at once.
const READ: usize = 64 << 10;

/// What the present host was told.
#[derive(Default)]
struct Told {
    session: Option<Session>,
    booted: bool,
    attempt: bool,
    started: bool,
    stdout: u64,
    stderr: u64,
    exit: bool,
    outputs: usize,
    left_out: usize,
    more: bool,
    all: bool,
}

enum Next {
    Report(Report),
    Output(Output),
}

/// Writes reports to `host` as long as the process lives.
pub(crate) fn tell(record: &Record, host: impl Write) {
    let host = BufWriter::with_capacity(BUFFER, host);
    let mut teller = Teller { record, host, told: Told::default(), due: None };
    loop {
        match teller.next() {
            Next::Report(report) => teller.say(&report),
            Next::Output(output) => teller.say_output(&output),
        }
    }
}

struct Teller<'a, W: Write> {
    record: &'a Record,
    host: BufWriter<W>,
    told: Told,
    /// When what is not on its way yet has to be.
    due: Option<Instant>,
}

impl<W: Write> Teller<'_, W> {
    /// What there is to tell next; all before it is on its way when that comes later.
    fn next(&mut self) -> Next {
        if let Some(due) = self.due
            && let Some(next) = self.record.wait_until(due, |facts| self.told.next(facts))
        {
            return next;
        }
        // Who does not listen gets everything again after the next hello.
        let _ = self.host.flush();
        self.due = None;
        self.record.wait_for(|facts| self.told.next(facts))
    }

    fn say(&mut self, report: &Report) {
        let Ok(frame) = encode(report) else { return };
        // What was told before a welcome may be cut off, by us or on the way.
        if matches!(report, Report::Welcome { .. }) {
            let _ = self.host.write_all(SYNC);
        }
        let _ = self.host.write_all(&frame);
        let now = Instant::now();
        let company = if is_waited_for(report) { Duration::ZERO } else { COMPANY };
        let due = now.checked_add(company).unwrap_or(now);
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
        self.record.note_telling();
    }

    fn say_output(&mut self, output: &Output) {
        self.say(&Report::Output { path: output.path.clone(), size: output.size });
        if let Err(error) = self.say_content(output) {
            self.say(&Report::Abandoned { reason: format!("it cannot be read: {error}") });
        }
    }

    fn say_content(&mut self, output: &Output) -> std::io::Result<()> {
        let mut file = output.user.act(|| outputs::open(output))?;
        let mut buffer = vec![0; READ];
        let mut left = output.size;
        while left > 0 && self.record.session() == self.told.session {
            let read = file.read(&mut buffer)?;
            left = left.checked_sub(read as u64).filter(|_| read > 0).ok_or_else(changed)?;
            for piece in pieces(buffer.get(..read).unwrap_or_default()) {
                self.say(&Report::Data(Content::announcing(piece)));
                let _ = self.host.write_all(piece);
            }
        }
        Ok(())
    }
}

/// Others are told while the command is at work, or has just ended.
const fn is_waited_for(report: &Report) -> bool {
    !matches!(
        report,
        Report::Serves { .. }
            | Report::Started
            | Report::Stdout { .. }
            | Report::Stderr { .. }
            | Report::Exited(_)
    )
}

fn changed() -> std::io::Error {
    std::io::Error::other("its size changed")
}

impl Told {
    /// The next thing to tell, noted as told.
    fn next(&mut self, facts: &Facts) -> Option<Next> {
        let session = facts.session?;
        if self.session != Some(session) {
            *self = Self { session: Some(session), ..Self::default() };
            let (session, phase) = (session.number, facts.phase);
            return report(Report::Welcome { session, phase, protocol: PROTOCOL });
        }
        if self.all {
            return None;
        }
        if let (Some(booted), Phase::Idle, false) = (facts.booted, facts.phase, self.booted) {
            self.booted = true;
            return report(if booted { Report::Booted } else { Report::NotBooted });
        }
        if let (Some(attempt), false) = (&facts.attempt, self.attempt) {
            self.attempt = true;
            return report(Report::Serves { attempt: attempt.clone() });
        }
        match self.next_of_command(facts) {
            ControlFlow::Break(next) => next,
            ControlFlow::Continue(()) => self.next_of_result(facts),
        }
    }

    fn next_of_command(&mut self, facts: &Facts) -> ControlFlow<Option<Next>> {
        if facts.started && !self.started {
            self.started = true;
            return ControlFlow::Break(report(Report::Started));
        }
        if let Some(Piece { offset, bytes }) = facts.stdout.from(self.stdout) {
            self.stdout = offset + bytes.len() as u64;
            return ControlFlow::Break(report(Report::Stdout { offset, bytes: bytes.to_vec() }));
        }
        if let Some(Piece { offset, bytes }) = facts.stderr.from(self.stderr) {
            self.stderr = offset + bytes.len() as u64;
            return ControlFlow::Break(report(Report::Stderr { offset, bytes: bytes.to_vec() }));
        }
        match facts.exit {
            Some(exit) if !self.exit => {
                self.exit = true;
                ControlFlow::Break(report(Report::Exited(exit)))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn next_of_result(&mut self, facts: &Facts) -> Option<Next> {
        match facts.result.as_ref()? {
            Ok(harvest) => self.next_of_harvest(harvest),
            Err(rejection) => {
                self.all = true;
                report(Report::Rejected(rejection.clone()))
            }
        }
    }

    fn next_of_harvest(&mut self, harvest: &Harvest) -> Option<Next> {
        if let Some(output) = harvest.outputs.get(self.outputs) {
            self.outputs += 1;
            return Some(Next::Output(output.clone()));
        }
        if let Some(omission) = harvest.left_out.get(self.left_out) {
            self.left_out += 1;
            let (path, reason) = (omission.path.clone(), omission.reason.clone());
            return report(Report::LeftOut { path, reason });
        }
        if harvest.left_out_more > 0 && !self.more {
            self.more = true;
            return report(Report::LeftOutMore(harvest.left_out_more));
        }
        self.all = true;
        report(Report::Done)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "reads as what it is at each use: the next thing, found")]
const fn report(report: Report) -> Option<Next> {
    Some(Next::Report(report))
}

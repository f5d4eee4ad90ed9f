//! What a run is doing: bars on a terminal, a line per event elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use simulay_model::{CallEnded, CallStarted, Ending, EventData, Logged, StepPlanned};

use super::inert::one_line;
use super::output::note;

const TICK: Duration = Duration::from_millis(120);

/// Tells people on standard error what happens to a run.
pub(crate) struct Progress {
    show: Show,
    names: BTreeMap<(u32, u32), String>,
}

enum Show {
    Nothing,
    Lines,
    Bars { all: MultiProgress, working: BTreeMap<(u32, u32), ProgressBar> },
}

impl Progress {
    /// Bars when standard error is a terminal, lines when not, nothing when `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        let show = if quiet {
            Show::Nothing
        } else if std::io::stderr().is_terminal() {
            Show::Bars { all: MultiProgress::new(), working: BTreeMap::new() }
        } else {
            Show::Lines
        };
        Self { show, names: BTreeMap::new() }
    }

    /// Shows an event.
    pub(crate) fn event(&mut self, event: &EventData) {
        match event {
            EventData::StepPlanned(planned) => self.learn_names(planned),
            EventData::CallStarted(started) => self.begin((started.step, started.call)),
            EventData::CallEnded(ended) => self.end((ended.step, ended.call)),
            _ => {}
        }
        self.tell(&self.sentence(event));
    }

    /// Says something that is not an event.
    pub(crate) fn tell(&self, text: &str) {
        match &self.show {
            Show::Nothing => {}
            Show::Lines => note(&one_line(text)),
            // A terminal that cannot be written to has nobody before it.
            Show::Bars { all, .. } => drop(all.println(one_line(text))),
        }
    }

    fn learn_names(&mut self, planned: &StepPlanned) {
        for (call, name) in (0..).zip(&planned.calls) {
            self.names.insert((planned.step, call), one_line(name));
        }
    }

    fn name(&self, at: (u32, u32)) -> String {
        self.names.get(&at).cloned().unwrap_or_else(|| format!("{}/{}", at.0, at.1))
    }

    fn begin(&mut self, at: (u32, u32)) {
        let name = self.name(at);
        if let Show::Bars { all, working } = &mut self.show {
            let bar = all.add(ProgressBar::new_spinner().with_style(style()).with_message(name));
            bar.enable_steady_tick(TICK);
            working.insert(at, bar);
        }
    }

    fn end(&mut self, at: (u32, u32)) {
        if let Show::Bars { working, .. } = &mut self.show
            && let Some(bar) = working.remove(&at)
        {
            bar.finish_and_clear();
        }
    }

    fn sentence(&self, event: &EventData) -> String {
        match event {
            EventData::RunQueued => "queued".to_owned(),
            EventData::RunStarted => "started".to_owned(),
            EventData::StepPlanned(planned) => step(planned),
            EventData::CallStarted(started) => self.started(started),
            EventData::CallEnded(ended) => {
                format!("  {} {}", self.name((ended.step, ended.call)), ending(ended))
            }
            EventData::Logged(Logged { level, message, .. }) => format!("  [{}] {message}", level.as_str()),
            EventData::CancelRequested => "cancel requested".to_owned(),
            EventData::RunEnded(ended) => ended.state.as_str().replace('_', " "),
        }
    }

    fn started(&self, started: &CallStarted) -> String {
        let name = self.name((started.step, started.call));
        match started.attempt {
            0 => format!("  {name} started"),
            again => format!("  {name} started again (attempt {})", u64::from(again) + 1),
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("  {spinner} {msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn step(planned: &StepPlanned) -> String {
    let calls = planned.calls.len();
    let noun = if calls == 1 { "container call" } else { "container calls" };
    format!("step {}: {calls} {noun}", u64::from(planned.step) + 1)
}

fn ending(ended: &CallEnded) -> String {
    match (&ended.error, &ended.result) {
        (Some(error), _) => format!("failed: {}", error.message),
        (None, Some(result)) => {
            let how = how(result.ending);
            let took =
                if result.reused { ", reused".to_owned() } else { format!(" in {} ms", result.wall_ms) };
            format!("{how}{took}{}", left_out(result.left_out))
        }
        (None, None) => "ended".to_owned(),
    }
}

fn left_out(files: u64) -> String {
    match files {
        0 => String::new(),
        1 => ", 1 file left out".to_owned(),
        count => format!(", {count} files left out"),
    }
}

fn how(ending: Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("exited {code}"),
        Ending::Signalled(signal) => format!("signalled {signal}"),
        Ending::OutOfMemory => "out of memory".to_owned(),
        Ending::TimedOut => "timed out".to_owned(),
        Ending::ScratchFull => "scratch full".to_owned(),
        Ending::ProcessLimit => "process limit".to_owned(),
        Ending::OutputLimit => "output limit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, data: &str) -> EventData {
        EventData::read(kind, data).unwrap()
    }

    #[test]
    fn calls_go_by_the_names_of_the_plan() {
        let mut progress = Progress::new(true);
        progress.event(&read("step.planned", r#"{ "step": 0, "calls": ["mesh", "so\u001blve"] }"#));
        let started = read("call.started", r#"{ "step": 0, "call": 1, "attempt": 1 }"#);
        assert_eq!(progress.sentence(&started), "  so\\u{1b}lve started again (attempt 2)");
    }

    #[test]
    fn endings_are_told_in_words() {
        let tell = |more: &str| {
            let data = format!(r#"{{ "step": 0, "call": 0, "attempt": 0, {more} }}"#);
            Progress::new(true).sentence(&read("call.ended", &data))
        };
        let ran = |more: &str| {
            tell(&format!(r#""name": "a", "outputs": [], "reused": false, "wall_ms": 12, {more}"#))
        };
        assert_eq!(ran(r#""ending": { "exited": 3 }"#), "  0/0 exited 3 in 12 ms");
        assert_eq!(ran(r#""ending": "out_of_memory""#), "  0/0 out of memory in 12 ms");
        let partly = r#""ending": { "exited": 0 }, "left_out": 2"#;
        assert_eq!(ran(partly), "  0/0 exited 0 in 12 ms, 2 files left out");
        let gone = r#""error": { "kind": "container_lost", "message": "gone" }"#;
        assert_eq!(tell(gone), "  0/0 failed: gone");
    }
}

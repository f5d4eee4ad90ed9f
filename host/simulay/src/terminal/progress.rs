//! What a run is doing: bars on a terminal, a line per event elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use super::inert::one_line;
use super::output::note;

const TICK: Duration = Duration::from_millis(120);

/// Tells people on standard error what happens to a run.
pub(crate) struct Progress {
    show: Show,
    names: BTreeMap<(u64, u64), String>,
}

enum Show {
    Nothing,
    Lines,
    Bars { all: MultiProgress, working: BTreeMap<(u64, u64), ProgressBar> },
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
    pub(crate) fn event(&mut self, kind: &str, data: &Value) {
        if kind == "step.planned" {
            self.learn_names(data);
        }
        let at = (number(data, "step"), number(data, "call"));
        match kind {
            "call.started" => self.begin(at),
            "call.ended" => self.end(at),
            _ => {}
        }
        if let Some(text) = self.sentence(kind, data, at) {
            self.tell(&text);
        }
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

    fn learn_names(&mut self, data: &Value) {
        let step = number(data, "step");
        let names = data.get("calls").and_then(Value::as_array).into_iter().flatten();
        for (call, name) in (0..).zip(names) {
            self.names.insert((step, call), one_line(name.as_str().unwrap_or_default()));
        }
    }

    fn name(&self, at: (u64, u64)) -> String {
        self.names.get(&at).cloned().unwrap_or_else(|| format!("{}/{}", at.0, at.1))
    }

    fn begin(&mut self, at: (u64, u64)) {
        let name = self.name(at);
        if let Show::Bars { all, working } = &mut self.show {
            let bar = all.add(ProgressBar::new_spinner().with_style(style()).with_message(name));
            bar.enable_steady_tick(TICK);
            working.insert(at, bar);
        }
    }

    fn end(&mut self, at: (u64, u64)) {
        if let Show::Bars { working, .. } = &mut self.show
            && let Some(bar) = working.remove(&at)
        {
            bar.finish_and_clear();
        }
    }

    fn sentence(&self, kind: &str, data: &Value, at: (u64, u64)) -> Option<String> {
        match kind {
            "run.queued" => Some(String::from("queued")),
            "run.started" => Some(String::from("started")),
            "step.planned" => Some(planned(data)),
            "call.started" => Some(self.started(data, at)),
            "call.ended" => Some(format!("  {} {}", self.name(at), ending(data))),
            "log" => Some(format!("  [{}] {}", text(data, "level"), text(data, "message"))),
            "run.cancel_requested" => Some(String::from("cancel requested")),
            "run.ended" => Some(text(data, "state").replace('_', " ")),
            _ => None,
        }
    }

    fn started(&self, data: &Value, at: (u64, u64)) -> String {
        match number(data, "attempt") {
            0 => format!("  {} started", self.name(at)),
            again => format!("  {} started again (attempt {})", self.name(at), again + 1),
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("  {spinner} {msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn planned(data: &Value) -> String {
    let calls = data.get("calls").and_then(Value::as_array).map_or(0, Vec::len);
    let noun = if calls == 1 { "container call" } else { "container calls" };
    format!("step {}: {calls} {noun}", number(data, "step") + 1)
}

fn ending(data: &Value) -> String {
    if let Some(message) = data.pointer("/error/message").and_then(Value::as_str) {
        return format!("failed: {message}");
    }
    let took = format!("{} ms", number(data, "wall_ms"));
    let how = data.get("ending").map_or_else(|| String::from("ended"), ending_name);
    let left_out = left_out(data);
    if data.get("reused") == Some(&Value::Bool(true)) {
        format!("{how}, reused{left_out}")
    } else {
        format!("{how} in {took}{left_out}")
    }
}

fn left_out(data: &Value) -> String {
    match number(data, "left_out") {
        0 => String::new(),
        1 => ", 1 file left out".to_owned(),
        count => format!(", {count} files left out"),
    }
}

/// `exited(0)` and such, from the way an ending is written in JSON.
fn ending_name(ending: &Value) -> String {
    match ending {
        Value::String(name) => name.replace('_', " "),
        Value::Object(one) => {
            let parts = one.iter().map(|(name, value)| format!("{} {value}", name.replace('_', " ")));
            parts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn number(data: &Value, field: &str) -> u64 {
    data.get(field).and_then(Value::as_u64).unwrap_or(0)
}

fn text<'a>(data: &'a Value, field: &str) -> &'a str {
    data.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sentence(progress: &Progress, kind: &str, data: &Value) -> Option<String> {
        progress.sentence(kind, data, (number(data, "step"), number(data, "call")))
    }

    #[test]
    fn calls_go_by_the_names_of_the_plan() {
        let mut progress = Progress::new(true);
        progress.event("step.planned", &json!({ "step": 0, "calls": ["mesh", "so\x1blve"] }));
        let started = sentence(&progress, "call.started", &json!({ "step": 0, "call": 1, "attempt": 1 }));
        assert_eq!(started.unwrap(), "  so\\u{1b}lve started again (attempt 2)");
    }

    #[test]
    fn endings_are_told_in_words() {
        let progress = Progress::new(true);
        let tell = |data: Value| sentence(&progress, "call.ended", &data).unwrap();
        assert_eq!(tell(json!({ "ending": { "exited": 3 }, "wall_ms": 12 })), "  0/0 exited 3 in 12 ms");
        assert_eq!(tell(json!({ "ending": "out_of_memory", "wall_ms": 1 })), "  0/0 out of memory in 1 ms");
        assert_eq!(tell(json!({ "error": { "message": "gone" } })), "  0/0 failed: gone");
        let partly = json!({ "ending": { "exited": 0 }, "wall_ms": 1, "left_out": 2 });
        assert_eq!(tell(partly), "  0/0 exited 0 in 1 ms, 2 files left out");
    }

    #[test]
    fn an_unknown_event_is_passed_over() {
        assert_eq!(sentence(&Progress::new(true), "run.dreamt", &json!({})), None);
    }
}

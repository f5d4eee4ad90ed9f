//! The spans of one run, and what lies between them.

use std::collections::HashMap;

use anyhow::Context as _;
use serde_json::Value;

use super::Seen;

/// What follows each other from the request to the answer.
pub(super) const PHASES: [&str; 16] = [
    "HTTP, who asks, parse, validate",
    "the run stands in the store; its turn",
    "the lease stands",
    "at hand: run, plugin, progress",
    "that it began stands",
    "sandbox: `pre-process`",
    "policy; the plan stands",
    "who computes the same",
    "commit: all that, and that the call starts; a container is taken",
    "hand-over and hear: job, outputs, end",
    "the command at work",
    "logs; the end of the call stands",
    "told who removes its container",
    "sandbox: `post-process`",
    "outcome checked; commit: the run ended",
    "answer",
];

/// Commits of a run of one call: it has begun, its plan, the start of the call and its end, its own end.
const COMMITS: usize = 5;

/// From when until when, nanoseconds of the UNIX epoch.
#[derive(Debug, Clone, Copy)]
struct Span {
    begin: u64,
    end: u64,
}

/// Spans by their names, in their order.
#[derive(Debug, Default)]
pub(super) struct Trace(HashMap<String, Vec<Span>>);

impl Trace {
    /// All traces, by the ids of their runs, of lines of JSON.
    pub(super) fn read(lines: &str) -> anyhow::Result<HashMap<String, Self>> {
        let mut traces = HashMap::<String, Self>::new();
        for line in lines.lines() {
            let told: Value = serde_json::from_str(line)?;
            let text = |field| told.get(field).and_then(Value::as_str).context("a span lacks a name");
            let time = |field| told.get(field).and_then(Value::as_u64).context("a span lacks a time");
            let span = Span { begin: time("begin")?, end: time("end")? };
            let id = uuid::Uuid::parse_str(text("run")?)?.to_string();
            traces.entry(id).or_default().0.entry(text("name")?.to_owned()).or_default().push(span);
        }
        for spans in traces.values_mut().flat_map(|trace| trace.0.values_mut()) {
            spans.sort_by_key(|span| span.begin);
        }
        Ok(traces)
    }

    /// Microseconds of each phase; none when spans are missing.
    pub(super) fn phases(&self, run: &Seen) -> Option<[f64; PHASES.len()]> {
        let one = |name: &str| self.0.get(name)?.first().copied();
        let [begun, planned, started, call_ended, ended] = self.commits()?;
        let (accept, lease, container) = (one("accept")?, one("lease")?, one("container")?);
        let (before, after) = (one("pre-process")?, one("post-process")?);
        let beside = container.end.saturating_sub(started.end).saturating_sub(run.work);
        let marks = [
            (run.sent, accept.begin),
            (accept.begin, lease.begin),
            (lease.begin, lease.end),
            (lease.end, begun.begin),
            (begun.begin, before.begin),
            (before.begin, before.end),
            (before.end, planned.end),
            (planned.end, container.begin),
            (container.begin, started.end),
            (0, beside),
            (0, run.work),
            (container.end, call_ended.end),
            (call_ended.end, after.begin),
            (after.begin, after.end),
            (after.end, ended.end),
            (ended.end, run.answered),
        ];
        Some(marks.map(|(from, to)| to.saturating_sub(from) as f64 / 1e3))
    }

    fn commits(&self) -> Option<[Span; COMMITS]> {
        self.0.get("commit")?.as_slice().try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01999999-0000-7000-8000-000000000001";

    fn line((name, begin, end): (&str, u64, u64)) -> String {
        let run = ID.replace('-', "");
        format!(r#"{{"run":"{run}","name":"{name}","begin":{begin},"end":{end}}}"#)
    }

    #[test]
    fn what_follows_each_other_is_told_in_its_order() {
        let ends = [1000, 2000, 3000, 8000, 10_000].map(|end| ("commit", end - 500, end));
        let spans = [
            ("accept", 100, 200),
            ("lease", 250, 300),
            ("container", 2500, 7000),
            ("pre-process", 1000, 1200),
            ("post-process", 8600, 9000),
        ];
        let lines: Vec<_> = ends.into_iter().chain(spans).map(line).collect();
        let traces = Trace::read(&lines.join("\n")).unwrap();
        let seen = Seen { id: ID.to_owned(), sent: 0, answered: 11_000, work: 2000 };
        let phases = traces[ID].phases(&seen).unwrap();
        let expected = [0.1, 0.15, 0.05, 0.2, 0.5, 0.2, 0.8, 0.5, 0.5, 2.0, 2.0, 1.0, 0.6, 0.4, 1.0, 1.0];
        assert!(phases.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-9), "{phases:?}");
        assert!(Trace::default().phases(&seen).is_none());
    }
}

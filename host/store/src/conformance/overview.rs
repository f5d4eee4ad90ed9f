//! Runs are found by what is asked for, counted, and described.

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use simulay_model::OwnerFilter::Any;
use simulay_model::{
    Change, Description, ErrorKind, Run, RunEnd, RunError, RunField, RunId, RunState, SweepId, SweepPoint,
};

use super::Subject;
use super::owners::{account, only, run_of};
use super::samples::{labels, report, run};
use crate::{MAX_LOOKED_INTO, RunCounts, RunFilter, RunQuery, StoreError};

/// When the oldest of [`Subject::various`] was accepted; each is a second younger than the one before.
const FIRST: &str = "2026-11-01T10:00:00.25Z";

/// Runs from the oldest to the newest, no two of them alike, and the sweep that the last two are points of.
struct Various {
    runs: Vec<RunId>,
    sweep: SweepId,
}

impl Subject {
    async fn various(&self) -> Various {
        let sweep = SweepId::generate();
        let point = |point| Some(SweepPoint { sweep, point, attempt: 0 });
        let plain = |pipeline, name: &str, of: &[(&str, &str)]| Run {
            name: name.parse().ok(),
            labels: labels(of),
            sweep: None,
            ..run(pipeline)
        };
        let all = vec![
            plain("heat", "Plate one", &[("team", "a"), ("kind", "x=y")]),
            plain("beam", "PLÄTTE 100%", &[("team", "a")]),
            plain("heat", "", &[("team", "b"), ("kind", "x=y")]),
            of_version("2.0.0", plain("heat", "", &[])),
            Run { sweep: point(0), ..plain("heat", "plate_2", &[]) },
            Run { sweep: point(1), ..plain("beam", "", &[("team", "a,b")]) },
        ];
        let mut runs = Vec::new();
        for (number, run) in all.into_iter().enumerate() {
            let created_at = first() + (number as i64).seconds();
            runs.push(run.id);
            self.runs.create(Run { created_at, ..run }, None).await.unwrap();
        }
        let failed = |kind| RunEnd::Failed(RunError::new(kind, "too bad"));
        for (number, end) in [
            (0, RunEnd::Succeeded(report())),
            (1, failed(ErrorKind::ContainerOom)),
            (2, failed(ErrorKind::Simulation)),
            (3, RunEnd::TimedOut(RunError::new(ErrorKind::ContainerTimeout, "too long"))),
        ] {
            self.change(runs[number], Change::Started).await;
            self.change(runs[number], Change::ended(end)).await;
        }
        self.change(runs[4], Change::Started).await;
        Various { runs, sweep }
    }

    /// The list for a filter, by the numbers of its runs from the newest; the count is that of the list.
    async fn found(&self, runs: &[RunId], filter: &RunFilter) -> Vec<usize> {
        let query = RunQuery { filter: filter.clone(), before: None, limit: 100 };
        let listed = self.runs.list(&Any, query).await.unwrap();
        let counted = self.overview.count(&Any, filter, 100).await.unwrap();
        assert_eq!(counted, listed.len(), "{filter:?}");
        let query = RunQuery { filter: filter.clone(), before: None, limit: 100 };
        assert_eq!(self.runs.list(&only("local"), query).await.unwrap(), listed, "{filter:?}");
        assert_eq!(self.overview.count(&only("local"), filter, 100).await.unwrap(), counted, "{filter:?}");
        assert_eq!(self.overview.count(&only("eve"), filter, 100).await.unwrap(), 0, "{filter:?}");
        let number = |id| runs.iter().position(|run| *run == id).unwrap();
        listed.into_iter().map(|run| number(run.id)).collect()
    }
}

fn of_version(version: &str, mut run: Run) -> Run {
    run.plugin.version = version.parse().unwrap();
    run
}

fn first() -> Timestamp {
    FIRST.parse().unwrap()
}

/// By each thing alone, and by several together.
pub async fn runs_are_found_by_what_is_asked_for(subject: &Subject) {
    let Various { runs, sweep } = subject.various().await;
    let none = RunFilter::default;
    let name = |part: &str| RunFilter { name: Some(part.to_owned()), ..none() };
    let with =
        |of: &[&str]| RunFilter { labels: of.iter().map(|label| label.parse().unwrap()).collect(), ..none() };
    let states = |states: &[RunState]| RunFilter { states: states.to_vec(), ..none() };
    let errors = |errors: &[ErrorKind]| RunFilter { errors: errors.to_vec(), ..none() };
    let at = |seconds: i64| Some(first() + seconds.seconds());
    let heat: Option<simulay_model::PluginName> = Some("heat".parse().unwrap());
    let (failed, timed_out) = (RunState::Failed, RunState::TimedOut);
    for (filter, expected) in [
        (none(), vec![5, 4, 3, 2, 1, 0]),
        (RunFilter { pipeline: heat.clone(), ..none() }, vec![4, 3, 2, 0]),
        (RunFilter { version: "2.0.0".parse().ok(), ..none() }, vec![3]),
        (RunFilter { pipeline: heat.clone(), version: "1.2.3".parse().ok(), ..none() }, vec![4, 2, 0]),
        (
            RunFilter {
                pipeline: heat.clone(),
                version: "1.2.3".parse().ok(),
                ..states(&[RunState::Succeeded])
            },
            vec![0],
        ),
        (states(&[failed]), vec![2, 1]),
        (states(&[failed, timed_out]), vec![3, 2, 1]),
        (states(&[RunState::Queued, RunState::Running]), vec![5, 4]),
        (RunFilter { pipeline: heat.clone(), ..states(&[failed, timed_out]) }, vec![3, 2]),
        (errors(&[ErrorKind::ContainerOom]), vec![1]),
        (errors(&[ErrorKind::Simulation, ErrorKind::ContainerTimeout]), vec![3, 2]),
        (errors(&[ErrorKind::Internal]), vec![]),
        (RunFilter { pipeline: heat.clone(), ..errors(&[ErrorKind::ContainerOom]) }, vec![]),
        (RunFilter { created_from: at(4), ..none() }, vec![5, 4]),
        (RunFilter { created_before: at(1), ..none() }, vec![0]),
        (RunFilter { created_from: at(1), created_before: at(3), ..none() }, vec![2, 1]),
        (
            RunFilter { created_from: at(1).map(|at| at + 1.nanosecond()), created_before: at(3), ..none() },
            vec![2],
        ),
        (RunFilter { created_from: at(2), ..states(&[failed]) }, vec![2]),
        (RunFilter { sweep: Some(sweep), ..none() }, vec![5, 4]),
        (RunFilter { sweep: Some(sweep), ..states(&[RunState::Queued]) }, vec![5]),
        (RunFilter { sweep: Some(SweepId::generate()), ..none() }, vec![]),
        (with(&["team=a"]), vec![1, 0]),
        (with(&["team=a,b"]), vec![5]),
        (with(&["team=a", "kind=x=y"]), vec![0]),
        (with(&["kind=x=y"]), vec![2, 0]),
        (with(&["team="]), vec![]),
        (RunFilter { pipeline: heat, ..with(&["team=a"]) }, vec![0]),
        (name("plat"), vec![4, 0]),
        (name("plätte"), vec![1]),
        (name("PLÄT"), vec![1]),
        (name("_2"), vec![4]),
        (name("0%"), vec![1]),
        (name(".*"), vec![]),
        (name("Plate "), vec![0]),
        (RunFilter { name: Some("plate".to_owned()), ..states(&[RunState::Running]) }, vec![4]),
    ] {
        assert_eq!(subject.found(&runs, &filter).await, expected, "{filter:?}");
    }
}

/// Whatever they are filtered by.
pub async fn filtered_lists_page_by_a_cursor(subject: &Subject) {
    let Various { runs, .. } = subject.various().await;
    let label = RunFilter { labels: vec!["team=a".parse().unwrap()], ..RunFilter::default() };
    let name = RunFilter { name: Some("pl".to_owned()), ..RunFilter::default() };
    let states = vec![RunState::Failed, RunState::TimedOut, RunState::Succeeded];
    let states = RunFilter { states, ..RunFilter::default() };
    for (filter, expected) in [(label, vec![1, 0]), (name, vec![4, 1, 0]), (states, vec![3, 2, 1, 0])] {
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let query = RunQuery { filter: filter.clone(), before, limit: 1 };
            let Some(next) = subject.runs.list(&only("local"), query).await.unwrap().pop() else { break };
            before = Some(next.id);
            seen.push(runs.iter().position(|run| *run == next.id).unwrap());
        }
        assert_eq!(seen, expected, "{filter:?}");
    }
    assert_eq!(subject.overview.count(&Any, &RunFilter::default(), 4).await.unwrap(), 4);
}

/// Those that have not ended, all of them; those that have, from a moment on.
pub async fn runs_are_counted_by_their_states(subject: &Subject) {
    let begun = Timestamp::now();
    let Various { runs, .. } = subject.various().await;
    let all = RunCounts { queued: 1, running: 1, succeeded: 1, failed: 2, cancelled: 0, timed_out: 1 };
    let since = Some(begun - 1.hour());
    for owner in [Any, only("local")] {
        assert_eq!(subject.overview.tally(&owner, None, None).await.unwrap(), all);
        assert_eq!(subject.overview.tally(&owner, None, since).await.unwrap(), all);
        let beam = "beam".parse().unwrap();
        let of_beam = RunCounts { queued: 1, failed: 1, ..RunCounts::default() };
        assert_eq!(subject.overview.tally(&owner, Some(&beam), since).await.unwrap(), of_beam);
        let later = RunCounts { queued: 1, running: 1, ..RunCounts::default() };
        let hence = Some(begun + 1.hour());
        assert_eq!(subject.overview.tally(&owner, None, hence).await.unwrap(), later);
    }
    let one = Any.within(&simulay_model::Scope::Run(runs[0]));
    let only_one = RunCounts { succeeded: 1, ..RunCounts::default() };
    assert_eq!(subject.overview.tally(&one, None, None).await.unwrap(), only_one);
    assert_eq!(subject.overview.tally(&only("eve"), None, None).await.unwrap(), RunCounts::default());
}

/// Of parameters and of the outcome, where there is one, of ones own runs.
pub async fn values_of_runs_are_scalars(subject: &Subject) {
    let (mut ended, waiting, other) = (run_of("ada"), run_of("ada"), run_of("bob"));
    ended.request.params = json!({ "width": 0.1, "tiny": 5e-324, "of": { "x": ["two"] } }).into();
    for run in [&ended, &waiting, &other] {
        subject.runs.create(run.clone(), None).await.unwrap();
    }
    subject.change(ended.id, Change::Started).await;
    subject.change(ended.id, Change::ended(RunEnd::Succeeded(report()))).await;
    let fields = ["outcome:/peak", "params:/of/x/0", "params:/tiny", "outcome:/above", "params:/no"];
    let fields: Vec<RunField> = fields.map(|field| field.parse().unwrap()).to_vec();
    let asked = vec![ended.id, waiting.id, other.id, RunId::generate()];
    let values = subject.overview.values(&only("ada"), asked, fields.clone()).await.unwrap();
    assert_eq!(values.len(), 2, "{values:?}");
    let null = Value::Null;
    let expected = [json!(0.1 + 0.2), json!("two"), json!(5e-324), null.clone(), null.clone()];
    assert_eq!(values[&ended.id], expected);
    assert_eq!(values[&waiting.id], [null.clone(), null.clone(), json!(5e-324), null.clone(), null]);
    let outcome = vec!["outcome:/peak".parse().unwrap()];
    let values = subject.overview.values(&Any, vec![ended.id], outcome).await.unwrap();
    assert_eq!(values[&ended.id], [json!(0.1 + 0.2)]);
}

/// Whatever is in it.
pub async fn a_large_document_is_not_looked_into(subject: &Subject) {
    let mut runs = [run("heat"), run("heat")];
    for (run, size) in runs.iter_mut().zip([MAX_LOOKED_INTO - 100, MAX_LOOKED_INTO]) {
        run.request.params = json!({ "width": 2, "text": "x".repeat(size) }).into();
        subject.runs.create(run.clone(), None).await.unwrap();
    }
    let asked = runs.iter().map(|run| run.id).collect();
    let values = subject.overview.values(&Any, asked, vec!["params:/width".parse().unwrap()]).await.unwrap();
    assert_eq!(runs.map(|run| values[&run.id].clone()), [[json!(2)], [Value::Null]]);
}

/// At any time; once, of many who do it at once.
pub async fn a_run_is_described_anew_if_it_is_as_it_was(subject: &Subject) {
    let run = run_of("ada");
    subject.runs.create(run.clone(), None).await.unwrap();
    subject.change(run.id, Change::ended(RunEnd::Cancelled)).await;
    let mut before = Description { name: run.name.clone(), labels: run.labels.clone() };
    let named = |name: &str, of: &[(&str, &str)]| Description { name: name.parse().ok(), labels: labels(of) };
    for after in
        [named("Other", &[("team", "c")]), named("", &[("team", "d")]), named("", &[]), named("x", &[])]
    {
        subject.runs.describe(&only("ada"), run.id, &before, &after).await.unwrap();
        for stale in [&before, &named("none", &[("a", "b")])] {
            let refused = subject.runs.describe(&Any, run.id, stale, &after).await;
            assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
        }
        let read = subject.runs.get(&Any, run.id).await.unwrap().unwrap();
        assert_eq!((&read.name, &read.labels), (&after.name, &after.labels));
        for (team, found) in ["c", "d"].map(|team| (team, after.labels == labels(&[("team", team)]))) {
            let label = vec![format!("team={team}").parse().unwrap()];
            let filter = RunFilter { labels: label, ..RunFilter::default() };
            assert_eq!(subject.overview.count(&Any, &filter, 9).await.unwrap(), usize::from(found), "{team}");
        }
        let filter = RunFilter { name: Some("other".to_owned()), ..RunFilter::default() };
        let found = usize::from(after.name.as_ref().is_some_and(|name| name.as_str() == "Other"));
        assert_eq!(subject.overview.count(&only("ada"), &filter, 9).await.unwrap(), found);
        before = after;
    }
    for (owner, id) in [(only("bob"), run.id), (Any, RunId::generate())] {
        let refused = subject.runs.describe(&owner, id, &before, &before).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
    assert_eq!(subject.runs.summary(&Any, run.id).await.unwrap().unwrap().owner, account("ada"));
}

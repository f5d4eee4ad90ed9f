use serde_json::{Value, json};

use super::*;
use crate::Document;

fn schema() -> Value {
    json!({ "properties": {
        "width": { "type": "number" }, "cells": { "type": "integer" },
        "plate": { "properties": { "material": { "type": "string" } } } } })
}

fn draft(layout: Layout, parameters: &[(&str, Variation)]) -> Draft {
    let parameters = parameters.iter().map(|(pointer, variation)| ((*pointer).to_owned(), variation.clone()));
    let fixed = Document::from(&json!({ "plate": { "height": 2 }, "width": 5 }));
    Draft { layout, parameters: parameters.collect(), fixed, seed: 7 }
}

fn range(from: f64, to: f64, steps: Option<u32>) -> Variation {
    Variation::Range(Range::from((from, to, steps, Scale::Linear)))
}

fn list(values: &[Value]) -> Variation {
    Variation::List(values.to_vec())
}

fn refused(draft: Draft) -> String {
    draft.settle(&schema(), 100).unwrap_err().to_string()
}

#[test]
fn a_grid_has_each_value_with_each_other() {
    let varied =
        [("/plate/material", list(&[json!("steel"), json!("wood")])), ("/cells", range(10.0, 12.0, None))];
    let (design, points) = draft(Layout::Grid, &varied).settle(&schema(), 100).unwrap();
    assert_eq!(points, 6);
    let points = Points::new(&design, &[points]).unwrap();
    let values: Vec<_> =
        (0..6).map(|point| points.values(point).into_iter().flatten().collect::<Vec<_>>()).collect();
    assert_eq!(values[0], [json!("steel"), json!(10)]);
    assert_eq!(values[2], [json!("steel"), json!(12)]);
    assert_eq!(values[3], [json!("wood"), json!(10)]);
    let whole = json!({ "plate": { "height": 2, "material": "wood" }, "width": 5, "cells": 12 });
    assert_eq!(points.params(5), whole);
}

#[test]
fn points_do_not_change_when_more_follow() {
    let varied = [("/width", range(1.0, 2.0, None)), ("/cells", range(1.0, 1000.0, None))];
    for layout in [Layout::LatinHypercube(10), Layout::Sobol(10), Layout::Random(10)] {
        let (design, points) = draft(layout, &varied).settle(&schema(), 100).unwrap();
        assert!(design.method.goes_on());
        let (few, more) =
            (Points::new(&design, &[points]).unwrap(), Points::new(&design, &[points, 20]).unwrap());
        assert_eq!(more.count(), 30);
        for point in 0..10 {
            assert_eq!(few.params(point), more.params(point));
        }
        let distinct: std::collections::HashSet<String> =
            (0..30).map(|point| more.params(point).to_string()).collect();
        assert_eq!(distinct.len(), 30);
        for point in 0..30 {
            let params = more.params(point);
            assert!((1.0..=2.0).contains(&params["width"].as_f64().unwrap()));
            assert!((1..=1000).contains(&params["cells"].as_i64().unwrap()));
        }
    }
}

#[test]
fn a_table_leaves_what_it_does_not_say() {
    let csv = Layout::Csv("width,/plate/material\n1.5,oak\n,12\n".to_owned());
    let (design, points) = draft(csv, &[]).settle(&schema(), 100).unwrap();
    let points = Points::new(&design, &[points]).unwrap();
    assert_eq!(points.params(0)["width"], 1.5);
    assert_eq!(points.params(1), json!({ "plate": { "height": 2, "material": "12" }, "width": 5 }));
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let some = range(0.0, 1.0, Some(3));
    let wide = || range(0.0, 1.0, Some(60));
    let many: Vec<_> = (0..65).map(|_| ("not a pointer", some.clone())).collect();
    for (draft, start) in [
        (draft(Layout::Grid, &many), "/parameters: at most 64"),
        (draft(Layout::Grid, &[]), "/parameters: must name"),
        (draft(Layout::Grid, &[("width", some.clone())]), "/parameters: `width`"),
        (draft(Layout::Grid, &[("/width", range(0.0, 1.0, None))]), "/parameters/~1width/range/steps:"),
        (draft(Layout::Grid, &[("/cells", range(0.5, 1.0, None))]), "/parameters/~1cells/range/from:"),
        (draft(Layout::Grid, &[("/width", list(&[]))]), "/parameters/~1width/list:"),
        (
            draft(Layout::Grid, &[("/width/x", some.clone())]),
            "/parameters/~1width~1x: there is no such place",
        ),
        (
            draft(Layout::Grid, &[("/plate", some.clone()), ("/plate/x", some.clone())]),
            "/parameters: `/plate` and",
        ),
        (draft(Layout::Grid, &[("/a", wide()), ("/b", wide())]), "/method: makes 3600 points"),
        (draft(Layout::Sobol(0), &[("/width", some.clone())]), "/method: makes 0 points"),
        (draft(Layout::Sobol(101), &[("/width", some.clone())]), "/method: makes 101 points"),
        (
            draft(Layout::Csv("width\n1".to_owned()), &[("/width", some.clone())]),
            "/parameters: must be empty",
        ),
        (draft(Layout::Csv("width".to_owned()), &[]), "/method/csv/text: has no points"),
        (
            Draft { fixed: Document::from(&json!([])), ..draft(Layout::Random(1), &[("/w", some)]) },
            "/fixed: must be",
        ),
    ] {
        let refused = refused(draft);
        assert!(refused.starts_with(start), "{refused} ≠ {start}");
    }
}

fn sweep_of(layout: Layout) -> Sweep {
    let (design, points) =
        draft(layout, &[("/width", range(1.0, 2.0, Some(4)))]).settle(&schema(), 100).unwrap();
    Sweep {
        id: crate::SweepId::generate(),
        owner: crate::AccountName::local(),
        plugin: crate::PluginRef {
            name: "heat".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            sha256: crate::Digest::of(b""),
        },
        name: None,
        labels: crate::Labels::default(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        spec: SweepSpec {
            design,
            inputs: Vec::new(),
            retries: 0,
            reuse: true,
            max_at_once: None,
            stop: None,
        },
        progress: SweepProgress::of(points),
    }
}

/// The sweep after these changes, each of which moves it.
fn after(mut sweep: Sweep, changes: &[SweepChange]) -> Sweep {
    for change in changes {
        let next = sweep.decide(jiff::Timestamp::UNIX_EPOCH, *change).unwrap().unwrap();
        assert_eq!(next.revision, sweep.progress.revision + 1);
        sweep.progress = next;
    }
    sweep
}

fn decided(sweep: &Sweep, change: SweepChange) -> Result<Option<SweepState>, SweepRefusal> {
    let decided = sweep.decide(jiff::Timestamp::UNIX_EPOCH, change);
    decided.map(|next| next.map(|next| next.state))
}

fn counted(succeeded: u32, failed: u32, queued: u32) -> SweepChange {
    SweepChange::Counted(PointCounts { succeeded, failed, queued, ..PointCounts::default() })
}

#[test]
fn a_sweep_ends_when_nothing_of_it_waits() {
    let sweep = sweep_of(Layout::Grid);
    assert_eq!(decided(&sweep, counted(0, 0, 0)), Ok(None), "no point has a run");
    let begun = after(sweep, &[SweepChange::Begun(4)]);
    assert_eq!(decided(&begun, counted(3, 0, 1)), Ok(None));
    assert_eq!(decided(&begun, counted(4, 0, 0)), Ok(Some(SweepState::Succeeded)));
    assert_eq!(decided(&begun, counted(3, 1, 0)), Ok(Some(SweepState::Ended)));
    assert_eq!(decided(&begun, counted(2, 0, 0)), Ok(Some(SweepState::Succeeded)), "some are kept no more");
    let ended = after(begun, &[counted(3, 1, 0)]);
    assert!(ended.progress.ended_at.is_some());
    let retried = after(ended, &[SweepChange::Retry]);
    assert_eq!((retried.progress.retrying, retried.progress.ended_at), (Some(0), None));
    assert_eq!(decided(&retried, counted(3, 1, 0)), Ok(None), "failed points are to be looked at");
    let looked_at = after(retried, &[SweepChange::Retried(Some(2)), SweepChange::Retried(None)]);
    assert_eq!(decided(&looked_at, counted(4, 0, 0)), Ok(Some(SweepState::Succeeded)));
}

#[test]
fn who_ends_a_sweep_begins_no_more_of_it() {
    let begun = after(sweep_of(Layout::Random(4)), &[SweepChange::Begun(2)]);
    let run = crate::RunId::generate();
    for (change, on_the_way, end) in [
        (SweepChange::Cancel, SweepState::Cancelling, SweepState::Cancelled),
        (SweepChange::RuleMet(run), SweepState::Stopping, SweepState::Stopped),
    ] {
        let ending = after(begun.clone(), &[change]);
        assert_eq!((ending.progress.state, ending.progress.goal), (on_the_way, 2));
        assert_eq!(decided(&ending, SweepChange::Begun(4)), Ok(None));
        assert_eq!(decided(&ending, SweepChange::Retry), Err(SweepRefusal::Ending));
        assert_eq!(decided(&ending, counted(1, 0, 1)), Ok(None));
        let ended = after(ending, &[counted(1, 1, 0)]);
        assert_eq!(ended.progress.state, end);
        let more = after(ended, &[SweepChange::Extend { points: 3, most: 7 }]);
        assert_eq!((more.progress.goal, more.progress.begun, more.progress.points()), (7, 2, 7));
        assert_eq!(more.progress.state, SweepState::Running);
    }
    let cancelled = after(begun, &[SweepChange::Cancel]);
    assert_eq!(decided(&cancelled, SweepChange::Cancel), Ok(None), "asking again is fine");
}

#[test]
fn what_cannot_be_extended_is_not() {
    let extend = |points, most| SweepChange::Extend { points, most };
    let grid = sweep_of(Layout::Grid);
    assert_eq!(decided(&grid, extend(1, 100)), Err(SweepRefusal::NotExtendable));
    let random = sweep_of(Layout::Random(4));
    let sequence = sampling::SOBOL_POINTS;
    for (points, asked, most) in
        [(0, 100, 100), (97, 100, 100), (u32::MAX, u32::MAX, sequence), (sequence, u32::MAX, sequence)]
    {
        let refused = decided(&random, extend(points, asked));
        assert_eq!(refused, Err(SweepRefusal::TooMany { points: 4, most }));
    }
    let ended = after(grid, &[SweepChange::Begun(4), counted(4, 0, 0)]);
    assert_eq!(decided(&ended, SweepChange::Cancel), Err(SweepRefusal::Ended));
}

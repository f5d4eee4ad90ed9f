//! The test kit plays the host: state, endings, kept files, and what the host refuses.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use simulay_sdk::testing::{Answer, Stop, Trial, check, trial};
use simulay_sdk::{
    Ending, Failure, File, Manifest, Next, Pipeline, Report, Request, Resources, Results, Source, Step,
    octave, series,
};

/// What to halve.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// Where to begin.
    #[schemars(range(min = 1, max = 1000))]
    start: f64,
    /// How the calls are made wrong.
    wrong: String,
}

impl Default for Params {
    fn default() -> Self {
        Self { start: 8.0, wrong: String::new() }
    }
}

/// Where a run of halvings is.
#[derive(Serialize, Deserialize)]
enum State {
    /// A container halves this value.
    Halving { value: f64, count: u32 },
    /// A container checks it.
    Checking { count: u32 },
}

#[derive(Serialize, JsonSchema)]
struct Outcome {
    /// Halvings until the value is at most 1.
    #[schemars(range(max = 5))]
    halvings: u32,
}

struct Halvings;

fn halve(value: f64, count: u32) -> Step<State> {
    let call = octave::script("halve", "x").params(&json!({ "value": value })).keep("out/*.json").build();
    Step::new(State::Halving { value, count }, vec![call])
}

impl Pipeline for Halvings {
    type Params = Params;
    type State = State;
    type Outcome = Outcome;

    fn manifest() -> Manifest<Params> {
        let expect = json!({ "halvings": 3 });
        simulay_sdk::manifest!().image("octave", "halves").example("Eight", &Params::default(), &expect, 0.0)
    }

    fn pre_process(request: &Request<Params>) -> Result<Step<State>, Failure> {
        if request.params.start == 13.0 {
            return Err(Failure::invalid("/start", "brings bad luck"));
        }
        let mut step = halve(request.params.start, 0);
        let copy = step.calls[0].clone();
        match request.params.wrong.as_str() {
            "twins" => step.calls.push(copy),
            "image" => step.calls[0].image = "debian".into(),
            "memory" => step.calls[0].resources = Resources { memory_mib: 513, ..octave::RESOURCES },
            "path" => step.calls[0].files[0].path = "../x".into(),
            "pattern" => step.calls[0].outputs = vec!["/etc/*".into()],
            "exclude" => step.calls[0].excludes = vec!["../*".into()],
            "exclude-half" => step.calls[0].excludes = vec!["**/half.json".into()],
            "placed" | "changed" => {
                let content = Source::Text("4.0".into());
                step.calls[0].files.push(File { path: "out/half.json".into(), content });
                step.calls[0].keep_unchanged = request.params.wrong == "placed";
            }
            "artifact" => step.calls[0].files[0].content = Source::Artifact("77".into()),
            "name" => step.calls[0].name = "a b".into(),
            _ => {}
        }
        Ok(step)
    }

    fn post_process(
        request: &Request<Params>,
        state: State,
        results: &Results,
    ) -> Result<Next<Outcome, State>, Failure> {
        match state {
            State::Halving { value, count } => {
                let half: f64 = results.call("halve")?.json("out/half.json")?;
                if (half - value / 2.0).abs() > 1e-12 {
                    return Err(Failure::simulation("that is no half"));
                }
                if half > 1.0 {
                    return Ok(Next::Again(halve(half, count + 1)));
                }
                let call = octave::script("check", "y").report_failure().build();
                Ok(Next::again(State::Checking { count: count + 1 }, vec![call]))
            }
            State::Checking { count } => {
                let report = Report::new(Outcome { halvings: count });
                let ending = results.iter().next().map(|result| format!("{:?}", result.ending));
                let report =
                    report.attach("check.txt", "text/plain", Source::Text(ending.unwrap_or_default()));
                let ys = if request.params.wrong == "plot" { vec![] } else { vec![1.0] };
                Ok(report.plot("Plot", series("x", "", vec![0.0]), vec![series("y", "m", ys)]).into())
            }
        }
    }
}

fn halvings(params: serde_json::Value) -> Trial<Halvings> {
    trial(params)
}

/// What a good container leaves.
fn good(call: &simulay_sdk::testing::Call) -> Answer {
    match call.name.as_str() {
        "halve" => Answer::ok().json("out/half.json", &(call.params()["value"].as_f64().unwrap() / 2.0)),
        _ => Answer::exit(3),
    }
}

#[test]
fn a_run_goes_through_its_states_to_the_report() {
    let done = halvings(json!({})).run(good).unwrap();
    assert_eq!(done.outcome, json!({ "halvings": 3 }));
    let names: Vec<_> = done.steps.iter().flatten().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["halve", "halve", "halve", "check"]);
    assert_eq!(done.file("check.txt"), Some("Ending::Exited(3)".as_bytes()));
}

#[test]
fn a_bad_ending_stops_the_run_or_is_reported() {
    for ending in [Ending::Exited(1), Ending::Signalled(9), Ending::OutOfMemory, Ending::ProcessLimit] {
        let stopped = halvings(json!({})).run(|_| Answer::ended(ending)).unwrap_err();
        assert_eq!(stopped, Stop::Call { name: "halve".into(), ending });
        let checked = |call: &simulay_sdk::testing::Call| match call.name.as_str() {
            "check" => Answer::ended(ending),
            _ => good(call),
        };
        let done = halvings(json!({})).run(checked).unwrap();
        assert_eq!(done.file("check.txt"), Some(format!("{ending:?}").as_bytes()));
    }
}

#[test]
fn a_file_that_is_missing_or_not_kept_or_damaged_is_no_answer() {
    let halves = |answer: Answer| halvings(json!({})).run(|_| answer.clone()).unwrap_err().to_string();
    assert_eq!(halves(Answer::ok()), "`halve` left no file `out/half.json`");
    assert_eq!(halves(Answer::ok().json("half.json", &4.0)), "`halve` left no file `out/half.json`");
    let deep = Answer::ok().json("out/deep/half.json", &4.0);
    assert_eq!(halves(deep), "`halve` left no file `out/half.json`");
    let damaged = halves(Answer::ok().file("out/half.json", "4x"));
    assert!(damaged.starts_with("`out/half.json` of `halve` cannot be understood"), "{damaged}");
    assert_eq!(halves(Answer::ok().json("out/half.json", &5.0)), "that is no half");
    assert_eq!(
        halves(Answer::ok().json("out/half.json", &4.0).without("out/half.json")),
        "`halve` left no file `out/half.json`"
    );
}

#[test]
fn a_file_that_was_left_out_is_an_answer_of_its_own() {
    let answer = Answer::ok().left_out("out/half.json", "it has more bytes than allowed").left_out_more(3);
    let stopped = halvings(json!({})).run(|_| answer.clone()).unwrap_err().to_string();
    assert_eq!(stopped, "`out/half.json` of `halve` was left out: it has more bytes than allowed");
    let answer = Answer::ok().left_out_more(3);
    let stopped = halvings(json!({})).run(|_| answer.clone()).unwrap_err().to_string();
    assert!(stopped.contains("3 further ones were left out"), "{stopped}");
}

#[test]
fn what_the_call_excludes_or_leaves_as_it_was_is_not_kept() {
    let excluded = halvings(json!({ "wrong": "exclude-half" })).run(good).unwrap_err();
    assert_eq!(excluded.to_string(), "`halve` left no file `out/half.json`");
    let left = |wrong: &str, half: f64| {
        let run = halvings(json!({ "wrong": wrong })).run(|_| Answer::ok().json("out/half.json", &half));
        run.unwrap_err().to_string()
    };
    assert_eq!(left("changed", 4.0), "`halve` left no file `out/half.json`");
    for (wrong, half) in [("changed", 5.0), ("placed", 5.0)] {
        assert_eq!(left(wrong, half), "that is no half");
    }
    assert_eq!(left("placed", 4.0), "that is no half", "of the second step");
}

#[test]
fn parameters_are_judged_before_the_pipeline_sees_them() {
    for (params, told) in [
        (json!({ "start": 0 }), "/start: "),
        (json!({ "start": "8" }), "/start: "),
        (json!({ "stop": 8 }), "Additional properties"),
    ] {
        let Err(Stop::Params(errors)) = halvings(params).plan() else { panic!("{told}") };
        assert!(errors[0].starts_with(told), "{errors:?}");
    }
    assert_eq!(halvings(json!({ "start": 13 })).plan().unwrap_err().pointer(), Some("/start"));
}

#[test]
fn what_the_host_would_refuse_is_an_error() {
    for (wrong, told) in [
        ("twins", "a step of 2 calls"),
        ("image", "does not declare the image `debian`"),
        ("memory", "memory-mib is 513"),
        ("path", "`../x` is no relative path"),
        ("pattern", "must be relative"),
        ("exclude", "must be relative"),
        ("name", "a name has"),
        ("artifact", "77 is no artifact of this run"),
        ("plot", "`y` is not as long as the abscissa"),
    ] {
        match halvings(json!({ "wrong": wrong })).run(good) {
            Err(Stop::Broken(message)) => assert!(message.contains(told), "{message}"),
            other => panic!("{wrong}: {other:?}"),
        }
    }
    let long = halvings(json!({ "start": 1000 })).run(good);
    assert!(matches!(&long, Err(Stop::Broken(message)) if message.contains("/halvings")), "{long:?}");
}

#[test]
fn the_manifest_is_checked() {
    assert_eq!(check::<Halvings>(), Ok(()));
}

//! An engine, and what it works with.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use simulay_blobs::Blobs;
use simulay_blobs_object_store::ObjectBlobs;
use simulay_containers::scripted::Scripted;
use simulay_engine::{Engine, NewRun, Parts, RetentionPorts, Selector, Settings, SystemEntropy};
use simulay_model::{
    ContainerCall, Image, Manifest, Next, OnFailure, Principal, Report, Resources, Run, RunId, Step,
    SystemClock,
};
use simulay_sandbox::ScriptedSandbox;
use simulay_sandbox::{Answer, Answered, Call};
use simulay_signals::{LocalSignals, LogRelay};
use simulay_store::Sweeps;
use simulay_store_sqlite::SqliteStore;

pub(crate) const COMPONENT: &[u8] = b"a pipeline";

/// A store that engines work over.
pub(crate) type Stored = (Arc<SqliteStore>, Arc<ObjectBlobs>);

/// What processes tell each other by.
#[derive(Clone, Default)]
struct Between {
    signals: Arc<LocalSignals>,
    relay: Option<Arc<dyn LogRelay>>,
    /// A way to the blobs that is not the straight one.
    blobs: Option<Arc<dyn Blobs>>,
    /// Where sweeps are kept, when not where everything is.
    sweeps: Option<Arc<dyn Sweeps>>,
}

/// An engine over the data in `directory`.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) containers: Scripted,
    pub(crate) signals: Arc<LocalSignals>,
}

impl House {
    pub(crate) fn open(directory: &Path, containers: &Scripted) -> Self {
        Self::with(directory, containers, Settings::default())
    }

    pub(crate) fn with(directory: &Path, containers: &Scripted, settings: Settings) -> Self {
        let pairs = ScriptedSandbox::default().with(COMPONENT, manifest(), |call, _| Ok(answer(call)));
        Self::of(directory, containers, settings, pairs)
    }

    pub(crate) fn of(
        directory: &Path,
        containers: &Scripted,
        settings: Settings,
        plugins: ScriptedSandbox,
    ) -> Self {
        Self::over(&open(directory), containers, settings, plugins)
    }

    /// One of the engines that share a store.
    pub(crate) fn over(
        stored: &Stored,
        containers: &Scripted,
        settings: Settings,
        plugins: ScriptedSandbox,
    ) -> Self {
        let house = Self::build(stored, containers, settings, plugins, Between::default());
        house.engine.runner.listen();
        house
    }

    /// An engine that reaches its blobs by `way`.
    pub(crate) fn by(
        directory: &Path,
        containers: &Scripted,
        settings: Settings,
        plugins: ScriptedSandbox,
        way: impl FnOnce(Arc<ObjectBlobs>) -> Arc<dyn Blobs>,
    ) -> Self {
        let stored = open(directory);
        let between = Between { blobs: Some(way(stored.1.clone())), ..Between::default() };
        let house = Self::build(&stored, containers, settings, plugins, between);
        house.engine.runner.listen();
        house
    }

    /// One whose sweeps are kept in `sweeps`.
    pub(crate) fn over_sweeps(
        stored: &Stored,
        containers: &Scripted,
        settings: Settings,
        sweeps: Arc<dyn Sweeps>,
    ) -> Self {
        let pairs = ScriptedSandbox::default().with(COMPONENT, manifest(), |call, _| Ok(answer(call)));
        let between = Between { sweeps: Some(sweeps), ..Between::default() };
        let house = Self::build(stored, containers, settings, pairs, between);
        house.engine.runner.listen();
        house
    }

    /// Two engines over one store that hear each other; only the first works on runs.
    pub(crate) fn pair(directory: &Path, containers: &Scripted, relay: &Arc<dyn LogRelay>) -> [Self; 2] {
        let stored = open(directory);
        let between = Between { relay: Some(relay.clone()), ..Between::default() };
        let houses = [(); 2].map(|()| {
            let pairs = ScriptedSandbox::default().with(COMPONENT, manifest(), |call, _| Ok(answer(call)));
            Self::build(&stored, containers, Settings::default(), pairs, between.clone())
        });
        houses[0].engine.runner.listen();
        houses
    }

    fn build(
        (records, blobs): &Stored,
        containers: &Scripted,
        settings: Settings,
        plugins: ScriptedSandbox,
        Between { signals, relay, blobs: way, sweeps }: Between,
    ) -> Self {
        let parts = Parts {
            signals: signals.clone(),
            relay,
            plugins: records.clone(),
            runs: records.clone(),
            changes: records.clone(),
            journal: records.clone(),
            overview: records.clone(),
            requests: records.clone(),
            reuse: records.clone(),
            sweeps: sweeps.unwrap_or_else(|| records.clone()),
            uploads: records.clone(),
            accounts: records.clone(),
            credentials: records.clone(),
            identity: None,
            audit: records.clone(),
            links: records.clone(),
            metering: records.clone(),
            blobs: way.unwrap_or_else(|| blobs.clone()),
            sandbox: Arc::new(plugins),
            admission: Arc::new(containers.clone()),
            containers: Arc::new(containers.clone()),
            runners: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        let kept = RetentionPorts::over(records.clone(), blobs.clone(), parts.clock.clone());
        let engine = Engine::new(parts, settings, Some(kept));
        Self { engine, containers: containers.clone(), signals }
    }

    pub(crate) async fn upload(&self) {
        self.engine.catalog.upload(&me(), Bytes::from_static(COMPONENT)).await.unwrap();
    }

    pub(crate) async fn create(&self, params: Value) -> RunId {
        self.engine.intake.create(&me(), request(params)).await.unwrap().id
    }

    pub(crate) async fn ended(&self, id: RunId) -> Run {
        let run = self.engine.reader.wait(&me(), id, Duration::from_secs(30)).await.unwrap().unwrap();
        assert!(run.state.is_end(), "{run:?}");
        run
    }

    /// Waits for a container of the call `index` of the first step.
    pub(crate) async fn started(&self, calls: usize) {
        let all = async {
            while self.containers.starts().len() < calls {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), all).await.unwrap();
    }
}

/// Records and blobs in `directory`.
pub(crate) fn open(directory: &Path) -> Stored {
    let records = SqliteStore::open(directory, Arc::new(SystemClock), &|| Ok(Vec::new())).unwrap();
    let blobs = ObjectBlobs::open(&directory.join("blobs"), records.observed_clock()).unwrap();
    (Arc::new(records), Arc::new(blobs))
}

/// Whose everything is.
pub(crate) fn me() -> Principal {
    Principal::local("test")
}

pub(crate) fn request(params: Value) -> NewRun {
    let pipeline = Selector { name: "pairs".parse().unwrap(), version: None };
    NewRun::new(pipeline, params.into())
}

pub(crate) fn manifest() -> Manifest {
    let properties = json!({
        "steps": { "type": "integer", "minimum": 1, "default": 1 },
        "report": { "type": "boolean", "default": false }
    });
    Manifest {
        name: "pairs".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        title: "Pairs".to_owned(),
        description: "Two containers a step.".to_owned(),
        params_schema: json!({ "type": "object", "properties": properties, "additionalProperties": false }),
        result_schema: json!({ "type": "object" }),
        images: vec![Image { name: "octave".to_owned(), purpose: "to work".to_owned() }],
        max_resources: RESOURCES,
        max_parallel: 2,
        examples: Vec::new(),
    }
}

const RESOURCES: Resources = Resources { cpu_milli: 500, memory_mib: 64, scratch_mib: 8, timeout_ms: 1000 };

/// Two calls, `left` and `right`, for as many steps as asked.
pub(crate) fn answer(call: Call) -> Answered {
    let answer = match call {
        Call::PreProcess(request) => Answer::Step(step(&request.params.value().unwrap(), 1)),
        Call::PostProcess { request, state, results } => {
            let (params, state) = (request.params.value().unwrap(), state.value().unwrap());
            let done = state["done"].as_u64().unwrap();
            if done < params["steps"].as_u64().unwrap() {
                Answer::Next(Next::Again(step(&params, done + 1)))
            } else {
                let said: Vec<_> = results.iter().map(|result| result.stdout.clone()).collect();
                let outcome = json!({ "steps": done, "said": said }).into();
                Answer::Next(Next::Done(Report { outcome, plots: Vec::new(), artifacts: Vec::new() }))
            }
        }
    };
    Answered { answer: Ok(answer), messages: Vec::new() }
}

fn step(params: &Value, done: u64) -> Step {
    let on_failure = if params["report"] == true { OnFailure::Report } else { OnFailure::FailRun };
    let call = |name: &str| ContainerCall {
        name: name.to_owned(),
        image: "octave".to_owned(),
        command: vec!["octave-cli".to_owned()],
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: RESOURCES,
        on_failure,
        deterministic: true,
    };
    Step { calls: vec![call("left"), call("right")], state: json!({ "done": done }).into() }
}

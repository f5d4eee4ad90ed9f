//! A pipeline of steps, calls and faults that its parameters name, and what it comes to when nobody
//! disturbs it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fastrand::Rng;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use simulay_model::{
    ContainerCall, Ending, Failure, Image, Inspection, LogLevel, Manifest, Next, OnFailure, Report,
    Resources, Step,
};
use simulay_model::{Digest, ErrorKind};
use simulay_sandbox::{Answer, Answered, Call, CallError, Code, InspectError, ReadArtifacts, Sandbox};

use crate::machine::Machine;

pub(crate) const NAME: &str = "story";
const RESOURCES: Resources = Resources { cpu_milli: 500, memory_mib: 64, scratch_mib: 8, timeout_ms: 60_000 };

/// What a run does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Params {
    pub(crate) salt: u64,
    pub(crate) steps: u32,
    pub(crate) calls: u32,
    pub(crate) fate: Fate,
}

/// What goes wrong in a run by its own fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    Fine,
    /// The last call of the last step fails, and the plugin wants to know.
    Reported,
    Exits,
    OutOfMemory,
    TimesOut,
    /// Never ends: the run's time is up before.
    Hangs,
    Traps,
    GivesUp,
}

impl Params {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        use Fate::{Exits, Fine, GivesUp, Hangs, OutOfMemory, Reported, TimesOut, Traps};
        let fates = [Fine, Fine, Fine, Fine, Fine, Reported, Exits, OutOfMemory, TimesOut, Traps, GivesUp];
        let fate = if rng.u32(..40) == 0 { Hangs } else { fates[rng.usize(..fates.len())] };
        Self { salt: rng.u64(..1 << 50), steps: rng.u32(1..=4), calls: rng.u32(1..=8), fate }
    }

    /// What the container of a call does.
    pub(crate) fn act(&self, step: u32, call: u32) -> Act {
        let mut rng = Rng::with_seed(self.salt ^ (u64::from(step) << 56) ^ (u64::from(call) << 60));
        let last = step + 1 == self.steps && call + 1 == self.calls;
        let ending = match self.fate {
            Fate::Reported | Fate::Exits if last => Ending::Exited(3),
            Fate::OutOfMemory if last => Ending::OutOfMemory,
            Fate::TimesOut if last => Ending::TimedOut,
            _ => Ending::Exited(0),
        };
        let hangs = last && self.fate == Fate::Hangs;
        let millis = if hangs { u64::MAX >> 20 } else { rng.u64(..4000) };
        Act { millis, ending, text: format!("{step}.{call}: {}\n", rng.u64(..)), leaves: rng.bool() }
    }

    /// The outcome, or the kind of the error, of a run that nobody disturbs.
    pub(crate) fn expected(&self) -> Result<Value, ErrorKind> {
        match self.fate {
            Fate::Exits => return Err(ErrorKind::ContainerExit),
            Fate::OutOfMemory => return Err(ErrorKind::ContainerOom),
            Fate::TimesOut | Fate::Hangs => return Err(ErrorKind::ContainerTimeout),
            Fate::Traps => return Err(ErrorKind::PluginTrap),
            Fate::GivesUp => return Err(ErrorKind::Simulation),
            Fate::Fine | Fate::Reported => {}
        }
        let said = |step| (0..self.calls).map(move |call| self.act(step, call).sum());
        Ok(outcome((0..self.steps).flat_map(said).collect()))
    }

    fn step(&self, step: u32, said: &[String]) -> Step {
        let on_failure = if self.fate == Fate::Reported { OnFailure::Report } else { OnFailure::FailRun };
        let call = |call| ContainerCall {
            name: format!("c{call}"),
            image: "octave".to_owned(),
            command: vec!["act".to_owned(), serde_json::to_string(&self.act(step, call)).unwrap()],
            env: Vec::new(),
            files: Vec::new(),
            outputs: vec!["*.txt".to_owned()],
            excludes: Vec::new(),
            keep_unchanged: true,
            resources: RESOURCES,
            on_failure,
            deterministic: true,
        };
        Step {
            calls: (0..self.calls).map(call).collect(),
            state: json!({ "step": step, "said": said }).into(),
        }
    }
}

fn outcome(said: Vec<String>) -> Value {
    json!({ "said": Digest::of(said.join("").as_bytes()).to_string(), "calls": said.len() })
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Act {
    pub(crate) millis: u64,
    pub(crate) ending: Ending,
    pub(crate) text: String,
    /// A file with the text.
    pub(crate) leaves: bool,
}

impl Act {
    fn sum(&self) -> String {
        format!("{:?} {} {}", self.ending, self.text, self.leaves)
    }
}

/// Plugin code on a machine, whose workers die now and then.
pub(crate) struct Workers {
    pub(crate) machine: Arc<Machine>,
    pub(crate) crashes: Arc<Mutex<BTreeMap<u64, u32>>>,
}

#[async_trait]
impl Sandbox for Workers {
    /// A component is the name of its pipeline.
    async fn inspect(&self, component: Arc<[u8]>) -> Result<Inspection, InspectError> {
        let name = std::str::from_utf8(&component).unwrap();
        let (manifest, contract) = (manifest(name), Version::new(0, 1, 0));
        Ok(Inspection { manifest, contract, tools: Vec::new() })
    }

    async fn call(
        &self,
        _plugin: Digest,
        _code: &dyn Code,
        call: Call,
        _artifacts: Arc<dyn ReadArtifacts>,
    ) -> Result<Answered, CallError> {
        self.machine.act().await;
        let request = match &call {
            Call::PreProcess(request) | Call::PostProcess { request, .. } => request,
        };
        let params: Params = serde_json::from_str(request.params.as_str()).unwrap();
        if self.machine.world.fault(40) {
            *self.crashes.lock().unwrap().entry(params.salt).or_default() += 1;
            return Err(CallError::WorkerCrashed);
        }
        let answer = answer(&params, call);
        self.machine.act().await;
        Ok(Answered { answer: answer?, messages: vec![(LogLevel::Info, "decided".to_owned())] })
    }
}

fn answer(params: &Params, call: Call) -> Result<Result<Answer, Failure>, CallError> {
    let Call::PostProcess { state, results, .. } = call else {
        return Ok(Ok(Answer::Step(params.step(0, &[]))));
    };
    let state = state.value().unwrap();
    let step = u32::try_from(state["step"].as_u64().unwrap()).unwrap();
    let mut said: Vec<String> = serde_json::from_value(state["said"].clone()).unwrap();
    said.extend(results.iter().map(|result| {
        let leaves = !result.outputs.is_empty();
        format!("{:?} {} {leaves}", result.ending, result.stdout)
    }));
    if step + 1 < params.steps {
        return Ok(Ok(Answer::Next(Next::Again(params.step(step + 1, &said)))));
    }
    match params.fate {
        Fate::Traps => Err(CallError::Trap("unreachable".to_owned())),
        Fate::GivesUp => Ok(Err(Failure::Simulation("no use".to_owned()))),
        _ => {
            let (outcome, plots, artifacts) = (outcome(said).into(), Vec::new(), Vec::new());
            Ok(Ok(Answer::Next(Next::Done(Report { outcome, plots, artifacts }))))
        }
    }
}

fn manifest(name: &str) -> Manifest {
    Manifest {
        name: name.parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        title: "A story".to_owned(),
        description: "Steps, calls and faults by parameters.".to_owned(),
        params_schema: json!({ "type": "object" }),
        result_schema: json!({ "type": "object" }),
        images: vec![Image { name: "octave".to_owned(), purpose: "to work".to_owned() }],
        max_resources: RESOURCES,
        max_parallel: 1000,
        examples: Vec::new(),
    }
}

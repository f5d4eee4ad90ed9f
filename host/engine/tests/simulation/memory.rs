//! A store in memory that obeys the ports as the real one does. What is in it is committed: it
//! outlives the hosts.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use semver::Version;
use serde_json::json;
use simulay_model::{
    Artifact, ArtifactKind, AskedCall, CallEnd, CallRecord, Change, Clock as _, Digest, Document, Event,
    Plugin, PluginEvent, PluginName, PluginSummary, Run, RunArtifact, RunEnd, RunId, RunState, RunSummary,
    Step,
};
use simulay_store::{
    Added, BlobStream, BlobWriter, Blobs, Journal, Lease, Leases, Plugins, RunQuery, Runs, Standing,
    StoreError,
};
use tokio::sync::watch;

use crate::database::Store;
use crate::world::WorldClock;

/// Records and bytes.
struct Memory {
    clock: WorldClock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    plugins: Vec<Plugin>,
    runs: BTreeMap<RunId, Entry>,
    blobs: BTreeMap<Digest, Bytes>,
}

struct Entry {
    run: Run,
    steps: Vec<Step>,
    /// The newest attempt at each call.
    calls: BTreeMap<(u32, u32), CallRecord>,
    artifacts: Vec<RunArtifact>,
    events: Vec<Event>,
    last: watch::Sender<u64>,
    lease: Option<(String, u64, Timestamp, Duration)>,
}

/// Opens the same store each time.
pub(crate) fn in_memory() -> impl Fn(WorldClock) -> Store {
    let kept = OnceCell::new();
    move |clock| {
        let open = || Arc::new(Memory { clock, state: Arc::default() });
        let memory: &Arc<Memory> = kept.get_or_init(open);
        Store { records: memory.clone(), blobs: memory.clone() }
    }
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change(
        &self,
        run: RunId,
        fence: Option<u64>,
        at: Timestamp,
        change: Change,
    ) -> Result<Event, StoreError> {
        let mut state = self.state();
        let entry = state.runs.get_mut(&run).ok_or(StoreError::NotFound)?;
        let newest = entry.lease.as_ref().map(|lease| lease.1);
        match (newest, fence) {
            _ if entry.run.state.is_end() => return Err(StoreError::Ended),
            (None, None) => {}
            (newest, Some(_)) if newest == fence => {}
            (_, None) if change == Change::CancelRequested => {}
            _ => return Err(StoreError::Fenced),
        }
        entry.apply(at, change)
    }
}

impl Entry {
    fn apply(&mut self, at: Timestamp, change: Change) -> Result<Event, StoreError> {
        let ends = matches!(change, Change::Ended(_));
        let cancelled = ends && self.run.cancel_requested;
        let change = if cancelled { Change::Ended(RunEnd::Cancelled) } else { change };
        if !self.store(at, &change)? {
            let (kind, data) = (change.kind(), change.data().unwrap());
            let same = |event: &&Event| event.kind == kind && (kind != "call.ended" || event.data == data);
            return Ok(self.events.iter().find(same).unwrap().clone());
        }
        let (kind, data) = (change.kind(), change.data().unwrap());
        Ok(self.append(at, kind, data))
    }

    fn append(&mut self, at: Timestamp, kind: &str, data: Document) -> Event {
        let sequence = self.events.len() as u64 + 1;
        let event = Event { run: self.run.id, sequence, at, kind: kind.to_owned(), data };
        self.events.push(event.clone());
        self.last.send_replace(sequence);
        event
    }

    fn store(&mut self, at: Timestamp, change: &Change) -> Result<bool, StoreError> {
        let running = self.run.state == RunState::Running;
        match change {
            Change::Started if running => return Err(conflict("started before")),
            Change::Started => (self.run.state, self.run.started_at) = (RunState::Running, Some(at)),
            Change::StepPlanned { .. } | Change::CallStarted { .. } | Change::CallEnded { .. }
                if !running =>
            {
                return Err(conflict("not running"));
            }
            Change::StepPlanned { step, plan } => self.plan(*step, plan)?,
            Change::CallStarted { step, call, attempt } => self.start((*step, *call), *attempt)?,
            Change::CallEnded { step, call, attempt, end } => {
                return self.end_call((*step, *call), *attempt, end);
            }
            Change::Logged { .. } => {}
            Change::CancelRequested if self.run.cancel_requested => return Ok(false),
            Change::CancelRequested => self.run.cancel_requested = true,
            Change::Ended(end) => self.end(at, end, running)?,
        }
        Ok(true)
    }

    fn plan(&mut self, step: u32, plan: &Step) -> Result<(), StoreError> {
        if step != self.run.steps {
            return Err(conflict("steps follow each other"));
        }
        for (index, call) in (0..).zip(&plan.calls) {
            let call = AskedCall::from(call);
            let record = CallRecord { step, index, attempt: 0, call, started: false, end: None };
            self.calls.insert((step, index), record);
        }
        self.steps.push(plan.clone());
        self.run.steps += 1;
        Ok(())
    }

    fn start(&mut self, call: (u32, u32), attempt: u32) -> Result<(), StoreError> {
        let newest = self.calls.get_mut(&call).ok_or_else(|| conflict("no such call"))?;
        let again = attempt == newest.attempt && newest.started;
        let follows = attempt == newest.attempt || attempt == newest.attempt + 1;
        if newest.end.is_some() || again || !follows {
            return Err(conflict("another attempt is due"));
        }
        (newest.attempt, newest.started) = (attempt, true);
        Ok(())
    }

    fn end_call(&mut self, call: (u32, u32), attempt: u32, end: &CallEnd) -> Result<bool, StoreError> {
        let newest = self.calls.get_mut(&call).ok_or_else(|| conflict("no such call"))?;
        match &newest.end {
            _ if newest.attempt != attempt => return Err(conflict("another attempt is the newest")),
            Some(stored) if stored == end => return Ok(false),
            Some(_) => return Err(conflict("it ended in another way")),
            None => newest.end = Some(end.clone()),
        }
        if let CallEnd::Result(result) = end {
            let left = |kind, artifact: &Artifact| {
                let artifact = artifact.clone();
                RunArtifact { kind, origin: Some(call), artifact }
            };
            self.artifacts.extend(result.outputs.iter().map(|one| left(ArtifactKind::Output, one)));
            self.artifacts.extend(result.stdout_log.iter().map(|one| left(ArtifactKind::Stdout, one)));
            self.artifacts.extend(result.stderr_log.iter().map(|one| left(ArtifactKind::Stderr, one)));
        }
        Ok(true)
    }

    fn end(&mut self, at: Timestamp, end: &RunEnd, running: bool) -> Result<(), StoreError> {
        match end {
            RunEnd::Succeeded(_) if !running => return Err(conflict("not running")),
            RunEnd::Succeeded(report) => self.run.report = Some(report.clone()),
            RunEnd::Failed(error) | RunEnd::TimedOut(error) => self.run.error = Some(error.clone()),
            RunEnd::Cancelled => {}
        }
        (self.run.state, self.run.ended_at, self.lease) = (end.state(), Some(at), None);
        Ok(())
    }
}

fn conflict(how: &str) -> StoreError {
    StoreError::Conflict(how.to_owned())
}

#[async_trait]
impl Plugins for Memory {
    async fn add(&self, plugin: Plugin) -> Result<Added, StoreError> {
        let mut state = self.state();
        if state.plugins.iter().any(|known| known.manifest.name == plugin.manifest.name) {
            return Ok(Added::Known);
        }
        state.plugins.push(plugin);
        Ok(Added::New)
    }

    async fn version(&self, name: &PluginName, version: &Version) -> Result<Option<Plugin>, StoreError> {
        let versions = self.versions(name).await?;
        Ok(versions.into_iter().find(|plugin| plugin.manifest.version == *version))
    }

    async fn served(&self, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
        Ok(self.versions(name).await?.into_iter().next())
    }

    async fn versions(&self, name: &PluginName) -> Result<Vec<Plugin>, StoreError> {
        let plugins = self.state().plugins.clone();
        Ok(plugins.into_iter().filter(|plugin| plugin.manifest.name == *name).collect())
    }

    async fn list(&self) -> Result<Vec<PluginSummary>, StoreError> {
        Ok(self.state().plugins.iter().map(Plugin::summary).collect())
    }

    async fn checking(&self) -> Result<Vec<Plugin>, StoreError> {
        Ok(Vec::new())
    }

    async fn update(&self, plugin: Plugin, _events: Vec<PluginEvent>) -> Result<(), StoreError> {
        let mut state = self.state();
        let known = state.plugins.iter_mut().find(|known| known.manifest.name == plugin.manifest.name);
        *known.ok_or(StoreError::NotFound)? = plugin;
        Ok(())
    }

    async fn history(&self, _name: &PluginName, _: &Version) -> Result<Vec<PluginEvent>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Runs for Memory {
    async fn create(&self, run: Run) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.runs.contains_key(&run.id) {
            return Err(StoreError::RunExists);
        }
        let (id, at) = (run.id, run.created_at);
        let (steps, calls, artifacts, events) = Default::default();
        let (last, lease) = (watch::Sender::new(0), None);
        let mut entry = Entry { run, steps, calls, artifacts, events, last, lease };
        entry.append(at, "run.queued", json!({}).into());
        state.runs.insert(id, entry);
        Ok(())
    }

    async fn apply(&self, run: RunId, at: Timestamp, change: Change) -> Result<Event, StoreError> {
        self.change(run, None, at, change)
    }

    async fn get(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.state().runs.get(&run).map(|entry| entry.run.clone()))
    }

    async fn summary(&self, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        Ok(self.state().runs.get(&run).map(|entry| RunSummary::from(&entry.run)))
    }

    async fn list(&self, _query: RunQuery) -> Result<Vec<RunSummary>, StoreError> {
        Ok(self.state().runs.values().rev().map(|entry| RunSummary::from(&entry.run)).collect())
    }

    async fn unfinished(&self) -> Result<Vec<(RunId, PluginName)>, StoreError> {
        let state = self.state();
        let unfinished = state.runs.iter().filter(|(_, entry)| !entry.run.state.is_end());
        Ok(unfinished.map(|(id, entry)| (*id, entry.run.plugin.name.clone())).collect())
    }
}

#[async_trait]
impl Leases for Memory {
    async fn take(&self, run: RunId, owner: &str, time: Duration) -> Result<Option<Lease>, StoreError> {
        let (now, mut state) = (self.clock.now(), self.state());
        let entry = state.runs.get_mut(&run).ok_or(StoreError::NotFound)?;
        if entry.run.state.is_end() {
            return Err(StoreError::Ended);
        }
        let (fence, worked) = match &entry.lease {
            Some((other, _, until, _)) if other != owner && *until > now => return Ok(None),
            Some((_, fence, _, worked)) => (fence + 1, *worked),
            None => (1, Duration::ZERO),
        };
        entry.lease = Some((owner.to_owned(), fence, now + time, worked));
        Ok(Some(Lease { fence, worked }))
    }

    async fn renew(&self, run: RunId, lease: Lease, time: Duration) -> Result<Standing, StoreError> {
        let (now, mut state) = (self.clock.now(), self.state());
        let entry = state.runs.get_mut(&run).ok_or(StoreError::NotFound)?;
        if entry.run.state.is_end() {
            return Err(StoreError::Ended);
        }
        let held = entry.lease.as_mut().filter(|(_, fence, ..)| *fence == lease.fence);
        let (_, _, until, worked) = held.ok_or(StoreError::Fenced)?;
        // As it is stored: in milliseconds.
        (*until, *worked) = (now + time, Duration::from_millis(lease.worked.as_millis().try_into().unwrap()));
        Ok(Standing { cancel_requested: entry.run.cancel_requested })
    }

    async fn advance(
        &self,
        run: RunId,
        fence: u64,
        at: Timestamp,
        change: Change,
    ) -> Result<Event, StoreError> {
        self.change(run, Some(fence), at, change)
    }
}

#[async_trait]
impl Journal for Memory {
    async fn step(&self, run: RunId, step: u32) -> Result<Option<Step>, StoreError> {
        let state = self.state();
        Ok(state.runs.get(&run).and_then(|entry| entry.steps.get(step as usize).cloned()))
    }

    async fn calls(&self, run: RunId) -> Result<Vec<CallRecord>, StoreError> {
        let state = self.state();
        let calls = state.runs.get(&run).into_iter().flat_map(|entry| entry.calls.values());
        Ok(calls.cloned().collect())
    }

    async fn call(&self, run: RunId, step: u32, index: u32) -> Result<Option<CallRecord>, StoreError> {
        let state = self.state();
        Ok(state.runs.get(&run).and_then(|entry| entry.calls.get(&(step, index)).cloned()))
    }

    async fn artifacts(&self, run: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        Ok(self.state().runs.get(&run).map(|entry| entry.artifacts.clone()).unwrap_or_default())
    }

    async fn events(&self, run: RunId, after: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let state = self.state();
        let events = state.runs.get(&run).into_iter().flat_map(|entry| &entry.events);
        Ok(events.filter(|event| event.sequence > after).take(limit as usize).cloned().collect())
    }

    async fn watch(&self, run: RunId) -> Result<watch::Receiver<u64>, StoreError> {
        let state = self.state();
        let known = state.runs.get(&run).map(|entry| entry.last.subscribe());
        Ok(known.unwrap_or_else(|| watch::channel(0).1))
    }
}

#[async_trait]
impl Blobs for Memory {
    async fn create(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        Ok(Box::new(Blob { bytes: Vec::new(), state: self.state.clone() }))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, StoreError> {
        Ok(self.state().blobs.get(&blob).map(|bytes| bytes.len() as u64))
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, StoreError> {
        let bytes = self.state().blobs.get(&blob).cloned().ok_or(StoreError::NotFound)?;
        let whole = 0..bytes.len() as u64;
        let Range { start, end } = range.unwrap_or(whole);
        let part = bytes.slice(usize::try_from(start).unwrap()..usize::try_from(end).unwrap());
        Ok(stream::iter([Ok(part)]).boxed())
    }
}

struct Blob {
    bytes: Vec<u8>,
    state: Arc<Mutex<State>>,
}

#[async_trait]
impl BlobWriter for Blob {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    async fn finish(self: Box<Self>) -> Result<(Digest, u64), StoreError> {
        let (digest, size) = (Digest::of(&self.bytes), self.bytes.len() as u64);
        self.state.lock().unwrap().blobs.insert(digest, self.bytes.into());
        Ok((digest, size))
    }
}

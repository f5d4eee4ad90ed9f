//! A store in memory that keeps what the others keep, for tests of what stands on a store. What is in it is
//! committed: it outlives whoever uses it.

mod accounts;
mod audit;
mod changes;
mod credentials;
mod journal;
mod links;
mod metering;
mod overview;
mod plugins;
mod requests;
mod reuse;
mod runs;
mod sweeps;
mod uploads;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use parking_lot::{Mutex, MutexGuard};
use semver::Version;
use simulay_model::{
    Account, AccountName, AskedCall, AttemptProgress, AuditRecord, CallPlace, Clock, Digest, Event, Identity,
    Plugin, PluginEvent, PluginName, QuotaOverrides, Run, RunArtifact, RunId, Step, Sweep, SweepId, Token,
    TokenId, Usage, Visibility,
};

use crate::{Flights, Remembered, RequestKey};

/// Records in memory.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    flights: Flights,
}

#[derive(Default)]
struct State {
    /// The number of the last change.
    changes: i64,
    plugins: BTreeMap<(PluginName, Version), PluginEntry>,
    runs: BTreeMap<RunId, RunEntry>,
    /// Results that equal calls may take.
    offers: BTreeSet<(Digest, AccountName, CallPlace)>,
    sweeps: BTreeMap<SweepId, Sweep>,
    requests: HashMap<RequestKey, Remembered>,
    /// The sizes of what was uploaded.
    uploads: HashMap<(AccountName, Digest), u64>,
    /// Of whom somebody said who sees it.
    visible: HashMap<PluginName, Visibility>,
    accounts: BTreeMap<AccountName, Account>,
    tokens: BTreeMap<TokenId, Token>,
    passwords: HashMap<AccountName, String>,
    identities: BTreeMap<Identity, AccountName>,
    audit: Vec<AuditRecord>,
    overrides: BTreeMap<AccountName, QuotaOverrides>,
    usage: BTreeMap<(AccountName, Date), Usage>,
}

struct PluginEntry {
    plugin: Plugin,
    history: Vec<PluginEvent>,
    /// The number of its last change.
    changed: i64,
}

struct RunEntry {
    run: Run,
    /// The number of its last change.
    changed: i64,
    steps: Vec<Step>,
    asked: BTreeMap<(u32, u32), AskedCall>,
    /// The newest attempt at each call.
    attempts: BTreeMap<(u32, u32), AttemptProgress>,
    artifacts: Vec<RunArtifact>,
    events: Vec<Event>,
    lease: Option<LeaseEntry>,
}

struct LeaseEntry {
    holder: String,
    fence: u64,
    until: Timestamp,
    active: Duration,
}

impl MemoryStore {
    /// An empty store; leases end by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default(), flights: Flights::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

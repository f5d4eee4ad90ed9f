//! The port: publish and subscribe.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use simulay_model::{AccountName, PluginName, RunId, SweepId, UnfinishedRun};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// What happened somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A run was accepted and waits for a runner.
    RunQueued(UnfinishedRun),
    /// A runner works on the run: others need not wait with it.
    RunTaken(RunId),
    /// The run has new events.
    RunChanged(RunId),
    /// The run has new events, and ended with the last.
    RunEnded(RunId),
    /// Someone asked for the end of the run.
    CancelRequested(RunId),
    /// The sweep, or a run of it, went on.
    SweepChanged(SweepId),
    /// The life of a version of the plugin changed.
    PluginChanged(PluginName),
    /// A run or a plugin of the account changed, so that who lists them looks.
    AccountChanged(AccountName),
    /// An upload of a plugin got so far.
    UploadAdvanced(AccountName, UploadProgress),
}

/// How far an upload of a plugin got. It is told this once and stored nowhere: the answer to the upload is what counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadProgress {
    /// By what the uploader knows it.
    pub id: String,
    /// What it is, once that is known: `name@version`.
    pub plugin: Option<String>,
    /// How far it got.
    pub stage: UploadStage,
}

/// What an upload went through last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadStage {
    /// All of its bytes are here.
    Received,
    /// It is a component that can be run, and says what it is.
    Compiled,
    /// It takes runs.
    Active,
    /// It waits: for who approves it, or for what it lacks.
    Waiting,
    /// It was not taken.
    Refused,
}

/// What one may subscribe to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// What runners look after: runs that wait, and runs whose end is asked for.
    Work,
    /// What is to be looked at of sweeps.
    Sweeps,
    /// The events of a run.
    Run(RunId),
    /// The life of a plugin.
    Plugin(PluginName),
    /// What belongs to an account.
    Account(AccountName),
}

impl Signal {
    /// The topic it is published under.
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::RunQueued(_) | Self::RunTaken(_) | Self::CancelRequested(_) => Topic::Work,
            Self::SweepChanged(_) => Topic::Sweeps,
            Self::RunChanged(run) | Self::RunEnded(run) => Topic::Run(*run),
            Self::PluginChanged(plugin) => Topic::Plugin(plugin.clone()),
            Self::AccountChanged(account) | Self::UploadAdvanced(account, _) => {
                Topic::Account(account.clone())
            }
        }
    }
}

/// Tells others of what happened. Nothing of it can fail: what is not told is found by looking.
#[async_trait]
pub trait Signals: Send + Sync {
    /// Tells all who subscribed to the signal's topic.
    fn publish(&self, signal: Signal);

    /// Hears what is published under `topic` from now on. Where that is not yet certain, as between processes, it
    /// hears [`Heard::Missed`] once it is.
    fn subscribe(&self, topic: Topic) -> Subscription;

    /// False while nothing is heard of other processes: this one works on, and looks by itself.
    fn is_connected(&self) -> bool {
        true
    }

    /// Returns once what was published is told, or after a moment: for a process that ends.
    async fn flush(&self) {}
}

/// Hears the signals of a topic.
#[derive(Debug)]
pub struct Subscription(broadcast::Receiver<Heard>);

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A signal.
    Signal(Signal),
    /// Some may be lost: more came than were waited for, or whoever carries them was away. Look.
    Missed,
    /// Nothing will come any more.
    Closed,
}

impl Subscription {
    /// Hears what comes by `receiver`.
    #[must_use]
    pub const fn new(receiver: broadcast::Receiver<Heard>) -> Self {
        Self(receiver)
    }

    /// The next signal. Cancel safe.
    pub async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            Ok(heard) => heard,
            Err(RecvError::Lagged(_)) => Heard::Missed,
            Err(RecvError::Closed) => Heard::Closed,
        }
    }

    /// Forgets what came so far: whoever is about to look needs no hint to look.
    pub fn forget(&mut self) {
        self.0 = self.0.resubscribe();
    }
}

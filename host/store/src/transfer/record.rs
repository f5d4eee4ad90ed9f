//! What is moved, as it is whatever keeps it.

use std::fmt::{self, Display, Formatter};

use jiff::Timestamp;
use simulay_model::{
    Account, AccountName, AttemptProgress, AuditRecord, DailyUsage, Event, Identity, Plugin, PluginEvent,
    PluginName, QuotaOverrides, Run, RunArtifact, RunId, Step, Sweep, Token, Visibility,
};

use crate::{Claim, Lease, Outcome, Upload};

/// Something that is stored. Times that things age by are in milliseconds of the time that hosts were seen at work.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// An account.
    Account(OwnedAccount),
    /// A version of a plugin.
    Plugin(Box<OwnedPlugin>),
    /// Who sees a plugin that others than its owner see.
    Visibility(PluginName, Visibility),
    /// Who uploaded what, and when.
    Upload(AccountName, Upload, i64),
    /// A sweep, and when it ended.
    Sweep(Box<Sweep>, Option<i64>),
    /// A run.
    Run(Box<OwnedRun>),
    /// A token.
    Token(Box<Token>),
    /// Whom a provider of identities knows, and the account that is linked to him.
    Identity(Identity, AccountName),
    /// A request that may come again, what came of it, and when.
    Request(Claim, Outcome, i64),
    /// A run that was deleted.
    Deletion(Deletion),
    /// What an account used on a day.
    Usage(DailyUsage),
    /// A record of the audit log.
    Audit(Box<AuditRecord>),
    /// For how long hosts were seen at work.
    Observed(i64),
}

/// An account, and what is kept with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedAccount {
    /// The account.
    pub account: Account,
    /// The PHC string of its password.
    pub password: Option<String>,
    /// How its quotas differ.
    pub quotas: QuotaOverrides,
}

/// A version of a plugin, and what happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedPlugin {
    /// The version.
    pub plugin: Plugin,
    /// What happened to it, in order.
    pub events: Vec<PluginEvent>,
}

/// A run with its journal.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedRun {
    /// The run.
    pub run: Run,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// The last lease of a run that has not ended.
    pub lease: Option<Lease>,
    /// The plans of its steps, by step.
    pub plans: Vec<(u32, Step)>,
    /// All attempts at its calls, by step, index and number.
    pub attempts: Vec<((u32, u32), AttemptProgress)>,
    /// Its files, in the order they came.
    pub artifacts: Vec<RunArtifact>,
    /// Its events, in order.
    pub events: Vec<Event>,
}

/// What is left of a run that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The run.
    pub run: RunId,
    /// Whose it was.
    pub owner: AccountName,
    /// What it was a run of.
    pub pipeline: PluginName,
    /// When it was deleted.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// What kind of record it is, in the order in which they are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Accounts, by name.
    Account,
    /// Plugins, by name and version.
    Plugin,
    /// Who sees plugins, by name.
    Visibility,
    /// Uploads, by owner and digest.
    Upload,
    /// Sweeps, by id.
    Sweep,
    /// Runs, by id.
    Run,
    /// Tokens, by id.
    Token,
    /// Identities, by issuer and subject.
    Identity,
    /// Requests, by owner, scope and key.
    Request,
    /// Deleted runs, by id.
    Deletion,
    /// What was used, by account and day.
    Usage,
    /// The audit log, by number.
    Audit,
    /// For how long hosts were seen at work: once.
    Observed,
}

impl Record {
    /// What kind it is of.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Account(_) => Kind::Account,
            Self::Plugin(_) => Kind::Plugin,
            Self::Visibility(..) => Kind::Visibility,
            Self::Upload(..) => Kind::Upload,
            Self::Sweep(..) => Kind::Sweep,
            Self::Run(_) => Kind::Run,
            Self::Token(_) => Kind::Token,
            Self::Identity(..) => Kind::Identity,
            Self::Request(..) => Kind::Request,
            Self::Deletion(_) => Kind::Deletion,
            Self::Usage(_) => Kind::Usage,
            Self::Audit(_) => Kind::Audit,
            Self::Observed(_) => Kind::Observed,
        }
    }
}

impl Display for Record {
    /// Which record it is, without what is in it.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(it) => write!(formatter, "the account {}", it.account.name),
            Self::Plugin(it) => {
                let manifest = &it.plugin.manifest;
                write!(formatter, "the plugin {}@{}", manifest.name, manifest.version)
            }
            Self::Visibility(name, _) => write!(formatter, "who sees the plugin {name}"),
            Self::Upload(owner, upload, _) => write!(formatter, "the upload {} of {owner}", upload.sha256),
            Self::Sweep(it, _) => write!(formatter, "the sweep {}", it.id),
            Self::Run(it) => write!(formatter, "the run {}", it.run.id),
            Self::Token(token) => write!(formatter, "the token {}", token.id),
            Self::Identity(identity, _) => write!(formatter, "an identity of {}", identity.issuer),
            Self::Request(claim, ..) => write!(formatter, "a request of {}", claim.request.owner),
            Self::Deletion(it) => write!(formatter, "the deletion of the run {}", it.run),
            Self::Usage(it) => write!(formatter, "what {} used on {}", it.account, it.day),
            Self::Audit(it) => write!(formatter, "the record {} of the audit log", it.sequence),
            Self::Observed(_) => write!(formatter, "the time that hosts were seen at work"),
        }
    }
}

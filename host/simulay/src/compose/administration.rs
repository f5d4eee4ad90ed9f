//! Who may use a server and what of it is recorded, for commands on the machine of the server.

use std::sync::Arc;

use anyhow::Context as _;
use nix::unistd::getuid;
use simulay_engine::{AccountCredentials, AccountQuotas, Accounts, AuditLog};
use simulay_model::{AuditAction, AuditEntry, AuditRecord, SystemClock};
use simulay_store::{Audit, AuditQuery, StoreError};
use simulay_store_sqlite::AuditFile;

use super::{DataDirectory, Records, cluster, limits};
use crate::configuration::Settings;

/// Accounts of a server, by what they sign in, and the audit log of what is done to them.
pub(crate) struct Administration {
    pub(crate) accounts: Accounts,
    pub(crate) credentials: AccountCredentials,
    pub(crate) quotas: AccountQuotas,
    audit: AuditLog,
}

impl Administration {
    /// That of the server of the settings, which may be at work.
    pub(crate) async fn of(settings: &Settings) -> anyhow::Result<Self> {
        let Records { accounts, credentials, metering, audit, .. } = records(settings).await?;
        let clock = Arc::new(SystemClock);
        Ok(Self {
            accounts: Accounts::new(accounts, clock.clone()),
            credentials: AccountCredentials::new(credentials, clock.clone()),
            quotas: AccountQuotas::new(metering, limits::of_quotas(settings)),
            audit: AuditLog::new(audit, clock),
        })
    }

    /// Records what was done, before it is told.
    ///
    /// # Errors
    /// When the log does not take it: what was done stays done.
    pub(crate) async fn record(&self, entry: AuditEntry) -> anyhow::Result<()> {
        self.audit.append(entry).await.context("it is done, and the audit log did not take it down")?;
        Ok(())
    }
}

/// The records of a cluster, when the settings name one, else of the data directory.
async fn records(settings: &Settings) -> anyhow::Result<Records> {
    if settings.cluster.is_set() {
        return Ok(cluster::records(settings).await?.into());
    }
    let data = settings.data()?;
    let store = DataDirectory::records(&data);
    Ok(store.with_context(|| format!("the records in {} cannot be read", data.display()))?.into())
}

/// The audit log of a server, to be read.
pub(crate) enum AuditLogOf {
    /// In a data directory or a copy of one.
    Directory(AuditFile),
    /// In a cluster.
    Cluster(Arc<dyn Audit>),
}

impl AuditLogOf {
    /// That of the server of the settings, which may be at work. Nothing is written there.
    pub(crate) async fn server(settings: &Settings) -> anyhow::Result<Self> {
        if settings.cluster.is_set() {
            return Ok(Self::Cluster(records(settings).await?.audit));
        }
        Ok(Self::Directory(DataDirectory::audit(&settings.data()?)?))
    }

    /// Records, in order.
    pub(crate) async fn page(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        match self {
            Self::Directory(file) => file.page(&query),
            Self::Cluster(audit) => audit.page(query).await,
        }
    }
}

/// What somebody at the command line of this machine does.
pub(crate) fn command_line(action: AuditAction) -> AuditEntry {
    AuditEntry::new(action, &format!("command line, uid {}", getuid()))
}

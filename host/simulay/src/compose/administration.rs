//! Who may use a server and what of it is recorded, for commands on the machine of the server.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use nix::unistd::getuid;
use simulay_engine::{AccountCredentials, AccountQuotas, Accounts, AuditLog};
use simulay_model::{AuditAction, AuditEntry, SystemClock};

use super::{DataDirectory, limits};
use crate::configuration::Settings;

/// Accounts of a data directory, by what they sign in, and the audit log of what is done to them.
pub(crate) struct Administration {
    pub(crate) accounts: Accounts,
    pub(crate) credentials: AccountCredentials,
    pub(crate) quotas: AccountQuotas,
    audit: AuditLog,
}

impl Administration {
    /// That of the data directory `data`, in which a server may work.
    pub(crate) fn of(settings: &Settings, data: &Path) -> anyhow::Result<Self> {
        let store = DataDirectory::records(data)
            .with_context(|| format!("the accounts in {} cannot be read", data.display()))?;
        let clock = Arc::new(SystemClock);
        let accounts = Accounts::new(store.clone(), clock.clone());
        let credentials = AccountCredentials::new(store.clone(), clock.clone());
        let quotas = AccountQuotas::new(store.clone(), limits::of_quotas(settings));
        Ok(Self { accounts, credentials, quotas, audit: AuditLog::new(store, clock) })
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

/// What somebody at the command line of this machine does.
pub(crate) fn command_line(action: AuditAction) -> AuditEntry {
    AuditEntry::new(action, &format!("command line, uid {}", getuid()))
}

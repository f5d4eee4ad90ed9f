//! All that is stored, moved to another store.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use simulay_model::{
    AccountName, AuditAction, AuditEntry, Change, Identity, OwnerFilter, Plugin, PluginEffects, PluginEvent,
    PluginEventKind, PluginLife, PluginState, Quota, QuotaSetting, Role, Run, RunEnd, Token, TokenKind,
    Visibility,
};

use super::metering::run_of;
use super::requests::claim;
use super::samples::{ended, error, now, planned, plugin, report, started};
use super::{Subject, accounts, sweeps};
use crate::transfer::{Export, Kind, Transfer, TransferError, compare, transfer};
use crate::{Lease, Retention};

/// Every kind of record.
const KINDS: [Kind; 13] = [
    Kind::Account,
    Kind::Plugin,
    Kind::Visibility,
    Kind::Upload,
    Kind::Sweep,
    Kind::Run,
    Kind::Token,
    Kind::Identity,
    Kind::Request,
    Kind::Deletion,
    Kind::Usage,
    Kind::Audit,
    Kind::Observed,
];

impl Subject {
    /// Stores something of every kind; runs in every state.
    pub async fn fill(&self, retention: &dyn Retention) {
        self.fill_people().await;
        self.fill_plugins().await;
        self.fill_runs().await;
        self.fill_sweeps().await;
        self.delete_a_run(retention).await;
        retention.observe(Duration::from_millis(1234)).await.unwrap();
        for number in 0..3 {
            let entry = AuditEntry::new(AuditAction::RunCreated, "rest").about(number);
            self.audit.append(now(), entry).await.unwrap();
        }
    }

    async fn fill_people(&self) {
        let [ada, bob] = ["ada", "bob"].map(|name| accounts::account(name, Role::Author));
        let identity = Identity { issuer: "https://login.example.org".to_owned(), subject: "7".to_owned() };
        self.accounts.add_account(ada.clone()).await.unwrap();
        self.credentials.add_linked(bob.clone(), &identity).await.unwrap();
        self.accounts.set_revoked(&bob.name, Some(now())).await.unwrap();
        self.credentials.set_password(&ada.name, "$argon2id$".to_owned(), now()).await.unwrap();
        let quotas = vec![
            (Quota::MaxContainers, QuotaSetting::AtMost(u64::MAX)),
            (Quota::StoredBytes, QuotaSetting::Unlimited),
        ];
        self.metering.set_quotas(&ada.name, quotas).await.unwrap();
        let shown = accounts::token(&ada.name, 1);
        self.accounts.add_token(shown.clone()).await.unwrap();
        self.accounts.used(shown.id, now()).await.unwrap();
        let session =
            Token { kind: TokenKind::Session, parent: Some(shown.id), ..accounts::token(&ada.name, 2) };
        self.credentials.open_session(session, None).await.unwrap();
        self.uploads("ada", &[b"1,2", b"three"]).await;
        self.uploads("bob", &[b"three"]).await;
    }

    async fn fill_plugins(&self) {
        let of_ada = |version, bytes| Plugin { owner: account("ada"), ..plugin("heat", version, bytes) };
        let (old, new) = (of_ada("1.9.0", b"old"), of_ada("1.10.0", b"new"));
        for version in [&old, &new, &plugin("beam", "1.0.0", b"beam")] {
            self.plugins.add(version.clone(), None).await.unwrap();
        }
        let life =
            PluginLife { state: PluginState::Retired, retired_at: Some(now()), revision: 1, ..old.life() };
        let event = PluginEvent {
            at: now(),
            kind: PluginEventKind::RolledBack,
            account: account("ada"),
            by: "me".to_owned(),
        };
        let effects = PluginEffects { life, versions: None, events: vec![event] };
        let (name, version) = (&old.manifest.name, &old.manifest.version);
        self.plugins.commit(name, version, Box::new(effects)).await.unwrap();
        let shared = Visibility::Shared([account("bob"), account("eve")].into());
        self.plugins.set_visibility(&OwnerFilter::Any, name, shared).await.unwrap();
        self.plugins
            .set_visibility(&OwnerFilter::Any, &"beam".parse().unwrap(), Visibility::Public)
            .await
            .unwrap();
    }

    async fn fill_runs(&self) {
        let [queued, working, succeeded, failed] = ["ada", "ada", "bob", "ada"].map(run_of);
        self.runs.create(queued, Some(claim("a"))).await.unwrap();
        for run in [&working, &succeeded, &failed] {
            self.runs.create(run.clone(), None).await.unwrap();
            for change in [Change::Started, planned(0, 2), started(0, 0, 0), started(0, 0, 1)] {
                self.change(run.id, change).await;
            }
        }
        self.hold_a_moment(&working).await;
        for change in [ended(0, 0, 1, 7), started(0, 1, 0), ended(0, 1, 0, 9)] {
            self.change(succeeded.id, change).await;
        }
        let done = RunEnd::Succeeded(report());
        self.change(succeeded.id, Change::ended(done)).await;
        self.change(failed.id, Change::ended(RunEnd::Failed(error()))).await;
        self.requests.remember(claim("b"), "{}".to_owned()).await.unwrap();
    }

    /// One that goes on, with a run, and one that has ended.
    async fn fill_sweeps(&self) {
        let (going, ended) = (sweeps::sweep("ada"), sweeps::sweep("bob"));
        for sweep in [&going, &ended] {
            self.sweeps.add_sweep(sweep.clone(), None).await.unwrap();
        }
        let run = sweeps::of_point(&going, 0);
        self.step(&going, sweeps::begun(&going, 1), vec![run]).await.unwrap();
        self.step(&ended, sweeps::over(1), Vec::new()).await.unwrap();
    }

    /// Leases a run until nobody holds it any more.
    async fn hold_a_moment(&self, run: &Run) {
        let minute = Duration::from_secs(60);
        let lease = self.runs.acquire_lease(run.id, "first", minute).await.unwrap().unwrap();
        let active = Lease { active: Duration::from_millis(5), ..lease };
        self.runs.renew_lease(run.id, active, minute).await.unwrap();
        self.clock.advance(2 * minute);
    }

    async fn delete_a_run(&self, retention: &dyn Retention) {
        let run = run_of("ada");
        self.runs.create(run.clone(), None).await.unwrap();
        self.change(run.id, Change::ended(RunEnd::Cancelled)).await;
        retention.delete(run.id, now(), "old").await.unwrap();
    }
}

fn account(name: &str) -> AccountName {
    name.parse().unwrap()
}

/// Something of every kind, and in the end nothing differs.
pub async fn what_is_stored_is_moved_whole(filled: &dyn Export, empty: &dyn Transfer) {
    let counts = transfer(filled, empty, "the first").await.unwrap();
    for kind in KINDS {
        assert!(counts.contains_key(&kind), "{kind:?} of {counts:?}");
    }
    assert_eq!(compare(filled, empty).await.unwrap(), counts);
    let again = transfer(filled, empty, "the first").await;
    assert!(matches!(again, Err(TransferError::Taken(_))), "{again:?}");
}

/// From wherever it broke off, and only with what it began with.
pub async fn what_broke_off_goes_on(filled: &dyn Export, empty: &dyn Transfer) {
    empty.begin("the first").await.unwrap();
    let records: Vec<_> = filled.records().try_collect().await.unwrap();
    let some: Vec<_> = records.iter().step_by(2).take(8).cloned().collect();
    empty.put(some.clone()).await.unwrap();
    empty.put(some).await.unwrap();
    let other = transfer(filled, empty, "another").await;
    assert!(matches!(other, Err(TransferError::Taken(_))), "{other:?}");
    let differs = compare(filled, empty).await;
    assert!(matches!(differs, Err(TransferError::Differs(_))), "{differs:?}");
    transfer(filled, empty, "the first").await.unwrap();
}

/// Nothing is moved under the hands of a host.
pub async fn what_is_worked_on_is_not_moved(subject: &Subject, worked_on: &dyn Export, empty: &dyn Transfer) {
    let run = subject.queued().await;
    let time = Duration::from_secs(60);
    let lease = subject.runs.acquire_lease(run, "a host", time).await.unwrap().unwrap();
    // Others see it once something is stored after it.
    subject.runs.renew_lease(run, lease, time).await.unwrap();
    let refused = transfer(worked_on, empty, "the first").await;
    assert!(matches!(&refused, Err(TransferError::AtWork(holder)) if holder == "a host"), "{refused:?}");
    assert!(
        empty.records().try_collect::<Vec<_>>().await.unwrap().iter().all(|it| it.kind() == Kind::Observed)
    );
}

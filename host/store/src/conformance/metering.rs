//! What accounts use.

use std::time::Duration;

use simulay_model::OwnerFilter::{Any, Only};
use simulay_model::{
    AccountName, Change, Clock as _, DailyUsage, Digest, Month, OwnerFilter, Plugin, Quotas, Run, RunEnd,
    RunId, Usage, day_of,
};

use super::samples::{broken, ended, now, planned, plugin, run, started};
use super::subject::apply;
use super::{Subject, requests};
use crate::{StoreError, Upload};

pub(super) fn account(name: &str) -> AccountName {
    name.parse().unwrap()
}

pub(super) fn run_of(owner: &str) -> Run {
    Run { owner: account(owner), ..run("heat") }
}

pub(super) fn upload(bytes: &[u8]) -> Upload {
    Upload { sha256: Digest::of(bytes), size: bytes.len() as u64 }
}

impl Subject {
    pub(super) async fn uploads(&self, owner: &str, bytes: &[&[u8]]) {
        let uploads = bytes.iter().map(|bytes| upload(bytes)).collect();
        self.uploads.record(&account(owner), uploads, &Quotas::default()).await.unwrap();
    }

    /// A run of an account, with a step of `calls` calls.
    async fn at_work(&self, owner: &str, calls: usize) -> RunId {
        let run = run_of(owner);
        self.runs.create(run.clone(), None).await.unwrap();
        for change in [Change::Started, planned(0, calls)] {
            self.change(run.id, change).await;
        }
        run.id
    }

    /// All that was ever used, on the days of the machine and of the clock.
    async fn used(&self, owner: &OwnerFilter) -> Usage {
        let mut months = vec![Month::of(now()), Month::of(self.clock.now())];
        months.dedup();
        let mut all = Usage::default();
        for month in months {
            for day in self.metering.usage(owner, month).await.unwrap() {
                all += day.usage;
            }
        }
        all
    }
}

/// However often it comes.
pub async fn a_run_is_counted_once(subject: &Subject) {
    let run = run_of("ada");
    subject.runs.create(run.clone(), Some(requests::claim("a"))).await.unwrap();
    let again = subject.runs.create(run.clone(), None).await;
    assert!(matches!(again, Err(StoreError::RunExists)), "{again:?}");
    let repeated = subject.runs.create(run_of("ada"), Some(requests::claim("a"))).await;
    assert!(matches!(repeated, Err(StoreError::Repeated)), "{repeated:?}");
    assert_eq!(subject.used(&Any).await, Usage::of_run());
    let day = DailyUsage { account: run.owner, day: day_of(run.created_at), usage: Usage::of_run() };
    assert_eq!(subject.metering.usage(&Any, Month::of(run.created_at)).await.unwrap(), [day]);
}

/// When it is stored, and not when its commit is stale, or it ended before.
pub async fn the_end_of_a_call_is_counted_once(subject: &Subject) {
    let run = subject.at_work("ada", 3).await;
    subject.change(run, started(0, 0, 0)).await;
    assert_eq!(subject.used(&Any).await, Usage::of_run(), "a container counts when its call ends");
    let late = subject.decide(run, ended(0, 0, 0, 7)).await;
    subject.change(run, ended(0, 0, 0, 7)).await;
    let stale = subject.runs.commit(run, None, late).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    let again = apply(&*subject.runs, run, None, now(), ended(0, 0, 0, 7)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    // What it left: `3,4`, `hello` and `oh`.
    let one = Usage { runs: 1, containers: 1, container_ms: 7, cpu_ms: 4, bytes_in: 0, bytes_kept: 10 };
    assert_eq!(subject.used(&Any).await, one);
    subject.change(run, started(0, 1, 0)).await;
    subject.change(run, broken(0, 1, 0)).await;
    subject.change(run, broken(0, 2, 0)).await;
    let two = Usage { containers: 2, ..one };
    assert_eq!(subject.used(&Any).await, two, "a call that was never started had no container");
}

/// Whoever cancels a run used what was at work until then.
pub async fn what_never_ended_is_counted_with_the_end_of_its_run(subject: &Subject) {
    let run = subject.at_work("ada", 2).await;
    let (begun, minute) = (now(), Duration::from_secs(60));
    let at = |minutes: u32| begun + minutes * minute;
    let change = async |minutes, change| apply(&*subject.runs, run, None, at(minutes), change).await.unwrap();
    change(0, started(0, 0, 0)).await;
    change(1, started(0, 1, 0)).await;
    change(2, ended(0, 1, 0, 7)).await;
    let before = subject.used(&Any).await;
    change(5, Change::ended(RunEnd::Cancelled)).await;
    let (ms, used) = (5 * 60_000, subject.used(&Any).await);
    let (containers, container_ms, cpu_ms) =
        (before.containers + 1, before.container_ms + ms, before.cpu_ms + ms);
    assert_eq!(used, Usage { containers, container_ms, cpu_ms, ..before });
}

/// By whom, and what others uploaded is no matter.
pub async fn what_is_uploaded_again_is_counted_once(subject: &Subject) {
    subject.uploads("ada", &[b"one", b"three"]).await;
    subject.uploads("ada", &[b"three", b"three", b"seven"]).await;
    subject.uploads("bob", &[b"three"]).await;
    let version = |bytes: &[u8]| Plugin { owner: account("ada"), ..plugin("heat", "1.0.0", bytes) };
    subject.plugins.add(version(b"component"), None).await.unwrap();
    subject.plugins.add(version(b"component"), None).await.unwrap();
    subject.plugins.add(version(b"other"), None).await.unwrap_err();
    assert_eq!(subject.used(&Only(account("ada"))).await, Usage::of_upload(3 + 5 + 5 + 9));
    assert_eq!(subject.used(&Only(account("bob"))).await, Usage::of_upload(5));
}

/// In order, and only those that were asked for.
pub async fn days_are_told_by_account_and_month(subject: &Subject) {
    let used = [
        ("ada", "2026-10-31T23:59:59Z"),
        ("ada", "2026-11-01T00:00:00Z"),
        ("bob", "2026-11-30T23:59:59.999Z"),
        ("ada", "2026-11-30T12:00:00Z"),
        ("ada", "2026-11-30T13:00:00Z"),
        ("ada", "2026-12-01T00:00:00Z"),
    ];
    for (owner, at) in used {
        let run = Run { created_at: at.parse().unwrap(), ..run_of(owner) };
        subject.runs.create(run, None).await.unwrap();
    }
    let told = async |owner: OwnerFilter, month: &str| {
        let days = subject.metering.usage(&owner, month.parse().unwrap()).await.unwrap();
        days.iter().map(|it| format!("{} {} {}", it.account, it.day, it.usage.runs)).collect::<Vec<_>>()
    };
    let (ada, bob) = (["ada 2026-11-01 1", "ada 2026-11-30 2"], "bob 2026-11-30 1");
    assert_eq!(told(Only(account("ada")), "2026-11").await, ada);
    assert_eq!(told(Any, "2026-11").await, [ada[0], ada[1], bob]);
    assert_eq!(told(Any, "2026-12").await, ["ada 2026-12-01 1"]);
    assert!(told(Only(account("bob")), "2026-10").await.is_empty());
}

/// Equal bytes once, whether they were uploaded or a run shows them.
pub async fn what_is_kept_is_known_for_each_account(subject: &Subject) {
    let at = subject.clock.now();
    let present = async |owner: &str| subject.metering.present_use(&account(owner), at).await.unwrap();
    assert_eq!(present("ada").await, Default::default());
    subject.uploads("ada", &[b"1,2", b"three"]).await;
    subject.uploads("ada", &[b"three"]).await;
    subject.uploads("bob", &[b"three"]).await;
    assert_eq!((present("ada").await.stored_bytes, present("bob").await.stored_bytes), (8, 5));
    let run = subject.at_work("ada", 1).await;
    let before = present("ada").await;
    assert!(before.stored_bytes >= 8, "records may count");
    for change in [started(0, 0, 0), ended(0, 0, 0, 7)] {
        subject.change(run, change).await;
    }
    let after = present("ada").await;
    assert!(after.stored_bytes - before.stored_bytes >= 10, "what the call left");
    assert_eq!(
        (before.unfinished_runs, after.unfinished_runs, present("bob").await.unfinished_runs),
        (1, 1, 0)
    );
    subject.change(run, Change::ended(simulay_model::RunEnd::Cancelled)).await;
    assert_eq!(present("ada").await.unfinished_runs, 0);
    subject
        .plugins
        .add(Plugin { owner: account("bob"), ..plugin("heat", "1.0.0", b"code") }, None)
        .await
        .unwrap();
    let bob = present("bob").await;
    assert_eq!((bob.plugin_versions, bob.plugin_bytes, bob.stored_bytes), (1, 4, 5));
    assert_eq!(bob.today, Usage::of_upload(9), "of the day of the clock");
}

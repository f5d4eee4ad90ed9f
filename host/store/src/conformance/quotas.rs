//! Quotas: how they differ, and that nothing is stored beyond them.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use simulay_model::OwnerFilter::Any;
use simulay_model::{
    Account, Change, Clock as _, Plugin, Quota, QuotaExceeded, QuotaSetting, Quotas, Role, RunEnd, Usage,
};

use super::metering::{account, run_of, upload};
use super::samples::{now, plugin};
use super::{Subject, requests};
use crate::StoreError;

/// Which quota it was.
#[track_caller]
fn exceeded<T: std::fmt::Debug>(refused: Result<T, StoreError>) -> QuotaExceeded {
    assert!(matches!(refused, Err(StoreError::QuotaExceeded(_))), "{refused:?}");
    match refused {
        Err(StoreError::QuotaExceeded(exceeded)) => exceeded,
        _ => unreachable!("it was looked at"),
    }
}

/// Only what was said of it, until it is taken back.
pub async fn what_differs_for_an_account_reads_back(subject: &Subject) {
    let (ada, bob) = (account("ada"), account("bob"));
    for name in [&ada, &bob] {
        let account = Account { name: name.clone(), role: Role::Author, created_at: now(), revoked_at: None };
        subject.accounts.add_account(account).await.unwrap();
    }
    assert_eq!(subject.metering.overrides().await.unwrap(), BTreeMap::new());
    let (most, none, usual) = (QuotaSetting::AtMost, QuotaSetting::Unlimited, QuotaSetting::Default);
    let changes = vec![(Quota::MaxContainers, most(4)), (Quota::StoredBytes, none)];
    subject.metering.set_quotas(&ada, changes).await.unwrap();
    subject.metering.set_quotas(&ada, vec![(Quota::MaxContainers, most(u64::MAX))]).await.unwrap();
    subject.metering.set_quotas(&bob, vec![(Quota::UploadBytes, most(0))]).await.unwrap();
    let of_ada = BTreeMap::from([(Quota::MaxContainers, Some(u64::MAX)), (Quota::StoredBytes, None)]);
    let of_bob = BTreeMap::from([(Quota::UploadBytes, Some(0))]);
    let both = BTreeMap::from([(ada.clone(), of_ada), (bob.clone(), of_bob)]);
    assert_eq!(subject.metering.overrides().await.unwrap(), both);
    let changes = vec![(Quota::UploadBytes, usual), (Quota::StoredBytes, usual)];
    subject.metering.set_quotas(&bob, changes).await.unwrap();
    assert_eq!(subject.metering.overrides().await.unwrap().into_keys().collect::<Vec<_>>(), [ada]);
    let missing = subject.metering.set_quotas(&account("eve"), vec![(Quota::StoredBytes, none)]).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

/// Nor the claim of its request, nor that it came; and others are not held up.
pub async fn a_run_beyond_a_quota_is_not_stored(subject: &Subject) {
    let one = Quotas::default().with(Quota::MaxUnfinishedRuns, 1);
    let (first, second) = (run_of("ada"), run_of("ada"));
    subject.runs.create_within(first.clone(), None, &one).await.unwrap();
    let refused = subject.runs.create_within(second.clone(), Some(requests::claim("a")), &one).await;
    let told = exceeded(refused);
    assert_eq!((told.quota, told.bound, told.used), (Quota::MaxUnfinishedRuns, 1, 1));
    assert_eq!(subject.runs.get(&Any, second.id).await.unwrap(), None);
    assert_eq!(subject.requests.find(&requests::claim("a").request).await.unwrap(), None);
    subject.runs.create_within(run_of("bob"), None, &one).await.unwrap();
    let again = subject.runs.create_within(first.clone(), None, &one).await;
    assert!(matches!(again, Err(StoreError::RunExists)), "what came before is no more: {again:?}");
    subject.change(first.id, Change::ended(RunEnd::Cancelled)).await;
    subject.runs.create_within(second, Some(requests::claim("a")), &one).await.unwrap();
    let ada = subject.metering.present_use(&account("ada"), first.created_at).await.unwrap();
    assert_eq!(ada.unfinished_runs, 1);
}

/// However they come.
pub async fn of_many_runs_at_once_as_many_are_stored_as_may(subject: &Subject) {
    let three = Quotas::default().with(Quota::MaxUnfinishedRuns, 3);
    let creates = (0..20).map(|_| subject.runs.create_within(run_of("ada"), None, &three));
    let created = join_all(creates).await;
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 3);
    assert_eq!(subject.runs.count_unfinished(&Any, 100).await.unwrap(), 3);
}

/// Not in part either; what is kept already takes no room.
pub async fn an_upload_beyond_a_quota_is_not_taken_down(subject: &Subject) {
    let (ada, at) = (account("ada"), subject.clock.now());
    subject.uploads("ada", &[b"three"]).await;
    subject.uploads("bob", &[b"a lot of bytes of another"]).await;
    for quota in [Quota::StoredBytes, Quota::BytesPerDay] {
        let quotas = Quotas::default().with(quota, 8);
        let (fits, too_much) = (upload(b"abc"), upload(b"four"));
        let told = exceeded(subject.uploads.record(&ada, vec![fits, too_much], &quotas).await);
        assert_eq!((told.quota, told.bound, told.used), (quota, 8, 5));
        assert!(subject.uploads.nameable(&Any, vec![fits.sha256, too_much.sha256]).await.unwrap().is_empty());
        subject.uploads.record(&ada, vec![upload(b"three"), upload(b"three")], &quotas).await.unwrap();
    }
    let ada = subject.metering.present_use(&ada, at).await.unwrap();
    assert_eq!((ada.stored_bytes, ada.today), (5, Usage::of_upload(5)));
}

/// The same bytes again are no new version.
pub async fn a_version_beyond_a_quota_is_not_added(subject: &Subject) {
    let version = |version: &str, bytes| Plugin { owner: account("ada"), ..plugin("heat", version, bytes) };
    let (first, second) = (version("1.0.0", b"code"), version("2.0.0", b"newer"));
    let one = Quotas::default().with(Quota::PluginVersions, 1);
    subject.plugins.add_within(first.clone(), None, &one).await.unwrap();
    subject.plugins.add_within(first, None, &one).await.unwrap();
    for (quota, bound, used) in
        [(Quota::PluginVersions, 1, 1), (Quota::PluginBytes, 8, 4), (Quota::BytesPerDay, 8, 4)]
    {
        let quotas = Quotas::default().with(quota, bound);
        let told = exceeded(subject.plugins.add_within(second.clone(), None, &quotas).await);
        assert_eq!((told.quota, told.bound, told.used), (quota, bound, used));
    }
    let enough = Quotas::default().with(Quota::PluginBytes, 9).with(Quota::PluginVersions, 2);
    subject.plugins.add_within(second, None, &enough).await.unwrap();
}

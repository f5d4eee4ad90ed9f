//! The audit log: what is recorded, what is counted, and what is told when it cannot be.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use simulay_engine::AuditLog;
use simulay_model::{
    AuditAction, AuditChain, AuditEntry, AuditHead, AuditRecord, AuditResult, ManualClock, Principal,
};
use simulay_store::{Audit, AuditQuery, MemoryStore, StoreError};

fn log() -> AuditLog {
    let clock = Arc::<ManualClock>::default();
    AuditLog::new(Arc::new(MemoryStore::new(clock.clone())), clock)
}

fn denied(from: &str, route: &str) -> AuditEntry {
    let entry = AuditEntry::new(AuditAction::Denied, from).about(route);
    AuditEntry { result: AuditResult::Refused("unauthenticated".to_owned()), ..entry }
}

async fn records(log: &AuditLog) -> Vec<AuditRecord> {
    let records = log.page(AuditQuery::after(0, 10_000)).await.unwrap();
    let mut chain = AuditChain::new(None);
    records.iter().for_each(|record| chain.take(record).unwrap());
    records
}

#[tokio::test]
async fn what_is_done_is_recorded_each_time() {
    let log = log();
    let changed = AuditEntry::new(AuditAction::PluginActivated, "rest").about("heat@1.0.0");
    for number in 0..100 {
        log.record(changed.clone()).await;
        log.record(AuditEntry::new(AuditAction::RunCreated, "rest").about(number)).await;
    }
    log.tell_repeats().await;
    assert_eq!(records(&log).await.len(), 200);
}

#[tokio::test]
async fn what_is_done_again_and_changes_nothing_is_counted() {
    let log = log();
    let cancelled = |number| {
        let entry = AuditEntry::new(AuditAction::RunCancelled, "rest").by(&Principal::local("rest"));
        AuditEntry { request: Some(format!("r-{number}")), ..entry.about("a run") }
    };
    for number in 0..50 {
        log.record(cancelled(number)).await;
        log.record(cancelled(number).about("another run").saying("in time")).await;
        log.record_later(AuditEntry { result: AuditResult::Unknown(None), ..cancelled(number) });
    }
    log.settle().await;
    let records = records(&log).await;
    assert_eq!(records.len(), 6, "each once, and how often it came again");
    let mut details: Vec<_> = records
        .iter()
        .filter(|record| record.request.is_none())
        .map(|it| it.detail.clone().unwrap())
        .collect();
    details.sort();
    let plain = "49 more within a minute";
    assert_eq!(details, [plain, plain, &format!("in time; {plain}")]);
}

#[tokio::test]
async fn no_deed_is_lost_however_many_differ() {
    let log = log();
    let run = |number: usize| AuditEntry::new(AuditAction::RunCreated, "rest").about(number);
    for number in 0..4096 + 10 {
        log.record(run(number)).await;
    }
    log.record(run(4100)).await;
    log.settle().await;
    assert_eq!(records(&log).await.len(), 4096 + 11);
}

#[tokio::test]
async fn what_was_counted_is_told_though_the_host_stops() {
    let log = log();
    for _ in 0..3 {
        log.record(denied("rest", "GET /v1/runs")).await;
    }
    let telling = log.tell_repeats();
    assert!(telling.now_or_never().is_none(), "it is not recorded yet");
    log.settle().await;
    assert_eq!(records(&log).await[1].detail.as_deref(), Some("2 more within a minute"));
}

#[tokio::test]
async fn what_is_refused_again_is_counted_and_told_once() {
    let log = log();
    for number in 0..50 {
        let request = Some(format!("r-{number}"));
        log.record(AuditEntry { request, ..denied("rest from 192.0.2.7", "GET /v1/runs") }).await;
    }
    log.record(denied("rest from 192.0.2.8", "GET /v1/runs")).await;
    log.record(denied("rest from 192.0.2.7", "GET /v1/me")).await;
    assert_eq!(records(&log).await.len(), 3, "each kind once");
    log.tell_repeats().await;
    log.tell_repeats().await;
    let told = records(&log).await;
    assert_eq!(told.len(), 4, "what came once is told already");
    assert_eq!(told[3].detail.as_deref(), Some("49 more within a minute"));
    assert_eq!((told[3].via.as_str(), told[3].request.as_deref()), ("rest from 192.0.2.7", None));
    log.record(denied("rest from 192.0.2.8", "GET /v1/runs")).await;
    assert_eq!(records(&log).await.len(), 5, "another minute, another record");
}

#[tokio::test]
async fn a_flood_from_everywhere_leaves_few_records_and_hides_no_account() {
    let log = log();
    for number in 0..10_000 {
        log.record(denied(&format!("rest from {number}"), "GET /v1/runs")).await;
    }
    let forbidden =
        AuditEntry { account: Some("ada".parse().unwrap()), ..denied("rest", "DELETE /v1/plugins") };
    log.record(forbidden).await;
    log.settle().await;
    let told = records(&log).await;
    assert!(told.len() < 70, "{}", told.len());
    assert!(told.iter().any(|record| record.account.as_deref() == Some("ada")));
    let others = told.last().unwrap().detail.as_deref().unwrap();
    assert_eq!(others, "9936 other requests of addresses of nobody known within a minute");
}

#[tokio::test]
async fn whatever_subject_a_client_chooses_it_is_one_refusal() {
    let log = log();
    for number in 0..20 {
        let entry =
            AuditEntry::new(AuditAction::RunCreated, "rest").by(&Principal::local("rest")).about(number);
        log.record(AuditEntry { result: AuditResult::Refused("not_found".to_owned()), ..entry }).await;
    }
    assert_eq!(records(&log).await.len(), 1);
}

#[tokio::test]
async fn who_has_gone_is_recorded_before_the_end() {
    let log = log();
    let entry = AuditEntry::new(AuditAction::RunCreated, "rest").about("a run");
    log.record_later(AuditEntry { result: AuditResult::Unknown(None), ..entry });
    log.settle().await;
    assert_eq!(records(&log).await[0].result, "unknown");
}

#[tokio::test]
async fn who_goes_while_it_is_recorded_ends_nothing() {
    let log = log();
    let recording = log.record(AuditEntry::new(AuditAction::RunCreated, "rest"));
    assert!(recording.now_or_never().is_none(), "it is not recorded yet");
    log.settle().await;
    assert_eq!(records(&log).await.len(), 1);
}

/// A log on a full disk.
struct Full;

#[async_trait]
impl Audit for Full {
    async fn append(&self, _at: Timestamp, _entry: AuditEntry) -> Result<AuditHead, StoreError> {
        Err(StoreError::Full)
    }

    async fn page(&self, _query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn head(&self) -> Result<Option<AuditHead>, StoreError> {
        Ok(None)
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_counted() {
    let log = AuditLog::new(Arc::new(Full), Arc::<ManualClock>::default());
    assert_eq!(log.lost(), 0);
    log.record(AuditEntry::new(AuditAction::RunCreated, "rest")).await;
    log.record(denied("rest", "GET /v1/runs")).await;
    assert_eq!(log.lost(), 2);
    // What changes nothing when it is done again is recorded when it comes again.
    for _ in 0..2 {
        log.record(AuditEntry::new(AuditAction::RunCancelled, "rest").about("a run")).await;
    }
    assert_eq!(log.lost(), 4);
    assert!(log.append(AuditEntry::new(AuditAction::TokenRevoked, "command line")).await.is_err());
}

//! Two hosts on one database, at once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use simulay_model::OwnerFilter::Any;
use simulay_model::{
    Account, AuditAction, AuditChain, AuditEntry, Digest, ManualClock, Quota, Quotas, Role, Run, Scope,
    TOKEN_BYTES, Token, TokenId, TokenKind, TokenSecret,
};
use simulay_store::conformance::samples::{now, run};
use simulay_store::{
    Accounts as _, Audit as _, AuditQuery, Claim, Credentials as _, LinkAdded, Links as _, MAX_SESSIONS,
    Metering as _, RequestKey, Requests as _, Retention as _, Runs as _, StoreError, Upload, Uploads as _,
};

use crate::server::{Server, two_hosts};

const HOUR: Duration = Duration::from_secs(3600);

fn ada() -> Account {
    Account { name: "ada".parse().unwrap(), role: Role::Author, created_at: now(), revoked_at: None }
}

fn token(kind: TokenKind, number: u16) -> Token {
    let mut secret = [0; TOKEN_BYTES];
    secret[..2].copy_from_slice(&number.to_be_bytes());
    Token {
        id: TokenId::generate(),
        kind,
        parent: None,
        account: ada().name,
        label: String::new(),
        sha256: TokenSecret::of(secret).sha256(),
        role: None,
        scope: Scope::All,
        created_at: now(),
        expires_at: Some(now() + SignedDuration::from_hours(1)),
        revoked_at: None,
        last_used_at: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_record_is_one_chain() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let appends = (0..60).map(|number: usize| {
        let entry = AuditEntry::new(AuditAction::RunCreated, "rest").about(number);
        hosts[number % 2].append(now(), entry)
    });
    let mut told: Vec<_> = join_all(appends).await.into_iter().map(Result::unwrap).collect();
    told.sort_by_key(|head| head.sequence);
    let mut chain = AuditChain::new(None);
    for record in hosts[0].page(AuditQuery::after(0, 1000)).await.unwrap() {
        chain.take(&record).unwrap();
    }
    assert_eq!(chain.finish().unwrap().as_ref(), told.last());
    assert_eq!(told.iter().map(|head| head.sequence).collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn they_pass_no_quota_of_runs_together() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let three = Quotas::default().with(Quota::MaxUnfinishedRuns, 3);
    let of_ada = || Run { owner: ada().name, ..run("heat") };
    let created = join_all((0..12).map(|host| hosts[host % 2].create_within(of_ada(), None, &three))).await;
    let refused = created.iter().filter(|created| matches!(created, Err(StoreError::QuotaExceeded(_))));
    assert_eq!(refused.count(), 9, "{created:?}");
    assert_eq!(hosts[0].count_unfinished(&Any, 100).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_pass_no_quota_of_bytes_together() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let (name, eight) = (ada().name, Quotas::default().with(Quota::StoredBytes, 8));
    let records = (0_usize..8).map(|host| {
        let upload = Upload { sha256: Digest::of(&[u8::try_from(host).unwrap()]), size: 3 };
        hosts[host % 2].record(&name, vec![upload], &eight)
    });
    let recorded = join_all(records).await;
    assert_eq!(recorded.iter().filter(|recorded| recorded.is_ok()).count(), 2, "{recorded:?}");
    let used = hosts[1].present_use(&name, now()).await.unwrap();
    assert_eq!(used.stored_bytes, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_bytes_that_come_at_once_are_counted_once() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let (name, upload) = (ada().name, Upload { sha256: Digest::of(b"three"), size: 5 });
    let none = Quotas::default();
    let records = (0..8).map(|host| hosts[host % 2].record(&name, vec![upload], &none));
    join_all(records).await.into_iter().for_each(Result::unwrap);
    let clock = ManualClock::default();
    let used = hosts[0].present_use(&name, simulay_model::Clock::now(&clock)).await.unwrap();
    assert_eq!((used.stored_bytes, used.today.bytes_in), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn they_open_no_more_sessions_than_one_may_have() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    hosts[0].add_account(ada()).await.unwrap();
    for number in 0..MAX_SESSIONS - 2 {
        hosts[0].open_session(token(TokenKind::Session, number), None).await.unwrap();
    }
    let opens = (0..8).map(|host: u16| {
        let session = token(TokenKind::Session, MAX_SESSIONS + host);
        hosts[usize::from(host) % 2].open_session(session, None)
    });
    join_all(opens).await.into_iter().for_each(Result::unwrap);
    let open = hosts[0].tokens(Some(&ada().name)).await.unwrap();
    assert_eq!(open.len(), usize::from(MAX_SESSIONS));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_outlives_the_token_it_came_of() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    hosts[0].add_account(ada()).await.unwrap();
    let shown = token(TokenKind::Api, 0);
    hosts[0].add_token(shown.clone()).await.unwrap();
    let session = |number| Token { parent: Some(shown.id), ..token(TokenKind::Session, number) };
    let opens = join_all((1..9).map(|number| hosts[0].open_session(session(number), None)));
    let (opened, revoked) = futures_util::join!(opens, hosts[1].revoke(shown.id, now()));
    revoked.unwrap();
    for opened in opened {
        assert!(matches!(opened, Ok(()) | Err(StoreError::NotFound)), "{opened:?}");
    }
    let tokens = hosts[1].tokens(None).await.unwrap();
    assert!(tokens.iter().all(|token| token.revoked_at.is_some()), "{tokens:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_add_no_more_links_than_a_run_may_have() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    hosts[0].add_account(ada()).await.unwrap();
    let shown = Run { owner: ada().name, ..run("heat") };
    hosts[0].create(shown.clone(), None).await.unwrap();
    let link = |number| Token { scope: Scope::Run(shown.id), ..token(TokenKind::Api, number) };
    let adds = (0..8).map(|host: u16| hosts[usize::from(host) % 2].add_link(link(host), 3));
    let added: Vec<_> = join_all(adds).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(added.iter().filter(|added| **added == LinkAdded::New).count(), 3, "{added:?}");
    assert_eq!(hosts[1].links(&Any, shown.id).await.unwrap().len(), 3);
}

/// As hosts of all roles do: each looks at the same hour, which passes once.
#[tokio::test(flavor = "multi_thread")]
async fn what_either_stores_is_as_old_for_the_other() {
    let server = Server::start();
    let (database, clock) = (server.database(), Arc::<ManualClock>::default());
    let [one, other] = [database.open(clock.clone()).await, database.open(clock.clone()).await];
    one.remember(claim("old"), String::new()).await.unwrap();
    clock.advance(HOUR);
    for host in [&one, &other] {
        host.observe(HOUR).await.unwrap();
    }
    other.remember(claim("young"), String::new()).await.unwrap();
    assert_eq!(one.forget(HOUR).await.unwrap(), 1);
    assert!(one.find(&claim("young").request).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_them_collects_within_a_time() {
    let server = Server::start();
    let (database, clock) = (server.database(), Arc::<ManualClock>::default());
    let hosts = [database.open(clock.clone()).await, database.open(clock.clone()).await];
    for _ in 0..2 {
        let begun = join_all(hosts.iter().map(|host| host.begin_collecting(HOUR))).await;
        assert_eq!(begun.into_iter().filter(|begun| *begun.as_ref().unwrap()).count(), 1);
        clock.advance(HOUR);
    }
}

fn claim(key: &str) -> Claim {
    let request = RequestKey { owner: ada().name, scope: "s".to_owned(), key: key.to_owned() };
    Claim { request, fingerprint: Digest::of(b"") }
}

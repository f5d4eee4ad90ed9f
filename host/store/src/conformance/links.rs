//! Links to runs.

use jiff::{SignedDuration, Timestamp};
use simulay_model::OwnerFilter::Any;
use simulay_model::{Account, Role, Run, RunId, Scope, TOKEN_BYTES, Token, TokenId, TokenKind, TokenSecret};

use super::Subject;
use super::owners::{account, only, run_of};
use super::samples::now;
use crate::{LinkAdded, StoreError};

impl Subject {
    /// A run of `owner`, who has an account.
    async fn run_of_account(&self, owner: &str) -> Run {
        let new = Account { name: account(owner), role: Role::Runner, created_at: now(), revoked_at: None };
        self.accounts.add_account(new).await.unwrap();
        let run = run_of(owner);
        self.runs.create(run.clone(), None).await.unwrap();
        run
    }

    async fn linked(&self, run: RunId) -> Vec<TokenId> {
        self.links.links(&Any, run).await.unwrap().iter().map(|link| link.id).collect()
    }
}

/// A link to `run` whose secret is made of `byte`, made and over at these times.
fn link(run: &Run, byte: u8, created_at: Timestamp, expires_at: Timestamp) -> Token {
    Token {
        kind: TokenKind::Api,
        parent: None,
        id: TokenId::generate(),
        account: run.owner.clone(),
        label: String::new(),
        sha256: TokenSecret::of([byte; TOKEN_BYTES]).sha256(),
        role: Some(Role::Viewer),
        scope: Scope::Run(run.id),
        created_at,
        expires_at: Some(expires_at),
        revoked_at: None,
        last_used_at: None,
    }
}

fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

/// For whoever the run is there for.
pub async fn a_link_reads_back_where_its_run_is_there(subject: &Subject) {
    let run = subject.run_of_account("ada").await;
    let new = link(&run, 1, now(), later(1));
    assert_eq!(subject.links.add_link(new.clone(), 1).await.unwrap(), LinkAdded::New);
    let heat = Scope::Pipeline("heat".parse().unwrap());
    let beam = Scope::Pipeline("beam".parse().unwrap());
    for (filter, there) in [
        (Any, true),
        (only("ada"), true),
        (only("ada").within(&heat), true),
        (only("ada").within(&beam), false),
        (only("bob"), false),
    ] {
        let found = subject.links.links(&filter, run.id).await.unwrap();
        assert_eq!(found, if there { vec![new.clone()] } else { vec![] }, "{filter:?}");
    }
    let (found, owner) = subject.accounts.token(new.sha256).await.unwrap().unwrap();
    assert_eq!((found, owner.name), (new.clone(), account("ada")), "it is a token like any other");
    assert_eq!(subject.accounts.tokens(Some(&account("ada"))).await.unwrap(), [new]);
}

/// Nor for one who has no account.
pub async fn a_link_is_for_a_run_of_its_account(subject: &Subject) {
    let run = subject.run_of_account("ada").await;
    let nobodys = Run { id: RunId::generate(), ..run.clone() };
    let foreign = Run { owner: account("bob"), ..run.clone() };
    for run in [nobodys, foreign] {
        let refused = subject.links.add_link(link(&run, 1, now(), later(1)), 9).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
    let without = run_of("eve");
    subject.runs.create(without.clone(), None).await.unwrap();
    let refused = subject.links.add_link(link(&without, 1, now(), later(1)), 9).await;
    assert_eq!(refused.unwrap(), LinkAdded::NoAccount);
    assert_eq!(subject.linked(without.id).await, []);
}

/// Those that are over do not count, and are forgotten.
pub async fn a_run_has_so_many_valid_links(subject: &Subject) {
    let run = subject.run_of_account("ada").await;
    let [expired, revoked] =
        [(1, later(-1)), (2, later(1))].map(|(byte, end)| link(&run, byte, later(-2), end));
    for link in [&expired, &revoked] {
        assert_eq!(subject.links.add_link(link.clone(), 2).await.unwrap(), LinkAdded::New);
    }
    let more = subject.links.add_link(link(&run, 3, later(-2), later(1)), 2).await.unwrap();
    assert_eq!(more, LinkAdded::TooMany, "both were valid by then");
    subject.links.revoke_link(&only("ada"), run.id, revoked.id, now()).await.unwrap();
    let [first, second] = [4, 5].map(|byte| link(&run, byte, now(), later(1)));
    for link in [&first, &second] {
        assert_eq!(subject.links.add_link(link.clone(), 2).await.unwrap(), LinkAdded::New);
    }
    assert_eq!(subject.linked(run.id).await, [first.id, second.id]);
    assert_eq!(subject.accounts.token(expired.sha256).await.unwrap(), None);
}

/// By whom the run is there for, as one of that run.
pub async fn a_link_is_revoked(subject: &Subject) {
    let run = subject.run_of_account("ada").await;
    let (new, at) = (link(&run, 1, now(), later(1)), later(0));
    subject.links.add_link(new.clone(), 9).await.unwrap();
    let elsewhere = only("ada").within(&Scope::Run(RunId::generate()));
    for (filter, run, id) in [
        (only("bob"), run.id, new.id),
        (elsewhere, run.id, new.id),
        (only("ada"), RunId::generate(), new.id),
        (only("ada"), run.id, TokenId::generate()),
    ] {
        let refused = subject.links.revoke_link(&filter, run, id, at).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
    for again in [at, later(1)] {
        subject.links.revoke_link(&only("ada"), run.id, new.id, again).await.unwrap();
        let (stored, _) = subject.accounts.token(new.sha256).await.unwrap().unwrap();
        assert_eq!(stored.revoked_at, Some(at));
    }
}

//! Requests that may come again.

use simulay_model::OwnerFilter::Any;
use simulay_model::{
    AccountName, Digest, Plugin, PluginEffects, PluginEvent, PluginEventKind, PluginLife, PluginState,
};

use super::Subject;
use super::samples::{now, plugin, run};
use crate::{Claim, Outcome, Remembered, RequestKey, StoreError};

fn request(key: &str) -> RequestKey {
    RequestKey { owner: AccountName::local(), scope: "POST /runs".to_owned(), key: key.to_owned() }
}

pub(super) fn claim(key: &str) -> Claim {
    Claim { request: request(key), fingerprint: Digest::of(b"body") }
}

fn is_repeated(answer: Result<(), StoreError>) -> bool {
    matches!(answer, Err(StoreError::Repeated))
}

impl Subject {
    async fn remembered(&self, key: &str) -> Option<Remembered> {
        self.requests.find(&request(key)).await.unwrap()
    }

    /// Retires `plugin`, as it is known to the caller.
    async fn retire_once(&self, plugin: &Plugin, answer: &str) -> Result<(), StoreError> {
        let (life, at) = (plugin.life(), now());
        let revision = life.revision + 1;
        let life = PluginLife { state: PluginState::Retired, retired_at: Some(at), revision, ..life };
        let events = vec![PluginEvent {
            at,
            kind: PluginEventKind::RolledBack,
            account: AccountName::local(),
            by: "me".to_owned(),
        }];
        let effects = Box::new(PluginEffects { life, versions: None, events });
        let (name, version) = (&plugin.manifest.name, &plugin.manifest.version);
        self.requests.commit_once(name, version, effects, (claim("a"), answer.to_owned())).await
    }
}

/// Neither is there without the other.
pub async fn a_run_and_its_claim_are_stored_together_or_not_at_all(subject: &Subject) {
    let (first, second) = (run("heat"), run("heat"));
    subject.runs.create(first.clone(), Some(claim("a"))).await.unwrap();
    let outcome = Outcome::Run(first.id);
    let found = Remembered { fingerprint: Digest::of(b"body"), outcome };
    assert_eq!(subject.remembered("a").await, Some(found.clone()));
    assert!(is_repeated(subject.runs.create(second.clone(), Some(claim("a"))).await));
    assert_eq!(subject.runs.get(&Any, second.id).await.unwrap(), None, "a run without its claim");
    assert_eq!(subject.journal.artifacts(&Any, second.id).await.unwrap(), []);
    assert!(is_repeated(subject.requests.remember(claim("a"), "{}".to_owned()).await));
    assert_eq!(subject.remembered("a").await, Some(found));
    subject.runs.create(second, Some(claim("b"))).await.unwrap();
}

/// Whatever comes later.
pub async fn the_first_answer_stands(subject: &Subject) {
    assert_eq!(subject.remembered("a").await, None);
    subject.requests.remember(claim("a"), "first".to_owned()).await.unwrap();
    let other = Claim { fingerprint: Digest::of(b"other"), ..claim("a") };
    assert!(is_repeated(subject.requests.remember(other, "second".to_owned()).await));
    let outcome = Outcome::Answer("first".to_owned());
    assert_eq!(subject.remembered("a").await, Some(Remembered { fingerprint: Digest::of(b"body"), outcome }));
}

/// One key, three requests.
pub async fn neither_owners_nor_scopes_share_keys(subject: &Subject) {
    subject.requests.remember(claim("a"), "{}".to_owned()).await.unwrap();
    let foreign = RequestKey { owner: "ada".parse().unwrap(), ..request("a") };
    let other = RequestKey { scope: "POST /plugins".to_owned(), ..request("a") };
    for request in [foreign, other] {
        assert_eq!(subject.requests.find(&request).await.unwrap(), None);
        let claim = Claim { request, fingerprint: Digest::of(b"") };
        subject.requests.remember(claim, "{}".to_owned()).await.unwrap();
    }
}

/// And what happened to it is told once; a request that comes again is not stale, though its own first
/// coming moved the plugin on.
pub async fn a_plugin_changes_once_per_claim(subject: &Subject) {
    let added = plugin("heat", "1.0.0", b"heat");
    subject.plugins.add(added.clone(), None).await.unwrap();
    let (name, version) = (&added.manifest.name, &added.manifest.version);
    subject.retire_once(&added, "first").await.unwrap();
    let stored = subject.plugins.version(&Any, name, version).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.revision), (PluginState::Retired, 1));
    for known in [&added, &stored] {
        assert!(is_repeated(subject.retire_once(known, "second").await));
    }
    assert_eq!(subject.plugins.version(&Any, name, version).await.unwrap(), Some(stored));
    let history = subject.plugins.history(&Any, name, version).await.unwrap();
    assert_eq!(history.len(), 2, "uploaded, and rolled back once");
    assert_eq!(subject.remembered("a").await.unwrap().outcome, Outcome::Answer("first".to_owned()));
}

/// The request may come again when it is there.
pub async fn a_claim_on_a_plugin_that_is_not_there_is_not_stored(subject: &Subject) {
    let missing = plugin("heat", "1.0.0", b"heat");
    let refused = subject.retire_once(&missing, "{}").await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    assert_eq!(subject.remembered("a").await, None);
}

/// The request may be decided on again.
pub async fn a_claim_on_a_plugin_that_moved_on_is_not_stored(subject: &Subject) {
    let mut added = plugin("heat", "1.0.0", b"heat");
    subject.plugins.add(added.clone(), None).await.unwrap();
    let (name, version) = (added.manifest.name.clone(), added.manifest.version.clone());
    let life = PluginLife { revision: 1, ..added.life() };
    let moved = PluginEffects { life, versions: None, events: Vec::new() };
    subject.plugins.commit(&name, &version, Box::new(moved.clone())).await.unwrap();
    let refused = subject.retire_once(&added, "{}").await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    assert_eq!(subject.remembered("a").await, None);
    added.apply(&moved);
    assert_eq!(subject.plugins.version(&Any, &name, &version).await.unwrap(), Some(added.clone()));
    subject.retire_once(&added, "{}").await.unwrap();
}

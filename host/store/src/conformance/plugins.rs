//! Uploaded plugins.

use futures_util::future::join_all;
use serde_json::json;
use simulay_model::OwnerFilter::Any;
use simulay_model::{
    Check, Disagreement, Plugin, PluginEffects, PluginEvent, PluginEventKind, PluginLife, PluginName,
    PluginState, RunId, revision_of,
};

use super::Subject;
use super::samples::{now, plugin};
use crate::{Added, StoreError};

fn heat() -> PluginName {
    "heat".parse().unwrap()
}

impl Subject {
    async fn add(&self, name: &str, version: &str, bytes: &[u8]) -> Result<Added, StoreError> {
        self.plugins.add(plugin(name, version, bytes), None).await
    }

    /// A version of `heat`.
    async fn version(&self, version: &str) -> Plugin {
        self.plugins.version(&Any, &heat(), &version.parse().unwrap()).await.unwrap().unwrap()
    }

    /// The version that serves `heat`.
    async fn served(&self) -> Option<String> {
        let served = self.plugins.served(&Any, &heat()).await.unwrap();
        served.map(|plugin| plugin.manifest.version.to_string())
    }

    async fn set(&self, version: &str, state: PluginState) {
        let life = PluginLife { state, ..self.version(version).await.life() };
        self.commit_life(version, effects(life)).await.unwrap();
    }

    async fn commit_life(&self, version: &str, effects: PluginEffects) -> Result<(), StoreError> {
        self.plugins.commit(&heat(), &version.parse().unwrap(), Box::new(effects)).await
    }

    async fn history(&self, version: &str) -> Vec<PluginEvent> {
        self.plugins.history(&Any, &heat(), &version.parse().unwrap()).await.unwrap()
    }

    /// The revision of all versions of `heat`.
    async fn revision(&self) -> u64 {
        revision_of(&self.plugins.versions(&Any, &heat()).await.unwrap())
    }
}

/// A life that follows the one it was made of, whatever the rules of a life say.
fn effects(life: PluginLife) -> PluginEffects {
    let life = PluginLife { revision: life.revision + 1, ..life };
    PluginEffects { life, versions: None, events: Vec::new() }
}

fn event(kind: PluginEventKind) -> PluginEvent {
    PluginEvent { at: now(), kind, account: "ada".parse().unwrap(), by: "me".to_owned() }
}

fn is_stale<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Stale))
}

/// With what it says of itself.
pub async fn a_version_reads_back_as_it_was(subject: &Subject) {
    let plugin = plugin("heat", "1.0.0", b"component");
    assert_eq!(subject.plugins.add(plugin.clone(), None).await.unwrap(), Added::New);
    assert_eq!(subject.version("1.0.0").await, plugin);
    assert_eq!(subject.plugins.versions(&Any, &heat()).await.unwrap(), std::slice::from_ref(&plugin));
    assert_eq!(subject.plugins.list(&Any).await.unwrap(), [plugin.summary()]);
    let missing = subject.plugins.version(&Any, &heat(), &"9.0.0".parse().unwrap()).await.unwrap();
    assert_eq!(missing, None);
    assert_eq!(subject.plugins.versions(&Any, &"beam".parse().unwrap()).await.unwrap(), []);
}

/// Bytes are all that counts.
pub async fn the_same_bytes_change_nothing_and_others_are_refused(subject: &Subject) {
    subject.add("heat", "1.0.0", b"a").await.unwrap();
    let first = subject.version("1.0.0").await;
    let again = Plugin { state: PluginState::Retired, ..plugin("heat", "1.0.0", b"a") };
    assert_eq!(subject.plugins.add(again, None).await.unwrap(), Added::Known);
    let refused = subject.add("heat", "1.0.0", b"b").await;
    assert!(matches!(refused, Err(StoreError::VersionExists)), "{refused:?}");
    assert_eq!(subject.version("1.0.0").await, first);
    assert_eq!(subject.history("1.0.0").await.len(), 1, "it was uploaded once");
}

/// Of those who bring the same bytes, one hears that they are new.
pub async fn of_many_uploads_at_once_one_wins(subject: &Subject) {
    let uploads = (0..20_u8).map(async |number| {
        // Half of them carry the same bytes as another.
        let plugin = plugin("heat", "1.0.0", &[number / 2]);
        (plugin.sha256, subject.plugins.add(plugin, None).await)
    });
    let answers = join_all(uploads).await;
    let new: Vec<_> = answers.iter().filter(|(_, answer)| matches!(answer, Ok(Added::New))).collect();
    assert_eq!(new.len(), 1);
    for (sha256, answer) in &answers {
        match answer {
            Ok(_) => assert_eq!(*sha256, new[0].0),
            Err(error) => assert!(matches!(error, StoreError::VersionExists), "{error}"),
        }
    }
    assert_eq!(answers.iter().filter(|(_, answer)| matches!(answer, Ok(Added::Known))).count(), 1);
    assert_eq!(subject.version("1.0.0").await.sha256, new[0].0);
}

/// No pre-release, nothing retired, nothing pending.
pub async fn the_highest_active_release_is_served(subject: &Subject) {
    assert_eq!(subject.served().await, None);
    for version in ["1.9.0", "1.10.0", "2.0.0-rc.1"] {
        subject.add("heat", version, version.as_bytes()).await.unwrap();
    }
    assert_eq!(subject.served().await.as_deref(), Some("1.10.0"));
    subject.set("1.10.0", PluginState::Retired).await;
    assert_eq!(subject.served().await.as_deref(), Some("1.9.0"));
    subject.set("1.9.0", PluginState::Pending).await;
    assert_eq!(subject.served().await, None);
    subject.add("heat", "1.10.0", b"1.10.0").await.unwrap();
    assert_eq!(subject.served().await, None, "the same bytes again change nothing");
    subject.set("1.10.0", PluginState::Active).await;
    assert_eq!(subject.served().await.as_deref(), Some("1.10.0"));
}

/// Lists go by name, and from the highest version down.
pub async fn versions_are_compared_as_versions(subject: &Subject) {
    for (name, version) in [("heat", "1.9.0"), ("beam", "0.1.0"), ("heat", "1.10.0"), ("heat", "1.10.0-rc.1")]
    {
        subject.add(name, version, version.as_bytes()).await.unwrap();
    }
    let listed = subject.plugins.list(&Any).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|it| format!("{}@{}", it.name, it.version)).collect();
    assert_eq!(listed, ["beam@0.1.0", "heat@1.10.0", "heat@1.10.0-rc.1", "heat@1.9.0"]);
    let versions = subject.plugins.versions(&Any, &heat()).await.unwrap();
    let versions: Vec<_> = versions.iter().map(|it| it.manifest.version.to_string()).collect();
    assert_eq!(versions, ["1.10.0", "1.10.0-rc.1", "1.9.0"]);
}

/// What was uploaded stays what it was; what happened is told in order.
pub async fn a_commit_changes_a_life_and_nothing_else(subject: &Subject) {
    subject.add("heat", "1.0.0", b"a").await.unwrap();
    let mut first = subject.version("1.0.0").await;
    let retired =
        effects(PluginLife { state: PluginState::Retired, retired_at: Some(now()), ..first.life() });
    let [one, two] = [PluginEventKind::CheckDisagreed, PluginEventKind::RolledBack].map(event);
    let retired = PluginEffects { events: vec![one.clone(), two.clone()], ..retired };
    subject.commit_life("1.0.0", retired.clone()).await.unwrap();
    first.apply(&retired);
    assert_eq!((first.revision, subject.version("1.0.0").await), (1, first.clone()));
    assert_eq!(subject.history("1.0.0").await, [first.uploaded(), one, two]);
}

/// And nothing is told of it.
pub async fn what_is_not_there_does_not_change(subject: &Subject) {
    let life = plugin("heat", "7.0.0", b"b").life();
    for versions in [None, Some(0), Some(1)] {
        let events = vec![event(PluginEventKind::Retired)];
        let effects = PluginEffects { versions, events, ..effects(life.clone()) };
        let missing = subject.commit_life("7.0.0", effects).await;
        assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
    }
    assert_eq!(subject.history("7.0.0").await, []);
}

/// Whether it was decided on less or on more than is stored.
pub async fn a_life_that_moved_on_is_not_overwritten(subject: &Subject) {
    subject.add("heat", "1.0.0", b"a").await.unwrap();
    let early = effects(subject.version("1.0.0").await.life());
    let ahead = effects(early.life.clone());
    assert!(is_stale(&subject.commit_life("1.0.0", ahead).await));
    subject.set("1.0.0", PluginState::Retired).await;
    let retired = subject.version("1.0.0").await;
    let late = PluginEffects { events: vec![event(PluginEventKind::Activated)], ..early };
    assert!(is_stale(&subject.commit_life("1.0.0", late).await));
    assert_eq!(subject.version("1.0.0").await, retired);
    assert_eq!(subject.history("1.0.0").await.len(), 1, "nothing is told of it");
}

/// The others hear that they are stale; revisions have no gap.
pub async fn of_many_changes_decided_at_once_one_is_stored(subject: &Subject) {
    subject.add("heat", "1.0.0", b"a").await.unwrap();
    for round in 1..=3_u64 {
        let life = subject.version("1.0.0").await.life();
        let commits = (0..10).map(|_| {
            let events = vec![event(PluginEventKind::Activated)];
            subject.commit_life("1.0.0", PluginEffects { events, ..effects(life.clone()) })
        });
        let answers = join_all(commits).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| is_stale(answer)).count(), 9, "{answers:?}");
        assert_eq!(subject.version("1.0.0").await.revision, round);
        assert_eq!(subject.history("1.0.0").await.len() as u64, 1 + round);
    }
}

/// Nor is what was decided on all versions, when another came or changed.
pub async fn what_was_decided_on_all_versions_is_stale_when_any_changed(subject: &Subject) {
    subject.add("heat", "1.0.0", b"a").await.unwrap();
    subject.add("heat", "2.0.0", b"b").await.unwrap();
    let decided = subject.revision().await;
    subject.add("beam", "1.0.0", b"c").await.unwrap();
    let life = subject.version("1.0.0").await.life();
    let change = |versions| PluginEffects { versions: Some(versions), ..effects(life.clone()) };
    subject.set("2.0.0", PluginState::Retired).await;
    assert!(is_stale(&subject.commit_life("1.0.0", change(decided)).await), "another changed");
    let decided = subject.revision().await;
    subject.add("heat", "3.0.0", b"d").await.unwrap();
    assert!(is_stale(&subject.commit_life("1.0.0", change(decided)).await), "another came");
    assert_eq!(subject.version("1.0.0").await.life(), life);
    subject.commit_life("1.0.0", change(subject.revision().await)).await.unwrap();
}

/// The same bytes are known all the same.
pub async fn an_upload_decided_on_less_than_is_stored_is_stale(subject: &Subject) {
    let upload = |version: &str, bytes: &[u8], versions| {
        subject.plugins.add(plugin("heat", version, bytes), Some(versions))
    };
    assert_eq!(upload("1.0.0", b"a", 0).await.unwrap(), Added::New);
    assert!(is_stale(&upload("2.0.0", b"b", 0).await), "another came");
    let decided = subject.revision().await;
    subject.set("1.0.0", PluginState::Retired).await;
    assert!(is_stale(&upload("2.0.0", b"b", decided).await), "another changed");
    assert_eq!(upload("1.0.0", b"a", 0).await.unwrap(), Added::Known);
    assert!(matches!(upload("1.0.0", b"b", 0).await, Err(StoreError::VersionExists)));
    assert_eq!(subject.plugins.versions(&Any, &heat()).await.unwrap().len(), 1);
    assert_eq!(subject.history("2.0.0").await, []);
    assert_eq!(upload("2.0.0", b"b", subject.revision().await).await.unwrap(), Added::New);
}

/// The others hear that they are stale.
pub async fn of_many_uploads_decided_at_once_one_is_stored(subject: &Subject) {
    let uploads = (0..10_u8).map(|number| {
        let plugin = plugin("heat", &format!("1.{number}.0"), &[number]);
        subject.plugins.add(plugin, Some(0))
    });
    let answers = join_all(uploads).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| is_stale(answer)).count(), 9, "{answers:?}");
    assert_eq!(subject.plugins.versions(&Any, &heat()).await.unwrap().len(), 1);
}

/// Until all its examples have told.
pub async fn what_is_being_checked_is_known(subject: &Subject) {
    for version in ["1.0.0", "2.0.0"] {
        subject.add("heat", version, version.as_bytes()).await.unwrap();
    }
    assert_eq!(subject.plugins.checking().await.unwrap(), []);
    let begun = Check { begun_at: now(), runs: vec![RunId::generate()], disagreements: None };
    let checked = PluginLife { check: Some(begun.clone()), ..subject.version("1.0.0").await.life() };
    subject.commit_life("1.0.0", effects(checked)).await.unwrap();
    let checked = subject.version("1.0.0").await;
    assert_eq!(checked.check.as_ref(), Some(&begun));
    assert_eq!(subject.plugins.checking().await.unwrap(), [checked]);
    for disagreements in [vec![disagreement(begun.runs[0])], Vec::new()] {
        let told = Some(Check { disagreements: Some(disagreements), ..begun.clone() });
        let life = PluginLife { check: told.clone(), ..subject.version("1.0.0").await.life() };
        subject.commit_life("1.0.0", effects(life)).await.unwrap();
        assert_eq!(subject.plugins.checking().await.unwrap(), []);
        assert_eq!(subject.version("1.0.0").await.check, told);
    }
}

fn disagreement(run: RunId) -> Disagreement {
    Disagreement {
        example: "plate".to_owned(),
        run,
        pointer: "/peak".to_owned(),
        expected: json!(0.3),
        found: Some(json!(0.1 + 0.2)),
        relative_error: Some(f64::EPSILON),
        message: "0.3 is expected".to_owned(),
    }
}

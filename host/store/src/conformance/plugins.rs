//! Uploaded plugins.

use futures_util::future::join_all;
use serde_json::json;
use simulay_model::{
    Check, Disagreement, Plugin, PluginEvent, PluginEventKind, PluginName, PluginState, RunId,
};

use super::Subject;
use super::samples::{now, plugin};
use crate::{Added, StoreError};

fn heat() -> PluginName {
    "heat".parse().unwrap()
}

impl Subject {
    async fn add(&self, name: &str, version: &str, bytes: &[u8]) -> Result<Added, StoreError> {
        self.plugins.add(plugin(name, version, bytes)).await
    }

    /// A version of `heat`.
    async fn version(&self, version: &str) -> Plugin {
        self.plugins.version(&heat(), &version.parse().unwrap()).await.unwrap().unwrap()
    }

    /// The version that serves `heat`.
    async fn served(&self) -> Option<String> {
        let served = self.plugins.served(&heat()).await.unwrap();
        served.map(|plugin| plugin.manifest.version.to_string())
    }

    async fn set(&self, version: &str, state: PluginState) {
        let plugin = Plugin { state, ..self.version(version).await };
        self.plugins.update(plugin, Vec::new()).await.unwrap();
    }
}

/// With what it says of itself.
pub async fn a_version_reads_back_as_it_was(subject: &Subject) {
    let plugin = plugin("heat", "1.0.0", b"component");
    assert_eq!(subject.plugins.add(plugin.clone()).await.unwrap(), Added::New);
    assert_eq!(subject.version("1.0.0").await, plugin);
    assert_eq!(subject.plugins.versions(&heat()).await.unwrap(), std::slice::from_ref(&plugin));
    assert_eq!(subject.plugins.list().await.unwrap(), [plugin.summary()]);
    let missing = subject.plugins.version(&heat(), &"9.0.0".parse().unwrap()).await.unwrap();
    assert_eq!(missing, None);
    assert_eq!(subject.plugins.versions(&"beam".parse().unwrap()).await.unwrap(), []);
}

/// Bytes are all that counts.
pub async fn the_same_bytes_change_nothing_and_others_are_refused(subject: &Subject) {
    subject.add("heat", "1.0.0", b"a").await.unwrap();
    let first = subject.version("1.0.0").await;
    let again = Plugin { state: PluginState::Retired, ..plugin("heat", "1.0.0", b"a") };
    assert_eq!(subject.plugins.add(again).await.unwrap(), Added::Known);
    let refused = subject.add("heat", "1.0.0", b"b").await;
    assert!(matches!(refused, Err(StoreError::VersionExists)), "{refused:?}");
    assert_eq!(subject.version("1.0.0").await, first);
    let history = subject.plugins.history(&heat(), &"1.0.0".parse().unwrap()).await.unwrap();
    assert_eq!(history.len(), 1, "it was uploaded once");
}

/// Of those who bring the same bytes, one hears that they are new.
pub async fn of_many_uploads_at_once_one_wins(subject: &Subject) {
    let uploads = (0..20_u8).map(async |number| {
        // Half of them carry the same bytes as another.
        let plugin = plugin("heat", "1.0.0", &[number / 2]);
        (plugin.sha256, subject.plugins.add(plugin).await)
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
    let listed = subject.plugins.list().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|it| format!("{}@{}", it.name, it.version)).collect();
    assert_eq!(listed, ["beam@0.1.0", "heat@1.10.0", "heat@1.10.0-rc.1", "heat@1.9.0"]);
    let versions = subject.plugins.versions(&heat()).await.unwrap();
    let versions: Vec<_> = versions.iter().map(|it| it.manifest.version.to_string()).collect();
    assert_eq!(versions, ["1.10.0", "1.10.0-rc.1", "1.9.0"]);
}

/// What was uploaded stays what it was; what happened is told in order.
pub async fn an_update_changes_a_life_and_nothing_else(subject: &Subject) {
    subject.add("heat", "1.0.0", b"a").await.unwrap();
    let first = subject.version("1.0.0").await;
    let retired = Plugin { state: PluginState::Retired, retired_at: Some(now()), ..first.clone() };
    let mut other = Plugin { uploader: "someone".to_owned(), size: 7, ..retired.clone() };
    other.manifest.title = "Cold".to_owned();
    let [one, two] = [PluginEventKind::CheckDisagreed, PluginEventKind::RolledBack].map(|kind| PluginEvent {
        at: now(),
        kind,
        by: "me".to_owned(),
    });
    subject.plugins.update(other, vec![one.clone(), two.clone()]).await.unwrap();
    assert_eq!(subject.version("1.0.0").await, retired);
    let history = subject.plugins.history(&heat(), &"1.0.0".parse().unwrap()).await.unwrap();
    let (at, by) = (first.uploaded_at, first.uploader);
    assert_eq!(history, [PluginEvent { at, kind: PluginEventKind::Uploaded, by }, one, two]);
}

/// And nothing is told of it.
pub async fn what_is_not_there_is_not_updated(subject: &Subject) {
    let event = PluginEvent { at: now(), kind: PluginEventKind::Retired, by: "me".to_owned() };
    let missing = subject.plugins.update(plugin("heat", "7.0.0", b"b"), vec![event]).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
    let history = subject.plugins.history(&heat(), &"7.0.0".parse().unwrap()).await.unwrap();
    assert_eq!(history, []);
}

/// Until all its examples have told.
pub async fn what_is_being_checked_is_known(subject: &Subject) {
    for version in ["1.0.0", "2.0.0"] {
        subject.add("heat", version, version.as_bytes()).await.unwrap();
    }
    assert_eq!(subject.plugins.checking().await.unwrap(), []);
    let begun = Check { begun_at: now(), runs: vec![RunId::generate()], disagreements: None };
    let checked = Plugin { check: Some(begun.clone()), ..subject.version("1.0.0").await };
    subject.plugins.update(checked.clone(), Vec::new()).await.unwrap();
    assert_eq!(subject.plugins.checking().await.unwrap(), std::slice::from_ref(&checked));
    for disagreements in [vec![disagreement(begun.runs[0])], Vec::new()] {
        let told = Check { disagreements: Some(disagreements), ..begun.clone() };
        let told = Plugin { check: Some(told), ..checked.clone() };
        subject.plugins.update(told.clone(), Vec::new()).await.unwrap();
        assert_eq!(subject.plugins.checking().await.unwrap(), []);
        assert_eq!(subject.version("1.0.0").await, told);
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

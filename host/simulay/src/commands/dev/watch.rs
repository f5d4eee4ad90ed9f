//! Notices that the sources of a project are others than before.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use simulay_model::{Digest, Hasher};
use tokio::sync::Notify;
use walkdir::{DirEntry, WalkDir};

use crate::project::Project;

/// Editors write in several strokes: this long without one means that they are done.
const QUIET: Duration = Duration::from_millis(150);
/// Folders that tools fill while they work.
const MADE: [&str; 3] = ["__pycache__", "node_modules", "target"];

/// The sources of a project.
pub(super) struct Watch {
    root: PathBuf,
    sources: Vec<PathBuf>,
    seen: Option<Digest>,
    rung: Arc<Notify>,
    watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches the sources of `project`.
    pub(super) fn new(project: &Project) -> anyhow::Result<Self> {
        let rung = Arc::new(Notify::new());
        let bell = Arc::clone(&rung);
        let on_event = move |event: notify::Result<Event>| {
            // Reading is no change; what cannot be told may be one.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                bell.notify_one();
            }
        };
        let mut watcher = notify::recommended_watcher(on_event).context("changes cannot be watched here")?;
        let root = project.root().to_owned();
        watcher.watch(&root, RecursiveMode::NonRecursive).context("the project cannot be watched")?;
        Ok(Self { root, sources: project.sources(), seen: None, rung, watcher })
    }

    /// Takes the sources as they are now for known.
    pub(super) fn begin(&mut self) {
        for source in self.sources.iter().filter(|source| source.is_dir() && **source != self.root) {
            // A folder may be new. One that goes meanwhile is seen from the root.
            let _ = self.watcher.watch(source, RecursiveMode::Recursive);
        }
        self.seen = Some(digest(&self.sources));
    }

    /// Returns when the sources are others than at the last `begin`.
    pub(super) async fn changed(&self) {
        while self.seen == Some(digest(&self.sources)) {
            self.rung.notified().await;
            while tokio::time::timeout(QUIET, self.rung.notified()).await.is_ok() {}
        }
    }
}

/// What names and content of the sources come to; builds that write the same again change nothing.
fn digest(sources: &[PathBuf]) -> Digest {
    let mut hasher = Hasher::default();
    let entries = sources.iter().flat_map(|source| {
        WalkDir::new(source).sort_by_file_name().into_iter().filter_entry(is_source).filter_map(Result::ok)
    });
    for entry in entries.filter(|entry| entry.file_type().is_file()) {
        add(&mut hasher, entry.path());
    }
    hasher.finish()
}

fn add(hasher: &mut Hasher, file: &Path) {
    // A file that goes while it is read is a change of its own.
    let bytes = std::fs::read(file).unwrap_or_default();
    hasher.update(file.as_os_str().as_encoded_bytes());
    hasher.update(&[0]);
    hasher.update(Digest::of(&bytes).to_string().as_bytes());
}

/// False for hidden files, backups of editors, and what tools make.
pub(super) fn is_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() == 0 || !(name.starts_with('.') || name.ends_with('~') || MADE.contains(&name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn project(root: &Path) -> Project {
        let text = "[build]\ncommand = ['true']\ncomponent = 'x.wasm'\nwatch = ['src']\n";
        fs::write(root.join("plugin.toml"), text).unwrap();
        fs::create_dir(root.join("src")).unwrap();
        fs::write(root.join("src/a"), "1").unwrap();
        Project::read(root).unwrap()
    }

    #[tokio::test]
    async fn other_content_is_a_change_wherever_it_lies() {
        let root = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(&project(root.path())).unwrap();
        for file in ["src/a", "src/deep/b", "plugin.toml"] {
            watch.begin();
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = fs::read_to_string(&path).unwrap_or_default();
            fs::write(&path, format!("{text}\n")).unwrap();
            watch.changed().await;
        }
    }

    #[test]
    fn what_tools_write_and_what_stays_the_same_is_none() {
        let root = tempfile::tempdir().unwrap();
        let sources = project(root.path()).sources();
        let before = digest(&sources);
        fs::create_dir(root.path().join("src/__pycache__")).unwrap();
        fs::write(root.path().join("src/__pycache__/a.pyc"), "x").unwrap();
        fs::write(root.path().join("src/.a.swp"), "x").unwrap();
        fs::write(root.path().join("src/a"), "1").unwrap();
        assert_eq!(digest(&sources), before);
        fs::rename(root.path().join("src/a"), root.path().join("src/b")).unwrap();
        assert_ne!(digest(&sources), before);
    }
}

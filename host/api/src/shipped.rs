//! The folder of plugins that the operator offers for upload. No path comes from a client: what it names is looked up
//! among the files that lie there.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use simulay_model::Digest;

use crate::ApiSettings;
use crate::problem::Refusal;
use crate::wire::{ProblemKind, ShippedPlugin};

/// The most plugins that are offered.
const MOST: usize = 100;

/// How the files of components end.
const ENDING: &str = ".wasm";

/// What the operator offers; nothing without a folder.
#[derive(Clone)]
pub(crate) struct Shipped {
    folder: Option<Arc<Path>>,
    max_bytes: u64,
}

impl Shipped {
    pub(crate) fn of(settings: &ApiSettings) -> Self {
        let folder = settings.shipped_plugins.as_deref().map(Arc::from);
        Self { folder, max_bytes: settings.max_component_bytes }
    }

    /// Each plugin that is offered, by the name of its file.
    pub(crate) async fn list(&self) -> Result<Vec<ShippedPlugin>, Refusal> {
        self.blocking(|folder| {
            folder.files()?.into_iter().map(|(name, path)| folder.listed(name, &path)).collect()
        })
        .await
    }

    /// The bytes of one of them; none when no such file is offered.
    pub(crate) async fn component(&self, file: String) -> Result<Option<Bytes>, Refusal> {
        self.blocking(move |folder| folder.files()?.get(&file).map(|path| folder.read(path)).transpose())
            .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let shipped = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&shipped)).await;
        done.map_err(Refusal::internal)?.map_err(unreadable)
    }

    fn files(&self) -> io::Result<BTreeMap<String, PathBuf>> {
        let Some(folder) = &self.folder else { return Ok(BTreeMap::new()) };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Some(name) = self.offered(&entry)? {
                files.insert(name, entry.path());
            }
        }
        Ok(files.into_iter().take(MOST).collect())
    }

    /// The name of a component that could be uploaded; a link leads elsewhere, and is none.
    fn offered(&self, entry: &DirEntry) -> io::Result<Option<String>> {
        let name = entry.file_name().into_string().ok().filter(|name| is_plain(name));
        let Some(name) = name else { return Ok(None) };
        // Of the entry itself, not of what a link leads to.
        let metadata = entry.metadata()?;
        Ok((metadata.is_file() && metadata.len() <= self.max_bytes).then_some(name))
    }

    fn listed(&self, file: String, path: &Path) -> io::Result<ShippedPlugin> {
        let bytes = self.read(path)?;
        Ok(ShippedPlugin { file, size: bytes.len() as u64, sha256: Digest::of(&bytes) })
    }

    /// What a file holds, up to one byte more than a component may have.
    fn read(&self, path: &Path) -> io::Result<Bytes> {
        let mut bytes = Vec::new();
        File::open(path)?.take(self.max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// True for names of components that stand in an address as they are.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.ends_with(ENDING) && name.bytes().all(plain)
}

fn unreadable(error: io::Error) -> Refusal {
    let detail = "the folder of shipped plugins cannot be read; the setting is `plugins.shipped`";
    Refusal::new(ProblemKind::StorageUnavailable, detail).because(error)
}

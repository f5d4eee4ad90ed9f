//! Saves the artifacts of a run.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use futures_util::{Stream, StreamExt as _};

use crate::folder::Folder;
use crate::placement::{Listed, place};

/// Where artifacts go.
#[derive(Debug, Args)]
pub(crate) struct OutOptions {
    /// Folder the artifacts are written into.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrites files that are there.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// Writes the artifacts into `out`; `fetch` gives the bytes of one. Gives the number of files.
pub(crate) async fn save<S>(
    out: &Path,
    force: bool,
    artifacts: Vec<Listed>,
    fetch: impl AsyncFn(&Listed) -> anyhow::Result<S>,
) -> anyhow::Result<usize>
where
    S: Stream<Item = anyhow::Result<Bytes>>,
{
    let folder = Folder::open(out, force)?;
    let placed = place(artifacts)?;
    folder.check(placed.iter().map(|(path, _)| path))?;
    for (path, entry) in &placed {
        let mut file = folder.create(path)?;
        let mut pieces = std::pin::pin!(fetch(entry).await?);
        while let Some(piece) = pieces.next().await {
            file.write(&piece?)?;
        }
        file.finish(entry.sha256)?;
    }
    Ok(placed.len())
}

//! Gives a server the inputs of a run: what it has already is not sent, and what is small is sent together.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use simulay_api::wire::{InputStored, Missing, System};
use simulay_model::{Digest, Hasher, RelativePath};
use tokio_util::io::ReaderStream;

use super::parcel::{Parcel, Room, packed};
use super::{ANSWER, Client, read};
use crate::fault::Usage;
use crate::gathering::Input;
use crate::terminal::{remark, size};

/// Inputs asked about at once.
const ASKED: usize = 10_000;

/// A file as it was when it was looked at.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) file: PathBuf,
    pub(super) sha256: Digest,
    pub(super) size: u64,
}

#[derive(Deserialize)]
struct Unpacked {
    inputs: Vec<Taken>,
}

#[derive(Deserialize)]
struct Taken {
    path: String,
    sha256: Digest,
}

impl Client {
    /// Sends what the server does not have of `inputs`; what a run names them by.
    pub(crate) async fn give(
        &self,
        inputs: Vec<Input>,
        json: bool,
    ) -> anyhow::Result<Vec<(RelativePath, Digest)>> {
        let (names, files): (Vec<_>, Vec<_>) =
            inputs.into_iter().map(|Input { name, file }| (name, file)).unzip();
        let looking = move || files.into_iter().map(look).collect::<Result<Vec<_>, Usage>>();
        let known = tokio::task::spawn_blocking(looking).await??;
        let digests = known.iter().map(|file| file.sha256).collect::<Vec<_>>();
        let missing = self.missing(known).await?;
        if names.len() > 1 {
            let bytes = size(missing.iter().map(|file| file.size).sum());
            remark(&format!("{} files; {} of them are sent ({bytes})", names.len(), missing.len()), json);
        }
        let room = if missing.len() > 1 { self.room().await? } else { Room::USUAL };
        for parcel in Parcel::of(missing, room) {
            self.send_parcel(parcel).await?;
        }
        Ok(names.into_iter().zip(digests).collect())
    }

    /// One file of each content that the server does not have.
    async fn missing(&self, known: Vec<Known>) -> anyhow::Result<Vec<Known>> {
        let mut wanted: BTreeMap<Digest, Known> = known.into_iter().map(|file| (file.sha256, file)).collect();
        let digests: Vec<Digest> = wanted.keys().copied().collect();
        let mut missing = Vec::new();
        for some in digests.chunks(ASKED) {
            let request = self.request(Method::POST, "/v1/inputs/missing").timeout(ANSWER);
            let answer = self.document(request.json(&json!({ "sha256": some }))).await?;
            let told: Missing = read(&answer)?;
            missing.extend(told.missing.iter().filter_map(|digest| wanted.remove(digest)));
        }
        Ok(missing)
    }

    /// How much the server takes in one request.
    async fn room(&self) -> anyhow::Result<Room> {
        let System { limits, .. } = read(&self.get("/v1/system").await?)?;
        Ok(Room::of(limits.max_archive_files, limits.max_archive_bytes))
    }

    async fn send_parcel(&self, parcel: Parcel) -> anyhow::Result<()> {
        match parcel {
            Parcel::One(file) => self.send_one(&file).await,
            Parcel::Many(files) => self.send_many(files).await,
        }
    }

    async fn send_one(&self, known: &Known) -> anyhow::Result<()> {
        let opened = tokio::fs::File::open(&known.file).await;
        let body = ReaderStream::new(opened.map_err(|error| unreadable(&known.file, &error))?);
        let request = self.request(Method::POST, "/v1/inputs").body(reqwest::Body::wrap_stream(body));
        let InputStored { sha256, .. } = read(&self.document(request).await?)?;
        if sha256 == known.sha256 { Ok(()) } else { Err(changed(&known.file)) }
    }

    async fn send_many(&self, files: Vec<Known>) -> anyhow::Result<()> {
        let (body, packing) = packed(files.clone());
        let request = self.request(Method::POST, "/v1/inputs/archive");
        let sent = self.document(request.header("content-type", "application/x-tar").body(body)).await;
        // What went wrong here is told before what the server made of it.
        packing.await??;
        let unpacked: Unpacked = read(&sent?)?;
        let taken: BTreeMap<String, Digest> =
            unpacked.inputs.into_iter().map(|Taken { path, sha256 }| (path, sha256)).collect();
        match files.iter().find(|file| taken.get(&file.sha256.to_string()) != Some(&file.sha256)) {
            Some(file) => Err(changed(&file.file)),
            None => Ok(()),
        }
    }
}

fn look(file: PathBuf) -> Result<Known, Usage> {
    let read = || {
        let (mut opened, mut hasher, mut size) = (File::open(&file)?, Hasher::default(), 0);
        let mut piece = vec![0; 128 * 1024];
        loop {
            let read = opened.read(&mut piece)?;
            if read == 0 {
                return Ok((hasher.finish(), size));
            }
            hasher.update(piece.get(..read).unwrap_or_default());
            size += read as u64;
        }
    };
    let (sha256, size) = read().map_err(|error| unreadable(&file, &error))?;
    Ok(Known { file, sha256, size })
}

pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Usage {
    Usage(format!("{} cannot be read: {error}", file.display()))
}

fn changed(file: &Path) -> anyhow::Error {
    anyhow::anyhow!("{} changed while it was read; try again", file.display())
}

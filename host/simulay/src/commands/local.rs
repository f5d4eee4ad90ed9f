//! A host in this process, for commands that need no server.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Args;
use futures_util::StreamExt as _;
use simulay_api::wire::RunErrorKind;
use simulay_engine::{CreateError, Engine, NewRun, UploadError};
use simulay_model::{Artifact, ArtifactKind, Plugin, Principal, Run, RunArtifact, RunId};
use tokio_util::sync::CancellationToken;

use super::options::LocalOptions;
use crate::compose::{self, Ahead};
use crate::configuration::Settings;
use crate::cures::cure;
use crate::fault::Usage;
use crate::instance::InstanceMode;
use crate::places;
use crate::terminal::Progress;

const LAST_WORDS: u64 = 2048;

/// Images for one command only.
#[derive(Debug, Args)]
pub(super) struct ImageOptions {
    /// An image for this run: a logical name, and the ID or reference of an image that
    /// `simulay images register` made; may be given several times.
    #[arg(long = "image", value_name = "NAME=IMAGE", value_parser = pair)]
    images: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, image) = text.split_once('=').ok_or("write NAME=IMAGE")?;
    crate::images::check_name(name).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), image.to_owned()))
}

/// Where runs are kept.
enum Place {
    Named(PathBuf),
    /// Goes when the command ends.
    Temporary(tempfile::TempDir),
}

impl Place {
    fn named(settings: &Settings) -> anyhow::Result<Self> {
        let data = settings.data()?;
        places::prepare(&data)?;
        Ok(Self::Named(data))
    }

    fn temporary() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("simulay-run-").tempdir();
        Ok(Self::Temporary(folder.context("no temporary folder can be made")?))
    }

    const fn mode(&self) -> InstanceMode {
        match self {
            Self::Named(_) => InstanceMode::Lasting,
            Self::Temporary(_) => InstanceMode::Passing,
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// A host in this process.
pub(super) struct Local {
    engine: Engine,
    /// Who uses it.
    principal: Principal,
    // Held, so that a temporary folder lives as long as what is in it.
    _place: Place,
}

impl Local {
    /// A host that keeps its runs in the data directory when one is named, else for this command only.
    pub(super) async fn start(options: &LocalOptions, images: &ImageOptions) -> anyhow::Result<Self> {
        let settings = Settings::load(&options.flags())?;
        let place = if options.data.is_some() { Place::named(&settings)? } else { Place::temporary()? };
        Self::open(&settings, place, images).await
    }

    /// A host that keeps nothing. Images are still those of the data directory.
    pub(super) async fn start_anew(options: &LocalOptions, images: &ImageOptions) -> anyhow::Result<Self> {
        Self::open(&Settings::load(&options.flags())?, Place::temporary()?, images).await
    }

    async fn open(settings: &Settings, place: Place, images: &ImageOptions) -> anyhow::Result<Self> {
        compose::check_sandbox(settings).await?;
        let images = compose::images_for_run(settings, &images.images).await?;
        let engine = compose::engine(settings, place.path(), &images, (place.mode(), Ahead::Nothing)).await?;
        engine.recover().await.context("the data directory cannot be read")?;
        check_ready(&engine).await?;
        compose::check_daemon(settings).await?;
        // What an earlier command left is no reason not to run this one.
        let _ = compose::remove_orphans(settings).await;
        Ok(Self { engine, principal: Principal::local("command line"), _place: place })
    }

    /// What happens to runs.
    pub(super) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Who uses it.
    pub(super) const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Takes a component.
    pub(super) async fn upload(&self, component: Bytes) -> anyhow::Result<Plugin> {
        let taken = self.engine.catalog.upload(&self.principal, component).await;
        let (plugin, _) = taken.map_err(upload_refused)?;
        Ok(plugin)
    }

    /// Creates a run.
    pub(super) async fn create(&self, request: NewRun) -> anyhow::Result<RunId> {
        Ok(self.engine.intake.create(&self.principal, request).await.map_err(create_refused)?.id)
    }

    /// Tells what happens until the run has ended; `stop` asks for its end.
    pub(super) async fn follow(
        &self,
        id: RunId,
        stop: &CancellationToken,
        quiet: bool,
    ) -> anyhow::Result<Run> {
        let mut progress = Progress::new(quiet);
        let mut events = self.engine.reader.events(&self.principal, id, 0);
        let mut asked = false;
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => {
                        let event = event?;
                        progress.event(&event.data);
                    }
                    None => break,
                },
                () = stop.cancelled(), if !asked => {
                    asked = true;
                    progress.tell("stopping; the containers of the run are removed");
                    // A run that ended meanwhile needs no end.
                    let _ = self.engine.intake.cancel(&self.principal, id).await;
                }
            }
        }
        let run = self.engine.reader.run(&self.principal, id).await?;
        run.filter(|run| run.state.is_end()).context("the run broke off before its end")
    }

    /// The end of what the last container that complained wrote to its standard error.
    pub(super) async fn last_words(&self, artifacts: &[RunArtifact]) -> anyhow::Result<String> {
        let complains = |entry: &&RunArtifact| entry.kind == ArtifactKind::Stderr && entry.artifact.size > 0;
        let stderr = artifacts.iter().rfind(complains);
        let Some(RunArtifact { artifact: Artifact { size, sha256, .. }, .. }) = stderr else {
            return Ok(String::new());
        };
        let end = Some(size.saturating_sub(LAST_WORDS)..*size);
        let mut pieces = self.engine.reader.blob(&self.principal, *sha256, end).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A server waits for Docker; someone at a terminal is told at once.
async fn check_ready(engine: &Engine) -> anyhow::Result<()> {
    match engine.readiness().await.first() {
        Some(lack) => bail!("{}\n{}", lack.why, cure(RunErrorKind::DockerUnavailable)),
        None => Ok(()),
    }
}

fn upload_refused(error: UploadError) -> anyhow::Error {
    match error {
        UploadError::UnknownImages(unknown) => anyhow::anyhow!(
            "{unknown}; register it with `simulay images register NAME IMAGE`, or name it with \
             --image NAME=IMAGE"
        ),
        other => other.into(),
    }
}

fn create_refused(error: CreateError) -> anyhow::Error {
    match error {
        CreateError::ParamsInvalid(places) => {
            let places: Vec<String> = places.iter().map(|place| format!("\n  {place}")).collect();
            Usage(format!("the parameters are not valid{}", places.concat())).into()
        }
        other => other.into(),
    }
}

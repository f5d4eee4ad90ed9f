//! The report of a run: its outcome checked, its files stored.

use std::collections::HashMap;

use simulay_blobs::Blobs;
use simulay_model::{
    Artifact, Digest, ErrorKind, Plugin, RelativePath, Report, ReportFile, RunError, Source,
};

use crate::checks::{self, Unfit};
use crate::context::RunContext;
use crate::exchange::put;
use crate::fault::Fault;
use crate::file_names;

/// `report` with every file in the store, and these files. `known` are the artifacts of the run.
pub(crate) async fn keep(
    context: &RunContext,
    plugin: &Plugin,
    report: Report,
    known: &HashMap<Digest, u64>,
) -> Result<(Report, Vec<Artifact>), Fault> {
    check_outcome(context, plugin, &report).await?;
    let mut files = Vec::with_capacity(report.artifacts.len());
    let mut artifacts = Vec::with_capacity(report.artifacts.len());
    for file in file_names::with_distinct_names(report.artifacts) {
        let artifact = keep_file(&*context.parts.blobs, &file, known).await?;
        files.push(ReportFile { content: Source::Artifact(artifact.sha256), ..file });
        artifacts.push(artifact);
    }
    Ok((Report { artifacts: files, ..report }, artifacts))
}

async fn check_outcome(context: &RunContext, plugin: &Plugin, report: &Report) -> Result<(), Fault> {
    let permit = context.limits.check().await?;
    let fits = checks::check(permit, &plugin.manifest.result_schema, &report.outcome).await;
    fits.map_err(|unfit| match unfit {
        Unfit::Broken(errors) => {
            let first = errors.first().map(ToString::to_string).unwrap_or_default();
            Fault::from(invalid("outcome", format!("breaks `result-schema`: {first}")))
        }
        Unfit::Engine(error) => error.into(),
    })
}

async fn keep_file(
    blobs: &dyn Blobs,
    file: &ReportFile,
    known: &HashMap<Digest, u64>,
) -> Result<Artifact, Fault> {
    let path = RelativePath::new(file.name.as_str());
    let path = path.map_err(|rule| invalid("artifacts.name", rule.to_string()))?;
    let (sha256, size) = match &file.content {
        Source::Text(text) => put(blobs, text.clone().into()).await?,
        Source::Bytes(bytes) => put(blobs, bytes.clone().into()).await?,
        Source::Artifact(sha256) => match known.get(sha256) {
            Some(size) => (*sha256, *size),
            None => {
                return Err(invalid("artifacts.content", "not an artifact of this run".to_owned()).into());
            }
        },
    };
    let media_type = Artifact::media_type_of(path.file_name()).to_owned();
    Ok(Artifact { path, size, sha256, media_type })
}

fn invalid(field: &str, rule: String) -> RunError {
    RunError::new(ErrorKind::PluginResultInvalid, format!("the plugin's report is wrong: `{field}`: {rule}"))
        .at(field)
}

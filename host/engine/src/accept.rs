//! From a request to a run: everything that can be wrong with it is said before it is accepted.

use simulay_model::schema::FieldError;
use simulay_model::{
    AccountName, Artifact, Clash, OwnerFilter, Plugin, PluginState, Request, Run, RunId, RunState,
};
use simulay_store::StoreError;

use crate::checks::CheckPermit;
use crate::{CreateError, NewRun, Parts, Selector, checks};

/// The pipeline meant, when it takes new runs.
pub(crate) async fn pipeline(
    parts: &Parts,
    owner: &OwnerFilter,
    selector: &Selector,
) -> Result<Plugin, CreateError> {
    let any = async || parts.plugins.versions(owner, &selector.name).await;
    match find(parts, owner, selector).await? {
        Some(plugin) if plugin.state == PluginState::Active => Ok(plugin),
        Some(plugin) => Err(CreateError::NotActive(format!(
            "`{selector}` is {} and takes no new runs; activate it, or name another version",
            plugin.state.as_str()
        ))),
        None if selector.version.is_none() && !any().await?.is_empty() => Err(CreateError::NotActive(
            format!("no release of `{selector}` is active; activate one, or name an active version"),
        )),
        None => Err(CreateError::UnknownPipeline(selector.to_string())),
    }
}

/// The version meant, whatever its state, or the one that serves the pipeline.
pub(crate) async fn find(
    parts: &Parts,
    owner: &OwnerFilter,
    selector: &Selector,
) -> Result<Option<Plugin>, StoreError> {
    match &selector.version {
        Some(version) => parts.plugins.version(owner, &selector.name, version).await,
        None => parts.plugins.served(owner, &selector.name).await,
    }
}

/// The request as the plugin will get it: defaults filled in, inputs found, a seed drawn. Checking the
/// parameters needs a permit.
pub(crate) async fn request(
    parts: &Parts,
    owner: &OwnerFilter,
    plugin: &Plugin,
    new: &NewRun,
    permit: CheckPermit,
) -> Result<Request, CreateError> {
    let params = checks::complete(permit, &plugin.manifest.params_schema, &new.params).await?;
    let inputs = inputs(parts, owner, new).await?;
    let seed = new.seed.unwrap_or_else(|| draw_seed(parts));
    Ok(Request { params, inputs, seed })
}

/// A queued run.
pub(crate) fn run(
    parts: &Parts,
    owner: &AccountName,
    plugin: &Plugin,
    new: &NewRun,
    request: Request,
) -> Run {
    Run {
        id: parts.entropy.run_id(),
        owner: owner.clone(),
        plugin: plugin.reference(),
        name: new.name.clone(),
        labels: new.labels.clone(),
        sweep: new.sweep,
        request,
        retries: new.retries,
        reuse: new.reuse,
        state: RunState::Queued,
        steps: 0,
        cancel_requested: false,
        created_at: parts.clock.now(),
        started_at: None,
        ended_at: None,
        report: None,
        error: None,
    }
}

/// The run as it was told when it was accepted.
pub(crate) fn as_accepted(run: Run) -> Run {
    Run {
        state: RunState::Queued,
        steps: 0,
        cancel_requested: false,
        started_at: None,
        ended_at: None,
        report: None,
        error: None,
        ..run
    }
}

/// Refuses more retries than the operator allows.
pub(crate) fn retries(new: &NewRun, most: u32) -> Result<(), CreateError> {
    if new.retries <= most {
        return Ok(());
    }
    Err(invalid("/options/retries".to_owned(), &format!("at most {most} retries are allowed")))
}

/// Refuses more inputs than the operator allows, and inputs that cannot lie in one folder.
pub(crate) fn inputs_together(new: &NewRun, most: usize) -> Result<(), CreateError> {
    if new.inputs.len() > most {
        let message = format!("at most {most} inputs are allowed; the setting is `runs.max_inputs`");
        return Err(invalid("/inputs".to_owned(), &message));
    }
    let Some(clash) = Clash::among(new.inputs.iter().map(|input| &input.path)) else { return Ok(()) };
    let message = match clash {
        Clash::Same(..) => "two inputs have this path",
        Clash::Folder(..) => "one input is a folder of another",
    };
    Err(invalid(format!("/inputs/{}/path", clash.later()), message))
}

/// Bytes of others are not there, whoever knows their address.
pub(crate) async fn inputs(
    parts: &Parts,
    owner: &OwnerFilter,
    new: &NewRun,
) -> Result<Vec<Artifact>, CreateError> {
    if new.inputs.is_empty() {
        return Ok(Vec::new());
    }
    let asked = new.inputs.iter().map(|input| input.sha256).collect();
    let nameable = parts.uploads.nameable(owner, asked).await?;
    let mut inputs = Vec::with_capacity(new.inputs.len());
    for (index, input) in new.inputs.iter().enumerate() {
        let kept =
            if nameable.contains(&input.sha256) { parts.blobs.keep(input.sha256).await? } else { None };
        let size = kept.ok_or_else(|| {
            invalid(
                format!("/inputs/{index}/sha256"),
                "you uploaded no such bytes; `POST /v1/inputs` takes them",
            )
        })?;
        if input.size.is_some_and(|told| told != size) {
            return Err(invalid(format!("/inputs/{index}/size"), &format!("these bytes are {size}")));
        }
        inputs.push(Artifact {
            path: input.path.clone(),
            size,
            sha256: input.sha256,
            media_type: Artifact::media_type_of(input.path.file_name()).to_owned(),
        });
    }
    Ok(inputs)
}

fn invalid(pointer: String, message: &str) -> CreateError {
    CreateError::InputInvalid(FieldError { pointer, message: message.to_owned() })
}

/// What fits a JSON number in every language.
const SEED_BITS: u64 = (1 << 53) - 1;

/// The seed of a run whose caller chose its id and no seed.
pub(crate) const fn seed_of(run: RunId) -> u64 {
    run.uuid().as_u64_pair().1 & SEED_BITS
}

pub(crate) fn draw_seed(parts: &Parts) -> u64 {
    parts.entropy.draw() & SEED_BITS
}

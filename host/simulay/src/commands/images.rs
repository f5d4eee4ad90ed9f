//! `simulay images`: the operator's list of images that simulations may use.

mod shipping;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use oci_client::Reference;
use serde_json::{Value, json};
use simulay_containers::RegisteredImage;
use simulay_model::Digest;

use super::options::LocalOptions;
use crate::configuration::Settings;
use crate::images::{Image, Images, check_name};
use crate::terminal::{Table, print, print_json, say, size, value};
use crate::{compose, embedded, places, registry};

/// The images simulations may use.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    local: LocalOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists the images, and whether Docker has them.
    List,
    /// Shows an image.
    Inspect {
        /// Logical name.
        name: String,
    },
    /// Puts simulay-init into an image Docker has, and lists the result under a name.
    Register {
        /// Logical name: what plugins ask for.
        name: String,
        /// Reference or ID of the image, e.g. `my/solver:3.1`.
        image: String,
        /// The simulay-init to use [default: the one this command carries].
        #[arg(long, value_name = "PATH")]
        init: Option<PathBuf>,
    },
    /// Registers images anew whose simulay-init is of another version; what else is in them stays.
    Refresh {
        /// The simulay-init to use [default: the one this command carries].
        #[arg(long, value_name = "PATH")]
        init: Option<PathBuf>,
    },
    /// Pushes an image to a registry, where the nodes of a cluster pull it.
    Push {
        /// Logical name.
        name: String,
        /// Where to, without a tag, e.g. `registry.example/simulay/octave`.
        #[arg(value_name = "REGISTRY/REPO", value_parser = registry::repository)]
        repository: Reference,
    },
    /// Copies an image from one Docker daemon to another, where there is no registry.
    Copy {
        /// Logical name.
        name: String,
        /// Address of the daemon that has it [default: that of the settings].
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
        /// Address of the daemon that gets it: unix:// or tcp://.
        #[arg(long, value_name = "ADDRESS")]
        to: String,
    },
    /// Takes a name off the list; Docker keeps the image.
    Remove {
        /// Logical name.
        name: String,
    },
}

/// Does what `arguments` say.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.local.flags())?;
    match arguments.verb {
        Verb::List => show_list(&settings, json).await?,
        Verb::Inspect { name } => inspect(&settings, &name, json).await?,
        Verb::Register { name, image, init } => {
            check_name(&name)?;
            let init = embedded::init(init.as_deref())?;
            let id = compose::register(&settings, &image, &init).await?;
            record(&settings, &name, &image, &id)?;
            let told = json!({ "name": name, "id": id, "source": image });
            let line = format!("{name} is {id}; a running server knows it after a restart");
            if json { print_json(&told)? } else { say(&line)? }
        }
        Verb::Refresh { init } => refresh(&settings, init.as_deref(), json).await?,
        Verb::Push { name, repository } => shipping::push(&settings, &name, &repository, json).await?,
        Verb::Copy { name, from, to } => shipping::copy(&settings, &name, (from, to), json).await?,
        Verb::Remove { name } => {
            remove(&settings, &name)?;
            let line = format!("{name} is off the list; a running server forgets it after a restart");
            if json { print_json(&json!({ "removed": name }))? } else { say(&line)? }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn record(settings: &Settings, name: &str, source: &str, id: &str) -> anyhow::Result<()> {
    let data = settings.data()?;
    places::prepare(&data)?;
    let (id, source, registered_at) = (id.to_owned(), Some(source.to_owned()), Some(Timestamp::now()));
    let image = Image { id, source, pushed: None, registered_at };
    Images::change(&data, |images| Ok(images.insert(name.to_owned(), image)))?;
    Ok(())
}

/// One after the other: what was done stays done when the next fails.
async fn refresh(settings: &Settings, init: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let (data, init) = (settings.data()?, embedded::init(init)?);
    let wanted = Some(Digest::of(&init));
    let registered = Images::read(&data)?;
    let ids = registered.all().iter().map(|(name, image)| (name.clone(), image.id.clone())).collect();
    let mut renewed = Vec::new();
    for RegisteredImage { name, id, .. } in
        compose::images(settings, &ids).await?.into_iter().filter(|image| image.init != wanted)
    {
        let id = id.to_string();
        let new = compose::renew(settings, &id, &init).await.with_context(|| {
            format!("{name} is not registered anew; `simulay images register {name} IMAGE` does it")
        })?;
        Images::change(&data, |images| {
            // Registered as another or removed meanwhile: that holds.
            if let Some(image) = images.get_mut(&name).filter(|image| image.id == id) {
                image.id.clone_from(&new);
                (image.pushed, image.registered_at) = (None, Some(Timestamp::now()));
            }
            Ok(())
        })?;
        if !json {
            say(&format!("{name} is {new} now; a running server knows it after a restart"))?;
        }
        renewed.push(json!({ "name": name, "id": new, "former": id }));
    }
    match (json, renewed.is_empty()) {
        (true, _) => Ok(print_json(&json!({ "renewed": renewed }))?),
        (false, true) => Ok(say("every image that `simulay images register` made has this simulay-init")?),
        (false, false) => Ok(()),
    }
}

fn remove(settings: &Settings, name: &str) -> anyhow::Result<()> {
    let data = settings.data()?;
    places::prepare(&data)?;
    Images::change(&data, |images| {
        images.remove(name).with_context(|| {
            format!("no image is registered as {name}; `simulay images list` tells which are")
        })
    })?;
    if settings.images.contains_key(name) {
        bail!("{name} is in the settings as well; take it out there");
    }
    Ok(())
}

async fn show_list(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let documents = documents(settings).await?;
    if json {
        return Ok(print_json(&json!({ "images": documents }))?);
    }
    let mut table = Table::new(["NAME", "IMAGE", "SIZE", "INIT", "SOURCE"]);
    for image in &documents {
        let text = |name: &str| value(image.get(name));
        let shown = match (image.get("present").and_then(Value::as_bool), image.get("size")) {
            (Some(true), bytes) => bytes.and_then(Value::as_u64).map(size).unwrap_or_default(),
            (Some(false), _) => String::from("missing"),
            (None, _) => String::from("unknown"),
        };
        let init = image.get("init_is_current").and_then(Value::as_bool);
        let init = init.map_or("unknown", |current| if current { "current" } else { "another" });
        table.row([&text("name"), &text("id"), &shown, init, &text("source")]);
    }
    print(&table.text())?;
    if documents.iter().any(|image| image.get("init_is_current") == Some(&Value::Bool(false))) {
        say("\n`simulay images refresh` gives the simulay-init of this command to those that have another")?;
    }
    Ok(())
}

async fn inspect(settings: &Settings, name: &str, json: bool) -> anyhow::Result<()> {
    let documents = documents(settings).await?;
    let found = documents.iter().find(|image| image.get("name").is_some_and(|found| found == name));
    let image = found.with_context(|| {
        format!("no image is registered as {name}; `simulay images list` tells which are")
    })?;
    if json {
        return Ok(print_json(image)?);
    }
    let mut table = Table::bare();
    for (field, value) in image.as_object().into_iter().flatten() {
        table.row([field, &crate::terminal::value(Some(value))]);
    }
    Ok(print(&table.text())?)
}

/// The images of the list, with what Docker says of them; `present` is null when Docker is away.
async fn documents(settings: &Settings) -> anyhow::Result<Vec<Value>> {
    let data = settings.data()?;
    let registered = Images::read(&data)?;
    let ids = compose::image_ids(settings, &data)?;
    let known = compose::images(settings, &ids).await.ok();
    let document = |(name, id): (&String, &String)| {
        let entry = registered.all().get(name).filter(|image| image.id == *id);
        let found = known.as_ref().and_then(|images| find(images, name));
        json!({
            "name": name, "id": id,
            "present": found.map(|image| image.present),
            "size": found.and_then(|image| image.size),
            "init": found.and_then(|image| image.init),
            "init_is_current": found.filter(|image| image.present && embedded::is_built_in())
                .map(|image| !embedded::is_another(image.init)),
            "source": entry.and_then(|image| image.source.clone()),
            "pushed": entry.and_then(|image| image.pushed.clone()),
            "registered_at": entry.and_then(|image| image.registered_at),
            "from_settings": settings.images.contains_key(name),
        })
    };
    Ok(ids.iter().map(document).collect())
}

fn find<'a>(images: &'a [RegisteredImage], name: &str) -> Option<&'a RegisteredImage> {
    images.iter().find(|image| image.name == name)
}

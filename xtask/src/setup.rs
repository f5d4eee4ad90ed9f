//! Sets this machine up: what is there already is left as it is.

mod authors;
mod docker;
mod identity;
mod images;
mod later;
mod recipe;
mod registry;
mod servers;
mod targets;

use std::path::Path;
use std::thread;

use crate::build;
use crate::packages;
use crate::place::Place;
use crate::process::joined;
use crate::step::say;
pub(crate) use images::{ImageId, ensure_base};
pub(crate) use later::ensure as ensure_later;
pub(crate) use recipe::{Recipe, inspect};
pub(crate) use servers::MONGODB;

/// Makes everything that running simulations needs.
pub(crate) fn everything(place: &Place) -> anyhow::Result<ImageId> {
    let image = with_image(place, || {
        build::host(place)?;
        build::plugins(place)
    })?;
    say(&format!("the command is {}", place.simulay().display()));
    Ok(image)
}

/// Makes what tests need: besides images and plugins, the tools of every language plugins are written in.
pub(crate) fn for_tests(place: &Place) -> anyhow::Result<ImageId> {
    thread::scope(|scope| {
        let tools = scope.spawn(|| {
            authors::ensure(place)?;
            identity::ensure(place)?;
            servers::ensure(place)
        });
        let image = with_image(place, || {
            build::plugins(place)?;
            build::tests(place)
        });
        joined(tools)?;
        let image = image?;
        // After Docker: the system installs one thing at a time.
        registry::ensure(place)?;
        let programs = [
            ("strace", "strace"),
            ("redis-server", "redis-server"),
            ("nginx", "nginx-light"),
            ("chromium", "chromium"),
        ];
        for (program, package) in programs {
            let cure = format!("install {package}, then try again");
            packages::ensure(place, &[program], &[package], &cure)?;
        }
        Ok(image)
    })
}

/// Builds the images, and lists them in a data directory when there is one.
pub(crate) fn images(place: &Place, data: Option<&Path>) -> anyhow::Result<()> {
    let image = with_image(place, || if data.is_some() { build::host(place) } else { Ok(()) })?;
    match data {
        Some(data) => images::register(place, data),
        None => {
            println!("{image}");
            Ok(())
        }
    }
}

/// Makes Docker answer and gives the Octave image, while `meanwhile` builds something else.
pub(crate) fn with_image(
    place: &Place,
    meanwhile: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<ImageId> {
    targets::ensure(place)?;
    docker::ensure(place)?;
    build::init(place)?;
    // Images come over the network and builds use the processor: together they take half the time.
    thread::scope(|scope| {
        let image = scope.spawn(|| images::ensure(place));
        let built = meanwhile();
        let image = joined(image)?;
        built.map(|()| image)
    })
}

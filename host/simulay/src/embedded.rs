//! The `simulay-init` that images are registered with.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context as _, bail};
use simulay_model::Digest;

const BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/simulay-init"));
const ELF: &[u8] = b"\x7fELF";

/// The program at `named`, else the one this command carries.
pub(crate) fn init(named: Option<&Path>) -> anyhow::Result<Cow<'static, [u8]>> {
    let Some(path) = named else { return built_in() };
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    if !bytes.starts_with(ELF) {
        bail!("{} is no Linux program; build it as `--help` says", path.display());
    }
    Ok(bytes.into())
}

/// True when `init`, which an image carries, is not the program of this command; an image that does not
/// say was registered by an older one. A command that carries none cannot tell.
pub(crate) fn is_another(init: Option<Digest>) -> bool {
    is_built_in() && init != Some(Digest::of(BUILT_IN))
}

/// True when this command carries the program.
pub(crate) const fn is_built_in() -> bool {
    !BUILT_IN.is_empty()
}

fn built_in() -> anyhow::Result<Cow<'static, [u8]>> {
    if BUILT_IN.is_empty() {
        bail!(
            "this build of simulay carries no simulay-init; build it with \
             `cargo build --release --target x86_64-unknown-linux-musl -p simulay-init` and name it: \
             --init target/x86_64-unknown-linux-musl/release/simulay-init"
        );
    }
    Ok(Cow::Borrowed(BUILT_IN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_linux_program_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("init");
        std::fs::write(&file, "#!/bin/sh").unwrap();
        assert!(init(Some(&file)).unwrap_err().to_string().contains("no Linux program"));
        std::fs::write(&file, b"\x7fELF...").unwrap();
        assert_eq!(init(Some(&file)).unwrap().as_ref(), b"\x7fELF...");
    }
}

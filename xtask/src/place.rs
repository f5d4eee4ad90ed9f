//! Where things lie in this checkout.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// Target triple of the programs inside containers.
pub(crate) const INIT_TARGET: &str = "x86_64-unknown-linux-musl";
/// Target triple of plugins.
pub(crate) const PLUGIN_TARGET: &str = "wasm32-wasip2";

/// A checkout and its target directory.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    root: PathBuf,
    target: PathBuf,
}

impl Place {
    /// The checkout this program was built from.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().context("xtask lies inside the checkout")?.to_owned();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// The checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A place for what is made here, under the target directory.
    pub(crate) fn made(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.target.join("simulay");
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(folder.join(name))
    }

    /// `cargo`, at work in the checkout.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        cargo
    }

    /// The command line of the host.
    pub(crate) fn simulay(&self) -> PathBuf {
        self.target.join("debug/simulay")
    }

    /// The same, built for release.
    pub(crate) fn released(&self) -> PathBuf {
        self.target.join("release/simulay")
    }

    /// The same, static, as it lies in its image.
    pub(crate) fn static_host(&self) -> PathBuf {
        self.target.join(INIT_TARGET).join("release/simulay")
    }

    /// The program inside containers.
    pub(crate) fn init(&self) -> PathBuf {
        self.target.join(INIT_TARGET).join("release/simulay-init")
    }

    /// The folder of built plugins.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.target.join(PLUGIN_TARGET).join("release")
    }

    /// The folder of the plugins that are shipped, apart from those of tests.
    pub(crate) fn shipped(&self) -> PathBuf {
        self.target.join("simulay/plugins")
    }

    /// The component of a plugin.
    pub(crate) fn plugin(&self, name: &str) -> PathBuf {
        self.plugins().join(format!("{}.wasm", name.replace('-', "_")))
    }
}

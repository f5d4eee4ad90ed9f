//! The folder of a cluster: `ca/` with the authority, and for each role `ca.crt`, `tls.crt` and `tls.key`.
//!
//! A new authority comes in three steps, between which what a role has is given to its processes, so that at
//! any time each trusts whoever calls it: `begin` lets all trust the next one, `switch` makes the certificates
//! of it, `finish` forgets the former. Each step can be repeated, also after it was interrupted anywhere.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use simulay_rpc::Role;
use tempfile::TempDir;
use uuid::Uuid;

use super::{Authority, Facts, Pair};
use crate::fault::Usage;
use crate::places::replace;

const CURRENT: &str = "ca";
const NEXT: &str = "ca-next";
const FORMER: &str = "ca-former";
const TRUSTED: &str = "ca.crt";
/// How folders are called that are made or taken away; of a step that was interrupted, one may be left.
const DRAFT: &str = ".cluster-";

/// The folder of a cluster.
pub(crate) struct Folder {
    root: PathBuf,
}

/// Which of its authorities one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It makes certificates.
    Current,
    /// It is trusted already.
    Next,
    /// It is trusted still.
    Former,
}

impl Standing {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Current, CURRENT), (Self::Next, NEXT), (Self::Former, FORMER)];

    /// In words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::Former => "former",
        }
    }
}

/// What a role has.
pub(crate) struct Issued {
    pub(crate) role: Role,
    pub(crate) facts: Facts,
    /// The key is that of the certificate: a change of both was not interrupted.
    pub(crate) key_fits: bool,
}

impl Folder {
    /// The folder at `root`, as `init` made it.
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let known = [CURRENT, NEXT].iter().any(|name| root.join(name).is_dir());
        if !known {
            let root = root.display();
            bail!(Usage(format!("{root} holds no cluster; `simulay cluster init {root}` makes one")));
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Makes the folder of a new cluster, whole or not at all.
    pub(crate) fn init(root: &Path, name: &str, days: u32, now: Timestamp) -> anyhow::Result<Self> {
        if fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
            bail!(Usage(format!("{} is not empty; a cluster gets a folder of its own", root.display())));
        }
        let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(parent)?;
        let draft = private(parent)?;
        let made = Self { root: draft.path().to_owned() };
        made.write_authority(CURRENT, &Authority::make(Uuid::new_v4(), name, now)?)?;
        made.renew(days, now)?;
        fs::rename(draft.path(), root).with_context(|| format!("{} cannot be made", root.display()))?;
        let _moved = draft.keep();
        sync(parent)?;
        Ok(Self { root: root.to_owned() })
    }

    /// Gives every role a new certificate of the current authority, and those that it is to trust.
    pub(crate) fn renew(&self, days: u32, now: Timestamp) -> anyhow::Result<()> {
        let authority = self.authority()?;
        self.trust()?;
        for role in Role::ALL {
            let Pair { cert, key } = authority.certify(role, days, now)?;
            let place = self.place(role.name())?;
            write(&place, "tls.key", &key)?;
            write(&place, "tls.crt", &cert)?;
        }
        Ok(())
    }

    /// Makes the next authority, unless it is there, and lets all trust it.
    pub(crate) fn begin(&self, now: Timestamp) -> anyhow::Result<()> {
        if self.has(FORMER) {
            bail!(Usage("the authority before is trusted still: `--ca finish` comes first".to_owned()));
        }
        self.sweep()?;
        if !self.has(NEXT) {
            let current = self.authority()?;
            let Facts { cluster, name, .. } = current.facts();
            let draft = private(&self.root)?;
            let beside = Self { root: draft.path().to_owned() };
            beside.write_authority(NEXT, &Authority::make(*cluster, name, now)?)?;
            fs::rename(beside.root.join(NEXT), self.root.join(NEXT))?;
            sync(&self.root)?;
        }
        self.trust()
    }

    /// Lets the next authority make the certificates; the one before is trusted still.
    pub(crate) fn switch(&self, days: u32, now: Timestamp) -> anyhow::Result<()> {
        match (self.has(CURRENT), self.has(NEXT), self.has(FORMER)) {
            (_, false, false) => {
                bail!(Usage("there is no next authority: `--ca begin` makes one".to_owned()));
            }
            (true, true, _) => {
                fs::rename(self.root.join(CURRENT), self.root.join(FORMER))?;
                sync(&self.root)?;
                fs::rename(self.root.join(NEXT), self.root.join(CURRENT))?;
            }
            (false, true, _) => fs::rename(self.root.join(NEXT), self.root.join(CURRENT))?,
            (_, false, true) => {}
        }
        sync(&self.root)?;
        self.renew(days, now)
    }

    /// Lets nobody trust the former authority any more, and forgets it.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        if self.has(NEXT) {
            bail!(Usage("no certificate is of the next authority yet: `--ca switch` comes first".to_owned()));
        }
        let current = self.authority()?.facts().key_id.clone();
        for issued in self.issued()? {
            if issued.facts.issuer.as_ref() != Some(&current) || !issued.key_fits {
                let role = issued.role.name();
                bail!(Usage(format!("`--ca switch` was interrupted at {role}; repeat it first")));
            }
        }
        self.write_trusted(&self.certificate(CURRENT)?)?;
        self.sweep()?;
        if self.has(FORMER) {
            // Away at once, not file by file.
            let away = private(&self.root)?;
            fs::rename(self.root.join(FORMER), away.path().join(FORMER))?;
        }
        Ok(sync(&self.root)?)
    }

    /// The authorities there are.
    pub(crate) fn authorities(&self) -> anyhow::Result<Vec<(Standing, Facts)>> {
        let there = Standing::ALL.into_iter().filter(|(_, name)| self.has(name));
        there.map(|(standing, name)| Ok((standing, self.facts(&format!("{name}/ca.crt"))?))).collect()
    }

    /// What each role has.
    pub(crate) fn issued(&self) -> anyhow::Result<Vec<Issued>> {
        Role::ALL.into_iter().map(|role| self.issued_to(role)).collect()
    }

    /// How many authorities the processes of `role` are to trust.
    pub(crate) fn trusted_by(&self, role: Role) -> anyhow::Result<usize> {
        let file = format!("{}/{TRUSTED}", role.name());
        Ok(self.text(&file)?.matches("BEGIN CERTIFICATE").count())
    }

    fn issued_to(&self, role: Role) -> anyhow::Result<Issued> {
        let name = role.name();
        let facts = self.facts(&format!("{name}/tls.crt"))?;
        let key_fits = facts.fits(&self.text(&format!("{name}/tls.key"))?);
        Ok(Issued { role, facts, key_fits })
    }
}

/// What lies where.
impl Folder {
    fn has(&self, name: &str) -> bool {
        self.root.join(name).is_dir()
    }

    fn authority(&self) -> anyhow::Result<Authority> {
        ensure!(self.has(CURRENT), Usage("`--ca switch` was interrupted; repeat it first".to_owned()));
        let pair = Pair { cert: self.certificate(CURRENT)?, key: self.text("ca/ca.key")? };
        Authority::read(&pair)
            .with_context(|| format!("{} cannot be used", self.root.join(CURRENT).display()))
    }

    fn write_authority(&self, name: &str, Pair { cert, key }: &Pair) -> anyhow::Result<()> {
        let place = self.place(name)?;
        write(&place, "ca.key", key)?;
        write(&place, "ca.crt", cert)
    }

    /// Lets all roles trust all authorities there are.
    fn trust(&self) -> anyhow::Result<()> {
        let there = Standing::ALL.into_iter().filter(|(_, name)| self.has(name));
        let trusted = there.map(|(_, name)| self.certificate(name)).collect::<anyhow::Result<String>>()?;
        self.write_trusted(&trusted)
    }

    fn write_trusted(&self, trusted: &str) -> anyhow::Result<()> {
        for role in Role::ALL {
            let place = self.place(role.name())?;
            write(&place, TRUSTED, trusted)?;
        }
        Ok(())
    }

    fn certificate(&self, name: &str) -> anyhow::Result<String> {
        self.text(&format!("{name}/ca.crt"))
    }

    fn facts(&self, file: &str) -> anyhow::Result<Facts> {
        let wrong = || format!("{} cannot be used", self.root.join(file).display());
        Facts::read(&self.text(file)?).with_context(wrong)
    }

    fn text(&self, file: &str) -> anyhow::Result<String> {
        let path = self.root.join(file);
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    }

    /// Takes away what a step left that was interrupted: there may be keys in it.
    fn sweep(&self) -> anyhow::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(DRAFT.as_bytes()) {
                let left = || format!("{} cannot be taken away", entry.path().display());
                fs::remove_dir_all(entry.path()).with_context(left)?;
            }
        }
        Ok(())
    }

    /// A folder in this one, for its owner only.
    fn place(&self, name: &str) -> io::Result<PathBuf> {
        let place = self.root.join(name);
        DirBuilder::new().recursive(true).mode(0o700).create(&place)?;
        sync(&self.root)?;
        Ok(place)
    }
}

/// Writes a file of `folder`, for whoever the one before was for.
fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let file = folder.join(name);
    replace(folder, &file, text).with_context(|| format!("{} cannot be replaced", file.display()))
}

/// A folder for its owner only, which goes when it is dropped.
fn private(parent: &Path) -> io::Result<TempDir> {
    let owner = Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix(DRAFT).permissions(owner).tempdir_in(parent)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

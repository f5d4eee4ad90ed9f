//! Secrets in settings: from the environment or from files of their own, never from the file of the settings, which
//! others may read.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::fault::Usage;

/// The longest secret, bytes.
const LONGEST: u64 = 4096;

/// A secret. Never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// What `file` holds, without the white space around it; a file that others may read is refused.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let unreadable = || format!("the secret in {} cannot be read", file.display());
        let opened = File::open(file).with_context(unreadable)?;
        if opened.metadata().with_context(unreadable)?.permissions().mode() & 0o007 != 0 {
            bail!(Usage(format!("others may read the secret in {0}; chmod o= {0}", file.display())));
        }
        let mut text = String::new();
        opened.take(LONGEST).read_to_string(&mut text).with_context(unreadable)?;
        Ok(Self(text.trim().to_owned()))
    }

    /// The secret, for whoever is to have it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_secret_is_read_from_a_private_file_and_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "hush-hush\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let secret = Secret::read(&file).unwrap();
        assert_eq!((secret.reveal(), format!("{secret:?}").as_str()), ("hush-hush", "Secret(…)"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
        let refused = Secret::read(&file).unwrap_err().to_string();
        assert!(refused.contains("chmod o="), "{refused}");
        assert!(Secret::read(&folder.path().join("none")).is_err());
    }
}

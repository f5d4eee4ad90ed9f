//! Where a file lies: what no copy of it shares.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::str::FromStr;
use std::time::UNIX_EPOCH;

/// A file on a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    inode: u64,
    /// When it was made, nanoseconds, where the file system knows: no copy takes that along.
    born: Option<u128>,
    device: u64,
    /// Devices may change their numbers from one boot to the next.
    boot: String,
}

/// A text that is no place.
#[derive(Debug, thiserror::Error)]
#[error("a place is an inode, a time, a device and a boot")]
pub(super) struct PlaceError;

impl Place {
    /// Of a file.
    pub(super) fn of(file: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(file)?;
        let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Ok(Self {
            inode: metadata.ino(),
            born: born.map(|time| time.as_nanos()),
            device: metadata.dev(),
            boot: boot.trim().to_owned(),
        })
    }

    /// True when this is not the file that was at `written` once. Numbers may be given again, and
    /// snapshots share them: a time or a device tells these apart.
    pub(super) fn is_elsewhere(&self, written: &Self) -> bool {
        let other_device = self.boot == written.boot && self.device != written.device;
        let other_file = match (self.born, written.born) {
            (Some(here), Some(there)) => here != there,
            _ => self.inode != written.inode,
        };
        other_device || other_file
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inode, born, device, boot } = self;
        let born = born.map_or_else(|| "-".to_owned(), |born| born.to_string());
        write!(formatter, "{inode} {born} {device} {boot}")
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let parts: Vec<&str> = text.split(' ').collect();
        let &[inode, born, device, boot] = parts.as_slice() else { return Err(PlaceError) };
        let number = |text: &str| text.parse().map_err(|_| PlaceError);
        let born = match born {
            "-" => None,
            born => Some(born.parse().map_err(|_| PlaceError)?),
        };
        Ok(Self { inode: number(inode)?, born, device: number(device)?, boot: boot.to_owned() })
    }
}

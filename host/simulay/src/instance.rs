//! The identity of a data directory, which labels its containers. The file that holds it says where it
//! lies: found elsewhere, it is a copy, and the containers are the other's.

mod place;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use uuid::Uuid;

use self::place::Place;

const FILE: &str = "instance";

/// What a host is to the containers that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InstanceMode {
    /// Those of its data directory outlive it and are taken up by the next. A copy has none.
    Lasting,
    /// The same, and a copy takes the place of the other for good.
    Replacing,
    /// They go with this process.
    Passing,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Instance {
    id: Uuid,
    /// Whose copy it is.
    copy_of: Option<Uuid>,
    /// Where the file was written; older versions did not say.
    place: Option<Place>,
}

/// The identity of the data directory, made at its first start and at the first of a copy. Only for
/// whoever holds the directory.
pub(crate) fn of(data: &Path, mode: InstanceMode) -> anyhow::Result<Uuid> {
    let file = data.join(FILE);
    let found = match fs::read_to_string(&file) {
        Ok(text) => read(&text).with_context(|| {
            format!("{} does not hold a UUID; put the former one back from a backup", file.display())
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Instance { id: Uuid::now_v7(), copy_of: None, place: None }
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
    };
    let here = Place::of(&file).ok();
    if found.place.is_some() && found.place == here && mode != InstanceMode::Replacing {
        return Ok(found.id);
    }
    let settled = settle(found, here.as_ref(), mode, data);
    write(data, &settled).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(settled.id)
}

/// Which instance this is, by where its file was written and where it is.
fn settle(found: Instance, here: Option<&Place>, mode: InstanceMode, data: &Path) -> Instance {
    let Instance { id, copy_of, place } = found;
    if mode == InstanceMode::Replacing {
        return Instance { id: copy_of.unwrap_or(id), copy_of: None, place };
    }
    let moved = place.as_ref().zip(here).is_some_and(|(written, here)| here.is_elsewhere(written));
    if !moved {
        return Instance { id, copy_of, place };
    }
    let new = Uuid::now_v7();
    tracing::warn!(
        data = %data.display(), instance = %new, copy_of = %id,
        "the data directory is a copy: it is an instance of its own from now on, and leaves the containers \
         of the other alone; if the other is gone for good, start once with --same-instance"
    );
    Instance { id: new, copy_of: Some(id), place }
}

/// Makes the copy of a data directory the one and only.
pub(crate) fn replace(data: &Path) -> anyhow::Result<()> {
    of(data, InstanceMode::Replacing).map(drop)
}

fn read(text: &str) -> anyhow::Result<Instance> {
    let mut lines = text.lines();
    let id = lines.next().unwrap_or_default().trim().parse()?;
    let (mut copy_of, mut place) = (None, None);
    for line in lines {
        match line.split_once(' ') {
            Some(("copy-of", other)) => copy_of = Some(other.parse()?),
            Some(("place", written)) => place = Some(written.parse()?),
            _ => bail!("`{line}` is unknown"),
        }
    }
    Ok(Instance { id, copy_of, place })
}

/// Writes the file whole or not at all; it says where it lies itself.
fn write(data: &Path, instance: &Instance) -> io::Result<()> {
    let mut temporary = tempfile::NamedTempFile::new_in(data)?;
    let place = Place::of(temporary.path())?;
    let copy = instance.copy_of.map(|other| format!("copy-of {other}\n")).unwrap_or_default();
    temporary.write_all(format!("{}\n{copy}place {place}\n", instance.id).as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(data.join(FILE)).map_err(|failed| failed.error)?;
    fs::File::open(data)?.sync_all()
}

#[cfg(test)]
mod tests;

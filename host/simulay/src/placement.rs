//! Where the artifacts of a run go in a folder of the user's.
//!
//! Kept files lie at the top; what containers left lies below `calls/`, what they printed in `logs/`.

use std::collections::HashSet;

use simulay_model::{ArtifactKind, Digest, PathError, RelativePath, RunArtifact};

/// An artifact of a run, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// What it is to the run.
    pub(crate) kind: ArtifactKind,
    /// Step and place of the call that left it.
    pub(crate) origin: Option<(u32, u32)>,
    /// Its name in the run.
    pub(crate) path: RelativePath,
    /// Address of the content.
    pub(crate) sha256: Digest,
}

impl From<&RunArtifact> for Listed {
    fn from(entry: &RunArtifact) -> Self {
        let RunArtifact { kind, origin, artifact } = entry;
        Self { kind: *kind, origin: *origin, path: artifact.path.clone(), sha256: artifact.sha256 }
    }
}

/// The artifacts a folder gets and where; inputs are the user's already.
pub(crate) fn place(artifacts: Vec<Listed>) -> Result<Vec<(RelativePath, Listed)>, PathError> {
    let mut taken = HashSet::new();
    let wanted = artifacts.into_iter().filter(|entry| entry.kind != ArtifactKind::Input);
    wanted
        .map(|entry| {
            let path = free(&mut taken, &name(&entry))?;
            Ok((path, entry))
        })
        .collect()
}

fn name(entry: &Listed) -> String {
    let path = entry.path.as_str();
    let (step, call) = entry.origin.unwrap_or_default();
    match entry.kind {
        ArtifactKind::Kept if is_ours(path) => format!("kept/{path}"),
        ArtifactKind::Kept | ArtifactKind::Input => path.to_owned(),
        ArtifactKind::Output => format!("calls/{step}-{call}/{path}"),
        ArtifactKind::Stdout => format!("logs/{step}-{call}.stdout.txt"),
        ArtifactKind::Stderr => format!("logs/{step}-{call}.stderr.txt"),
    }
}

/// True when the first part of `path` is a folder we fill ourselves.
fn is_ours(path: &str) -> bool {
    matches!(path.split('/').next(), Some("calls" | "logs" | "kept"))
}

/// `wanted`, or `wanted.2` and so on when that is taken; letters of either case are one name.
fn free(taken: &mut HashSet<String>, wanted: &str) -> Result<RelativePath, PathError> {
    let mut name = wanted.to_owned();
    let mut number = 1;
    while !taken.insert(name.to_lowercase()) {
        number += 1;
        name = format!("{wanted}.{number}");
    }
    RelativePath::new(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(kind: ArtifactKind, origin: Option<(u32, u32)>, path: &str) -> Listed {
        Listed { kind, origin, path: RelativePath::new(path).unwrap(), sha256: Digest::of(b"") }
    }

    fn places(artifacts: Vec<Listed>) -> Vec<String> {
        place(artifacts).unwrap().into_iter().map(|(path, _)| path.as_str().to_owned()).collect()
    }

    #[test]
    fn every_kind_has_its_place() {
        let call = Some((0, 1));
        let artifacts = vec![
            listed(ArtifactKind::Input, None, "mesh.csv"),
            listed(ArtifactKind::Output, call, "out/field.csv"),
            listed(ArtifactKind::Stdout, call, "stdout"),
            listed(ArtifactKind::Stderr, call, "stderr"),
            listed(ArtifactKind::Kept, None, "field.csv"),
        ];
        let expected = ["calls/0-1/out/field.csv", "logs/0-1.stdout.txt", "logs/0-1.stderr.txt", "field.csv"];
        assert_eq!(places(artifacts), expected);
    }

    #[test]
    fn names_never_meet() {
        let kept = |path| listed(ArtifactKind::Kept, None, path);
        let names = places(vec![kept("a"), kept("A"), kept("a.2"), kept("logs"), kept("calls/x")]);
        assert_eq!(names, ["a", "A.2", "a.2.2", "kept/logs", "kept/calls/x"]);
    }
}

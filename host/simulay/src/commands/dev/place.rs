//! Where in a project Octave's complaint points.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::watch::is_source;
use crate::octave::Complaint;
use crate::project::Project;

/// A line of a source.
pub(super) struct Place {
    /// As the author's shell reaches it.
    pub(super) file: PathBuf,
    /// Counted from one.
    pub(super) line: usize,
    text: String,
}

/// The line that `complaint` is about, when one of the project's sources holds it; `folder` is how the project was
/// named.
pub(super) fn find(project: &Project, folder: &Path, complaint: &Complaint) -> Option<Place> {
    let (name, line) = complaint.place.as_ref()?;
    let file = sources(project).find(|file| file.file_name().is_some_and(|found| found == name.as_str()))?;
    let text = fs::read_to_string(&file).ok()?.lines().nth(line.checked_sub(1)?)?.to_owned();
    let inside = file.strip_prefix(project.root()).ok()?;
    let file = if folder == Path::new(".") { inside.to_owned() } else { folder.join(inside) };
    Some(Place { file, line: *line, text })
}

fn sources(project: &Project) -> impl Iterator<Item = PathBuf> {
    let walk = |source| {
        WalkDir::new(source).follow_links(true).sort_by_file_name().into_iter().filter_entry(is_source)
    };
    let entries = project.sources().into_iter().flat_map(walk).filter_map(Result::ok);
    entries.filter(|entry| entry.file_type().is_file()).map(|entry| entry.path().to_owned())
}

/// What was wrong, with the line itself below.
pub(super) fn told(place: &Place, complaint: &Complaint) -> String {
    let Place { file, line, text } = place;
    format!("{}:{line}: {}\n    {line} | {text}\n", file.display(), complaint.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::octave;

    #[test]
    fn a_complaint_is_shown_with_its_line() {
        let root = tempfile::tempdir().unwrap();
        let description = "[build]\ncommand = ['true']\ncomponent = 'x.wasm'\nwatch = ['src']\n";
        fs::write(root.path().join("plugin.toml"), description).unwrap();
        fs::create_dir_all(root.path().join("src/model")).unwrap();
        fs::write(root.path().join("src/model/solve.m"), "x = 1;\ny = k * x;\n").unwrap();
        let project = Project::read(root.path()).unwrap();
        let stderr = "error: 'k' undefined\nerror: called from\n    solve at line 2 column 5\n";
        let complaint = octave::complaint(stderr).unwrap();
        let place = find(&project, Path::new("."), &complaint).unwrap();
        assert_eq!(told(&place, &complaint), "src/model/solve.m:2: 'k' undefined\n    2 | y = k * x;\n");
        let named = find(&project, Path::new("plugins/x"), &complaint).unwrap();
        assert_eq!(named.file, Path::new("plugins/x/src/model/solve.m"));
        let elsewhere = octave::complaint(&stderr.replace("solve", "other")).unwrap();
        assert!(find(&project, Path::new("."), &elsewhere).is_none());
    }
}

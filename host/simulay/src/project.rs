//! A plugin project: a folder with a `plugin.toml`, in any language.

mod name;
mod scaffold;
mod template;

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::fault::Usage;

pub(crate) use name::ProjectName;
pub(crate) use scaffold::write;
pub(crate) use template::Language;

/// The file that makes a folder a project.
pub(crate) const FILE: &str = "plugin.toml";

/// A project on this machine.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
    description: Description,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    build: Build,
    test: Option<Test>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    /// Program and arguments; run in the project's folder.
    command: Vec<String>,
    /// What the command makes.
    component: PathBuf,
    /// Files and folders the component is made of.
    watch: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    /// Program and arguments; run in the project's folder.
    command: Vec<String>,
}

impl Project {
    /// The project in the folder `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, Usage> {
        let file = root.join(FILE);
        let wrong = |rule: String| Usage(format!("{}: {rule}", file.display()));
        let text = fs::read_to_string(&file).map_err(|error| {
            wrong(format!("cannot be read: {error}; a project begins with `simulay new --lang LANG NAME`"))
        })?;
        let description: Description =
            toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        description.check().map_err(wrong)?;
        // Commands are run in this folder, so its name must hold from anywhere.
        let root = root.canonicalize().map_err(|error| wrong(error.to_string()))?;
        Ok(Self { root, description })
    }

    /// Its folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Program and arguments that build it.
    pub(crate) fn build(&self) -> (&str, &[String]) {
        let (program, arguments) = self.description.build.command.split_first().unzip();
        (program.map_or("", String::as_str), arguments.unwrap_or_default())
    }

    /// What building makes.
    pub(crate) fn component(&self) -> PathBuf {
        self.root.join(&self.description.build.component)
    }

    /// What it is made of: a change there calls for a new build.
    pub(crate) fn sources(&self) -> Vec<PathBuf> {
        let listed = self.description.build.watch.iter().map(PathBuf::as_path);
        listed.chain([Path::new(FILE)]).map(|path| self.root.join(path)).collect()
    }
}

impl Description {
    fn check(&self) -> Result<(), String> {
        let Build { command, component, watch } = &self.build;
        if command.is_empty() {
            return Err(String::from("build.command must name a program"));
        }
        if self.test.as_ref().is_some_and(|test| test.command.is_empty()) {
            return Err(String::from("test.command must name a program"));
        }
        if !is_inside(component) {
            return Err(String::from("build.component must be a path inside the project"));
        }
        match watch.iter().find(|path| !is_inside(path)) {
            Some(path) => Err(format!("build.watch: `{}` must be a path inside the project", path.display())),
            None => Ok(()),
        }
    }
}

fn is_inside(path: &Path) -> bool {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    path.components().next().is_some() && path.components().all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Project, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        Project::read(folder.path()).map_err(|Usage(message)| message)
    }

    #[test]
    fn a_project_tells_how_it_is_built() {
        let text = "[build]\ncommand = ['./build', '-v']\ncomponent = 'build/x.wasm'\nwatch = ['src']\n[test]\ncommand = ['./test']\n";
        let project = read(text).unwrap();
        assert_eq!(project.build(), ("./build", [String::from("-v")].as_slice()));
        assert!(project.component().ends_with("build/x.wasm"));
        assert_eq!(project.sources(), [project.root().join("src"), project.root().join(FILE)]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_rule() {
        let told = |text: &str| read(text).unwrap_err();
        let build = |command: &str, component: &str, watch: &str| {
            told(&format!("[build]\ncommand = {command}\ncomponent = '{component}'\nwatch = [{watch}]\n"))
        };
        assert!(build("[]", "x", "").contains("build.command"));
        assert!(build("['a']", "../x", "").contains("build.component"));
        assert!(build("['a']", "", "").contains("build.component"));
        assert!(build("['a']", "x", "'/etc'").contains("build.watch: `/etc`"));
        assert!(told("[build]\ncomand = ['a']\n").contains("comand"));
        assert!(told("").contains("build"));
    }

    #[test]
    fn a_folder_without_the_file_tells_how_to_begin() {
        let folder = tempfile::tempdir().unwrap();
        let Usage(message) = Project::read(folder.path()).unwrap_err();
        assert!(message.contains("simulay new"), "{message}");
    }
}

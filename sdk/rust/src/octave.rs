//! Container calls that run an Octave program.
//!
//! Parameters reach Octave only as data, in `params.json`: never as source, argument or environment.

use serde::Serialize;
use serde_json::Value;

use crate::contract::{ContainerCall, File, OnFailure, Resources, Source};

/// Logical name of the image the calls run in.
pub const IMAGE: &str = "octave";

/// The file Octave starts with, unless said otherwise.
pub const MAIN: &str = "main.m";

/// The file parameters lie in.
pub const PARAMS: &str = "params.json";

/// What a script may use unless said otherwise: 1 core, 512 MiB memory, 64 MiB scratch space, one minute.
pub const RESOURCES: Resources =
    Resources { cpu_milli: 1000, memory_mib: 512, scratch_mib: 64, timeout_ms: 60_000 };

const WRITE_JSON: &str = include_str!("octave/write_json.m");

/// An Octave program to run; [`Script::build`] makes the container call.
#[derive(Debug, Clone)]
#[must_use]
pub struct Script {
    call: ContainerCall,
}

/// The variable by which a command learns its seed. Set by a plugin, the host leaves it as it is.
const SEED: &str = "SIM_SEED";

/// The container call `name`, which runs the Octave program `main`. Unless said otherwise it is
/// deterministic, its failure fails the run, and it has [`RESOURCES`].
pub fn script(name: &str, main: &str) -> Script {
    started_by(name, MAIN, main)
}

/// As [`script`], for a program in the file `path`.
pub fn started_by(name: &str, path: &str, program: &str) -> Script {
    // No site or user files, no history, no window.
    command(name, ["octave-cli", "-qfHW", path].map(str::to_owned)).text(path, program)
}

/// As [`script`], for a command line of one's own; its files come by [`Script::file`] and [`Script::text`].
pub fn command(name: &str, command: impl IntoIterator<Item = String>) -> Script {
    let call = ContainerCall {
        name: name.to_owned(),
        image: IMAGE.to_owned(),
        command: command.into_iter().collect(),
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: RESOURCES,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    };
    Script { call }
}

impl Script {
    /// With `params`, which the program reads by `jsondecode(fileread("params.json"))`; null when they
    /// cannot be written as JSON.
    pub fn params(self, params: &impl Serialize) -> Self {
        let json = serde_json::to_value(params).unwrap_or(Value::Null);
        self.text(PARAMS, &json.to_string())
    }

    /// With a text file, e.g. a further function.
    pub fn text(self, path: &str, text: &str) -> Self {
        self.file(path, Source::Text(text.to_owned()))
    }

    /// With the function `write_json(path, value)`.
    pub fn write_json(self) -> Self {
        self.text("write_json.m", WRITE_JSON)
    }

    /// With a file.
    pub fn file(mut self, path: &str, content: Source) -> Self {
        self.call.files.push(File { path: path.to_owned(), content });
        self
    }

    /// Keeps the files that match a glob pattern.
    pub fn keep(mut self, pattern: &str) -> Self {
        self.call.outputs.push(pattern.to_owned());
        self
    }

    /// Keeps no file that matches a glob pattern, although [`keep`](Self::keep) asks for it.
    pub fn exclude(mut self, pattern: &str) -> Self {
        self.call.excludes.push(pattern.to_owned());
        self
    }

    /// Keeps only what the program makes or changes: no file that was put there and left as it was.
    pub fn changed_only(mut self) -> Self {
        self.call.keep_unchanged = false;
        self
    }

    /// With these bounds.
    pub fn resources(mut self, resources: Resources) -> Self {
        self.call.resources = resources;
        self
    }

    /// With at most this memory.
    pub fn memory_mib(mut self, memory_mib: u32) -> Self {
        self.call.resources.memory_mib = memory_mib;
        self
    }

    /// With at most this wall time.
    pub fn timeout_ms(mut self, timeout_ms: u64) -> Self {
        self.call.resources.timeout_ms = timeout_ms;
        self
    }

    /// Hands a failure to `post_process` instead of failing the run.
    pub fn report_failure(mut self) -> Self {
        self.call.on_failure = OnFailure::Report;
        self
    }

    /// Never takes an earlier result for this one.
    pub fn not_deterministic(mut self) -> Self {
        self.call.deterministic = false;
        self
    }

    /// With no seed, for a program that draws nothing at random: its earlier result is taken whatever the seed of the
    /// run is.
    pub fn draws_nothing(mut self) -> Self {
        self.call.env.push((SEED.to_owned(), String::new()));
        self
    }

    /// The container call.
    #[must_use]
    pub fn build(self) -> ContainerCall {
        self.call
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_data_whatever_they_hold() {
        let hostile = "1;system('touch pwn')\n\"%s";
        let call = script("s", "x = 1;").params(&json!({ "x": hostile })).keep("*.csv").build();
        assert_eq!(call.command, ["octave-cli", "-qfHW", "main.m"]);
        assert!(call.env.is_empty());
        let [main, params] = call.files.as_slice() else { panic!("{:?}", call.files) };
        assert_eq!(main.content, Source::Text("x = 1;".to_owned()));
        let Source::Text(text) = &params.content else { panic!("{params:?}") };
        let read: Value = serde_json::from_str(text).unwrap();
        assert_eq!(read, json!({ "x": hostile }));
    }

    /// The image has it under Octave's own name; the SDKs bring it along for every other image.
    #[test]
    fn json_is_written_by_the_same_program_everywhere() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
        assert!(WRITE_JSON.ends_with(&read("images/octave/m/jsonencode.m")));
        assert_eq!(read("sdk/python/simulay/write_json.m"), WRITE_JSON);
        assert!(read("sdk/js/simulay/write_json.js").contains(&format!("String.raw`{WRITE_JSON}`")));
    }

    #[test]
    fn the_builder_says_what_it_is_told() {
        let call = script("s", "").memory_mib(7).timeout_ms(8).report_failure().not_deterministic().build();
        assert_eq!((call.resources.memory_mib, call.resources.timeout_ms), (7, 8));
        assert_eq!((call.on_failure, call.deterministic), (OnFailure::Report, false));
        assert!(call.keep_unchanged && call.excludes.is_empty());
        let call = script("s", "").keep("**").exclude("*.tmp").exclude("cache/**").changed_only().build();
        assert_eq!((call.outputs.as_slice(), call.keep_unchanged), (&["**".to_owned()][..], false));
        assert_eq!(call.excludes, ["*.tmp", "cache/**"]);
        let call = script("s", "").draws_nothing().build();
        assert_eq!(call.env, [("SIM_SEED".to_owned(), String::new())]);
    }
}

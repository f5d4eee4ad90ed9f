//! What the host checks of a plugin and a compiler cannot.

use std::collections::HashSet;

use globset::{GlobBuilder, GlobMatcher};
use serde_json::Value;

use super::answer::Call;
use super::documents;
use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::contract::{ContainerCall, Kept, Plot};
use crate::glue;
use crate::pipeline::Pipeline;

/// Checks the manifest: name, schemas, examples, bounds.
///
/// # Errors
/// The first rule broken, in words.
pub fn check<P: Pipeline>() -> Result<(), String> {
    let manifest = glue::describe::<P>();
    name(&manifest.name)?;
    if manifest.title.is_empty() || manifest.description.is_empty() {
        return Err("title and description must not be empty".into());
    }
    bounds(&manifest)?;
    let result_schema = parse("result-schema", &manifest.result_schema)?;
    // Null breaks most schemas; a broken schema is the other thing looked for.
    jsonschema::draft202012::meta::validate(&result_schema)
        .map_err(|error| format!("result-schema: {error}"))?;
    let schema = parse("params-schema", &manifest.params_schema)?;
    manifest.examples.iter().try_for_each(|example| check_example::<P>(&schema, example))
}

fn check_example<P: Pipeline>(schema: &Value, example: &wit::Example) -> Result<(), String> {
    let wrong = |rule: String| format!("example `{}`: {rule}", example.name);
    if !(0.0..=1.0).contains(&example.tolerance) {
        return Err(wrong("the tolerance must be between 0 and 1".into()));
    }
    let params = parse("params", &example.params).map_err(wrong)?;
    let params = documents::complete(schema, &params).map_err(|errors| wrong(errors.join("; ")))?;
    serde_json::from_value::<P::Params>(params).map_err(|error| wrong(error.to_string()))?;
    if let Some(expect) = &example.expect {
        parse("expect", expect).map_err(wrong)?;
    }
    Ok(())
}

fn name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.len() > 64 || !name.chars().all(allowed) {
        let rule = "1 to 64 lower-case letters, digits and dashes, a letter first";
        return Err(format!("the name `{name}` must have {rule}"));
    }
    Ok(())
}

fn bounds(manifest: &wit::Manifest) -> Result<(), String> {
    let most = &manifest.max_resources;
    let zero = most.cpu_milli == 0 || most.memory_mib == 0 || most.scratch_mib == 0 || most.timeout_ms == 0;
    if zero || manifest.max_parallel == 0 {
        return Err("no bound of max-resources and max-parallel may be 0".into());
    }
    Ok(())
}

pub(super) fn parse(what: &str, json: &str) -> Result<Value, String> {
    serde_json::from_str(json).map_err(|error| format!("{what}: {error}"))
}

/// The calls of a step, if the host would carry them out.
pub(super) fn admit(calls: Vec<ContainerCall>, manifest: &wit::Manifest) -> Result<Vec<Call>, String> {
    if calls.len() > manifest.max_parallel as usize {
        let most = manifest.max_parallel;
        return Err(format!("a step of {} calls; the manifest declares {most} at most", calls.len()));
    }
    let mut names = HashSet::new();
    for call in &calls {
        if !names.insert(call.name.as_str()) {
            return Err(format!("two calls are named `{}`", call.name));
        }
        check_call(call, manifest).map_err(|rule| format!("call `{}`: {rule}", call.name))?;
    }
    Ok(calls.into_iter().map(Call).collect())
}

fn check_call(call: &ContainerCall, manifest: &wit::Manifest) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if call.name.is_empty() || call.name.len() > 64 || !call.name.chars().all(plain) {
        return Err("a name has 1 to 64 letters, digits, `.`, `_` and `-`".into());
    }
    if !manifest.images.iter().any(|image| image.name == call.image) {
        return Err(format!("the manifest does not declare the image `{}`", call.image));
    }
    if call.command.is_empty() {
        return Err("the command is empty".into());
    }
    check_resources(call, manifest)?;
    let mut paths = HashSet::new();
    for file in &call.files {
        check_path(&file.path)?;
        if !paths.insert(file.path.as_str()) {
            return Err(format!("two files have the path `{}`", file.path));
        }
    }
    let mut patterns = call.outputs.iter().chain(&call.excludes);
    patterns.try_for_each(|pattern| matcher(pattern).map(drop))
}

fn check_resources(call: &ContainerCall, manifest: &wit::Manifest) -> Result<(), String> {
    let (asked, most) = (&call.resources, &manifest.max_resources);
    let bounds = [
        ("cpu-milli", u64::from(asked.cpu_milli), u64::from(most.cpu_milli)),
        ("memory-mib", u64::from(asked.memory_mib), u64::from(most.memory_mib)),
        ("scratch-mib", u64::from(asked.scratch_mib), u64::from(most.scratch_mib)),
        ("timeout-ms", asked.timeout_ms, most.timeout_ms),
    ];
    match bounds.into_iter().find(|(_, asked, most)| *asked == 0 || asked > most) {
        Some((bound, asked, most)) => {
            Err(format!("{bound} is {asked}; it must be 1 to {most}, as the manifest declares"))
        }
        None => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), String> {
    let bad_part = |part: &str| part.is_empty() || part == "." || part == ".." || part.len() > 255;
    if path.len() > 1024 || path.split('/').any(bad_part) || path.contains('\0') {
        return Err(format!("`{path}` is no relative path"));
    }
    Ok(())
}

/// Whether the call keeps a file of this path.
pub(super) fn keeps(call: &ContainerCall, path: &str) -> bool {
    matches(&call.outputs, path) && !matches(&call.excludes, path)
}

fn matches(patterns: &[String], path: &str) -> bool {
    patterns.iter().filter_map(|pattern| matcher(pattern).ok()).any(|matcher| matcher.is_match(path))
}

fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
        return Err(format!("the pattern `{pattern}` must be relative to the working directory"));
    }
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
}

/// Whether the host would take the plots.
pub(super) fn check_plots(plots: &[Plot]) -> Result<(), String> {
    for plot in plots {
        for y in &plot.ys {
            if y.values.len() != plot.x.values.len() {
                return Err(format!("plot `{}`: `{}` is not as long as the abscissa", plot.title, y.name));
            }
        }
        let mut values = plot.ys.iter().chain([&plot.x]).flat_map(|series| &series.values);
        if values.any(|value| !value.is_finite()) {
            return Err(format!("plot `{}`: a value is not finite", plot.title));
        }
    }
    Ok(())
}

/// Whether the host would take the names of kept files.
pub(super) fn check_kept(kept: &[Kept]) -> Result<(), String> {
    kept.iter().try_for_each(|file| check_path(&file.name))
}

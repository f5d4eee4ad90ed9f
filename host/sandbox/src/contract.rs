//! What a component may import and must export, by name.

use semver::Version;

use crate::InspectError;
use crate::census::Outside;
use crate::wasi::LINKED;

const VERSION: &str = "0.1.0";
const PACKAGE: &str = "simulay:plugin";
/// Interfaces of the contract a plugin may import.
const OFFERED: [&str; 3] = ["artifacts", "log", "types"];
const PIPELINE: &str = "pipeline";

/// An interface name such as `wasi:io/poll@0.2.6`.
struct Name<'a> {
    package: &'a str,
    interface: &'a str,
    version: &'a str,
}

/// The version of the contract a component was built against, when the names at its outside fit.
pub(crate) fn check(outside: &Outside) -> Result<Version, InspectError> {
    check_exports(&outside.exports)?;
    let unknown: Vec<String> = outside.imports.iter().filter(|name| !is_offered(name)).cloned().collect();
    if !unknown.is_empty() {
        return Err(InspectError::UnknownImport(unknown));
    }
    VERSION.parse().map_err(|error| InspectError::Host(format!("the version of the contract: {error}")))
}

/// Comes first: a plugin for another version of the contract also imports other versions.
fn check_exports(exports: &[String]) -> Result<(), InspectError> {
    let pipelines = exports.iter().filter_map(|name| Name::parse(name));
    let versions: Vec<&str> = pipelines
        .filter(|name| name.package == PACKAGE && name.interface == PIPELINE)
        .map(|name| name.version)
        .collect();
    let message = match versions.as_slice() {
        [VERSION] => return Ok(()),
        [] => format!(
            "the component does not export {PACKAGE}/{PIPELINE}@{VERSION}; build it for the world `plugin` of wit/simulay.wit"
        ),
        [..] => format!(
            "the component speaks version {} of {PACKAGE}, this host speaks {VERSION}; build it against wit/simulay.wit of this host",
            versions.join(" and ")
        ),
    };
    Err(InspectError::WorldMismatch(message))
}

fn is_offered(import: &str) -> bool {
    Name::parse(import).is_some_and(|name| {
        if name.package == PACKAGE {
            return name.version == VERSION && OFFERED.contains(&name.interface);
        }
        let linked = LINKED.iter().find(|(package, _)| *package == name.package);
        linked.is_some_and(|(_, names)| names.contains(&name.interface)) && name.version.starts_with("0.2.")
    })
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (path, version) = name.split_once('@')?;
        let (package, interface) = path.split_once('/')?;
        Some(Self { package, interface, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(imports: &[&str], exports: &[&str]) -> Outside {
        let own = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Outside { imports: own(imports), exports: own(exports), ..Outside::default() }
    }

    #[test]
    fn what_rust_components_import_is_offered() {
        let imports = ["simulay:plugin/log@0.1.0", "wasi:cli/environment@0.2.6", "wasi:io/streams@0.2.0"];
        assert_eq!(check(&outside(&imports, &["simulay:plugin/pipeline@0.1.0"])), Ok(Version::new(0, 1, 0)));
    }

    #[test]
    fn all_unknown_imports_are_named() {
        let unknown = [
            "wasi:sockets/tcp@0.2.0",
            "wasi:filesystem/types@0.2.0",
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:cli/run@0.2.0",
            "wasi:io/streams@0.3.0",
            "wasi:io/streams",
            "simulay:plugin/log@0.2.0",
            "simulay:plugin/pipeline@0.1.0",
            "host",
        ];
        let error = check(&outside(&unknown, &["simulay:plugin/pipeline@0.1.0"])).unwrap_err();
        assert_eq!(error, InspectError::UnknownImport(unknown.map(String::from).to_vec()));
    }

    #[test]
    fn another_version_of_the_contract_is_named() {
        let other = outside(&["simulay:plugin/log@0.9.0"], &["simulay:plugin/pipeline@0.9.0"]);
        let Err(InspectError::WorldMismatch(text)) = check(&other) else { panic!() };
        assert!(text.contains("0.9.0") && text.contains("0.1.0"), "{text}");
        let Err(InspectError::WorldMismatch(text)) = check(&outside(&[], &["run"])) else { panic!() };
        assert!(text.contains("does not export"), "{text}");
    }
}

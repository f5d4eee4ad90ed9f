//! The versions of the contract this host speaks, and what a component of one may import and must export.

use semver::Version;
use simulay_sandbox::InspectError;

use crate::structure::ComponentInfo;
use crate::wasi::LINKED;

const PACKAGE: &str = "simulay:plugin";
/// Interfaces of the contract a plugin may import.
const OFFERED: [&str; 3] = ["artifacts", "log", "types"];
const PIPELINE: &str = "pipeline";

/// A version of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contract {
    /// 0.1.0.
    V0_1,
    /// 0.2.0, the latest.
    V0_2,
}

impl Contract {
    /// All that are spoken, the latest last.
    pub(crate) const SPOKEN: [Self; 2] = [Self::V0_1, Self::V0_2];

    /// Its version, as a component names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1.0",
            Self::V0_2 => "0.2.0",
        }
    }

    /// The full name of one of its interfaces.
    pub(crate) fn interface(self, name: &str) -> String {
        format!("{PACKAGE}/{name}@{}", self.name())
    }

    /// The full name of the interface a plugin exports.
    pub(crate) fn pipeline(self) -> String {
        self.interface(PIPELINE)
    }

    fn named(version: &str) -> Option<Self> {
        Self::SPOKEN.into_iter().find(|contract| contract.name() == version)
    }

    fn version(self) -> Result<Version, InspectError> {
        let version = self.name().parse();
        version.map_err(|error| InspectError::Host(format!("the version of the contract: {error}")))
    }
}

/// An interface name such as `wasi:io/poll@0.2.6`.
struct Name<'a> {
    package: &'a str,
    interface: &'a str,
    version: &'a str,
}

/// The version of the contract a component was built against, when its imports and exports fit.
pub(crate) fn check(info: &ComponentInfo) -> Result<Version, InspectError> {
    let contract = exported(&info.exports)?;
    let strange = |name: &&String| !is_offered(name, contract);
    let unknown: Vec<String> = info.imports.iter().filter(strange).cloned().collect();
    if let Some(other) = unknown.iter().find(|name| Contract::SPOKEN.iter().any(|one| is_offered(name, *one)))
    {
        let exports = contract.pipeline();
        return Err(mismatch(format!(
            "the component exports {exports} and imports {other}; it must be of one version"
        )));
    }
    if !unknown.is_empty() {
        return Err(InspectError::UnknownImport(unknown));
    }
    contract.version()
}

/// Comes first: a plugin for another version of the contract also imports other versions.
fn exported(exports: &[String]) -> Result<Contract, InspectError> {
    let pipelines = exports.iter().filter_map(|name| Name::parse(name));
    let versions: Vec<&str> = pipelines
        .filter(|name| name.package == PACKAGE && name.interface == PIPELINE)
        .map(|name| name.version)
        .collect();
    if let [version] = versions.as_slice()
        && let Some(contract) = Contract::named(version)
    {
        return Ok(contract);
    }
    let spoken = Contract::SPOKEN.map(Contract::name).join(" and ");
    Err(mismatch(match versions.as_slice() {
        [] => format!(
            "the component does not export {PACKAGE}/{PIPELINE} of a version this host speaks, {spoken}; build it for the world `plugin` of wit/simulay.wit"
        ),
        [version] => format!(
            "the component speaks version {version} of {PACKAGE}, this host speaks {spoken}; build it against wit/simulay.wit of this host"
        ),
        [..] => format!(
            "the component exports {PACKAGE}/{PIPELINE} of the versions {}; it must be of one version that this host speaks, {spoken}",
            versions.join(" and ")
        ),
    }))
}

const fn mismatch(message: String) -> InspectError {
    InspectError::WorldMismatch(message)
}

fn is_offered(import: &str, contract: Contract) -> bool {
    Name::parse(import).is_some_and(|name| {
        if name.package == PACKAGE {
            return name.version == contract.name() && OFFERED.contains(&name.interface);
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

    fn info(imports: &[&str], exports: &[&str]) -> ComponentInfo {
        let own = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        ComponentInfo { imports: own(imports), exports: own(exports), ..ComponentInfo::default() }
    }

    fn mismatch_text(imports: &[&str], exports: &[&str]) -> String {
        match check(&info(imports, exports)) {
            Err(InspectError::WorldMismatch(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_rust_components_import_is_offered_in_each_version() {
        for contract in Contract::SPOKEN {
            let log = contract.interface("log");
            let imports = [log.as_str(), "wasi:cli/environment@0.2.6", "wasi:io/streams@0.2.0"];
            let found = check(&info(&imports, &[&contract.pipeline()]));
            assert_eq!(found.map(|version| version.to_string()), Ok(contract.name().to_owned()));
        }
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
            "simulay:plugin/log@0.3.0",
            "simulay:plugin/pipeline@0.1.0",
            "host",
        ];
        let error = check(&info(&unknown, &["simulay:plugin/pipeline@0.1.0"])).unwrap_err();
        assert_eq!(error, InspectError::UnknownImport(unknown.map(String::from).to_vec()));
    }

    #[test]
    fn another_version_of_the_contract_is_named() {
        let text = mismatch_text(&["simulay:plugin/log@0.9.0"], &["simulay:plugin/pipeline@0.9.0"]);
        assert!(text.contains("0.9.0") && text.contains("this host speaks 0.1.0 and 0.2.0"), "{text}");
        let text = mismatch_text(&[], &["run"]);
        assert!(text.contains("does not export") && text.contains("0.1.0 and 0.2.0"), "{text}");
    }

    #[test]
    fn a_component_is_of_one_version() {
        let text = mismatch_text(&["simulay:plugin/log@0.1.0"], &["simulay:plugin/pipeline@0.2.0"]);
        assert!(text.contains("pipeline@0.2.0 and imports simulay:plugin/log@0.1.0"), "{text}");
        let text = mismatch_text(&[], &["simulay:plugin/pipeline@0.1.0", "simulay:plugin/pipeline@0.2.0"]);
        assert!(text.contains("of the versions 0.1.0 and 0.2.0"), "{text}");
    }
}

//! Dependencies point one way: `model ← {archives, blobs, identity, rates, sandbox, containers, signals, store} ← engine ← api ←
//! simulay`, and each backend stands between its port and `simulay`: `sandbox ← sandbox-wasm`,
//! `containers ← containers-docker`, `store ← {store-sqlite, store-mongo}`, `blobs ← {blobs-object-store, blobs-gridfs}`,
//! `identity ← identity-oidc`, `{signals, rates} ← signals-redis`.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use super::Violation;
use crate::place::Place;
use crate::process::read;

/// A crate of the workspace.
#[derive(Debug, Clone, Default)]
pub(super) struct Member {
    /// Its name.
    pub(super) name: String,
    /// Its folder, relative to the checkout.
    pub(super) folder: PathBuf,
    /// Its manifest's text.
    pub(super) manifest: String,
    /// Crates it depends on, for tests too.
    pub(super) dependencies: Vec<String>,
}

/// The crates of ours that each crate may depend on, for tests too: engine and api are tested over the real
/// stores, and records beside real blobs; [`super::closures`] sees that they are built without them.
const LAYERS: [(&str, &[&str]); 32] = [
    ("simulay-model", &[]),
    ("simulay-init", &[]),
    ("simulay-archives", &["simulay-model"]),
    ("simulay-signals", &["simulay-model"]),
    ("simulay-rates", &[]),
    ("simulay-signals-redis", &["simulay-model", "simulay-rates", "simulay-signals"]),
    ("simulay-sandbox", &["simulay-model"]),
    ("simulay-sandbox-wasm", &["simulay-model", "simulay-sandbox", "simulay-hostile"]),
    ("simulay-containers", &["simulay-model", "simulay-init"]),
    (
        "simulay-containers-docker",
        &["simulay-model", "simulay-init", "simulay-containers", "simulay-fault-proxy", "simulay-servers"],
    ),
    ("simulay-rpc", &["simulay-model", "simulay-sandbox", "simulay-containers"]),
    ("simulay-store", &["simulay-model"]),
    (
        "simulay-store-sqlite",
        &["simulay-model", "simulay-store", "simulay-blobs", "simulay-blobs-object-store"],
    ),
    ("simulay-mongo", &[]),
    (
        "simulay-store-mongo",
        &["simulay-model", "simulay-mongo", "simulay-store", "simulay-store-sqlite", "simulay-servers"],
    ),
    ("simulay-blobs", &["simulay-model"]),
    ("simulay-blobs-gridfs", &["simulay-model", "simulay-mongo", "simulay-blobs", "simulay-servers"]),
    ("simulay-blobs-object-store", &["simulay-model", "simulay-blobs", "simulay-servers"]),
    ("simulay-identity", &["simulay-model"]),
    ("simulay-identity-oidc", &["simulay-model", "simulay-identity"]),
    (
        "simulay-engine",
        &[
            "simulay-model",
            "simulay-archives",
            "simulay-sandbox",
            "simulay-containers",
            "simulay-signals",
            "simulay-store",
            "simulay-store-sqlite",
            "simulay-blobs",
            "simulay-blobs-object-store",
            "simulay-identity",
        ],
    ),
    (
        "simulay-api",
        &[
            "simulay-model",
            "simulay-archives",
            "simulay-sandbox",
            "simulay-containers",
            "simulay-signals",
            "simulay-store",
            "simulay-store-sqlite",
            "simulay-blobs",
            "simulay-blobs-object-store",
            "simulay-identity",
            "simulay-rates",
            "simulay-engine",
        ],
    ),
    (
        "simulay",
        &[
            "simulay-model",
            "simulay-init",
            "simulay-sandbox",
            "simulay-sandbox-wasm",
            "simulay-containers",
            "simulay-containers-docker",
            "simulay-signals",
            "simulay-store",
            "simulay-store-sqlite",
            "simulay-store-mongo",
            "simulay-blobs",
            "simulay-blobs-object-store",
            "simulay-blobs-gridfs",
            "simulay-signals-redis",
            "simulay-rates",
            "simulay-rpc",
            "simulay-identity",
            "simulay-identity-oidc",
            "simulay-engine",
            "simulay-api",
            "simulay-servers",
        ],
    ),
    ("simulay-sdk", &[]),
    ("simulay-hostile", &[]),
    ("simulay-fault-proxy", &[]),
    ("simulay-nginx-tests", &[]),
    ("simulay-servers", &[]),
    (
        "simulay-fuzzed",
        &[
            "simulay-model",
            "simulay-init",
            "simulay-sandbox",
            "simulay-sandbox-wasm",
            "simulay-containers",
            "simulay-containers-docker",
            "simulay-hostile",
        ],
    ),
    ("mischief", &[]),
    ("drawing", &[]),
    ("many-calls", &["simulay-sdk"]),
];

/// Technologies, and the crates that know each: one, but where two ports are kept by the same server.
const HOMES: [(&str, &[&str]); 12] = [
    ("wasmtime", &["simulay-sandbox-wasm"]),
    ("wasmparser", &["simulay-sandbox-wasm"]),
    ("landlock", &["simulay-sandbox-wasm"]),
    ("seccompiler", &["simulay-sandbox-wasm"]),
    ("bollard", &["simulay-containers-docker"]),
    ("axum", &["simulay-api"]),
    ("rusqlite", &["simulay-store-sqlite"]),
    ("mongodb", &["simulay-mongo", "simulay-store-mongo", "simulay-blobs-gridfs"]),
    ("object_store", &["simulay-blobs-object-store"]),
    ("openidconnect", &["simulay-identity-oidc"]),
    ("redis", &["simulay-signals-redis"]),
    ("protox", &["simulay-rpc"]),
];

/// The crates of the workspace.
pub(super) fn members(place: &Place) -> anyhow::Result<Vec<Member>> {
    let printed = read(place.cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&printed).context("`cargo metadata` printed no JSON")?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("no packages")?;
    packages.iter().map(|package| member(place, package)).collect()
}

fn member(place: &Place, package: &Value) -> anyhow::Result<Member> {
    let file = PathBuf::from(text(package, "manifest_path")?);
    let manifest = std::fs::read_to_string(&file)?;
    let folder = file.parent().and_then(|folder| folder.strip_prefix(place.root()).ok());
    let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    Ok(Member {
        name: text(package, "name")?,
        folder: folder.context("a crate lies outside the checkout")?.to_owned(),
        manifest,
        dependencies: dependencies.map(|dependency| text(dependency, "name")).collect::<Result<_, _>>()?,
    })
}

fn text(value: &Value, field: &str) -> anyhow::Result<String> {
    value.get(field).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no {field}"))
}

/// Dependencies that point the wrong way.
pub(super) fn check(members: &[Member]) -> Vec<Violation> {
    let ours: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    members.iter().flat_map(|member| check_member(member, &ours)).collect()
}

fn check_member(member: &Member, ours: &[&str]) -> Vec<Violation> {
    let Some(allowed) = allowed(member) else {
        return vec![Violation::new(&member.name, "has no place in the layers; give it one in xtask")];
    };
    let mut found = Vec::new();
    for dependency in &member.dependencies {
        if ours.contains(&dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
            found.push(Violation::new(&member.name, format_args!("must not depend on {dependency}")));
        }
        if let Some(homes) = homes(dependency).filter(|homes| !homes.contains(&member.name.as_str())) {
            let rule = format!("only {} may depend on {dependency}", homes.join(" and "));
            found.push(Violation::new(&member.name, rule));
        }
    }
    found
}

fn allowed(member: &Member) -> Option<&'static [&'static str]> {
    if member.folder.starts_with("plugins") || member.folder.starts_with("examples") {
        return Some(&["simulay-sdk"]);
    }
    if member.name == "xtask" {
        // Its witness of the torture hears what init says.
        return Some(&["simulay-init", "simulay-hostile", "simulay-fault-proxy", "simulay-nginx-tests"]);
    }
    LAYERS.iter().find(|(name, _)| *name == member.name).map(|(_, allowed)| *allowed)
}

/// The only crates that may name `dependency`.
fn homes(dependency: &str) -> Option<&'static [&'static str]> {
    HOMES.iter().find(|(family, _)| is_of(dependency, family)).map(|(_, homes)| *homes)
}

/// True for `wasmtime` and `wasmtime-wasi` of the family `wasmtime`.
pub(super) fn is_of(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, folder: &str, dependencies: &[&str]) -> Member {
        let dependencies = dependencies.iter().map(ToString::to_string).collect();
        Member { name: name.into(), folder: folder.into(), dependencies, ..Member::default() }
    }

    fn rules(members: &[Member]) -> Vec<String> {
        check(members).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn leftward_dependencies_are_fine() {
        let model = member("simulay-model", "host/model", &["serde"]);
        let store = member("simulay-store-sqlite", "host/store-sqlite", &["simulay-store", "rusqlite"]);
        let sdk = member("simulay-sdk", "sdk/rust", &["wit-bindgen"]);
        let plugin = member("beam", "plugins/beam", &["simulay-sdk"]);
        assert!(rules(&[model, store, sdk, plugin]).is_empty());
    }

    #[test]
    fn a_step_back_or_aside_is_caught() {
        let model = member("simulay-model", "host/model", &["simulay-store"]);
        let store = member("simulay-store", "host/store", &["simulay-model", "simulay-sandbox"]);
        let sandbox = member("simulay-sandbox", "host/sandbox", &[]);
        let wasm = member("simulay-sandbox-wasm", "host/sandbox-wasm", &["simulay-sandbox", "wasmtime"]);
        let engine = member("simulay-engine", "host/engine", &["simulay-sandbox-wasm"]);
        assert_eq!(
            rules(&[model, store, sandbox, wasm, engine]),
            [
                "simulay-model: must not depend on simulay-store",
                "simulay-store: must not depend on simulay-sandbox",
                "simulay-engine: must not depend on simulay-sandbox-wasm",
            ]
        );
    }

    #[test]
    fn plugins_know_the_sdk_only() {
        let model = member("simulay-model", "host/model", &[]);
        let plugin = member("beam", "plugins/beam", &["simulay-model"]);
        assert_eq!(rules(&[model, plugin]), ["beam: must not depend on simulay-model"]);
    }

    #[test]
    fn a_technology_stays_in_its_homes() {
        let engine = member("simulay-engine", "host/engine", &["wasmtime-wasi", "wasmtimes", "mongodb"]);
        let homes = ["simulay-store-mongo", "simulay-blobs-gridfs"];
        let [records, blobs] = homes.map(|home| member(home, "host/any", &["mongodb"]));
        assert_eq!(
            rules(&[engine, records, blobs]),
            [
                "simulay-engine: only simulay-sandbox-wasm may depend on wasmtime-wasi",
                "simulay-engine: only simulay-mongo and simulay-store-mongo and simulay-blobs-gridfs may depend on mongodb",
            ]
        );
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        assert_eq!(rules(&[member("simulay-new", "host/new", &[])]).len(), 1);
    }
}

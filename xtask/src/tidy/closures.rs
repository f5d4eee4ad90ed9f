//! What a crate does not name, it does not get by way of others either: the layers that decide compile
//! without the technologies that act.

use super::{Violation, layers};
use crate::place::Place;
use crate::process::read;

/// The technologies, each with its family: `wasmtime` stands for `wasmtime-wasi` too.
const TECHNOLOGIES: [&str; 7] =
    ["wasmtime", "bollard", "rusqlite", "object_store", "openidconnect", "redis", "mongodb"];
/// Crates that no technology may reach, but for the one that a backend is for.
const FREE: [(&str, Option<&str>); 11] = [
    ("simulay-engine", None),
    ("simulay-api", None),
    ("simulay-sandbox-wasm", Some("wasmtime")),
    ("simulay-containers-docker", Some("bollard")),
    ("simulay-store-sqlite", Some("rusqlite")),
    ("simulay-mongo", Some("mongodb")),
    ("simulay-store-mongo", Some("mongodb")),
    ("simulay-blobs-object-store", Some("object_store")),
    ("simulay-blobs-gridfs", Some("mongodb")),
    ("simulay-identity-oidc", Some("openidconnect")),
    ("simulay-signals-redis", Some("redis")),
];

/// Technologies that reach a crate which is to be free of them.
pub(super) fn check(place: &Place) -> anyhow::Result<Vec<Violation>> {
    let mut found = Vec::new();
    for (name, own) in FREE {
        found.extend(check_closure(name, own, &closure(place, name)?));
    }
    Ok(found)
}

/// The crates that `name` is built with, whatever its features, one a line; those of tests are not among them.
fn closure(place: &Place, name: &str) -> anyhow::Result<String> {
    let tree = ["tree", "--package", name, "--all-features", "--edges", "normal", "--prefix", "none"];
    read(place.cargo().args(tree))
}

fn check_closure(name: &str, own: Option<&str>, closure: &str) -> Vec<Violation> {
    let crates = closure.lines().filter_map(|line| line.split_whitespace().next());
    let reaches = |technology: &&str| crates.clone().any(|one| layers::is_of(one, technology));
    let others = TECHNOLOGIES.into_iter().filter(|technology| Some(*technology) != own);
    let reaching = others.filter(|technology| reaches(technology));
    reaching
        .map(|technology| {
            Violation::new(name, format_args!("must not depend on {technology}, even through others"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(closure: &str) -> Vec<String> {
        check_closure("simulay-api", None, closure).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_closure_without_technologies_is_fine() {
        assert!(rules("simulay-api v0.1.0 (/x)\nserde v1.0.0\nwasmtimes v1.0.0 (*)\n").is_empty());
    }

    #[test]
    fn a_technology_is_caught_once_however_far_it_is() {
        let closure = "simulay-api v0.1.0 (/x)\nsimulay-sandbox v0.1.0 (/y)\nwasmtime-wasi v48.0.0\nwasmtime v48.0.0 (*)\n";
        assert_eq!(rules(closure), ["simulay-api: must not depend on wasmtime, even through others"]);
    }

    #[test]
    fn a_backend_has_its_own_technology_and_no_other() {
        let closure = "simulay-store-sqlite v0.1.0 (/x)\nrusqlite v0.43.0\nobject_store v0.14.0\n";
        let found = check_closure("simulay-store-sqlite", Some("rusqlite"), closure);
        let rules: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(rules, ["simulay-store-sqlite: must not depend on object_store, even through others"]);
    }

    #[test]
    fn the_binary_has_them_all() {
        let closure = closure(&Place::find().unwrap(), "simulay").unwrap();
        assert_eq!(check_closure("simulay", None, &closure).len(), TECHNOLOGIES.len());
    }
}

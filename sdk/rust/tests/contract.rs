//! The contract is copied faithfully, and its document tells of every item.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use wit_parser::{Interface, Resolve, TypeDefKind, WorldItem};

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_path(checkout().join("wit/simulay.wit")).unwrap();
    resolve
}

/// The text below the heading of an item, up to the next heading.
fn section<'a>(document: &'a str, item: &str) -> &'a str {
    let heading = format!("### `{item}`\n");
    let Some((_, after)) = document.split_once(&heading) else {
        panic!("docs/contract.md: no heading {heading}")
    };
    after.split("\n#").next().unwrap()
}

/// Names of the fields or cases of each type, and of the parameters of each function.
fn items(resolve: &Resolve, interface: &Interface) -> Vec<(String, Vec<String>)> {
    let mut items = Vec::new();
    for (name, id) in &interface.types {
        let names = match &resolve.types[*id].kind {
            TypeDefKind::Record(record) => record.fields.iter().map(|field| field.name.clone()).collect(),
            TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| case.name.clone()).collect(),
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| case.name.clone()).collect(),
            // A type another interface owns is told of there; one that only has a name, by its heading.
            TypeDefKind::Type(wit_parser::Type::Id(_)) => continue,
            _ => Vec::new(),
        };
        items.push((name.clone(), names));
    }
    for (name, function) in &interface.functions {
        items.push((name.clone(), function.params.iter().map(|param| param.name.clone()).collect()));
    }
    items
}

#[test]
fn the_copy_of_the_contract_is_faithful() {
    let copy = include_str!("../src/wit/simulay.wit");
    let original = fs::read_to_string(checkout().join("wit/simulay.wit")).unwrap();
    assert!(copy == original, "run: cp wit/simulay.wit sdk/rust/src/wit/simulay.wit");
}

#[test]
fn the_document_tells_of_every_item() {
    let (resolve, document) = (contract(), fs::read_to_string(checkout().join("docs/contract.md")).unwrap());
    let mut told = 0;
    for (_, interface) in resolve.interfaces.iter() {
        let name = interface.name.clone().unwrap();
        assert!(
            document.contains(&format!("## Interface `{name}`")),
            "docs/contract.md: no interface `{name}`"
        );
        for (item, names) in items(&resolve, interface) {
            let section = section(&document, &item);
            assert!(section.trim().len() > 40, "docs/contract.md says nothing of `{item}`");
            for name in names {
                assert!(section.contains(&format!("`{name}`")), "docs/contract.md: `{item}` lacks `{name}`");
                told += 1;
            }
        }
    }
    assert!(told > 50, "{told} names were looked for");
}

#[test]
fn the_document_names_what_a_plugin_imports_and_exports() {
    let (resolve, document) = (contract(), fs::read_to_string(checkout().join("docs/contract.md")).unwrap());
    for (_, world) in resolve.worlds.iter() {
        for item in world.imports.values().chain(world.exports.values()) {
            if let WorldItem::Interface { id, .. } = item {
                let name = resolve.interfaces[*id].name.clone().unwrap();
                assert!(section(&document, &world.name).contains(&format!("`{name}`")), "{name}");
            }
        }
    }
}

//! What a version released is understood by those after it: messages, fields and methods are only added.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What makes a field or a method what it is, by its full name and number.
type Shapes = BTreeMap<String, String>;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("proto").join(path)
}

/// The files of a version: a later one may have more.
fn files(folder: &Path) -> Vec<PathBuf> {
    let files: Vec<_> =
        std::fs::read_dir(folder.join("simulay/v1")).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    files
}

fn shapes(folder: &Path) -> Shapes {
    let mut shapes = Shapes::new();
    for file in protox::compile(files(folder), [folder]).unwrap().file {
        for message in &file.message_type {
            for field in &message.field {
                let place = format!("{}.{}", message.name(), field.number());
                // Whether it is one of several is seen by its name only.
                let of_several = field.oneof_index.is_some();
                let shape = (field.name(), field.r#type(), field.type_name(), field.label(), of_several);
                shapes.insert(place, format!("{shape:?}"));
            }
            for value in message.enum_type.iter().flat_map(|closed| &closed.value) {
                shapes.insert(format!("{}#{}", message.name(), value.number()), value.name().to_owned());
            }
        }
        for service in &file.service {
            for method in &service.method {
                let streams = (method.client_streaming(), method.server_streaming());
                let shape = (method.input_type(), method.output_type(), streams);
                shapes.insert(format!("{}/{}", service.name(), method.name()), format!("{shape:?}"));
            }
        }
    }
    shapes
}

/// What `later` lacks of `earlier`, or has otherwise.
fn broken(earlier: &Shapes, later: &Shapes) -> Vec<String> {
    let changed = earlier.iter().filter(|(place, shape)| later.get(*place) != Some(*shape));
    changed.map(|(place, _)| place.clone()).collect()
}

#[test]
fn what_was_released_is_still_spoken() {
    let now = shapes(&folder(""));
    let released = std::fs::read_dir(folder("released")).unwrap();
    let released: Vec<PathBuf> = released.map(|entry| entry.unwrap().path()).collect();
    assert!(!released.is_empty());
    for version in released {
        assert_eq!(broken(&shapes(&version), &now), Vec::<String>::new(), "{}", version.display());
    }
}

#[test]
fn a_change_of_what_was_released_is_caught() {
    let now = shapes(&folder(""));
    for changed in ["RunRequest.1", "Failure#2", "Sandbox/Call"] {
        let mut later = now.clone();
        later.insert(changed.to_owned(), "of another type".to_owned());
        assert_eq!(broken(&now, &later), [changed]);
        later.remove(changed);
        assert_eq!(broken(&now, &later), [changed]);
    }
    let mut more = now.clone();
    more.insert("RunRequest.99".to_owned(), "new".to_owned());
    assert_eq!(broken(&now, &more), Vec::<String>::new());
}

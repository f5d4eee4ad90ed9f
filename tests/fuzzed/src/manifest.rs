//! What a plugin says of itself.

use std::fmt::Write as _;
use std::sync::LazyLock;

use simulay_hostile::guest::Guest;
use simulay_model::schema::Schema;
use simulay_model::{Manifest, reference};

use crate::upload;

/// Where `describe` of a guest points to in its memory.
const MANIFEST: u32 = 1024;
/// Bytes of that memory which are given.
const MEMORY: usize = 4096;
/// What they are in the template; nothing else in a component looks like it.
const MARK: u8 = 0xa7;

/// A plugin whose manifest is read from a memory full of marks.
static TEMPLATE: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let memory = (0..MEMORY).fold(String::new(), |mut text, _| {
        write!(text, "\\{MARK:02x}").unwrap();
        text
    });
    let fields = format!("(data (i32.const {MANIFEST}) \"{memory}\")");
    let component = Guest { fields, ..Guest::default() }.build();
    let at = component.windows(MEMORY).position(|bytes| bytes.iter().all(|byte| *byte == MARK));
    (component, at.expect("the marks are in the component"))
});

/// Takes text that begins like a JSON object as a manifest, and anything else as the memory that a plugin's
/// `describe` points to.
pub fn manifest(bytes: &[u8]) {
    if bytes.starts_with(b"{") { document(bytes) } else { upload(&describing(bytes)) }
}

/// A plugin whose `describe` points to `memory`.
fn describing(memory: &[u8]) -> Vec<u8> {
    let (mut component, at) = TEMPLATE.clone();
    let place = component.iter_mut().skip(at).take(MEMORY);
    let bytes = memory.iter().copied().chain(std::iter::repeat(0));
    place.zip(bytes).for_each(|(old, new)| *old = new);
    component
}

fn document(bytes: &[u8]) {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) else { return };
    if manifest.check().is_err() {
        return;
    }
    let written = serde_json::to_vec(&manifest).expect("an accepted manifest can be written");
    let again: Manifest = serde_json::from_slice(&written).expect("and read");
    assert_eq!(again, manifest);
    let schema = Schema::new(&manifest.params_schema).expect("its schema was checked");
    for example in &manifest.examples {
        let complete = schema.complete(example.params.clone()).expect("its examples were checked");
        assert_eq!(schema.complete(complete.clone()), Ok(complete.clone()), "nothing is left to fill in");
        let expected = example.expect.iter();
        let compared = expected.flat_map(|expect| reference::compare(expect, expect, example.tolerance));
        compared.for_each(|one| assert!(one.agrees, "{one:?}"));
    }
}

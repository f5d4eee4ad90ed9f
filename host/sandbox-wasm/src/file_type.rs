//! What a file is, by its first bytes.

use simulay_sandbox::InspectError;

const HEADER_BYTES: usize = 8;
const WASM: &[u8] = b"\0asm";
/// Version 13 of layer 1: a component.
const COMPONENT: &[u8] = b"\x0d\0\x01\0";
const CORE_MODULE: &[u8] = b"\x01\0\0\0";
const BUILD: &str = "build with --target wasm32-wasip2 and upload the .wasm file";

/// Checks that `bytes` begin like a component.
pub(crate) fn check(bytes: &[u8], limit: usize) -> Result<(), InspectError> {
    if bytes.len() > limit {
        let size = bytes.len();
        return Err(InspectError::TooComplex(format!(
            "a component has at most {limit} bytes; this has {size}"
        )));
    }
    match what_else(bytes) {
        None => Ok(()),
        Some(what) => Err(InspectError::InvalidComponent(what)),
    }
}

/// What `bytes` are instead of a component, and what to do.
fn what_else(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some(format!("the file is empty; {BUILD}"));
    }
    if let Some(layer) = bytes.strip_prefix(WASM) {
        return other_layer(layer);
    }
    let what = match bytes {
        [0x1f, 0x8b, ..] => "this is a gzip file, not a component; unpack it first",
        [b'P', b'K', 3 | 5 | 7, ..] => "this is a zip file, not a component; unpack it first",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "this is a zstd file, not a component; unpack it first",
        [0x7f, b'E', b'L', b'F', ..] => {
            "this is native code (ELF), not a component; precompiled .cwasm files are not taken"
        }
        _ if is_text(bytes) => "this is WebAssembly text; turn it into a component with wasm-tools parse",
        _ => "this is not WebAssembly",
    };
    Some(format!("{what}; {BUILD}"))
}

fn other_layer(layer: &[u8]) -> Option<String> {
    let rest = HEADER_BYTES - WASM.len();
    match layer.get(..rest) {
        Some(COMPONENT) => None,
        Some(CORE_MODULE) => Some(format!("this is a core module, not a component; {BUILD}")),
        Some(_) => Some(format!("this is a component of another version of the component model; {BUILD}")),
        None => Some(format!("the file is truncated; {BUILD}")),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    text.starts_with(b"(component") || text.starts_with(b"(module") || text.starts_with(b";;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_named() {
        for (bytes, word) in [
            (&b""[..], "empty"),
            (b"\0asm\x01\0\0\0", "core module"),
            (b"\0asm\x0d", "truncated"),
            (b"\0asm\x0c\0\x01\0", "another version"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"PK\x03\x04", "zip"),
            (b"\x28\xb5\x2f\xfd", "zstd"),
            (b"\x7fELF\x02", "ELF"),
            (b" \n(component)", "text"),
            (b"%PDF-", "not WebAssembly"),
        ] {
            let Err(InspectError::InvalidComponent(text)) = check(bytes, 100) else { panic!("{word}") };
            assert!(text.contains(word), "{text}");
            assert!(text.contains("wasm32-wasip2"), "{text}");
        }
    }

    #[test]
    fn a_component_within_its_size_passes() {
        let header = b"\0asm\x0d\0\x01\0";
        assert_eq!(check(header, 8), Ok(()));
        assert!(matches!(check(header, 7), Err(InspectError::TooComplex(_))));
    }
}

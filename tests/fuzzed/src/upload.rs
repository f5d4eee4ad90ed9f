//! Components.

use simulay_sandbox::Sandbox as _;

use crate::sandbox::{blame_upload, sandbox, wait};

/// Takes any bytes as an upload: the checks, and when they pass, the compiler and `describe`.
pub fn upload(bytes: &[u8]) {
    match wait(sandbox().inspect(bytes.into())) {
        Ok(inspection) => inspection.manifest.check().expect("what is accepted keeps the rules"),
        Err(error) => blame_upload(&error),
    }
}

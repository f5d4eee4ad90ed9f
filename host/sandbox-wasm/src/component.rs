//! The bytes of a plugin that is to be compiled.

use std::fmt::Display;
use std::sync::Arc;

use simulay_model::{Chain, Digest};
use simulay_sandbox::{CallError, Code};

/// The component `plugin`, checked against its digest.
pub(crate) async fn load(plugin: Digest, code: &dyn Code) -> Result<Arc<[u8]>, CallError> {
    let bytes = code.load(plugin).await.map_err(|error| missing(plugin, &Chain(&error)))?;
    if Digest::of(&bytes) != plugin {
        return Err(missing(plugin, &"its bytes have another digest"));
    }
    Ok(bytes)
}

/// Why a plugin that was accepted cannot be called; a fault of the host.
pub(crate) fn missing(plugin: Digest, why: &dyn Display) -> CallError {
    CallError::Host(format!("the code of plugin {plugin} cannot be had: {why}"))
}

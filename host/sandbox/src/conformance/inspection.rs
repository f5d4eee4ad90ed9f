//! What inspection finds.

use super::Subject;
use crate::InspectError;

/// Neither empty, nor text, nor a program of another kind, nor noise.
const GARBAGE: [&[u8]; 4] = [b"", b"nonsense", b"\x7fELF\x02\x01\x01", &[0xff; 64]];

/// An upload is taken with its manifest, and again with the same.
pub async fn a_plugin_describes_itself(subject: &Subject<'_>) {
    let inspect = || subject.sandbox.inspect(subject.plugins.echo.clone());
    let first = inspect().await;
    assert_eq!(first.clone().map(|inspection| inspection.manifest), Ok(subject.plugins.manifest.clone()));
    assert_eq!(inspect().await, first);
}

/// What is no plugin is refused as such, and with a reason.
pub async fn what_is_no_plugin_is_refused(subject: &Subject<'_>) {
    for garbage in GARBAGE {
        let refused = subject.sandbox.inspect(garbage.into()).await;
        let named = matches!(&refused, Err(InspectError::InvalidComponent(why)) if !why.is_empty());
        assert!(named, "{garbage:?}: {refused:?}");
    }
}

//! A plugin that answers what the test gives it.

use std::io;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use simulay_hostile::guest::Guest;
use simulay_model::{Digest, Request};
use simulay_sandbox::{Answered, Call, CallError, Code, ReadArtifacts, Sandbox as _};

use crate::sandbox::{sandbox, wait};

const READ: &str =
    "(import \"simulay:plugin/artifacts@0.2.0\" \"read\" (func $read (param i32 i32 i64 i64 i32)))";
/// Reads an artifact and answers a step without calls, whose state are its bytes.
const STEP: &str = "
    (call $read (i32.const 704) (i32.const 64) (i64.const 0) (i64.const 1000000) (i32.const 768))
    (i64.store (i32.const 512) (i64.const 0)) (i64.store (i32.const 520) (i64.const 0))
    (i32.store (i32.const 524) (i32.load (i32.const 776)))
    (i32.store (i32.const 528) (i32.load (i32.const 780)))
    i32.const 512";

static READER: LazyLock<(Digest, Arc<[u8]>)> = LazyLock::new(|| {
    let component = reader().build();
    (Digest::of(&component), component.into())
});

/// The plugin.
pub(crate) fn reader() -> Guest {
    Guest {
        imports: READ.to_owned(),
        pre_process: STEP.to_owned(),
        fields: format!("(data (i32.const 704) \"{}\")", "0".repeat(64)),
        ..Guest::default()
    }
}

/// What comes of `request` when the state of the plugin's step is `bytes`.
pub(crate) fn answer(request: Request, bytes: &[u8]) -> Result<Answered, CallError> {
    let (plugin, code) = &*READER;
    let call = Call::PreProcess(request);
    wait(sandbox().call(*plugin, &Bytes(code.clone()), call, Arc::new(Bytes(bytes.into()))))
}

/// Code and artifact that are at hand.
struct Bytes(Arc<[u8]>);

#[async_trait]
impl Code for Bytes {
    async fn load(&self, _plugin: Digest) -> io::Result<Arc<[u8]>> {
        Ok(self.0.clone())
    }
}

impl ReadArtifacts for Bytes {
    fn read(&self, _artifact: Digest, _offset: u64, _length: u64) -> io::Result<Vec<u8>> {
        Ok(self.0.to_vec())
    }
}

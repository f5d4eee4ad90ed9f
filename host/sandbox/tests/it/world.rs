//! What the tests have around a sandbox.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use simulay_hostile::guest::Guest;
use simulay_model::{Digest, Request};
use simulay_sandbox::{
    Answered, Call, CallError, Code, InspectError, ReadArtifacts, Sandbox as _, SandboxSettings, WasmSandbox,
};

/// A sandbox that gives a plugin little time.
pub(crate) fn hasty() -> WasmSandbox {
    let time = Duration::from_millis(500);
    let settings = SandboxSettings { describe_time: time, call_time: time, ..Default::default() };
    WasmSandbox::new(settings).unwrap()
}

/// Code that is at hand.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

#[async_trait]
impl Code for Bytes {
    async fn load(&self, _plugin: Digest) -> io::Result<Arc<[u8]>> {
        Ok(self.0.as_slice().into())
    }
}

/// One artifact: `0123456789`.
pub(crate) struct Digits;

impl Digits {
    pub(crate) const BYTES: &[u8] = b"0123456789";
}

impl ReadArtifacts for Digits {
    fn read(&self, artifact: Digest, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        if artifact != Digest::of(Self::BYTES) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let bytes = Self::BYTES.iter().skip(offset.try_into().unwrap());
        Ok(bytes.take(length.try_into().unwrap()).copied().collect())
    }
}

pub(crate) fn request() -> Request {
    Request { params: json!({ "width": 2 }), inputs: Vec::new(), seed: 7 }
}

pub(crate) async fn call(sandbox: &WasmSandbox, guest: &Guest, call: Call) -> Result<Answered, CallError> {
    let code = Bytes(guest.build());
    sandbox.call(Digest::of(&code.0), &code, call, Arc::new(Digits)).await
}

pub(crate) async fn pre_process(sandbox: &WasmSandbox, guest: &Guest) -> Result<Answered, CallError> {
    call(sandbox, guest, Call::PreProcess(request())).await
}

pub(crate) async fn post_process(
    sandbox: &WasmSandbox,
    guest: &Guest,
    state: Value,
) -> Result<Answered, CallError> {
    call(sandbox, guest, Call::PostProcess { request: request(), state, results: Vec::new() }).await
}

/// The error of an inspection that must fail.
pub(crate) async fn refused(sandbox: &WasmSandbox, component: Vec<u8>) -> InspectError {
    sandbox.inspect(component.into()).await.unwrap_err()
}

/// Fails unless a good plugin still works.
pub(crate) async fn assert_works(sandbox: &WasmSandbox) {
    let good = Guest::default();
    sandbox.inspect(good.build().into()).await.unwrap();
    assert!(pre_process(sandbox, &good).await.unwrap().answer.is_ok());
}

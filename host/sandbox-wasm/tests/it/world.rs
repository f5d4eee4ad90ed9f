//! What the tests have around a sandbox.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use simulay_hostile::guest::Guest;
use simulay_model::{Digest, Request};
use simulay_sandbox::{
    Answered, Call, CallError, Code, InspectError, ReadArtifacts, Sandbox, SandboxSettings,
};
use simulay_sandbox_wasm::{Launch, ProcessSandbox};

/// A sandbox with workers of its own.
pub(crate) fn sandbox(settings: SandboxSettings) -> ProcessSandbox {
    ProcessSandbox::new(settings, launch(), None).unwrap()
}

/// The worker that is built with these tests.
pub(crate) fn launch() -> Launch {
    Launch { program: env!("CARGO_BIN_EXE_simulay-sandbox-worker").into(), arguments: Vec::new() }
}

/// A sandbox that gives a plugin little time.
pub(crate) fn hasty() -> ProcessSandbox {
    let time = Duration::from_millis(500);
    sandbox(SandboxSettings { describe_time: time, call_time: time, ..Default::default() })
}

/// Code that is at hand.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

#[async_trait]
impl Code for Bytes {
    async fn load(&self, _plugin: Digest) -> io::Result<Arc<[u8]>> {
        Ok(self.0.as_slice().into())
    }
}

/// Code that is not at hand.
pub(crate) struct NoCode;

#[async_trait]
impl Code for NoCode {
    async fn load(&self, _plugin: Digest) -> io::Result<Arc<[u8]>> {
        Err(io::ErrorKind::NotFound.into())
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
    Request { params: json!({ "width": 2 }).into(), inputs: Vec::new(), seed: 7 }
}

pub(crate) async fn call(sandbox: &dyn Sandbox, guest: &Guest, call: Call) -> Result<Answered, CallError> {
    let code = Bytes(guest.build());
    sandbox.call(Digest::of(&code.0), &code, call, Arc::new(Digits)).await
}

pub(crate) async fn pre_process(sandbox: &dyn Sandbox, guest: &Guest) -> Result<Answered, CallError> {
    call(sandbox, guest, Call::PreProcess(request())).await
}

pub(crate) async fn post_process(
    sandbox: &dyn Sandbox,
    guest: &Guest,
    state: Value,
) -> Result<Answered, CallError> {
    call(sandbox, guest, Call::PostProcess { request: request(), state: state.into(), results: Vec::new() })
        .await
}

/// The error of an inspection that must fail.
pub(crate) async fn refused(sandbox: &dyn Sandbox, component: Vec<u8>) -> InspectError {
    sandbox.inspect(component.into()).await.unwrap_err()
}

/// Fails unless a good plugin still works.
pub(crate) async fn assert_works(sandbox: &dyn Sandbox) {
    let good = Guest::default();
    sandbox.inspect(good.build().into()).await.unwrap();
    assert!(pre_process(sandbox, &good).await.unwrap().answer.is_ok());
}

//! A component that a compiler built, with all the WASI its standard library imports.

use simulay_sandbox::{Call, Sandbox as _, SandboxSettings};

use crate::world::{Bytes, Digits, request};

#[tokio::test]
#[ignore = "needs SIMULAY_COMPONENT, the path of a plugin built for wasm32-wasip2"]
async fn a_built_plugin_is_taken_and_called() {
    let path = std::env::var("SIMULAY_COMPONENT").unwrap();
    let bytes = std::fs::read(path).unwrap();
    let sandbox = crate::world::sandbox(SandboxSettings::default());
    let manifest = sandbox.inspect(bytes.as_slice().into()).await.unwrap().manifest;
    println!("{}@{}", manifest.name, manifest.version);
    let plugin = simulay_model::Digest::of(&bytes);
    let mut request = request();
    if let Some(example) = manifest.examples.first() {
        request.params = (&example.params).into();
    }
    let cached = Bytes(Vec::new());
    let call = |call| sandbox.call(plugin, &cached, call, std::sync::Arc::new(Digits));
    let answered = call(Call::PreProcess(request.clone())).await;
    println!("{:.500}", format!("{answered:?}"));
    assert!(answered.is_ok());
    let post = Call::PostProcess { request, state: serde_json::json!(null).into(), results: Vec::new() };
    println!("{:.500}", format!("{:?}", call(post).await));
}

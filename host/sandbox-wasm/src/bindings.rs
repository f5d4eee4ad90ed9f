//! What `wit/simulay.wit`, the latest version of the contract, says as Rust; nothing here is written by hand.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: { default: trappable },
});

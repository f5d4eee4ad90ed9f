//! What `wit/simulay.wit` says, as Rust; nothing here is written by hand.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: { default: trappable },
});

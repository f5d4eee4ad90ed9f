//! The contract as Rust, generated from the copy of `wit/simulay.wit` that goes along with this crate.
//! Plugins name [`crate`]'s own items instead.

wit_bindgen::generate!({
    path: "src/wit",
    world: "plugin",
    pub_export_macro: true,
    export_macro_name: "export_guest",
    default_bindings_module: "simulay_sdk::bindings",
    additional_derives: [PartialEq],
});

//! The contract as Rust, generated from `wit/simulay.wit`. Plugins name [`crate`]'s own items instead.

wit_bindgen::generate!({
    path: "wit",
    world: "plugin",
    pub_export_macro: true,
    export_macro_name: "export_guest",
    default_bindings_module: "simulay_sdk::bindings",
    additional_derives: [PartialEq],
});

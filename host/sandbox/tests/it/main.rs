//! The stand-in keeps the promises of a sandbox.

#![cfg(test)]

use simulay_sandbox::conformance::{self, Subject, scripts};

#[tokio::test]
async fn the_stand_in_is_a_sandbox() {
    let (settings, plugins) = (scripts::settings(), scripts::plugins());
    let sandbox = scripts::sandbox(&plugins, &settings);
    conformance::check(&Subject { sandbox: &sandbox, settings: &settings, plugins: &plugins }).await;
}

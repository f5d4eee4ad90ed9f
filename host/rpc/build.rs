//! Makes Rust of the protocol files, without `protoc`.

use std::error::Error;

const FOLDER: &str = "proto";
const FILES: [&str; 4] = [
    "simulay/v1/execution.proto",
    "simulay/v1/inventory.proto",
    "simulay/v1/process.proto",
    "simulay/v1/sandbox.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}/simulay");
    let files = protox::compile(FILES, [FOLDER])?;
    // Bytes are shared with the message they came in.
    tonic_prost_build::configure().bytes(".simulay").compile_fds(files)?;
    Ok(())
}

//! Guests written by hand: a core module in WebAssembly text, made a component for a world.

use std::fmt::Write as _;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WIT: &str = include_str!("../../../wit/simulay.wit");
const WIT_0_1: &str = include_str!("../../../wit/released/0.1.0/simulay.wit");
/// Where the manifest lies in memory; its parts follow.
const MANIFEST: u32 = 1024;
const MANIFEST_BYTES: u32 = 96;

/// Answers a step without calls whose state are the parameters.
pub const ECHO_STEP: &str = "
    (i64.store (i32.const 512) (i64.const 0)) (i64.store (i32.const 520) (i64.const 0))
    (i32.store (i32.const 524) (local.get 0)) (i32.store (i32.const 528) (local.get 1))
    i32.const 512";
/// Answers a report whose outcome is the state.
pub const ECHO_REPORT: &str = "
    (i64.store (i32.const 512) (i64.const 0))
    (i32.store (i32.const 520) (local.get 5)) (i32.store (i32.const 524) (local.get 6))
    (i64.store (i32.const 528) (i64.const 0)) (i64.store (i32.const 536) (i64.const 0))
    i32.const 512";
/// A function that never returns.
pub const SPIN: &str = "(loop br 0) unreachable";

/// A component to be; each part is WebAssembly text.
pub struct Guest {
    /// The contract it is built against.
    pub wit: String,
    /// Further packages of the contract.
    pub other_packages: Vec<&'static str>,
    /// Imports of the module.
    pub imports: String,
    /// Body of `describe`.
    pub describe: String,
    /// Body of `pre-process`.
    pub pre_process: String,
    /// Body of `post-process`.
    pub post_process: String,
    /// Body of `cabi_realloc`.
    pub realloc: String,
    /// Pages of memory.
    pub pages: u32,
    /// Further fields of the module.
    pub fields: String,
    /// Name in the manifest.
    pub name: &'static str,
    /// Version of the contract.
    pub version: &'static str,
    /// Title in the manifest.
    pub title: String,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            wit: WIT.to_owned(),
            other_packages: Vec::new(),
            imports: String::new(),
            describe: format!("i32.const {MANIFEST}"),
            pre_process: ECHO_STEP.to_owned(),
            post_process: ECHO_REPORT.to_owned(),
            realloc: "
                (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
                global.get $heap
                (global.set $heap (i32.add (global.get $heap) (local.get 3)))"
                .to_owned(),
            pages: 32,
            fields: String::new(),
            name: "echo",
            version: "0.2.0",
            title: "Echo".to_owned(),
        }
    }
}

impl Guest {
    /// As the default one, of version 0.1.0 of the contract.
    #[must_use]
    pub fn v0_1() -> Self {
        Self { wit: WIT_0_1.to_owned(), version: "0.1.0", ..Self::default() }
    }

    /// The bytes of the component.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        for package in &self.other_packages {
            resolve.push_str("other.wit", package).unwrap();
        }
        let package = resolve
            .push_str("simulay.wit", &self.wit.replace("plugin@0.2.0", &format!("plugin@{}", self.version)))
            .unwrap();
        let world = resolve.select_world(&[package], Some("plugin")).unwrap();
        let mut module = wat::parse_str(self.module()).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().module(&module).unwrap().validate(false).encode().unwrap()
    }

    fn module(&self) -> String {
        let Self { imports, pages, realloc, describe, pre_process, post_process, fields, .. } = self;
        let export = |name: &str| format!("(export \"simulay:plugin/pipeline@{}#{name}\")", self.version);
        let (describes, pre, post) = (export("describe"), export("pre-process"), export("post-process"));
        format!(
            "(module {imports}
                (memory (export \"memory\") {pages})
                (global $heap (mut i32) (i32.const 65536))
                (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) {realloc})
                (func {describes} (result i32) {describe})
                (func {pre} (param i32 i32 i32 i32 i64) (result i32) {pre_process})
                (func {post} (param i32 i32 i32 i32 i64 i32 i32 i32 i32) (result i32) {post_process})
                (data (i32.const {MANIFEST}) \"{}\")
                {fields})",
            escaped(&self.manifest())
        )
    }

    /// The record `manifest` as the canonical ABI lays it out, and the texts it points to.
    #[must_use]
    pub fn manifest(&self) -> Vec<u8> {
        let schema = r#"{"type":"object"}"#;
        let texts = [self.name, "1.0.0", &self.title, "Answers what it is asked.", schema, "{}"];
        let (mut record, mut texts_after) = (Vec::new(), Vec::<u8>::new());
        for text in texts {
            push(&mut record, MANIFEST + MANIFEST_BYTES + u32::try_from(texts_after.len()).unwrap());
            push(&mut record, u32::try_from(text.len()).unwrap());
            texts_after.extend(text.as_bytes());
        }
        [0, 0, 1000, 256, 64, 0, 1000, 0, 4, 0, 0, 0].into_iter().for_each(|word| push(&mut record, word));
        assert_eq!(record.len(), MANIFEST_BYTES as usize);
        record.extend(texts_after);
        record
    }
}

fn push(record: &mut Vec<u8>, word: u32) {
    record.extend(word.to_le_bytes());
}

/// `bytes` as a string of WebAssembly text.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:02x}").unwrap();
        text
    })
}

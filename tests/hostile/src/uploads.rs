//! Uploads that must be refused, or be harmless.

use crate::bombs;
use crate::guest::{Guest, SPIN};

/// An upload and the kinds of refusal it may meet; `accepted` among them when it is only costly.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What it is.
    pub name: &'static str,
    /// The bytes sent.
    pub bytes: Vec<u8>,
    /// Kinds of the problem it is answered with.
    pub kinds: &'static [&'static str],
}

const INVALID: &[&str] = &["invalid_component"];
/// Types alone are no plugin: where their depth is bearable, that is what is told.
const COMPLEX: &[&str] = &["component_too_complex", "invalid_component", "world_mismatch"];
const COSTLY: &[&str] = &["component_too_complex", "compile_timeout", "compile_memory", "accepted"];

/// Every upload.
#[must_use]
pub fn uploads() -> Vec<Upload> {
    [strangers(), impostors(), describers(), bombs()].concat()
}

fn upload(name: &'static str, bytes: impl Into<Vec<u8>>, kinds: &'static [&'static str]) -> Upload {
    Upload { name, bytes: bytes.into(), kinds }
}

/// Not components at all.
fn strangers() -> Vec<Upload> {
    vec![
        upload("nothing", "", INVALID),
        upload("text", "(component)", INVALID),
        upload("ELF program", b"\x7fELF\x02\x01\x01\0\0\0\0".as_slice(), INVALID),
        upload("gzip", b"\x1f\x8b\x08\0\0\0\0\0".as_slice(), INVALID),
        upload("zip", b"PK\x03\x04\x14\0\0\0".as_slice(), INVALID),
        upload("core module", wat::parse_str("(module)").unwrap(), INVALID),
        upload("zeroes", vec![0; 1 << 20], INVALID),
    ]
}

/// Components for something else, or cut short.
fn impostors() -> Vec<Upload> {
    let good = Guest::default().build();
    let future = Guest { version: "0.9.0", ..Guest::default() };
    vec![
        upload("empty component", wat::parse_str("(component)").unwrap(), &["world_mismatch"]),
        upload("unknown contract", future.build(), &["world_mismatch"]),
        upload("cut in half", &good[..good.len() / 2], &["invalid_component", "world_mismatch"]),
        upload("imports sockets", importing("wasi:sockets/tcp@0.2.0"), &["unknown_import", "world_mismatch"]),
        upload(
            "imports files",
            importing("wasi:filesystem/types@0.2.0"),
            &["unknown_import", "world_mismatch"],
        ),
        upload(
            "imports http",
            importing("wasi:http/outgoing-handler@0.2.0"),
            &["unknown_import", "world_mismatch"],
        ),
    ]
}

fn importing(interface: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (import \"{interface}\" (instance)))")).unwrap()
}

/// Plugins whose `describe` misbehaves.
fn describers() -> Vec<Upload> {
    let describing = |describe: &str| Guest { describe: describe.into(), ..Guest::default() }.build();
    let old = |describe: &str| Guest { describe: describe.into(), ..Guest::v0_1() }.build();
    let fields = |fields: String| Guest { fields, ..Guest::default() }.build();
    let post = "(func (export \"cabi_post_simulay:plugin/pipeline@0.2.0#describe\") (param i32)";
    let grow = "(loop (drop (memory.grow (i32.const 16))) br 0) unreachable";
    let long_title = "(i32.store (i32.const 1044) (i32.const 1500000)) i32.const 1024";
    vec![
        upload("endless describe", describing(SPIN), &["describe_timeout"]),
        upload("endless start", fields(format!("(func $s {SPIN}) (start $s)")), &["describe_timeout"]),
        upload("endless post-return", fields(format!("{post} {SPIN})")), &["describe_timeout"]),
        upload("growing describe", describing(grow), &["plugin_memory_limit"]),
        upload("trapping describe", describing("unreachable"), &["plugin_trap"]),
        upload("manifest out of memory's bounds", describing("i32.const -4"), &["plugin_trap"]),
        upload("endless manifest", describing(long_title), &["manifest_too_large"]),
        upload("endless describe of an older contract", old(SPIN), &["describe_timeout"]),
        upload("endless manifest of an older contract", old(long_title), &["manifest_too_large"]),
        upload("name with a path", named("../../etc/x"), &["manifest_invalid"]),
        upload("name of control characters", named("a\u{202e}b"), &["manifest_invalid"]),
        upload(
            "4 GiB of memory",
            Guest { pages: 65_536, ..Guest::default() }.build(),
            &["plugin_memory_limit"],
        ),
    ]
}

fn named(name: &'static str) -> Vec<u8> {
    Guest { name, ..Guest::default() }.build()
}

/// Cheap to send, dear to read.
fn bombs() -> Vec<Upload> {
    vec![
        upload("10,000 nested components", bombs::nested_components(10_000), COMPLEX),
        upload("100,000 nested component types", bombs::nested_types(100_000), COMPLEX),
        upload("900 nested lists", bombs::nested_lists(900), COMPLEX),
        upload("tuples doubled 60 times", bombs::doubling_tuples(60), COMPLEX),
        upload("11,000 nested loops", bombs::nested_loops(11_000), COSTLY),
        upload("60,000 functions", bombs::many_functions(60_000), COSTLY),
        upload("a function of 300,000 instructions", bombs::long_function(60_000), COSTLY),
        upload("5,000 live locals", bombs::many_locals(5_000), COSTLY),
        upload("a jump to 60,000 targets", bombs::wide_jump(60_000), COSTLY),
        upload("a custom section of 50 MiB", bombs::large_custom_section(50 << 20), COSTLY),
    ]
}

//! Components that are cheap to send and dear to read or to compile.

use std::fmt::Write as _;

use crate::guest::Guest;
use crate::sections::section;

const HEADER: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
const COMPONENT_SECTION: u8 = 4;
const TYPE_SECTION: u8 = 7;

/// Components inside one another.
#[must_use]
pub fn nested_components(depth: usize) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    for _ in 0..depth {
        bytes = [HEADER.as_slice(), &section(COMPONENT_SECTION, &bytes)].concat();
    }
    bytes
}

/// Component types declared inside one another.
#[must_use]
pub fn nested_types(depth: usize) -> Vec<u8> {
    // A vector of one type: a component type of one declaration, which is a type, and so on.
    let mut types = vec![1];
    types.extend([0x41, 1, 1].repeat(depth));
    types.extend([0x41, 0]);
    [HEADER.as_slice(), &section(TYPE_SECTION, &types)].concat()
}

/// Lists of lists of lists.
#[must_use]
pub fn nested_lists(depth: usize) -> Vec<u8> {
    let mut text = String::from("(component (type (list u8))");
    for index in 0..depth {
        write!(text, "(type (list {index}))").unwrap();
    }
    text.push(')');
    wat::parse_str(text).unwrap()
}

/// Each tuple holds the one before twice: small to write, vast to lay out.
#[must_use]
pub fn doubling_tuples(depth: usize) -> Vec<u8> {
    let mut text = String::from("(component (type (tuple u8 u8))");
    for index in 0..depth {
        write!(text, "(type (tuple {index} {index}))").unwrap();
    }
    text.push(')');
    wat::parse_str(text).unwrap()
}

/// A plugin with further fields in its module.
fn plugin(name: &'static str, fields: String) -> Vec<u8> {
    Guest { name, fields, ..Guest::default() }.build()
}

/// Loops inside one another.
#[must_use]
pub fn nested_loops(depth: usize) -> Vec<u8> {
    plugin("loops", format!("(func {} {})", "loop ".repeat(depth), "end ".repeat(depth)))
}

/// Very many functions.
#[must_use]
pub fn many_functions(count: usize) -> Vec<u8> {
    plugin("functions", "(func (param i32) (result i32) local.get 0)".repeat(count))
}

/// One very long function.
#[must_use]
pub fn long_function(length: usize) -> Vec<u8> {
    let turn = "local.get 0 i32.const 7 i32.mul local.get 1 i32.xor local.set 0 ";
    plugin("long-function", format!("(func (param i32 i32) {})", turn.repeat(length)))
}

/// Very many locals, alive across many blocks.
#[must_use]
pub fn many_locals(count: usize) -> Vec<u8> {
    let mut body = String::new();
    for index in 0..count {
        write!(body, "(if (local.get {index}) (then (local.set {index} (i64.eqz (local.get {}))", count + 1)
            .unwrap();
        body.push_str(")))");
    }
    let locals = "i32 ".repeat(count);
    plugin("locals", format!("(func (local {locals}) (local i32) (local i64) {body})"))
}

/// A jump table with very many targets.
#[must_use]
pub fn wide_jump(targets: usize) -> Vec<u8> {
    let table = "0 ".repeat(targets);
    plugin("jump", format!("(func (param i32) (block (br_table {table} 0 (local.get 0))))"))
}

/// A large custom section.
#[must_use]
pub fn large_custom_section(bytes: usize) -> Vec<u8> {
    let mut content = vec![1, b'x'];
    content.resize(bytes, 0);
    [Guest { name: "custom-section", ..Guest::default() }.build(), section(0, &content)].concat()
}

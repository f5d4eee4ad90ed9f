//! What people and programs read: everything from outside is shown inert.

mod inert;
mod output;
mod progress;
mod spark;
mod table;

pub(crate) use inert::{LogText, one_line};
pub(crate) use output::{complain, note, print, print_bytes, print_json, print_json_line, remark, say};
pub(crate) use progress::Progress;
pub(crate) use spark::{range, spark};
pub(crate) use table::{Table, columns, size, value};

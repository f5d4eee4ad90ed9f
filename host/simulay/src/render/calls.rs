//! What the container calls of a run used, and what they could not keep.

use serde_json::Value;

use super::at;
use crate::terminal::{Table, one_line, size};

/// Calls, and files of each, that are shown; more are counted.
const SHOWN: usize = 20;

/// What each call used, and what it left that was not kept; nothing when no call has ended.
pub(crate) fn calls(calls: &[Value]) -> String {
    let ended: Vec<&Value> = calls.iter().filter(|call| call.get("result").is_some()).collect();
    if ended.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["CALL", "TIME", "CPU", "MEMORY"]);
    for call in ended.iter().take(SHOWN) {
        let [time, cpu] = ["/result/wall_ms", "/result/cpu_ms"].map(|pointer| milliseconds(call, pointer));
        let memory = number(call, "/result/peak_memory_bytes").map(size).unwrap_or_default();
        table.row([&one_line(&at(call, "/name")), &time, &cpu, &memory]);
    }
    let lines: String = ended.iter().take(SHOWN).map(|call| left_out(call)).collect();
    format!("\n{}{}{lines}", table.text(), more(ended.len(), "calls"))
}

fn left_out(call: &Value) -> String {
    let listed = call.pointer("/result/left_out").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let line = |file: &Value| {
        let [name, path, reason] =
            [at(call, "/name"), at(file, "/path"), at(file, "/reason")].map(|text| one_line(&text));
        format!("left out of `{name}`: {path} ({reason})\n")
    };
    let lines: String = listed.iter().take(SHOWN).map(line).collect();
    let all = listed.len() + number(call, "/result/left_out_more").unwrap_or(0) as usize;
    format!("{lines}{}", more(all, "files"))
}

fn more(all: usize, what: &str) -> String {
    match all.saturating_sub(SHOWN) {
        0 => String::new(),
        rest => format!("and {rest} more {what}; --json shows them\n"),
    }
}

fn milliseconds(call: &Value, pointer: &str) -> String {
    number(call, pointer).map(|number| format!("{number} ms")).unwrap_or_default()
}

fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn use_and_losses_are_told() {
        let left_out = json!([{ "path": "a\nb", "reason": "it is a link that leads elsewhere" }]);
        let result =
            json!({ "wall_ms": 1200, "cpu_ms": 900, "peak_memory_bytes": 3 << 20, "left_out": left_out });
        let text = calls(&[json!({ "name": "solve", "result": result }), json!({ "name": "waits" })]);
        assert!(text.contains("1200 ms") && text.contains("900 ms") && text.contains("3.0 MiB"), "{text}");
        assert!(
            text.contains("left out of `solve`: a\\u{a}b (it is a link that leads elsewhere)\n"),
            "{text}"
        );
        assert_eq!(calls(&[json!({ "name": "waits" })]), "");
    }

    #[test]
    fn long_lists_are_counted() {
        let files: Vec<Value> = (0..25).map(|n| json!({ "path": n.to_string(), "reason": "odd" })).collect();
        let result = json!({ "wall_ms": 1, "left_out": files, "left_out_more": 7 });
        let text = calls(&[json!({ "name": "solve", "result": result })]);
        assert!(text.ends_with("and 12 more files; --json shows them\n"), "{text}");
    }
}

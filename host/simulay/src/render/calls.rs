//! What the container calls of a run used, and what they could not keep.

use simulay_api::wire::{Call, CallResult, Omission};

use crate::terminal::{Table, one_line, size};

/// Calls, and files of each, that are shown; more are counted.
const SHOWN: usize = 20;

/// What each call used, and what it left that was not kept; nothing when no call has ended.
pub(crate) fn calls(calls: &[Call]) -> String {
    let ended = calls.iter().filter_map(|call| Some((one_line(&call.asked.name), call.result.as_ref()?)));
    let ended: Vec<(String, &CallResult)> = ended.collect();
    if ended.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["CALL", "TIME", "CPU", "MEMORY"]);
    for (name, CallResult { wall_ms, cpu_ms, peak_memory_bytes, .. }) in ended.iter().take(SHOWN) {
        let cpu = cpu_ms.map(milliseconds).unwrap_or_default();
        let memory = peak_memory_bytes.map(size).unwrap_or_default();
        table.row([name, &milliseconds(*wall_ms), &cpu, &memory]);
    }
    let lines: String = ended.iter().take(SHOWN).map(|(name, result)| left_out(name, result)).collect();
    format!("\n{}{}{lines}", table.text(), more(ended.len(), "calls"))
}

fn left_out(name: &str, CallResult { left_out, left_out_more, .. }: &CallResult) -> String {
    let line = |Omission { path, reason }: &Omission| {
        format!("left out of `{name}`: {} ({})\n", one_line(path), one_line(reason))
    };
    let lines: String = left_out.iter().take(SHOWN).map(line).collect();
    let all = left_out.len().saturating_add(usize::try_from(*left_out_more).unwrap_or(usize::MAX));
    format!("{lines}{}", more(all, "files"))
}

fn more(all: usize, what: &str) -> String {
    match all.saturating_sub(SHOWN) {
        0 => String::new(),
        rest => format!("and {rest} more {what}; --json shows them\n"),
    }
}

fn milliseconds(number: u64) -> String {
    format!("{number} ms")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::{Value, json};

    use super::*;

    /// A call as a server tells of it.
    fn call(result: Option<Value>) -> Call {
        let resources = json!({ "cpu_milli": 1, "memory_mib": 1, "scratch_mib": 1, "timeout_ms": 1 });
        let mut document = json!({
            "step": 0, "call": 0, "attempt": 0, "started": true, "name": "solve", "image": "octave",
            "command": [], "env": [], "files": [], "outputs": [], "resources": resources,
            "on_failure": "novel", "deterministic": false,
        });
        if let Some(result) = result {
            document["result"] = result;
        }
        Call::deserialize(document).unwrap()
    }

    /// A result with `more` fields.
    fn result(more: &Value) -> Option<Value> {
        let mut document = json!({
            "ending": { "novel": 1 }, "wall_ms": 1200, "reused": false, "stdout": "", "stderr": "",
            "outputs": [],
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(document)
    }

    #[test]
    fn use_and_losses_are_told_even_of_an_ending_that_is_not_known() {
        let left_out = json!([{ "path": "a\nb", "reason": "it is a link that leads elsewhere" }]);
        let used = json!({ "cpu_ms": 900, "peak_memory_bytes": 3 << 20, "left_out": left_out });
        let text = calls(&[call(result(&used)), call(None)]);
        assert!(text.contains("1200 ms") && text.contains("900 ms") && text.contains("3.0 MiB"), "{text}");
        assert!(
            text.contains("left out of `solve`: a\\u{a}b (it is a link that leads elsewhere)\n"),
            "{text}"
        );
        assert_eq!(calls(&[call(None)]), "");
    }

    #[test]
    fn long_lists_are_counted() {
        let files: Vec<Value> = (0..25).map(|n| json!({ "path": n.to_string(), "reason": "odd" })).collect();
        let text = calls(&[call(result(&json!({ "left_out": files, "left_out_more": 7 })))]);
        assert!(text.ends_with("and 12 more files; --json shows them\n"), "{text}");
    }
}

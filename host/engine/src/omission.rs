//! What a call did not keep, in words for the log of its run.

use simulay_model::{CallEnd, ContainerResult, Omission};

/// Files named in one warning; the record of the call has them all.
const SHOWN: usize = 5;

/// What to warn of after a call that ended so.
pub(crate) fn warning(end: &CallEnd) -> Option<String> {
    let CallEnd::Result(result) = end else { return None };
    let parts: Vec<String> = [files(result), streams(result)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("call `{}`: {}", result.name, parts.join("; ")))
}

fn files(result: &ContainerResult) -> Option<String> {
    let count = result.left_out.len() as u64 + result.left_out_more;
    let shown =
        result.left_out.iter().take(SHOWN).map(|Omission { path, reason }| format!("`{path}` ({reason})"));
    let shown: Vec<String> = shown.collect();
    let more = if count > shown.len() as u64 { ", …" } else { "" };
    (count > 0).then(|| format!("{count} files were left out: {}{more}", shown.join(", ")))
}

fn streams(result: &ContainerResult) -> Option<String> {
    let of = |bytes: u64, name: &str| (bytes > 0).then(|| format!("{bytes} bytes of {name}"));
    let cut = [of(result.stdout_omitted, "standard output"), of(result.stderr_omitted, "standard error")];
    let cut: Vec<String> = cut.into_iter().flatten().collect();
    (!cut.is_empty()).then(|| format!("{} were not kept (`max_stream_bytes`)", cut.join(" and ")))
}

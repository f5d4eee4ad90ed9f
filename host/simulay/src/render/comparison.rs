//! Runs side by side, as columns named by letters.

use serde_json::Value;
use simulay_api::wire::{Comparison, ComparisonRow, JoinedCurve, JoinedPlot, JoinedSeries, RunSummary};

use super::plots::axis;
use super::plugin_of;
use crate::terminal::{Table, one_line, value};

/// The runs, what of them is told, and how far their curves are apart.
pub(crate) fn comparison(comparison: &Comparison) -> String {
    let Comparison { runs, rows, plots, left_out, .. } = comparison;
    let mut text = legend(comparison);
    if rows.is_empty() {
        text.push_str("\nnothing differs\n");
    } else {
        text.push_str(&format!("\n{}", fields(runs.len(), rows)));
    }
    if !plots.is_empty() {
        text.push_str(&format!("\nfarthest from the base\n{}", curves(runs.len(), plots)));
    }
    for left_out in left_out {
        text.push_str(&format!("not compared: {}\n", one_line(left_out)));
    }
    text
}

fn legend(comparison: &Comparison) -> String {
    let mut table = Table::bare();
    for (letter, run) in letters().zip(&comparison.runs) {
        let RunSummary { id, plugin, state, created_at, .. } = run;
        let base = if *id == comparison.base { "base" } else { "" };
        table.row([
            &letter,
            &id.to_string(),
            &plugin_of(plugin),
            &state.to_string(),
            &created_at.to_string(),
            base,
        ]);
    }
    table.text()
}

fn fields(runs: usize, rows: &[ComparisonRow]) -> String {
    let mut table = Table::bare();
    let heads = ["", "FIELD", "UNIT"].map(str::to_owned);
    table.cells(heads.into_iter().chain(letters().take(runs)));
    for row in rows {
        let known = [row.group.to_string(), row.field.clone(), row.unit.clone().unwrap_or_default()];
        let cells = (0..runs).map(|run| cell(row, run));
        table.cells(known.into_iter().chain(cells).chain(row.note.clone()));
    }
    table.text()
}

/// What a run has, how far that is from the base, and `!` when it is farther than tolerated.
fn cell(row: &ComparisonRow, run: usize) -> String {
    let has = row.has.get(run).copied().unwrap_or(false);
    let mut cell = if has { shown(row.values.get(run)) } else { "-".to_owned() };
    if let Some(delta) = row.delta.get(run).copied().flatten().filter(|delta| *delta != 0.0) {
        let relative = row.relative.get(run).copied().flatten();
        let relative = relative.map(|relative| format!(", {:+.3} %", 100.0 * relative));
        cell.push_str(&format!(" ({delta:+.4e}{})", relative.unwrap_or_default()));
    }
    if row.outside.get(run) == Some(&true) {
        cell.push_str(" !");
    }
    cell
}

fn shown(of: Option<&Value>) -> String {
    let digest =
        of.and_then(|of| Some((of.get("of")?.as_str()?, of.get("length")?, of.get("sha256")?.as_str()?)));
    match digest {
        Some((of, length, sha256)) => format!("{of} of {length}, {sha256:.8}"),
        None => value(of),
    }
}

fn curves(runs: usize, plots: &[JoinedPlot]) -> String {
    let mut table = Table::bare();
    let heads = ["PLOT", "CURVE", "UNIT"].map(str::to_owned);
    table.cells(heads.into_iter().chain(letters().take(runs)));
    for plot in plots {
        for JoinedSeries { name, unit, curves } in &plot.series {
            let known = [format!("{} over {}", plot.title, axis(&plot.x)), name.clone(), unit.clone()];
            table.cells(known.into_iter().chain(curves.iter().map(|curve| deviation(curve, &plot.x.unit))));
        }
    }
    table.text()
}

fn deviation(curve: &JoinedCurve, unit: &str) -> String {
    let note = curve.note.clone();
    match &curve.largest {
        Some(largest) if largest.delta == 0.0 => note.unwrap_or_else(|| "the same".to_owned()),
        Some(largest) => {
            let note = note.map(|note| format!("; {note}")).unwrap_or_default();
            format!("{:+.4e} at {} {unit}{note}", largest.delta, largest.x)
        }
        None => note.unwrap_or_else(|| "not compared".to_owned()),
    }
}

fn letters() -> impl Iterator<Item = String> {
    ('A'..='Z').map(String::from)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::json;

    use super::*;

    fn compared(rows: &Value, plots: &Value) -> String {
        let run = |id: &str| {
            json!({ "id": id, "state": "succeeded", "created_at": "2026-11-24T19:56:33Z",
                "plugin": { "name": "heat", "version": "1.0.0", "sha256": "0".repeat(64) } })
        };
        let ids = ["0193a6b0-0000-7000-8000-000000000000", "0193a6b0-0000-7000-8000-000000000001"];
        let document = json!({ "base": ids[0], "runs": ids.map(run), "rows": rows, "plots": plots });
        comparison(&Comparison::deserialize(document).unwrap())
    }

    #[test]
    fn differences_stand_beside_their_values_and_what_is_outside_is_marked() {
        let row = json!({ "group": "outcome", "field": "/max", "unit": "K", "values": [400.0, 410.0], "has": [true, true],
            "delta": [0.0, 10.0], "relative": [0.0, 0.025], "outside": [false, true], "differs": true });
        let only = json!({ "group": "novel", "field": "/a\nb", "values": [null, { "of": "array", "length": 17,
            "sha256": "ab".repeat(32) }], "has": [false, true], "delta": [null, null], "relative": [null, null],
            "outside": [false, true], "differs": true, "note": "not in every run" });
        let text = compared(&json!([row, only]), &json!([]));
        assert!(text.contains("410.0 (+1.0000e1, +2.500 %) !\n"), "{text}");
        assert!(text.contains("array of 17, abababab !") && text.contains("not in every run\n"), "{text}");
        assert!(text.lines().next().unwrap().ends_with("base") && text.lines().count() == 6, "{text}");
    }

    #[test]
    fn curves_are_told_by_where_they_are_farthest_or_why_they_are_not_compared() {
        let curves =
            json!([{ "y": [1.0], "largest": { "x": 0.0, "delta": 0.0 } }, { "note": "it is in `Cel`" }]);
        let series = json!([{ "name": "T", "unit": "K", "curves": curves }]);
        let plot = json!({ "title": "P", "x": { "name": "t", "unit": "s" }, "at": [0.0], "series": series });
        let text = compared(&json!([]), &json!([plot]));
        assert!(text.contains("nothing differs") && text.contains("the same  it is in `Cel`\n"), "{text}");
    }
}

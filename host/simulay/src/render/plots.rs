//! Plots of a run.

use simulay_api::wire::{Axis, PlotCurves, PlotSummary, PlottedCurve};

use super::CURVE;
use crate::terminal::{Table, one_line, range, spark};

/// The plots of a run, a line for each.
pub(crate) fn plots(plots: &[PlotSummary]) -> String {
    let mut table = Table::new(["N", "TITLE", "X", "CURVES", "POINTS"]);
    for PlotSummary { number, title, x, series, points } in plots {
        let curves: Vec<String> = series.iter().map(axis).collect();
        table.row([&number.to_string(), title, &axis(x), &curves.join(", "), &points.to_string()]);
    }
    table.text()
}

/// A plot as a line of text per curve.
pub(crate) fn curves(plot: &PlotCurves) -> String {
    let mut table = Table::bare();
    for PlottedCurve { name, unit, x, y, of } in &plot.series {
        let values: Vec<f64> = y.iter().flatten().copied().collect();
        let ((least, greatest), (first, last)) = (range(&values), range(x));
        let bounds = format!("{least:.4} to {greatest:.4} {unit}");
        let reach = format!("x from {first:.4} to {last:.4} {}, {of} points", plot.x.unit);
        table.row([&format!("  {name}"), &spark(&values, CURVE), &bounds, &reach]);
    }
    format!("{} (x: {})\n{}", one_line(&plot.title), one_line(&axis(&plot.x)), table.text())
}

/// A quantity with its unit.
pub(super) fn axis(Axis { name, unit }: &Axis) -> String {
    if unit.is_empty() { name.clone() } else { format!("{name} [{unit}]") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_are_told_with_units_and_points_and_curves_with_their_bounds() {
        let of = |name: &str, unit: &str| Axis { name: name.to_owned(), unit: unit.to_owned() };
        let (x, title) = (of("t", "s"), "Cooling\u{1b}[2J".to_owned());
        let summary = PlotSummary {
            number: 0,
            title: title.clone(),
            x: x.clone(),
            series: vec![of("T", "K")],
            points: 3,
        };
        let listed = plots(&[summary]);
        assert!(listed.ends_with("t [s]  T [K]   3\n"), "{listed}");
        let curve = PlottedCurve {
            name: "T".to_owned(),
            unit: "K".to_owned(),
            x: vec![0.0, 1.0, 2.0],
            y: vec![Some(1.0), None, Some(3.0)],
            of: 3,
        };
        let told = curves(&PlotCurves { title, x, series: vec![curve] });
        assert!(told.contains("1.0000 to 3.0000 K  x from 0.0000 to 2.0000 s, 3 points"), "{told}");
        assert!(!told.contains('\u{1b}') && told.lines().count() == 2, "{told}");
    }
}

//! The table, as Markdown.

use super::super::figures::Times;

/// Percentiles that are shown, in thousandths.
const SHOWN: [(&str, usize); 2] = [("p50", 500), ("p99", 990)];

/// Begins it.
pub(super) fn head() {
    println!("| what | ours | the peer's | ratio |\n|---|---:|---:|---:|");
}

/// A figure of ours beside one of another.
pub(super) fn row(what: &str, unit: &str, ours: f64, (peer, theirs): (&str, f64)) {
    let (ratio, ours, theirs) = (short(ours / theirs), short(ours), short(theirs));
    println!("| {what} | {ours} {unit} | {peer}: {theirs} {unit} | {ratio} |");
}

/// Times of ours beside those of another.
pub(super) fn times(what: &str, ours: &mut Times, (peer, theirs): (&str, &mut Times)) {
    for (name, per_mille) in SHOWN {
        let theirs = (peer, theirs.within(per_mille));
        row(&format!("{what}, {name}"), "ms", ours.within(per_mille), theirs);
    }
}

/// A figure that has nothing beside it.
pub(super) fn alone(what: &str, unit: &str, ours: f64) {
    println!("| {what} | {} {unit} | | |", short(ours));
}

/// Times that have nothing beside them.
pub(super) fn times_alone(what: &str, ours: &mut Times) {
    for (name, per_mille) in SHOWN {
        alone(&format!("{what}, {name}"), "ms", ours.within(per_mille));
    }
}

/// About three digits.
fn short(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_about_three_digits() {
        assert_eq!([1234.5, 12.345, 1.2345, 0.12345].map(short), ["1234", "12.3", "1.23", "0.123"]);
    }
}

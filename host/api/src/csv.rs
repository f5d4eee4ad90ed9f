//! Tables as CSV (RFC 4180), for spreadsheets that must not take what a plugin named for a formula.

/// Characters by which a spreadsheet knows a formula, or finds one behind what it cuts off.
const FORMULAS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '＠'];

/// A cell of text: always quoted, so that no separator of any spreadsheet cuts it.
pub(crate) fn text(text: &str) -> String {
    let guard = if text.trim_start_matches(' ').starts_with(FORMULAS) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// A line of cells, each as it is to stand there.
pub(crate) fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("{}\r\n", cells.join(","))
}

/// Appends a number by the fewest digits that give it back exactly.
pub(crate) fn number(line: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        // A vector takes whatever is written.
        let _ = serde_json::to_writer(line, &number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_in_its_cell_and_is_no_formula() {
        for (given, cell) in [
            ("T [K]", "\"T [K]\""),
            ("a,\"b\"\r\nc", "\"a,\"\"b\"\"\r\nc\""),
            ("=1+1", "\"'=1+1\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("-2 [m]", "\"'-2 [m]\""),
            ("＝1", "\"'＝1\""),
            ("", "\"\""),
        ] {
            assert_eq!(text(given), cell);
        }
    }

    #[test]
    fn numbers_are_given_back_exactly() {
        for given in [0.1, -1e300, 5e-324, 1.0, f64::MAX, -0.0] {
            let mut line = Vec::new();
            number(&mut line, given);
            assert_eq!(String::from_utf8(line).unwrap().parse::<f64>().unwrap().to_bits(), given.to_bits());
        }
        let mut line = Vec::new();
        number(&mut line, f64::NAN);
        assert!(line.is_empty());
    }
}

//! Columns of text.

use serde_json::Value;

use super::inert::one_line;

const GAP: usize = 2;

/// Rows under headings, each column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table under these headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// A table without headings.
    pub(crate) const fn bare() -> Self {
        Self { rows: Vec::new() }
    }

    /// A row of as many cells as there come.
    pub(crate) fn add<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.rows.push(cells.into_iter().map(one_line).collect());
    }

    /// Adds a row; its cells may come from anywhere.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.map(one_line).to_vec());
    }

    /// Adds a row of as many cells as there are.
    pub(crate) fn cells(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| one_line(&cell)).collect());
    }

    /// True without rows under the headings.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    /// The table as text, a line per row.
    pub(crate) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        self.rows.iter().map(|row| line(row, &widths)).collect()
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

/// Rows of cells that may come from anywhere, in columns.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let rows = rows.iter().map(|row| row.iter().map(String::as_str).map(one_line).collect());
    Table { rows: rows.collect() }.text()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + GAP));
    }
    format!("{}\n", line.trim_end())
}

/// Bytes in the unit a person reads.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", tenths(bytes, 1024)),
        1_048_576..1_073_741_824 => format!("{} MiB", tenths(bytes, 1_048_576)),
        _ => format!("{} GiB", tenths(bytes, 1_073_741_824)),
    }
}

fn tenths(bytes: u64, unit: u64) -> String {
    let rest = (bytes % unit) * 10 / unit;
    format!("{}.{rest}", bytes / unit)
}

/// A JSON value in a cell: strings without quotes, nothing for null.
pub(crate) fn value(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_cells_stay_on_their_line() {
        let mut table = Table::new(["NAME", "N"]);
        table.row(["beam\nx", "1"]);
        assert_eq!(table.text(), "NAME        N\nbeam\\u{a}x  1\n");
    }

    #[test]
    fn sizes_are_read_in_their_unit() {
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(200 << 20), "200.0 MiB");
    }
}

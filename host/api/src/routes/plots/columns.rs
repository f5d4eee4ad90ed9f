//! Every point of a plot, a part at a time.

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use simulay_model::{Plot, Series};

use crate::csv;

/// Numbers that are written at once.
const AT_ONCE: usize = 8 << 10;

/// The quantities of a plot, the abscissa first.
fn columns(plot: Plot) -> Vec<Series> {
    std::iter::once(plot.x).chain(plot.ys).collect()
}

/// A line of names with units, and one for each point.
pub(super) fn csv(plot: Plot) -> impl Stream<Item = Bytes> {
    let columns = columns(plot);
    let rows = columns.iter().map(|column| column.values.len()).max().unwrap_or(0);
    let at_once = (AT_ONCE / columns.len().max(1)).max(1);
    let head = Bytes::from(head(&columns));
    let parts = (0..rows).step_by(at_once).map(move |begin| {
        let mut part = Vec::new();
        for row in begin..rows.min(begin + at_once) {
            line(&mut part, &columns, row);
        }
        Bytes::from(part)
    });
    stream::iter(std::iter::once(head).chain(parts))
}

fn head(columns: &[Series]) -> String {
    let name = |Series { name, unit, .. }: &Series| match unit.as_str() {
        "" => csv::text(name),
        unit => csv::text(&format!("{name} [{unit}]")),
    };
    csv::line(columns.iter().map(name))
}

fn line(part: &mut Vec<u8>, columns: &[Series], row: usize) {
    for (place, column) in columns.iter().enumerate() {
        if place > 0 {
            part.push(b',');
        }
        column.values.get(row).iter().for_each(|value| csv::number(part, **value));
    }
    part.extend_from_slice(b"\r\n");
}

/// Bytes of [`float64`].
pub(super) fn float64_length(plot: &Plot) -> u64 {
    let numbers: usize = std::iter::once(&plot.x).chain(&plot.ys).map(|column| column.values.len()).sum();
    numbers as u64 * size_of::<f64>() as u64
}

/// Every number, little-endian, one quantity after the other.
pub(super) fn float64(plot: Plot) -> impl Stream<Item = Bytes> {
    let parts = columns(plot).into_iter().flat_map(|Series { values, .. }| {
        (0..values.len()).step_by(AT_ONCE).map(move |begin| {
            let part = values.iter().skip(begin).take(AT_ONCE);
            part.flat_map(|value| value.to_le_bytes()).collect::<Bytes>()
        })
    });
    stream::iter(parts)
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    fn plot(points: usize) -> Plot {
        let series = |name: &str, unit: &str, by: f64| Series {
            name: name.to_owned(),
            unit: unit.to_owned(),
            values: (0..points).map(|n| n as f64 * by).collect(),
        };
        let ys = vec![series("=cmd|' /C calc'!A0", "K", 1e-300), series("a, \"b\"", "", -2.5)];
        Plot { title: "P".to_owned(), x: series("t", "s", 0.5), ys }
    }

    async fn all(parts: impl Stream<Item = Bytes>) -> Vec<u8> {
        parts.map(|part| part.to_vec()).concat().await
    }

    #[tokio::test]
    async fn a_table_has_units_and_every_point_and_no_formula() {
        let text = String::from_utf8(all(csv(plot(3))).await).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], "\"t [s]\",\"'=cmd|' /C calc'!A0 [K]\",\"a, \"\"b\"\"\"");
        assert_eq!(lines[1..], ["0.0,0.0,-0.0", "0.5,1e-300,-2.5", "1.0,2e-300,-5.0", ""]);
        assert_eq!(String::from_utf8(all(csv(plot(20_000))).await).unwrap().lines().count(), 20_001);
        assert_eq!(String::from_utf8(all(csv(plot(0))).await).unwrap().lines().count(), 1);
    }

    #[tokio::test]
    async fn numbers_come_one_quantity_after_the_other() {
        let bytes = all(float64(plot(20_000))).await;
        assert_eq!(bytes.len() as u64, float64_length(&plot(20_000)));
        let (words, rest) = bytes.as_chunks::<8>();
        assert!(rest.is_empty());
        let numbers: Vec<f64> = words.iter().map(|word| f64::from_le_bytes(*word)).collect();
        assert_eq!((numbers[1], numbers[19_999]), (0.5, 9_999.5));
        assert_eq!((numbers[20_001], numbers[40_001], numbers.len()), (1e-300, -2.5, 60_000));
    }
}

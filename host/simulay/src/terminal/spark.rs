//! Curves as a line of text.

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The course of `values` in at most `width` characters, from their least to their greatest.
pub(crate) fn spark(values: &[f64], width: usize) -> String {
    let (least, greatest) = range(values);
    let cells = values.len().min(width);
    let at = |cell: usize| values.get(cell * values.len().saturating_sub(1) / cells.saturating_sub(1).max(1));
    (0..cells).filter_map(at).map(|value| level(*value, least, greatest)).collect()
}

/// The least and the greatest of the numbers that are finite.
pub(crate) fn range(values: &[f64]) -> (f64, f64) {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| {
        (least.min(value), greatest.max(value))
    })
}

fn level(value: f64, least: f64, greatest: f64) -> char {
    if !value.is_finite() {
        return ' ';
    }
    let part = if greatest > least { (value - least) / (greatest - least) } else { 0.5 };
    let reached = LEVELS.iter().enumerate().take_while(|(index, _)| part * 8.0 >= *index as f64);
    reached.last().map_or('▁', |(_, level)| *level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_from_its_least_to_its_greatest() {
        assert_eq!(spark(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 40), "▁▂▃▄▅▆▇█");
        let many: Vec<f64> = (0..1000).map(f64::from).collect();
        let drawn = spark(&many, 8);
        assert_eq!(drawn.chars().count(), 8);
        assert!(drawn.starts_with('▁') && drawn.ends_with('█'), "{drawn}");
    }

    #[test]
    fn what_has_no_course_is_drawn_all_the_same() {
        assert_eq!(spark(&[], 8), "");
        assert_eq!(spark(&[2.0, 2.0], 8), "▅▅");
        assert_eq!(spark(&[f64::NAN, 1.0, 2.0], 8), " ▁█");
    }
}

//! How one parameter varies: the values it takes, by number or by a share of its range.

use serde_json::{Number, Value};

use super::ParamPointer;

/// Whole numbers up to here are exact in every language.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// A parameter that differs from point to point.
#[derive(Debug, Clone, PartialEq)]
pub struct Varied {
    /// Which.
    pub pointer: ParamPointer,
    /// How.
    pub variation: Variation,
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Variation {
    /// These values.
    List(Vec<Value>),
    /// Numbers between two.
    Range(Range),
    /// What the table says, in the column at the parameter's place.
    Column,
}

/// Numbers from one to another, both of them included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The first.
    pub from: f64,
    /// The last.
    pub to: f64,
    /// Only so many of them, evenly spaced on the scale.
    pub steps: Option<u32>,
    /// How they are spaced.
    pub scale: Scale,
    /// Only whole numbers: the schema says so.
    pub whole: bool,
}

/// How numbers are spaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scale {
    /// By equal differences.
    #[default]
    Linear,
    /// By equal factors.
    Log,
}

impl Variation {
    /// How many values there are; none when there are as many as numbers.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::List(values) => Some(values.len() as u64),
            Self::Range(range) => range.count(),
            Self::Column => None,
        }
    }

    /// The value numbered `index`, of those that [`Variation::count`] counts.
    pub(super) fn nth(&self, index: u64) -> Option<Value> {
        match self {
            Self::List(values) => values.get(usize::try_from(index).ok()?).cloned(),
            Self::Range(range) => Some(range.nth(index)),
            Self::Column => None,
        }
    }

    /// The value at a share of the range, from 0 up to and without 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is in 0..1")]
    pub(super) fn at(&self, share: f64) -> Option<Value> {
        match (self.count(), self) {
            (Some(count), _) => self.nth(((share * count as f64) as u64).min(count.saturating_sub(1))),
            (None, Self::Range(range)) => Some(range.at(share)),
            (None, _) => None,
        }
    }
}

impl Range {
    /// The rule it breaks, and of which member.
    pub(super) fn check(&self, most: u32) -> Result<(), (&'static str, String)> {
        let fits = |number: f64| number.is_finite() && (!self.whole || is_whole(number));
        let rule = if self.whole { "a whole number below 2^53: the parameter is one" } else { "a number" };
        for (member, number) in [("from", self.from), ("to", self.to)] {
            if !fits(number) {
                return Err((member, format!("must be {rule}")));
            }
            if self.scale == Scale::Log && number <= 0.0 {
                return Err((member, "must be above 0 on a logarithmic scale".to_owned()));
            }
        }
        let ratio = if self.scale == Scale::Log { self.to / self.from } else { 1.0 };
        if !(self.to - self.from).is_finite() || !ratio.is_finite() || ratio == 0.0 {
            return Err(("to", "is too far from `from`".to_owned()));
        }
        match self.steps {
            Some(steps) if !(2..=most.max(2)).contains(&steps) => {
                Err(("steps", format!("must be between 2 and {most}")))
            }
            Some(steps) if self.whole && self.has_twins(steps) => {
                Err(("steps", "are more than there are whole numbers to take".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// True when rounding makes two steps one.
    fn has_twins(&self, steps: u32) -> bool {
        (1..u64::from(steps)).any(|index| self.nth(index) == self.nth(index - 1))
    }

    fn count(&self) -> Option<u64> {
        self.steps.map(u64::from).or_else(|| self.whole_numbers())
    }

    /// Of whole numbers that are spaced evenly there are so many.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the ends are whole and below 2^53"
    )]
    fn whole_numbers(&self) -> Option<u64> {
        let every = self.whole && self.scale == Scale::Linear;
        every.then(|| ((self.to - self.from).abs() as u64).saturating_add(1))
    }

    fn nth(&self, index: u64) -> Value {
        let last = self.count().unwrap_or(1).saturating_sub(1);
        // The ends are as they were given, whatever rounding does between them.
        match index {
            0 => self.number(self.from),
            index if index >= last => self.number(self.to),
            index => self.at(index as f64 / last as f64),
        }
    }

    fn at(&self, share: f64) -> Value {
        let between = match self.scale {
            Scale::Linear => (self.to - self.from).mul_add(share, self.from),
            // By powers of ten, which stay what they are.
            Scale::Log => {
                let (from, to) = (self.from.abs().log10(), self.to.abs().log10());
                10_f64.powf(rounded((to - from).mul_add(share, from))).copysign(self.from)
            }
        };
        let (least, most) = (self.from.min(self.to), self.from.max(self.to));
        self.number(rounded(between).clamp(least, most))
    }

    #[expect(clippy::cast_possible_truncation, reason = "whole numbers are below 2^53")]
    fn number(&self, number: f64) -> Value {
        if self.whole {
            return Value::from(number.round() as i64);
        }
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= EXACT
}

/// To 15 digits, which any decimal of 15 digits comes through: three tenths are 0.3 and not 0.30000000000000004.
fn rounded(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn range(from: f64, to: f64, steps: Option<u32>) -> Range {
        Range { from, to, steps, scale: Scale::Linear, whole: false }
    }

    fn all(range: Range) -> Vec<Value> {
        range.check(100).unwrap();
        (0..range.count().unwrap()).map(|index| range.nth(index)).collect()
    }

    #[test]
    fn steps_include_both_ends_and_are_written_as_one_would() {
        assert_eq!(
            all(range(0.0, 0.4, Some(5))),
            [json!(0.0), json!(0.1), json!(0.2), json!(0.3), json!(0.4)]
        );
        assert_eq!(all(range(1.0, -1.0, Some(3))), [json!(1.0), json!(0.0), json!(-1.0)]);
        let log = Range { scale: Scale::Log, ..range(1e-3, 1e3, Some(7)) };
        let powers = [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0];
        assert_eq!(all(log), powers.map(|power| json!(power)));
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let whole = Range { whole: true, ..range(1.0, 4.0, None) };
        assert_eq!(all(whole), [json!(1), json!(2), json!(3), json!(4)]);
        assert_eq!(all(Range { steps: Some(2), ..whole }), [json!(1), json!(4)]);
        let log = Range { scale: Scale::Log, steps: Some(4), ..Range { to: 1000.0, ..whole } };
        assert_eq!(all(log), [json!(1), json!(10), json!(100), json!(1000)]);
        let shares: Vec<_> =
            [0.0, 0.24, 0.25, 0.5, 0.99].map(|share| Variation::Range(whole).at(share).unwrap()).into();
        assert_eq!(shares, [json!(1), json!(1), json!(2), json!(3), json!(4)]);
    }

    #[test]
    fn ranges_that_make_no_sense_are_refused_by_member() {
        let whole = |range| Range { whole: true, ..range };
        let log = |range| Range { scale: Scale::Log, ..range };
        for (range, member) in [
            (range(f64::NAN, 1.0, None), "from"),
            (range(0.0, f64::INFINITY, None), "to"),
            (range(-f64::MAX, f64::MAX, None), "to"),
            (range(0.0, 1.0, Some(1)), "steps"),
            (range(0.0, 1.0, Some(101)), "steps"),
            (whole(range(0.5, 4.0, None)), "from"),
            (whole(range(0.0, 1e17, None)), "to"),
            (whole(range(1.0, 4.0, Some(5))), "steps"),
            (log(range(0.0, 4.0, None)), "from"),
            (log(range(1e-200, 1e200, None)), "to"),
            (log(range(1e200, 1e-200, None)), "to"),
        ] {
            assert_eq!(range.check(100).unwrap_err().0, member, "{range:?}");
        }
    }
}

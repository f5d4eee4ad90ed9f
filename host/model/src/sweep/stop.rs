//! When a sweep has found what it looks for.

use serde_json::Value;

use crate::{RunField, RunFieldError};

/// A sweep ends early once the outcome of a run is beyond a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRule {
    /// JSON Pointer to a number in the outcome.
    pub outcome: String,
    /// What ends the sweep.
    pub bound: Bound,
}

/// On which side of which number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Above this one.
    Above(f64),
    /// Below this one.
    Below(f64),
}

impl StopRule {
    /// What it looks at of a run.
    ///
    /// # Errors
    /// When that is no JSON Pointer, or too long.
    pub fn field(&self) -> Result<RunField, RunFieldError> {
        format!("outcome:{}", self.outcome).parse()
    }

    /// True when what an outcome says there ends the sweep; what is no number does not.
    #[must_use]
    pub fn is_met_by(&self, said: &Value) -> bool {
        let Some(number) = said.as_f64() else { return false };
        match self.bound {
            Bound::Above(bound) => number > bound,
            Bound::Below(bound) => number < bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_is_met_by_numbers_beyond_its_bound() {
        let rule = |bound| StopRule { outcome: "/peak/k".to_owned(), bound };
        assert!(rule(Bound::Above(300.0)).is_met_by(&json!(301)));
        assert!(rule(Bound::Below(300.0)).is_met_by(&json!(-1.5)));
        for other in [json!(300), json!(null), json!("301"), json!([301]), json!({ "k": 301 })] {
            assert!(!rule(Bound::Above(300.0)).is_met_by(&other), "{other}");
        }
    }

    #[test]
    fn a_rule_looks_at_one_place() {
        let rule = |outcome: &str| StopRule { outcome: outcome.to_owned(), bound: Bound::Above(0.0) };
        assert_eq!(rule("/peak/k").field().unwrap().as_str(), "outcome:/peak/k");
        for wrong in ["peak", "/a~2", &format!("/{}", "a".repeat(500))] {
            assert!(rule(wrong).field().is_err(), "{wrong:.20}");
        }
    }
}

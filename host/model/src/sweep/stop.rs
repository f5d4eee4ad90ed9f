//! When a sweep has found what it looks for.

use serde_json::Value;

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
    /// True when `outcome` ends the sweep; one that has no number there does not.
    #[must_use]
    pub fn is_met(&self, outcome: &Value) -> bool {
        let Some(number) = outcome.pointer(&self.outcome).and_then(Value::as_f64) else { return false };
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
    fn a_rule_looks_at_one_number() {
        let rule = |bound| StopRule { outcome: "/peak/k".to_owned(), bound };
        let outcome = |peak: Value| json!({ "peak": { "k": peak } });
        assert!(rule(Bound::Above(300.0)).is_met(&outcome(json!(301))));
        assert!(rule(Bound::Below(300.0)).is_met(&outcome(json!(-1.5))));
        for other in [json!(300), json!(null), json!("301")] {
            assert!(!rule(Bound::Above(300.0)).is_met(&outcome(other)));
        }
        assert!(!rule(Bound::Above(0.0)).is_met(&json!({})));
    }
}

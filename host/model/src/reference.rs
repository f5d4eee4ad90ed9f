//! What a worked case expects, compared with what came of it.

use serde_json::Value;

/// One leaf of what is expected, and what was found in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// JSON Pointer (RFC 6901) of the place; empty for the whole.
    pub pointer: String,
    /// What is expected there.
    pub expected: Value,
    /// What is there, `None` when nothing is.
    pub found: Option<Value>,
    /// By how much two numbers differ, relative to the expected one; `None` for what is no number,
    /// and when 0 is expected and something else is found.
    pub relative_error: Option<f64>,
    /// True when the two agree.
    pub agrees: bool,
}

/// Compares `outcome` with `expect`, a comparison for each leaf of `expect`. Objects may have more
/// fields than are expected, lists have as many items; numbers agree within the relative
/// `tolerance`, everything else is equal.
#[must_use]
pub fn compare(expect: &Value, outcome: &Value, tolerance: f64) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    descend(expect, Some(outcome), tolerance, "", &mut comparisons);
    comparisons
}

fn descend(
    expected: &Value,
    found: Option<&Value>,
    tolerance: f64,
    pointer: &str,
    comparisons: &mut Vec<Comparison>,
) {
    match (expected, found) {
        (Value::Object(fields), Some(Value::Object(there))) => {
            for (name, value) in fields {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                descend(value, there.get(name), tolerance, &pointer, comparisons);
            }
        }
        (Value::Array(items), Some(Value::Array(there))) if items.len() == there.len() => {
            for (index, (value, found)) in items.iter().zip(there).enumerate() {
                descend(value, Some(found), tolerance, &format!("{pointer}/{index}"), comparisons);
            }
        }
        _ => comparisons.push(leaf(expected, found, tolerance, pointer)),
    }
}

fn leaf(expected: &Value, found: Option<&Value>, tolerance: f64, pointer: &str) -> Comparison {
    let relative_error = found.and_then(|found| relative_error(expected, found));
    Comparison {
        pointer: pointer.to_owned(),
        expected: expected.clone(),
        found: found.cloned(),
        relative_error,
        agrees: found == Some(expected) || relative_error.is_some_and(|error| error <= tolerance),
    }
}

fn relative_error(expected: &Value, found: &Value) -> Option<f64> {
    let (expected, found) = (expected.as_f64()?, found.as_f64()?);
    let difference = (found - expected).abs();
    let relative = if difference == 0.0 { 0.0 } else { difference / expected.abs() };
    relative.is_finite().then_some(relative)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn disagreeing(expect: &Value, outcome: &Value, tolerance: f64) -> Vec<String> {
        let compared = compare(expect, outcome, tolerance).into_iter();
        compared.filter(|one| !one.agrees).map(|one| one.pointer).collect()
    }

    #[test]
    fn numbers_agree_within_the_tolerance_and_tell_by_how_much_they_are_off() {
        let compared = compare(&json!({ "peak": 2.0 }), &json!({ "peak": 2.5, "mean": 1 }), 0.25);
        let one = Comparison {
            pointer: "/peak".to_owned(),
            expected: json!(2.0),
            found: Some(json!(2.5)),
            relative_error: Some(0.25),
            agrees: true,
        };
        assert_eq!(compared, [one]);
        assert_eq!(disagreeing(&json!({ "peak": 2.0 }), &json!({ "peak": 2.5 }), 0.2), ["/peak"]);
        assert_eq!(disagreeing(&json!({ "n": 1 }), &json!({ "n": 1.0 }), 0.0), [""; 0]);
        assert_eq!(disagreeing(&json!(-4.0), &json!(-4.1), 0.1), [""; 0]);
    }

    #[test]
    fn nought_is_met_by_nought_only() {
        assert_eq!(disagreeing(&json!([0, 0.0]), &json!([0.0, 1e-300]), 1.0), ["/1"]);
        assert_eq!(compare(&json!(0), &json!(1), 1.0)[0].relative_error, None);
    }

    #[test]
    fn every_leaf_that_is_missing_or_another_is_named() {
        let expect = json!({ "a": { "b/c": 1, "d~": "x" }, "list": [1, { "e": true }], "gone": null });
        assert_eq!(disagreeing(&expect, &expect, 0.0), [""; 0]);
        let outcome = json!({ "a": { "b/c": "1", "d~": "y" }, "list": [1, { "e": false, "f": 1 }] });
        assert_eq!(disagreeing(&expect, &outcome, 1.0), ["/a/b~1c", "/a/d~0", "/list/1/e", "/gone"]);
    }

    #[test]
    fn what_has_another_shape_is_compared_whole() {
        for (expect, outcome) in [
            (json!([1, 2]), json!([1, 2, 3])),
            (json!({ "a": 1 }), json!([1])),
            (json!({}), json!(1)),
            (json!([]), json!([1])),
        ] {
            assert_eq!(disagreeing(&expect, &outcome, 1.0), [""], "{expect}");
        }
        assert_eq!(compare(&json!({}), &json!({ "a": 1 }), 0.0), []);
    }
}

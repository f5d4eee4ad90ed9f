use serde_json::json;

use super::*;

fn outcome(name: &str, unit: Option<&str>, value: Value) -> Field {
    Field { group: Group::Outcome, name: name.to_owned(), unit: unit.map(str::to_owned), value }
}

/// The row of runs that have these values under one name, against the first.
fn row_of(values: &[Option<Value>], tolerance: f64) -> Row {
    let fields = values
        .iter()
        .map(|value| value.iter().map(|value| outcome("/a", Some("m"), value.clone())).collect());
    rows(&fields.collect::<Vec<_>>(), 0, tolerance).remove(0)
}

#[test]
fn differences_are_signed_and_relative_to_the_base() {
    let row = row_of(&[Some(json!(-2.0)), Some(json!(-1.5)), Some(json!(-3))], 0.25);
    assert_eq!(row.delta, [Some(0.0), Some(0.5), Some(-1.0)]);
    assert_eq!(row.relative, [Some(0.0), Some(0.25), Some(-0.5)]);
    assert_eq!(row.outside, [false, false, true]);
    assert_eq!((row.differs, row.unit.as_deref(), row.note), (true, Some("m"), None));
}

#[test]
fn without_tolerance_what_differs_is_outside_and_what_is_written_otherwise_is_not() {
    let row = row_of(&[Some(json!(1)), Some(json!(1.0)), Some(json!(1.000_000_1))], 0.0);
    assert_eq!((row.outside, row.differs), (vec![false, false, true], true));
    assert!(!row_of(&[Some(json!(1)), Some(json!(1.0))], 0.0).differs);
}

#[test]
fn near_zero_the_tolerance_is_absolute_and_nothing_is_relative() {
    let row = row_of(&[Some(json!(0.0)), Some(json!(1e-9)), Some(json!(1e-3)), Some(json!(0))], 1e-6);
    assert_eq!(row.relative, [Some(0.0), None, None, Some(0.0)]);
    assert_eq!(row.outside, [false, false, true, false]);
    let tiny = row_of(&[Some(json!(1.6e-19)), Some(json!(3.2e-19))], 1e-6);
    assert_eq!(
        (tiny.relative, tiny.outside),
        (vec![Some(0.0), Some(1.0)], vec![false, true]),
        "a charge is not zero"
    );
}

#[test]
fn whole_numbers_differ_by_the_last_digit_beyond_two_to_the_53rd() {
    let row = row_of(&[Some(json!(9_007_199_254_740_992_u64)), Some(json!(9_007_199_254_740_993_u64))], 0.0);
    assert_eq!((row.differs, row.delta), (true, vec![Some(0.0), Some(1.0)]));
    let ends = row_of(&[Some(json!(i64::MIN)), Some(json!(u64::MAX))], 0.0);
    assert!(ends.delta[1].is_some_and(|delta| delta > 2e19));
}

#[test]
fn what_is_missing_or_of_another_type_is_told_and_has_no_difference() {
    let row = row_of(&[Some(json!(1)), None, Some(json!("1")), Some(Value::Null)], 1.0);
    assert_eq!(row.delta, [Some(0.0), None, None, None]);
    assert_eq!(row.outside, [false, true, true, true]);
    assert_eq!(row.note.unwrap(), "not in every run; not of one type: null, number, text");
    let base = row_of(&[None, Some(json!(1)), None], 1.0);
    assert_eq!((base.outside, base.differs, base.delta), (vec![false, true, false], true, vec![None; 3]));
    let too_far = row_of(&[Some(json!(-1.7e308)), Some(json!(1.7e308))], 1.0);
    assert_eq!((too_far.delta[1], too_far.outside[1]), (None, true));
}

#[test]
fn unlike_units_are_told_and_unknown_ones_are_not_held_against() {
    let of = |unit| vec![outcome("/a", unit, json!(5.0))];
    let unlike = rows(&[of(Some("m")), of(Some("mm"))], 0, 1.0).remove(0);
    assert_eq!((unlike.differs, unlike.unit, unlike.delta[1], unlike.outside[1]), (true, None, None, true));
    assert_eq!(unlike.note.unwrap(), "not in one unit: m, mm");
    let unknown = rows(&[of(None), of(Some("m"))], 0, 1.0).remove(0);
    assert_eq!((unknown.differs, unknown.unit.as_deref(), unknown.note), (false, Some("m"), None));
}

#[test]
fn rows_are_grouped_and_go_by_the_order_of_the_base() {
    let field = |group, name: &str| Field { group, ..outcome(name, None, json!(1)) };
    let one = vec![field(Group::Outcome, "/z"), field(Group::Params, "/b"), field(Group::Outcome, "/a")];
    let base = vec![field(Group::Outcome, "/a"), field(Group::Seed, "seed"), field(Group::Outcome, "/z")];
    let rows = rows(&[one, base], 1, 0.0);
    let order: Vec<_> = rows.iter().map(|row| (row.group, row.field.as_str())).collect();
    let (seed, params) = ((Group::Seed, "seed"), (Group::Params, "/b"));
    assert_eq!(order, [seed, params, (Group::Outcome, "/a"), (Group::Outcome, "/z")]);
    assert_eq!(rows[0].delta, [None, None], "seeds are no quantities");
    assert!(!rows[2].differs);
}

#[test]
fn a_field_that_comes_twice_counts_once() {
    let twice = vec![outcome("/a", None, json!(1)), outcome("/a", None, json!(2))];
    assert_eq!(rows(&[twice, vec![outcome("/a", None, json!(2))]], 0, 0.0).len(), 1);
    assert_eq!(rows(&[], 0, 0.0), []);
}

//! Fields of several runs, a row for each.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;
use strum::IntoStaticStr;

use super::number::{difference, is_outside, relative, same};

/// What a field is about. The order is that of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Group {
    /// Which pipeline, version and component.
    Version,
    /// The images of its container calls.
    Image,
    /// What everything random comes of.
    Seed,
    /// Files that were given.
    Input,
    /// Parameters.
    Params,
    /// How it ended.
    State,
    /// What came out.
    Outcome,
}

impl Group {
    /// True for quantities, of which differences mean something.
    const fn is_measured(self) -> bool {
        matches!(self, Self::Params | Self::Outcome)
    }
}

/// A field of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What it is about.
    pub group: Group,
    /// Its name or JSON Pointer.
    pub name: String,
    /// UCUM unit, when the schema gives one.
    pub unit: Option<String>,
    /// What the run has there.
    pub value: Value,
}

/// A field of all runs, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is about.
    pub group: Group,
    /// Its name or JSON Pointer.
    pub field: String,
    /// UCUM unit, when all that have one have the same.
    pub unit: Option<String>,
    /// What each has there; none where it has no such field.
    pub values: Vec<Option<Value>>,
    /// By how much each number is above that of the base.
    pub delta: Vec<Option<f64>>,
    /// The same by the size of that of the base; none when that is near zero.
    pub relative: Vec<Option<f64>>,
    /// Whether each is farther from the base than is tolerated, or something else.
    pub outside: Vec<bool>,
    /// True when any is not as in the base.
    pub differs: bool,
    /// What makes the values unlike, in words.
    pub note: Option<String>,
}

/// The fields of `runs` as rows, against the run at `base`: grouped, then in the order of the base and of the others.
#[must_use]
pub fn rows(runs: &[Vec<Field>], base: usize, tolerance: f64) -> Vec<Row> {
    let mut places = HashMap::new();
    let mut cells: Vec<Vec<Option<&Field>>> = Vec::new();
    let first = runs.iter().enumerate().skip(base).take(1);
    let others = runs.iter().enumerate().filter(|(run, _)| *run != base);
    for (run, fields) in first.chain(others) {
        for field in fields {
            let place = *places.entry((field.group, field.name.as_str())).or_insert_with(|| {
                cells.push(vec![None; runs.len()]);
                cells.len() - 1
            });
            if let Some(cell) = cells.get_mut(place).and_then(|cells| cells.get_mut(run)) {
                *cell = Some(field);
            }
        }
    }
    let mut rows: Vec<Row> = cells.iter().filter_map(|cells| row(cells, base, tolerance)).collect();
    rows.sort_by_key(|row| row.group);
    rows
}

fn row(cells: &[Option<&Field>], base: usize, tolerance: f64) -> Option<Row> {
    let any = cells.iter().flatten().next()?;
    let base = cells.get(base).copied().flatten();
    let against = |cell: &Option<&Field>| Against::new(base, *cell, tolerance);
    let compared: Vec<Against> = cells.iter().map(against).collect();
    let units = units(cells);
    Some(Row {
        group: any.group,
        field: any.name.clone(),
        unit: if units.len() == 1 { units.first().map(|unit| (*unit).to_owned()) } else { None },
        values: cells.iter().map(|cell| cell.map(|field| field.value.clone())).collect(),
        delta: compared.iter().map(|one| one.delta).collect(),
        relative: compared.iter().map(|one| one.relative).collect(),
        outside: compared.iter().map(|one| one.outside).collect(),
        differs: compared.iter().any(|one| one.differs),
        note: note(cells, &units),
    })
}

/// A field against that of the base.
#[derive(Default)]
struct Against {
    delta: Option<f64>,
    relative: Option<f64>,
    outside: bool,
    differs: bool,
}

impl Against {
    fn new(base: Option<&Field>, field: Option<&Field>, tolerance: f64) -> Self {
        let (Some(base), Some(field)) = (base, field) else {
            let differs = base.is_some() != field.is_some();
            return Self { differs, outside: differs, ..Self::default() };
        };
        let differs = !same(&base.value, &field.value) || !are_alike(base, field);
        let measured = base.group.is_measured() && are_alike(base, field);
        let delta = difference(&base.value, &field.value).filter(|_| measured);
        let (Some(delta), Some(size)) = (delta, base.value.as_f64()) else {
            return Self { differs, outside: differs, ..Self::default() };
        };
        let outside = is_outside(size, delta, tolerance);
        Self { delta: Some(delta), relative: relative(size, delta), outside, differs }
    }
}

/// True unless the units of both are known to be others.
fn are_alike(one: &Field, other: &Field) -> bool {
    one.unit.is_none() || other.unit.is_none() || one.unit == other.unit
}

fn units<'a>(cells: &[Option<&'a Field>]) -> BTreeSet<&'a str> {
    cells.iter().flatten().filter_map(|field| field.unit.as_deref()).collect()
}

fn note(cells: &[Option<&Field>], units: &BTreeSet<&str>) -> Option<String> {
    let kinds: BTreeSet<&str> = cells.iter().flatten().map(|field| kind(&field.value)).collect();
    let listed = |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(", ");
    let missing = cells.iter().any(Option::is_none).then(|| "not in every run".to_owned());
    let unlike = (kinds.len() > 1).then(|| format!("not of one type: {}", listed(&kinds)));
    let units = (units.len() > 1).then(|| format!("not in one unit: {}", listed(units)));
    let notes: Vec<String> = [missing, unlike, units].into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        // What is long is told by one that says of what.
        Value::Object(told) => match told.get("of").and_then(Value::as_str) {
            Some("text") => "text",
            Some(_) => "list",
            None => "object",
        },
    }
}

#[cfg(test)]
mod tests;

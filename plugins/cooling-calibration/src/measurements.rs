//! What was measured: from the parameters or the uploaded file, checked.

use simulay_sdk::{Failure, Request};

use crate::params::{Params, Table};

/// The file read when no measurements are given.
const FILE: &str = "measurements.csv";
const HEADER: &str = "t_s,T_K";
const POINTER: &str = "/measurements";

/// Measurements to fit, after a start that is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measurements {
    pub(crate) start_s: f64,
    pub(crate) initial_temperature: f64,
    pub(crate) table: Table,
}

impl Measurements {
    pub(crate) fn of(request: &Request<Params>) -> Result<Self, Failure> {
        let params = &request.params;
        let table = table(request)?;
        check(&table)?;
        let measurements = started(params, table)?;
        let unknowns = 1 + usize::from(params.fit_ambient);
        if measurements.table.t_s.len() <= unknowns {
            return Err(wrong(format!("more than {unknowns} are needed after the start")));
        }
        Ok(measurements)
    }

    /// Highest minus lowest temperature, the start included.
    pub(crate) fn range(&self) -> f64 {
        let all = || self.table.temperatures.iter().copied().chain([self.initial_temperature]);
        all().fold(f64::MIN, f64::max) - all().fold(f64::MAX, f64::min)
    }
}

fn table(request: &Request<Params>) -> Result<Table, Failure> {
    match (&request.params.measurements, request.input(FILE)) {
        (Some(table), None) => Ok(table.clone()),
        (None, Some(file)) => parse(&file.text()?),
        (Some(_), Some(_)) => Err(wrong(format!("both `measurements` and an uploaded `{FILE}` are given"))),
        (None, None) => Err(wrong(format!("neither `measurements` nor an uploaded `{FILE}` is given"))),
    }
}

fn parse(text: &str) -> Result<Table, Failure> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    if lines.next().map(without_spaces).as_deref() != Some(HEADER) {
        return Err(wrong(format!("`{FILE}` must start with the line `{HEADER}`")));
    }
    let mut table = Table::default();
    for (line, number) in lines.zip(2..).filter(|(line, _)| !line.trim().is_empty()) {
        let (time, temperature) = pair(line).ok_or_else(|| {
            wrong(format!("line {number} of `{FILE}` is not two numbers: `{}`", shown(line)))
        })?;
        table.t_s.push(time);
        table.temperatures.push(temperature);
    }
    Ok(table)
}

fn without_spaces(line: &str) -> String {
    line.split_whitespace().collect()
}

fn pair(line: &str) -> Option<(f64, f64)> {
    let (time, temperature) = line.split_once(',')?;
    Some((time.trim().parse().ok()?, temperature.trim().parse().ok()?))
}

fn shown(line: &str) -> String {
    line.chars().filter(|character| !character.is_control()).take(40).collect()
}

fn check(table: &Table) -> Result<(), Failure> {
    let (times, temperatures) = (&table.t_s, &table.temperatures);
    if times.len() != temperatures.len() {
        return Err(wrong(format!("{} times, but {} temperatures", times.len(), temperatures.len())));
    }
    if !times.iter().chain(temperatures).all(|value| value.is_finite() && *value >= 0.0) {
        return Err(wrong("times and temperatures must be finite and not negative".to_owned()));
    }
    if !times.is_sorted_by(|before, after| before < after) {
        return Err(wrong("times must rise".to_owned()));
    }
    Ok(())
}

fn started(params: &Params, mut table: Table) -> Result<Measurements, Failure> {
    if let Some(initial_temperature) = params.initial_temperature {
        return Ok(Measurements { start_s: 0.0, initial_temperature, table });
    }
    if table.t_s.is_empty() {
        return Err(wrong("there are none".to_owned()));
    }
    let (start_s, initial_temperature) = (table.t_s.remove(0), table.temperatures.remove(0));
    Ok(Measurements { start_s, initial_temperature, table })
}

fn wrong(message: String) -> Failure {
    Failure::invalid(POINTER, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_marks_and_blank_lines_is_read() {
        let table = parse("\u{feff}t_s, T_K\r\n0, 363.5\r\n\r\n1e2,350\r\n").unwrap();
        assert_eq!(table, Table { t_s: vec![0.0, 100.0], temperatures: vec![363.5, 350.0] });
    }

    #[test]
    fn a_bad_line_is_named() {
        let message = |text| match parse(text) {
            Err(Failure::Invalid { pointer, message }) if pointer == POINTER => message,
            other => panic!("{other:?}"),
        };
        assert!(message("0,363\n").contains("must start with the line `t_s,T_K`"));
        assert!(message("t_s,T_K\n0,363\n1;350\n").contains("line 3"));
        assert!(message("t_s,T_K\n\n0,warm\n").contains("line 3"));
    }

    #[test]
    fn times_and_temperatures_must_fit_together() {
        let table =
            |t_s: &[f64], temperatures: &[f64]| Table { t_s: t_s.into(), temperatures: temperatures.into() };
        assert!(check(&table(&[0.0, 1.0], &[3.0, 2.0])).is_ok());
        for bad in [
            table(&[0.0], &[1.0, 2.0]),
            table(&[0.0, 0.0], &[1.0, 2.0]),
            table(&[1.0, 0.0], &[1.0, 2.0]),
            table(&[0.0, f64::NAN], &[1.0, 2.0]),
            table(&[0.0, 1.0], &[1.0, f64::INFINITY]),
            table(&[-1.0, 1.0], &[1.0, 2.0]),
        ] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }
}

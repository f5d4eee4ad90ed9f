//! Points that a person wrote down: CSV (RFC 4180), a line a point, a column a parameter.

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::Value;

use super::ParamPointer;
use super::design::MAX_PARAMETERS;
use crate::schema::{FieldError, Kind, kind_at};

/// The values of points; none where a parameter is left as it is.
pub(super) type Rows = Vec<Vec<Option<Value>>>;

/// What `text` says of the parameters that `schema` describes; at most `most` points.
pub(super) fn read(text: &str, schema: &Value, most: u32) -> Result<(Vec<ParamPointer>, Rows), FieldError> {
    // What programs for tables put before it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| wrong(&error.to_string()))?.clone();
    if header.len() > MAX_PARAMETERS {
        return Err(wrong(&format!("has more than {MAX_PARAMETERS} columns")));
    }
    let columns = header.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let kinds: Vec<Kind> = columns.iter().map(|pointer| kind_at(schema, pointer.tokens())).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(&error.to_string()))?;
        if rows.len() >= most as usize {
            return Err(wrong(&format!("has more than {most} points")));
        }
        rows.push(row(&record, &kinds));
    }
    if rows.is_empty() {
        Err(wrong("has no points: a header and at least one line are needed"))
    } else {
        Ok((columns, rows))
    }
}

/// A parameter by its pointer or, at the top, by its name.
fn column(name: &str) -> Result<ParamPointer, FieldError> {
    let pointer = if name.starts_with('/') { name.parse() } else { ParamPointer::of_name(name) };
    pointer.map_err(|error| wrong(&format!("the column `{name:.80}`: {error}")))
}

fn row(record: &StringRecord, kinds: &[Kind]) -> Vec<Option<Value>> {
    record.iter().zip(kinds).map(|(cell, kind)| value(cell, *kind)).collect()
}

/// A cell is JSON when it can be read as such, and else a text; whether its value fits, the schema says.
fn value(cell: &str, kind: Kind) -> Option<Value> {
    let text = || Value::String(cell.to_owned());
    match cell {
        "" => None,
        _ if kind == Kind::Text => Some(text()),
        _ => Some(serde_json::from_str(cell).unwrap_or_else(|_| text())),
    }
}

fn wrong(message: &str) -> FieldError {
    FieldError { pointer: "/method/csv/text".to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({ "properties": { "name": { "type": "string" } } })
    }

    #[test]
    fn cells_are_what_they_look_like_unless_the_schema_says_text() {
        let text = "\u{feff}name, width,/plate/on\r\n12,1e-3,true\n\"a,\"\"b\"\"\",,x\n";
        let (columns, rows) = read(text, &schema(), 10).unwrap();
        let columns: Vec<_> = columns.iter().map(ParamPointer::as_str).collect();
        assert_eq!(columns, ["/name", "/width", "/plate/on"]);
        assert_eq!(rows[0], [Some(json!("12")), Some(json!(1e-3)), Some(json!(true))]);
        assert_eq!(rows[1], [Some(json!("a,\"b\"")), None, Some(json!("x"))]);
    }

    #[test]
    fn a_table_that_is_none_is_refused_in_words() {
        for (text, word) in [
            ("", "no points"),
            ("a\n", "no points"),
            ("a,b\n1\n", "fields"),
            ("a\n1\n2\n3\n", "more than 2"),
            ("a,\n1,2\n", "column"),
            (&"a,".repeat(MAX_PARAMETERS + 1), "more than 64 columns"),
        ] {
            let refused = read(text, &schema(), 2).unwrap_err();
            assert!(refused.message.contains(word), "{text:?}: {refused}");
        }
    }
}

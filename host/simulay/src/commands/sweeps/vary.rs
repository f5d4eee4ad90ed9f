//! What varies, and when to stop, as they are written on the command line.

use serde_json::{Value, json};

/// A parameter and what it takes, as a request says it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameter(pub(super) String, pub(super) Value);

/// Reads `POINTER=FROM..TO[:STEPS][:log]`, `POINTER=VALUE,…` or `POINTER=[…]`.
pub(super) fn parameter(text: &str) -> Result<Parameter, String> {
    let (name, values) = text.split_once('=').ok_or("write POINTER=VALUES")?;
    let pointer = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
    if values.starts_with('[') {
        let list: Vec<Value> = serde_json::from_str(values).map_err(|error| error.to_string())?;
        return Ok(Parameter(pointer, json!({ "list": list })));
    }
    match values.split_once("..") {
        Some((from, rest)) => Ok(Parameter(pointer, json!({ "range": range(from, rest)? }))),
        None => {
            let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
            let list: Vec<Value> = values.split(',').map(str::trim).map(value).collect();
            Ok(Parameter(pointer, json!({ "list": list })))
        }
    }
}

fn range(from: &str, rest: &str) -> Result<Value, String> {
    let mut parts = rest.split(':');
    let mut range = json!({ "from": number(from)?, "to": number(parts.next().unwrap_or_default())? });
    for part in parts {
        match part {
            "log" => insert(&mut range, "scale", json!("log")),
            steps => {
                let steps: u32 = steps.parse().map_err(|_| format!("`{steps}` is no number of steps"))?;
                insert(&mut range, "steps", json!(steps));
            }
        }
    }
    Ok(range)
}

/// Reads `POINTER>NUMBER` or `POINTER<NUMBER`.
pub(super) fn stop(text: &str) -> Result<Value, String> {
    let (outcome, side, bound) = match (text.split_once('>'), text.split_once('<')) {
        (Some((outcome, bound)), None) => (outcome, "above", bound),
        (None, Some((outcome, bound))) => (outcome, "below", bound),
        _ => return Err("write POINTER>NUMBER or POINTER<NUMBER".to_owned()),
    };
    let outcome = outcome.trim();
    let outcome = if outcome.starts_with('/') { outcome.to_owned() } else { format!("/{outcome}") };
    Ok(json!({ "outcome": outcome, side: number(bound)? }))
}

fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is no number"))
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Value) {
        let Parameter(pointer, values) = parameter(text).unwrap();
        (pointer, values)
    }

    #[test]
    fn ranges_and_lists_are_read_as_people_write_them() {
        for (text, pointer, values) in [
            ("width=0.1..0.4:4", "/width", json!({ "range": { "from": 0.1, "to": 0.4, "steps": 4 } })),
            (
                "/a/b=1e-3..1e3:7:log",
                "/a/b",
                json!({ "range": { "from": 1e-3, "to": 1e3, "scale": "log", "steps": 7 } }),
            ),
            ("t=-1..1", "/t", json!({ "range": { "from": -1.0, "to": 1.0 } })),
            ("m=steel, copper,7", "/m", json!({ "list": ["steel", "copper", 7] })),
            ("m=[\"a,b\",null]", "/m", json!({ "list": ["a,b", null] })),
        ] {
            let (at, found) = read(text);
            assert_eq!((at.as_str(), &found), (pointer, &values), "{text}");
        }
        for wrong in ["width", "w=1..x", "w=1..2:x", "w=[1"] {
            assert!(parameter(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_has_a_side_and_a_bound() {
        assert_eq!(stop("/peak>350").unwrap(), json!({ "outcome": "/peak", "above": 350.0 }));
        assert_eq!(stop("error < 1e-6").unwrap(), json!({ "outcome": "/error", "below": 1e-6 }));
        for wrong in ["peak", "peak>x", "1<peak>2"] {
            assert!(stop(wrong).is_err(), "{wrong}");
        }
    }
}

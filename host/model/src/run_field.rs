//! Single values of runs, by their place: what lists show beside the runs.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The most bytes of a field as it is written.
const MOST_OF_FIELD: usize = 500;
/// The most characters that are told of a text.
const MOST_OF_TEXT: usize = 200;

/// Which document of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunPart {
    /// Its parameters, with defaults filled in.
    Params,
    /// Its outcome, when it succeeded.
    Outcome,
}

/// One place in a document of a run: `params:/width` or `outcome:/peak/0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunField {
    text: String,
    part: RunPart,
    /// The tokens of the JSON Pointer (RFC 6901).
    tokens: Vec<String>,
}

/// A text that names no field.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a field is `params:` or `outcome:` and a JSON Pointer, at most {MOST_OF_FIELD} bytes together, \
     e.g. `outcome:/peak`"
)]
pub struct RunFieldError;

impl RunField {
    /// The field as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which document it is in.
    #[must_use]
    pub const fn part(&self) -> RunPart {
        self.part
    }
}

impl FromStr for RunField {
    type Err = RunFieldError;

    fn from_str(text: &str) -> Result<Self, RunFieldError> {
        let (part, pointer) = text.split_once(':').ok_or(RunFieldError)?;
        let part = match part {
            "params" => RunPart::Params,
            "outcome" => RunPart::Outcome,
            _ => return Err(RunFieldError),
        };
        if text.len() > MOST_OF_FIELD {
            return Err(RunFieldError);
        }
        Ok(Self { text: text.to_owned(), part, tokens: tokens(pointer).ok_or(RunFieldError)? })
    }
}

impl fmt::Display for RunField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The tokens of a JSON Pointer; the empty one means the whole document.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    pointer.strip_prefix('/')?.split('/').map(token).collect()
}

fn token(text: &str) -> Option<String> {
    let escapes_well = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    escapes_well.then(|| text.replace("~1", "/").replace("~0", "~"))
}

/// What `document` has in the places of `fields`, each below `root`: one value for each, which is null where there is
/// none, or no scalar. Long texts are cut. The document is read once, and no tree is made of it.
#[must_use]
pub fn scalars<'a>(document: &str, root: &[&str], fields: impl Iterator<Item = &'a RunField>) -> Vec<Value> {
    let root: Vec<String> = root.iter().map(|&token| token.to_owned()).collect();
    let paths: Vec<Vec<String>> = fields.map(|field| [&root[..], &field.tokens].concat()).collect();
    let mut found = vec![Value::Null; paths.len()];
    let wanted = paths.iter().map(Vec::as_slice).enumerate().collect();
    let mut deserializer = serde_json::Deserializer::from_str(document);
    // Of a damaged document is told what came before the damage.
    let _ = Search { wanted, found: &mut found }.deserialize(&mut deserializer);
    found
}

/// What is looked for below one place: the rest of its path, by its number.
struct Search<'a> {
    wanted: Vec<(usize, &'a [String])>,
    found: &'a mut [Value],
}

impl Search<'_> {
    /// What of it lies below `token`.
    fn below(&mut self, token: &str) -> Search<'_> {
        let below = self.wanted.iter().filter_map(|&(number, path)| {
            let (first, rest) = path.split_first()?;
            (first == token).then_some((number, rest))
        });
        Search { wanted: below.collect(), found: &mut *self.found }
    }

    fn tell(self, value: &Value) {
        for (number, _) in self.wanted.iter().filter(|(_, path)| path.is_empty()) {
            if let Some(place) = self.found.get_mut(*number) {
                place.clone_from(value);
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.wanted.is_empty() {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.tell(&value.into());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.tell(&value.into());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.tell(&value.into());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.tell(&value.into());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.tell(&text.chars().take(MOST_OF_TEXT).collect::<String>().into());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while items.next_element_seed(self.below(&index.to_string()))?.is_some() {
            index = index.saturating_add(1);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(key) = fields.next_key::<std::borrow::Cow<'_, str>>()? {
            fields.next_value_seed(self.below(&key))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(document: &str, root: &[&str], fields: &[&str]) -> Vec<Value> {
        let fields: Vec<RunField> = fields.iter().map(|field| field.parse().unwrap()).collect();
        scalars(document, root, fields.iter())
    }

    #[test]
    fn fields_are_a_part_and_a_pointer() {
        let field: RunField = "outcome:/a~1b/0".parse().unwrap();
        assert_eq!((field.part(), field.tokens), (RunPart::Outcome, vec!["a/b".to_owned(), "0".to_owned()]));
        assert_eq!("params:".parse::<RunField>().unwrap().tokens, Vec::<String>::new());
        let long = format!("params:/{}", "a".repeat(500));
        for text in ["", "params", "report:/a", "params:a", "outcome:/a~2", "params:/~", long.as_str()] {
            assert_eq!(text.parse::<RunField>(), Err(RunFieldError), "{text:.30}");
        }
    }

    #[test]
    fn scalars_are_found_at_any_depth_and_nothing_else() {
        let document = json!({ "outcome": {
            "peak": 373.5, "n": u64::MAX, "ok": true, "no": null, "a/b": { "~": "x" }, "list": [1, { "y": -2 }],
            "long": "ü".repeat(300),
        }, "plots": [{ "peak": 1 }] });
        let fields =
            ["/peak", "/n", "/ok", "/no", "/a~1b/~0", "/list/1/y", "/list/01/y", "/list", "/absent", ""];
        let fields = fields.map(|pointer| format!("outcome:{pointer}"));
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        let null = Value::Null;
        let expected = [
            json!(373.5),
            json!(u64::MAX),
            json!(true),
            null.clone(),
            json!("x"),
            json!(-2),
            null.clone(),
            null.clone(),
            null.clone(),
            null,
        ];
        assert_eq!(found(&document.to_string(), &["outcome"], &fields), expected);
        assert_eq!(found("7", &[], &["params:"]), [json!(7)]);
        let cut = found(&document.to_string(), &["outcome"], &["outcome:/long"]).remove(0);
        assert_eq!(cut, json!("ü".repeat(200)));
    }

    #[test]
    fn what_is_damaged_has_what_came_before() {
        assert_eq!(found(r#"{"a":1,"b":"#, &[], &["params:/a", "params:/b"]), [json!(1), Value::Null]);
        assert_eq!(found("", &[], &["params:/a"]), [Value::Null]);
    }
}

//! `result.json`, read piece by piece: what is small is shown, what is large is named.

use std::cell::RefCell;
use std::fmt;
use std::io::BufReader;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use simulay_sdk::{Failure, StoredFile};

/// The most of a result that is shown, as JSON.
const MAX_SHOWN: usize = 256 << 10;
/// The most that one part of it may take.
const MAX_PART: usize = 64 << 10;
/// A larger file is not read at all: one text as long as the file must find room in memory three times.
const MAX_READ: u64 = 32 << 20;
/// How deep parts may lie in one another, less than what serde_json reads.
const MAX_DEPTH: usize = 100;
/// The most parts that are named; the whole is left out when there are more.
const MAX_NAMED: usize = 256;

/// What the program wrote.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Written {
    pub(crate) value: Value,
    /// JSON Pointers of what is too large to show.
    pub(crate) left_out: Vec<String>,
}

/// Reads the file.
///
/// # Errors
/// When it is no JSON.
pub(crate) fn read(file: &StoredFile) -> Result<Written, Failure> {
    if file.size > MAX_READ {
        return Ok(Written { value: Value::Null, left_out: vec![String::new()] });
    }
    let damaged = |error| Failure::simulation(format!("`{}` is not JSON: {error}", file.path));
    let left_out = RefCell::new(Vec::new());
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 20, file.reader()));
    let part = Part { pointer: String::new(), depth: 0, most: MAX_SHOWN, left_out: &left_out };
    let Shown { value, .. } = part.deserialize(&mut json).map_err(damaged)?;
    json.end().map_err(damaged)?;
    let left_out = left_out.into_inner();
    if left_out.len() > MAX_NAMED {
        return Ok(Written { value: Value::Null, left_out: vec![String::new()] });
    }
    Ok(Written { value, left_out })
}

/// A value and about how long it is as JSON.
struct Shown {
    value: Value,
    length: usize,
}

/// A part of the result that is shown when it is no longer than `most`.
struct Part<'a> {
    pointer: String,
    depth: usize,
    most: usize,
    left_out: &'a RefCell<Vec<String>>,
}

impl Part<'_> {
    fn inner(&self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{}/{name}", self.pointer);
        Part { pointer, depth: self.depth + 1, most: MAX_PART, left_out: self.left_out }
    }

    /// What is inside is not named any more when the whole is left out.
    fn leave_out(&self, named: usize) -> Shown {
        let mut left_out = self.left_out.borrow_mut();
        left_out.truncate(named);
        left_out.push(self.pointer.clone());
        Shown { value: Value::Null, length: 4 }
    }

    fn named(&self) -> usize {
        self.left_out.borrow().len()
    }

    fn rest_left_out<'de, A: MapAccess<'de>>(&self, mut members: A, named: usize) -> Result<Shown, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.leave_out(named))
    }

    fn too_deep(&self) -> bool {
        self.depth >= MAX_DEPTH
    }
}

/// The name of a member; nothing when it is too long to show.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<String>, E> {
        Ok((name.len() <= MAX_PART).then(|| name.to_owned()))
    }
}

fn short(value: Value) -> Shown {
    Shown { value, length: 8 }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Shown;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shown, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Shown;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Shown, E> {
        Ok(short(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shown, E> {
        Ok(short(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shown, E> {
        Ok(short(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shown, E> {
        Ok(short(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Shown, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number is out of range"))?;
        Ok(Shown { value: Value::Number(number), length: 20 })
    }

    fn visit_str<E>(self, text: &str) -> Result<Shown, E> {
        let length = text.len() + 2;
        if length > self.most {
            return Ok(self.leave_out(self.named()));
        }
        Ok(Shown { value: Value::String(text.to_owned()), length })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shown, A::Error> {
        let (named, mut length, mut values) = (self.named(), 2, Vec::new());
        if self.too_deep() {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(self.leave_out(named));
        }
        while let Some(item) = items.next_element_seed(self.inner(&values.len().to_string()))? {
            length += item.length + 1;
            values.push(item.value);
            if length > self.most {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(self.leave_out(named));
            }
        }
        Ok(Shown { value: Value::Array(values), length })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Shown, A::Error> {
        let (named, mut length, mut values) = (self.named(), 2, Map::new());
        if self.too_deep() {
            return self.rest_left_out(members, named);
        }
        while let Some(name) = members.next_key_seed(Name)? {
            let Some(name) = name else {
                members.next_value::<IgnoredAny>()?;
                return self.rest_left_out(members, named);
            };
            let inner = self.inner(&name);
            let before = inner.named();
            let mut member = members.next_value_seed(self.inner(&name))?;
            // The result itself goes on without what does not find room in it.
            if self.pointer.is_empty() && length + name.len() + member.length > self.most {
                member = inner.leave_out(before);
            }
            length += name.len() + 4 + member.length;
            values.insert(name, member.value);
            if length > self.most {
                return self.rest_left_out(members, named);
            }
        }
        Ok(Shown { value: Value::Object(values), length })
    }
}

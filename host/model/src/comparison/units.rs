//! Units of the fields of a document, as its schema gives them.

use serde_json::Value;

/// The keyword that gives a UCUM unit.
const UNIT: &str = "x-unit";
/// Places of a schema that may say something of one place of a document.
const MOST_PLACES: usize = 64;

/// The unit that `schema` gives to what lies at `pointer`, or to the list it lies in.
#[must_use]
pub fn unit_at<'a>(schema: &'a Value, pointer: &str) -> Option<&'a str> {
    let mut places = vec![schema];
    let mut of_list = None;
    for segment in pointer.split('/').skip(1) {
        let name = segment.replace("~1", "/").replace("~0", "~");
        let all = spread(schema, &places);
        of_list = unit(&all).filter(|_| is_index(segment)).or(of_list.filter(|_| is_index(segment)));
        places = all.iter().flat_map(|place| below(place, &name)).collect();
    }
    unit(&spread(schema, &places)).or(of_list)
}

fn unit<'a>(places: &[&'a Value]) -> Option<&'a str> {
    places.iter().find_map(|place| place.get(UNIT)?.as_str()).filter(|unit| !unit.is_empty())
}

fn is_index(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// The places with what they refer to, and their alternatives; each once.
fn spread<'a>(schema: &'a Value, places: &[&'a Value]) -> Vec<&'a Value> {
    let mut waiting: Vec<&Value> = places.iter().rev().copied().collect();
    let mut all: Vec<&Value> = Vec::new();
    while let Some(place) = waiting.pop().filter(|_| all.len() < MOST_PLACES) {
        if !all.iter().any(|seen| std::ptr::eq(*seen, place)) {
            all.push(place);
            waiting.extend(referred(schema, place).chain(alternatives(place)));
        }
    }
    all
}

fn referred<'a>(schema: &'a Value, place: &'a Value) -> impl Iterator<Item = &'a Value> + use<'a> {
    let target = place.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|target| schema.pointer(target)).into_iter()
}

fn alternatives(place: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|keyword| place.get(keyword)?.as_array());
    lists.flatten()
}

/// What a schema says of the member `name`.
fn below<'a>(place: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let index: Option<usize> = name.parse().ok();
    let item = index.and_then(|index| place.get("prefixItems")?.get(index).or_else(|| place.get("items")));
    let items = item.or_else(|| place.get("items").filter(|_| index.is_some()));
    let member = place.get("properties").and_then(|members| members.get(name));
    let other = place.get("additionalProperties").filter(|_| member.is_none());
    [member, items, other].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn units_are_found_through_members_lists_references_and_alternatives() {
        let schema = json!({
            "properties": {
                "width": { "x-unit": "m" },
                "force": { "$ref": "#/$defs/spread" },
                "modes": { "items": { "properties": { "f": { "x-unit": "Hz" } } } },
                "pair": { "prefixItems": [{ "x-unit": "s" }, { "x-unit": "K" }] },
                "list": { "x-unit": "kg", "items": { "type": "number" } },
                "either": { "anyOf": [{ "type": "null" }, { "x-unit": "Pa" }] },
                "plain": { "x-unit": "" },
            },
            "additionalProperties": { "x-unit": "mol" },
            "$defs": { "spread": { "properties": { "mean": { "x-unit": "N" }, "a/b": { "x-unit": "J" } } } },
        });
        for (pointer, unit) in [
            ("/width", Some("m")),
            ("/force/mean", Some("N")),
            ("/force/a~1b", Some("J")),
            ("/force/other", None),
            ("/modes/3/f", Some("Hz")),
            ("/pair/1", Some("K")),
            ("/list/2", Some("kg")),
            ("/list", Some("kg")),
            ("/either", Some("Pa")),
            ("/plain", None),
            ("/another", Some("mol")),
            ("", None),
        ] {
            assert_eq!(unit_at(&schema, pointer), unit, "{pointer}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_has_an_end() {
        let schema = json!({ "$ref": "#", "allOf": [{ "$ref": "#/allOf/0" }], "properties": { "a": { "$ref": "#" } } });
        assert_eq!(unit_at(&schema, "/a/a/a/a"), None);
    }
}

//! What a plugin asks for, what one version asks for beyond another, and what it may have.

use serde_json::Value;

use crate::{Manifest, Resources};

/// Something one version asks for beyond another.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionIncrease {
    /// E.g. `max_resources.memory_mib` or `images.octave`.
    pub what: String,
    /// What the other version asks for; null for nothing.
    pub before: Value,
    /// What this one asks for: a number, or why it needs the image.
    pub now: Value,
}

/// What `now` asks for beyond `before`; everything when there is nothing before.
#[must_use]
pub fn increases(before: Option<&Manifest>, now: &Manifest) -> Vec<PermissionIncrease> {
    let known = |name: &str| before.is_some_and(|other| other.images.iter().any(|image| image.name == name));
    let images = now.images.iter().filter(|image| !known(&image.name)).map(|image| PermissionIncrease {
        what: format!("images.{}", image.name),
        before: Value::Null,
        now: image.purpose.clone().into(),
    });
    let numbers = numbers(now).into_iter().enumerate().filter_map(|(place, (what, asked))| {
        let other = before.and_then(|other| numbers_of(other, place));
        let before = other.map_or(Value::Null, Value::from);
        other.is_none_or(|other| asked > other).then(|| PermissionIncrease {
            what,
            before,
            now: asked.into(),
        })
    });
    images.chain(numbers).collect()
}

fn numbers(manifest: &Manifest) -> Vec<(String, u64)> {
    let bounds = manifest.max_resources.bounds().into_iter();
    let mut numbers: Vec<_> = bounds.map(|(name, value)| (format!("max_resources.{name}"), value)).collect();
    numbers.push(("max_parallel".to_owned(), manifest.max_parallel.into()));
    numbers
}

fn numbers_of(manifest: &Manifest, place: usize) -> Option<u64> {
    numbers(manifest).get(place).map(|(_, value)| *value)
}

/// A bound that the operator sets lower than a plugin asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// E.g. `memory_mib`.
    pub what: &'static str,
    /// What the plugin asks for.
    pub asked: u64,
    /// What it gets.
    pub granted: u64,
}

/// The bounds of `asked` that `most` lowers.
#[must_use]
pub fn lowered(asked: &Resources, most: &Resources) -> Vec<Lowered> {
    let pairs = asked.bounds().into_iter().zip(most.bounds());
    let lower = |((what, asked), (_, granted)): ((&'static str, u64), (&str, u64))| {
        (asked > granted).then_some(Lowered { what, asked, granted })
    };
    pairs.filter_map(lower).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Image;

    fn manifest(memory_mib: u32, max_parallel: u32, images: &[&str]) -> Manifest {
        let image = |name: &&str| Image { name: (*name).to_owned(), purpose: "solves".to_owned() };
        Manifest {
            name: "heat".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            title: "Heat".to_owned(),
            description: "In a plate.".to_owned(),
            params_schema: json!({}),
            result_schema: json!({}),
            images: images.iter().map(image).collect(),
            max_resources: resources(memory_mib),
            max_parallel,
            examples: Vec::new(),
        }
    }

    fn resources(memory_mib: u32) -> Resources {
        Resources { cpu_milli: 1000, memory_mib, scratch_mib: 16, timeout_ms: 10 }
    }

    #[test]
    fn the_same_and_less_is_not_more() {
        let before = manifest(128, 4, &["octave", "python"]);
        assert_eq!(increases(Some(&before), &before), []);
        assert_eq!(increases(Some(&before), &manifest(64, 1, &["octave"])), []);
    }

    #[test]
    fn each_dimension_that_grows_is_told_with_both_values() {
        let before = manifest(128, 4, &["octave"]);
        let told = increases(Some(&before), &manifest(256, 5, &["octave", "python"]));
        let entry =
            |what: &str, before: Value, now: Value| PermissionIncrease { what: what.to_owned(), before, now };
        assert_eq!(
            told,
            [
                entry("images.python", Value::Null, json!("solves")),
                entry("max_resources.memory_mib", json!(128), json!(256)),
                entry("max_parallel", json!(4), json!(5)),
            ]
        );
    }

    #[test]
    fn beside_nothing_everything_is_more() {
        assert_eq!(increases(None, &manifest(128, 4, &["octave"])).len(), 6);
    }

    #[test]
    fn the_operator_lowers_only_what_is_over_his_bound() {
        let told = lowered(&resources(256), &resources(128));
        assert_eq!(told, [Lowered { what: "memory_mib", asked: 256, granted: 128 }]);
        assert_eq!(lowered(&resources(64), &resources(128)), []);
    }
}

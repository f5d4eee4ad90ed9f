//! What the compiler does not check: layers, closures, cycles, lints, lengths, names, queries.

mod closures;
mod cycles;
mod layers;
mod lengths;
mod manifests;
mod names;
mod paths;
mod queries;
mod source;

use std::fmt;
use std::path::Path;

use anyhow::bail;

use crate::place::Place;
use crate::step::say;
use layers::Member;
use source::Source;

/// A place where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    place: String,
    rule: String,
}

impl Violation {
    fn new(place: impl fmt::Display, rule: impl fmt::Display) -> Self {
        Self { place: place.to_string(), rule: rule.to_string() }
    }

    fn at(path: &Path, rule: impl fmt::Display) -> Self {
        Self::new(path.display(), rule)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)
    }
}

/// Checks the checkout and fails with the list of violations.
pub(crate) fn execute(place: &Place) -> anyhow::Result<()> {
    let violations = check(place)?;
    if violations.is_empty() {
        say("the code is tidy");
        return Ok(());
    }
    let lines: Vec<String> = violations.iter().map(|violation| format!("\n  {violation}")).collect();
    bail!("the code is not tidy:{}", lines.concat())
}

/// Every violation in the checkout.
fn check(place: &Place) -> anyhow::Result<Vec<Violation>> {
    let members = layers::members(place)?;
    let sources = source::read(place)?;
    let mut found = layers::check(&members);
    found.extend(closures::check(place)?);
    found.extend(manifests::check(&members));
    found.extend(lengths::check(&sources));
    found.extend(names::check(&sources));
    found.extend(queries::check(&sources));
    found.extend(members.iter().flat_map(|member| cycles::check(&member.name, &of(member, &sources))));
    found.sort();
    Ok(found)
}

/// The sources of a crate's `src` folder.
fn of<'a>(member: &Member, sources: &'a [Source]) -> Vec<&'a Source> {
    let folder = member.folder.join("src");
    sources.iter().filter(|source| source.path.starts_with(&folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_checkout_is_tidy() {
        let found = check(&Place::find().unwrap()).unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}

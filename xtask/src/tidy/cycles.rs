//! The top-level modules of a crate do not import each other in circles.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::paths::{exports, module, named};
use super::source::Source;

type Graph = BTreeMap<String, BTreeSet<String>>;

/// A circle among the modules of a crate, if there is one.
pub(super) fn check(name: &str, sources: &[&Source]) -> Vec<Violation> {
    let circle = circle(&graph(sources));
    circle
        .map(|circle| Violation::new(name, format_args!("circle: {}", circle.join(" → "))))
        .into_iter()
        .collect()
}

/// Which module names which.
fn graph(sources: &[&Source]) -> Graph {
    let files: Vec<(Vec<String>, &syn::File)> = sources
        .iter()
        .filter(|source| !source.is_test())
        .filter_map(|source| Some((module(&source.path), source.rust.as_ref()?)))
        .collect();
    let modules: BTreeSet<String> = files.iter().filter_map(|(module, _)| module.first().cloned()).collect();
    let roots = files.iter().filter(|(module, _)| module.is_empty());
    let exports: BTreeMap<String, String> = roots.flat_map(|(_, file)| exports(file, &modules)).collect();
    let mut graph = Graph::new();
    for (module, file) in &files {
        let Some(from) = module.first() else { continue };
        let heads = named(file, module.clone()).into_iter().filter_map(|path| path.into_iter().next());
        let owners = heads.filter_map(|head| match modules.contains(&head) {
            true => Some(head),
            false => exports.get(&head).cloned(),
        });
        graph.entry(from.clone()).or_default().extend(owners.filter(|owner| owner != from));
    }
    graph
}

/// The first circle found, its first module again at the end.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    let mut settled = BTreeSet::new();
    graph.keys().find_map(|module| search(graph, module, &mut Vec::new(), &mut settled))
}

fn search(
    graph: &Graph,
    at: &str,
    way: &mut Vec<String>,
    settled: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if settled.contains(at) {
        return None;
    }
    if let Some(begin) = way.iter().position(|module| module == at) {
        return Some(way.iter().skip(begin).cloned().chain([at.to_owned()]).collect());
    }
    way.push(at.to_owned());
    let found = graph.get(at).into_iter().flatten().find_map(|next| search(graph, next, way, settled));
    way.pop();
    settled.insert(at.to_owned());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(&Path::new("host/x/src").join(path), (*text).into()).unwrap())
            .collect();
        let found = check("x", &sources.iter().collect::<Vec<_>>());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_way_is_fine() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("a.rs", "use crate::b::B; mod deep;"),
            ("a/deep.rs", "use super::A; use crate::B;"),
            ("b.rs", "#[cfg(test)] mod tests { use crate::A; }"),
            ("b/tests.rs", "use crate::A;"),
        ];
        assert!(circles(&files).is_empty());
    }

    #[test]
    fn a_circle_is_caught_with_its_way() {
        let files = [
            ("a.rs", "use crate::b::B;"),
            ("b/inner.rs", "fn f() { crate::c::g(); }"),
            ("c.rs", "use super::a::A;"),
        ];
        assert_eq!(circles(&files), ["x: circle: a → b → c → a"]);
    }

    #[test]
    fn a_circle_through_names_of_the_root_is_caught() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use crate::a::A; pub use self::b::B;"),
            ("a.rs", "use crate::B;"),
            ("b.rs", "use crate::A;"),
        ];
        assert_eq!(circles(&files), ["x: circle: a → b → a"]);
    }
}

//! Which top-level modules of its crate a file names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};

use super::source::is_test_only;

/// The place of a file among the modules of its crate, e.g. `frames::codec`; the root has none.
pub(super) fn module(path: &Path) -> Vec<String> {
    let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let inside = parts.iter().rposition(|part| part == "src").and_then(|at| parts.get(at + 1..));
    let mut module = inside.unwrap_or_default().to_vec();
    let file = module.pop().unwrap_or_default();
    let name = file.strip_suffix(".rs").unwrap_or(&file);
    if name != "mod" && !(module.is_empty() && matches!(name, "lib" | "main")) {
        module.push(name.to_owned());
    }
    module
}

/// What the root of a crate gives out under another name: `crate::Digest` is `digest`'s.
pub(super) fn exports(root: &syn::File, modules: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut names = Names::new(Vec::new());
    for item in &root.items {
        if let syn::Item::Use(import) = item {
            names.visit_item_use(import);
        }
    }
    let mut exports = BTreeMap::new();
    for (path, name) in names.found {
        if let Some(owner) = path.first().filter(|owner| modules.contains(*owner)) {
            exports.insert(name, owner.clone());
        }
    }
    exports
}

/// The paths a file names that begin at the crate's root, each without `crate`.
pub(super) fn named(file: &syn::File, module: Vec<String>) -> Vec<Vec<String>> {
    let mut names = Names::new(module);
    names.visit_file(file);
    names.found.into_iter().map(|(path, _)| path).collect()
}

/// Collects paths, each with the name it is known by afterwards.
struct Names {
    module: Vec<String>,
    found: Vec<(Vec<String>, String)>,
}

impl Names {
    const fn new(module: Vec<String>) -> Self {
        Self { module, found: Vec::new() }
    }

    /// Notes a path if it leads to the crate's root; plain names do so only in the root itself.
    fn note(&mut self, path: &[String], name: &str) {
        let mut base = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.module.clone(),
            Some(_) if self.module.is_empty() => Vec::new(),
            _ => return,
        };
        for part in path {
            match part.as_str() {
                "crate" | "self" => {}
                "super" => drop(base.pop()),
                _ => base.push(part.clone()),
            }
        }
        self.found.push((base, name.to_owned()));
    }

    fn walk(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.walk(&path.tree, before);
                before.pop();
            }
            syn::UseTree::Name(leaf) => self.leaf(&leaf.ident, &leaf.ident, before),
            syn::UseTree::Rename(leaf) => self.leaf(&leaf.ident, &leaf.rename, before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.walk(tree, before)),
            _ => self.note(before, "*"),
        }
    }

    fn leaf(&mut self, ident: &syn::Ident, name: &syn::Ident, before: &[String]) {
        let path: Vec<String> = before.iter().cloned().chain([ident.to_string()]).collect();
        self.note(&path, &name.to_string());
    }

    /// Notes `crate::x` in the tokens of a macro, whose syntax is its own.
    fn tokens(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        for window in words.windows(3) {
            if let ["crate", "::", name] = window {
                self.note(&["crate", name].map(str::to_owned), name);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_test_only(&module.attrs) {
            return;
        }
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        if !is_test_only(&import.attrs) {
            self.walk(&import.tree, &mut Vec::new());
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if matches!(parts.first().map(String::as_str), Some("crate" | "super" | "self")) && parts.len() > 1 {
            let name = parts.last().cloned().unwrap_or_default();
            self.note(&parts, &name);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(&called.tokens.to_string());
        visit::visit_macro(self, called);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str, module: &[&str]) -> Vec<String> {
        let module = module.iter().map(ToString::to_string).collect();
        let file = syn::parse_file(text).unwrap();
        named(&file, module).iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn files_have_a_place() {
        let of = |path: &str| module(Path::new(path)).join("::");
        assert_eq!(of("host/x/src/lib.rs"), "");
        assert_eq!(of("host/x/src/frames.rs"), "frames");
        assert_eq!(of("host/x/src/frames/mod.rs"), "frames");
        assert_eq!(of("host/x/src/frames/codec.rs"), "frames::codec");
    }

    #[test]
    fn imports_and_expressions_are_followed() {
        assert_eq!(paths("use crate::{a, b::{C, d::E}};", &["x"]), ["a", "b::C", "b::d::E"]);
        assert_eq!(paths("fn f() -> crate::a::B { super::c::d() }", &["x"]), ["a::B", "c::d"]);
        assert_eq!(paths("use super::super::a;", &["x", "y"]), ["a"]);
        assert_eq!(paths("use super::z::Z; use std::fs;", &["x", "y"]), ["x::z::Z"]);
        assert_eq!(paths("fn f() { vec![crate::a::B] }", &["x"]), ["a"]);
    }

    #[test]
    fn tests_may_name_anything() {
        assert!(paths("#[cfg(test)] mod tests { use crate::a; }", &["x"]).is_empty());
        assert!(paths("#[cfg(test)] use crate::a;", &["x"]).is_empty());
    }

    #[test]
    fn names_given_out_by_the_root_are_known() {
        let root =
            syn::parse_file("mod digest; pub use digest::{Digest, Hasher as H}; use std::fs;").unwrap();
        let exports = exports(&root, &BTreeSet::from(["digest".into()]));
        let expected =
            [("Digest", "digest"), ("H", "digest")].map(|(name, owner)| (name.into(), owner.into()));
        assert_eq!(exports, BTreeMap::from(expected));
    }
}

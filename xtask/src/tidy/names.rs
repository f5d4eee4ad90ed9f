//! Files and modules are named for what they hold.

use std::path::Path;

use syn::visit::{self, Visit};

use super::Violation;
use super::source::Source;

const EMPTY_NAMES: [&str; 5] = ["util", "utils", "common", "helper", "helpers"];

/// Files, folders and modules with a name that says nothing.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    sources.iter().flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<Violation> {
    let mut modules = Modules::default();
    if let Some(file) = &source.rust {
        modules.visit_file(file);
    }
    let parts =
        source.path.iter().filter_map(|part| Path::new(part).file_stem()?.to_str().map(str::to_owned));
    let empty = parts.chain(modules.0).filter(|name| EMPTY_NAMES.contains(&name.as_str()));
    empty.map(|name| Violation::at(&source.path, format_args!("the name `{name}` says nothing"))).collect()
}

/// Names of modules that are written in place.
#[derive(Default)]
struct Modules(Vec<String>);

impl<'ast> Visit<'ast> for Modules {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_some() {
            self.0.push(module.ident.to_string());
        }
        visit::visit_item_mod(self, module);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> usize {
        check(&[Source::new(Path::new(path), text.into()).unwrap()]).len()
    }

    #[test]
    fn names_that_say_nothing_are_caught() {
        assert_eq!(names("host/x/src/frames.rs", "mod codec {}"), 0);
        assert_eq!(names("host/x/src/utils.rs", ""), 1);
        assert_eq!(names("host/common/src/lib.rs", ""), 1);
        assert_eq!(names("plugins/x/helpers.m", "x = 1;"), 1);
        assert_eq!(names("host/x/src/lib.rs", "mod a { mod util {} }"), 1);
    }
}

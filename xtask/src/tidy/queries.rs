//! No query is made by formatting: values are bound.

use syn::visit::{self, Visit};

use super::Violation;
use super::source::{Source, is_test_only};

const WORDS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "ORDER BY"];
const MACROS: [&str; 4] = ["format", "format_args", "write", "writeln"];

/// Formatting macros that hold SQL.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    let rust = sources.iter().filter(|source| !source.is_test());
    rust.flat_map(|source| {
        let mut formats = Formats::default();
        if let Some(file) = &source.rust {
            formats.visit_file(file);
        }
        formats.0.into_iter().map(|text| {
            Violation::at(&source.path, format_args!("formats SQL, bind the values instead: {text}"))
        })
    })
    .collect()
}

#[derive(Default)]
struct Formats(Vec<String>);

impl<'ast> Visit<'ast> for Formats {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test_only(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let name = called.path.segments.last().map(|segment| segment.ident.to_string());
        let text = called.tokens.to_string();
        if name.is_some_and(|name| MACROS.contains(&name.as_str()))
            && WORDS.iter().any(|word| text.contains(word))
        {
            self.0.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn queries(text: &str) -> usize {
        check(&[Source::new(Path::new("host/x/src/a.rs"), text.into()).unwrap()]).len()
    }

    #[test]
    fn formatted_sql_is_caught() {
        assert_eq!(queries(r#"fn f(n: &str) -> String { format!("SELECT * FROM {n}") }"#), 1);
        assert_eq!(queries(r#"fn f(n: &str) -> String { format!("x ORDER BY {n}") }"#), 1);
        assert_eq!(queries(r#"const Q: &str = "SELECT 1"; fn f() { format!("select {}", 1); }"#), 0);
        assert_eq!(queries(r#"#[cfg(test)] mod tests { fn f() { format!("SELECT {}", 1); } }"#), 0);
    }
}

//! The name of a project, as its files write it.

use std::str::FromStr;

use simulay_model::PluginName;

/// What the templates call themselves, in the three ways a name is written.
const WRITTEN: [&str; 3] = ["my-pipeline", "my_pipeline", "MyPipeline"];
/// Names that the parts beside a project have already.
const TAKEN: [&str; 2] = ["simulay", "simulay-sdk"];

/// The name of a new project, which is that of its plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectName {
    kebab: String,
    snake: String,
    camel: String,
}

impl ProjectName {
    /// As the plugin writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.kebab
    }

    /// The name of the component, without its ending.
    pub(crate) fn snake(&self) -> &str {
        &self.snake
    }

    /// `text` with this name in place of the template's.
    pub(crate) fn fill(&self, text: &str) -> String {
        let names = [&self.kebab, &self.snake, &self.camel];
        WRITTEN.iter().zip(names).fold(text.to_owned(), |text, (written, name)| text.replace(written, name))
    }
}

impl FromStr for ProjectName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name: PluginName = text.parse().map_err(|rule| format!("{rule}"))?;
        let kebab = name.as_str().to_owned();
        if kebab.ends_with('-') || kebab.contains("--") {
            return Err(String::from("single dashes stand between the words of a project's name"));
        }
        if TAKEN.contains(&kebab.as_str()) {
            return Err(String::from("a part of the project has this name already; take another"));
        }
        Ok(Self { snake: kebab.replace('-', "_"), camel: kebab.split('-').map(capitalised).collect(), kebab })
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_in_three_ways() {
        let name: ProjectName = "spring-2d".parse().unwrap();
        assert_eq!(name.fill("my-pipeline my_pipeline.wasm MyPipeline"), "spring-2d spring_2d.wasm Spring2d");
    }

    #[test]
    fn a_name_that_would_not_build_is_refused() {
        for wrong in ["", "Spring", "2d", "a_b", "a--b", "a-", "simulay", "simulay-sdk", "../a"] {
            assert!(wrong.parse::<ProjectName>().is_err(), "{wrong}");
        }
    }
}

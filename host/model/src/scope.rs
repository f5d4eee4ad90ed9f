//! What a token is for, when it is not for all that its account may.

use crate::{PluginName, Role, RunId};

/// What a principal sees and acts on. What lies outside is not there for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All that the account may.
    #[default]
    All,
    /// One pipeline: its versions and its runs.
    Pipeline(PluginName),
    /// One run, to look at.
    Run(RunId),
}

impl Scope {
    /// The most that may be done in it: operators are there for all, and not for one pipeline.
    #[must_use]
    pub const fn most(&self) -> Role {
        match self {
            Self::All => Role::Admin,
            Self::Pipeline(_) => Role::Author,
            Self::Run(_) => Role::Viewer,
        }
    }

    /// The one pipeline, if it is that.
    #[must_use]
    pub const fn pipeline(&self) -> Option<&PluginName> {
        if let Self::Pipeline(pipeline) = self { Some(pipeline) } else { None }
    }

    /// The one run, if it is that.
    #[must_use]
    pub const fn run(&self) -> Option<RunId> {
        if let Self::Run(run) = self { Some(*run) } else { None }
    }

    /// True when the run lies in it, of which `pipeline` is the pipeline.
    #[must_use]
    pub fn holds_run(&self, run: RunId, pipeline: &PluginName) -> bool {
        self.pipeline().is_none_or(|only| only == pipeline) && self.run().is_none_or(|only| only == run)
    }

    /// True when the plugin lies in it, with all its versions.
    #[must_use]
    pub fn holds_plugin(&self, name: &PluginName) -> bool {
        self.pipeline().is_none_or(|only| only == name) && self.run().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_holds_what_lies_in_it() {
        let [heat, beam]: [PluginName; 2] = ["heat", "beam"].map(|name| name.parse().unwrap());
        let [one, two] = [RunId::generate(), RunId::generate()];
        let held = |scope: &Scope| {
            let runs = [(one, &heat), (two, &heat), (two, &beam)].map(|(run, of)| scope.holds_run(run, of));
            (runs, [&heat, &beam].map(|name| scope.holds_plugin(name)))
        };
        assert_eq!(held(&Scope::All), ([true; 3], [true; 2]));
        assert_eq!(held(&Scope::Pipeline(heat.clone())), ([true, true, false], [true, false]));
        assert_eq!(held(&Scope::Run(one)), ([true, false, false], [false; 2]));
    }
}

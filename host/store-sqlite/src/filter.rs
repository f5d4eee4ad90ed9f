//! What an [`OwnerFilter`] finds, as conditions of statements and their parameters: `:owner`, `:pipeline` and
//! `:within`, the one run. Each is NULL when it does not matter.

use rusqlite::ToSql;
use simulay_model::{AccountName, OwnerFilter, PluginName, RunId};

/// Of the runs of a statement, those that are found.
pub(crate) const RUNS: &str = "(:owner IS NULL OR owner = :owner)
    AND (:pipeline IS NULL OR pipeline = :pipeline) AND (:within IS NULL OR id = :within)";

/// Of the plugins of a statement, those that are found; with those of others when `:shared`.
pub(crate) const PLUGINS: &str = "(:owner IS NULL OR owner = :owner OR :shared AND (
        EXISTS (SELECT 1 FROM public_plugins AS shown WHERE shown.name = plugins.name)
        OR EXISTS (SELECT 1 FROM shared_plugins AS shown
            WHERE shown.account = :owner AND shown.name = plugins.name)))
    AND (:pipeline IS NULL OR name = :pipeline) AND :within IS NULL";

/// Of those, the ones that may be changed.
pub(crate) const OWN_PLUGINS: &str = "(:owner IS NULL OR owner = :owner)
    AND (:pipeline IS NULL OR name = :pipeline) AND :within IS NULL";

/// Parameters of a statement.
pub(crate) type Values<'a> = Vec<(&'static str, &'a dyn ToSql)>;

/// An [`OwnerFilter`] as parameters.
#[derive(Clone)]
pub(crate) struct Filter {
    pub(crate) owner: Option<String>,
    pub(crate) pipeline: Option<String>,
    pub(crate) within: Option<String>,
    pub(crate) shared: bool,
}

impl From<&OwnerFilter> for Filter {
    fn from(filter: &OwnerFilter) -> Self {
        Self {
            owner: filter.account().map(AccountName::to_string),
            pipeline: filter.scope().pipeline().map(PluginName::to_string),
            within: filter.scope().run().as_ref().map(RunId::to_string),
            shared: filter.admits_shared(),
        }
    }
}

impl Filter {
    /// Its parameters, and others; the statement has all of them.
    pub(crate) fn and<'a>(&'a self, others: &[(&'static str, &'a dyn ToSql)]) -> Values<'a> {
        let own: [(&str, &dyn ToSql); 3] =
            [(":owner", &self.owner), (":pipeline", &self.pipeline), (":within", &self.within)];
        [&own[..], others].concat()
    }
}

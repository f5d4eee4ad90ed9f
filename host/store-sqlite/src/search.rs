//! Statements that find runs by what is asked for, so that each combination reads an index and no more rows than it
//! gives: that of what is rarest, or the one in which all is that lists are filtered by.

use rusqlite::ToSql;
use simulay_model::RunId;
use simulay_store::RunFilter;

use crate::filter::Filter;
use crate::rows::sortable;

/// Greater than every run id, all of which are hexadecimal.
const PAST_ALL: &str = "~";

/// What comes after `SELECT …`: tables, conditions and their parameters.
pub(crate) struct Search {
    from: &'static str,
    clauses: Vec<String>,
    values: Vec<(String, Box<dyn ToSql>)>,
    /// The column that runs are sorted by.
    id: &'static str,
}

impl Search {
    /// The runs that the filter means, of those older than `before`.
    pub(crate) fn new(owner: &Filter, filter: &RunFilter, before: Option<RunId>) -> Self {
        let mut search = Self::of(owner, filter);
        let before = before.map_or_else(|| PAST_ALL.to_owned(), |run| run.to_string());
        search.clause(format!("{} < :before", search.id));
        let mut search = search.with(":before", before);
        search.scope(owner, if is_exact(filter) { "" } else { "+" });
        search.add_exact(filter);
        search.add_rest(filter);
        search
    }

    /// Runs that wait or are at work.
    pub(crate) fn unfinished(owner: &Filter, pipeline: Option<String>) -> Self {
        let mut search = Self::over("FROM runs");
        search.clause("state IN ('queued', 'running')");
        search.scope(owner, "");
        search.equal("", "pipeline", pipeline);
        search
    }

    /// Runs that ended then or later.
    pub(crate) fn ended(owner: &Filter, pipeline: Option<String>, since: String) -> Self {
        let by_time = "FROM runs INDEXED BY runs_by_owner_and_time_of_end";
        let mut search = Self::over(if owner.owner.is_some() { by_time } else { "FROM runs" });
        search.clause("ended_at IS NOT NULL AND ended_at >= :since");
        let mut search = search.with(":since", since);
        search.scope(owner, "");
        search.equal("", "pipeline", pipeline);
        search
    }

    /// Where the search begins.
    fn of(owner: &Filter, filter: &RunFilter) -> Self {
        if let Some(label) = filter.labels.first() {
            let search = Self::over("FROM labels AS found CROSS JOIN runs ON runs.id = found.run");
            let (key, value) = (label.key.to_string(), label.value.to_string());
            let mut search = Self { id: "found.run", ..search }.with(":key0", key).with(":value0", value);
            search.clause("found.key = :key0 AND found.value = :value0");
            if owner.owner.is_some() {
                search.clause("found.owner = :owner");
            }
            return search;
        }
        match filter {
            RunFilter { sweep: Some(_), .. } => Self::over("FROM runs INDEXED BY runs_by_sweep"),
            RunFilter { name: Some(_), .. } if owner.owner.is_some() => {
                Self::over("FROM runs INDEXED BY runs_by_owner_and_name")
            }
            // SQLite takes one with less of it in front of the id when it knows nothing of how rare each is.
            RunFilter { pipeline: Some(_), states, .. }
                if states.len() == 1 && is_exact(filter) && owner.owner.is_some() =>
            {
                Self::over("FROM runs INDEXED BY runs_by_owner_pipeline_and_state")
            }
            _ => Self::over("FROM runs"),
        }
    }

    fn over(from: &'static str) -> Self {
        Self { from, clauses: Vec::new(), values: Vec::new(), id: "runs.id" }
    }

    fn clause(&mut self, clause: impl Into<String>) {
        self.clauses.push(clause.into());
    }

    /// The same with one more parameter.
    pub(crate) fn with(mut self, name: &str, value: impl ToSql + 'static) -> Self {
        self.values.push((name.to_owned(), Box::new(value)));
        self
    }

    /// What must be equal, when anything is asked for. With `plus` no index is chosen for it.
    fn equal(&mut self, plus: &str, column: &str, value: Option<String>) {
        if let Some(value) = value {
            let name = format!(":{column}");
            self.clause(format!("{plus}runs.{column} = {name}"));
            self.values.push((name, Box::new(value)));
        }
    }

    fn scope(&mut self, owner: &Filter, plus: &str) {
        self.equal("", "owner", owner.owner.clone());
        for (clause, name, value) in [
            (format!("{plus}runs.pipeline = :scope"), ":scope", &owner.pipeline),
            ("runs.id = :within".to_owned(), ":within", &owner.within),
        ] {
            if let Some(value) = value.clone() {
                self.clause(clause);
                self.values.push((name.to_owned(), Box::new(value)));
            }
        }
    }

    /// Adds what is looked up as it is.
    fn add_exact(&mut self, filter: &RunFilter) {
        let plus = if is_exact(filter) { "" } else { "+" };
        self.equal(plus, "pipeline", filter.pipeline.as_ref().map(ToString::to_string));
        self.equal(plus, "version", filter.version.as_ref().map(ToString::to_string));
        self.equal("", "sweep", filter.sweep.map(|sweep| sweep.to_string()));
        match filter.states.as_slice() {
            [] => {}
            [state] => self.equal(plus, "state", Some(state.as_str().to_owned())),
            states => self.one_of("state", states.iter().map(|state| state.as_str())),
        }
    }

    /// Adds what is looked for in an index, entry by entry.
    fn add_rest(&mut self, filter: &RunFilter) {
        if !filter.errors.is_empty() {
            self.one_of("error_kind", filter.errors.iter().map(|kind| kind.as_str()));
        }
        for (column, name, at) in [
            ("created_at >=", ":created_from", filter.created_from),
            ("created_at <", ":created_before", filter.created_before),
        ] {
            if let Some(at) = at {
                self.clause(format!("runs.{column} {name}"));
                self.values.push((name.to_owned(), Box::new(sortable(at))));
            }
        }
        if let Some(name) = &filter.name {
            self.clause("runs.name_folded IS NOT NULL AND instr(runs.name_folded, :name) > 0");
            self.values.push((":name".to_owned(), Box::new(name.to_lowercase())));
        }
        for (number, label) in filter.labels.iter().enumerate().skip(1) {
            let (key, value) = (format!(":key{number}"), format!(":value{number}"));
            let found =
                "EXISTS (SELECT 1 FROM labels WHERE labels.owner = runs.owner AND labels.run = runs.id";
            self.clause([found, " AND labels.key = ", &key, " AND labels.value = ", &value, ")"].concat());
            self.values.push((key, Box::new(label.key.to_string())));
            self.values.push((value, Box::new(label.value.to_string())));
        }
    }

    /// One of words of our own. With a plus no index is chosen for it that would not give runs in their order.
    fn one_of<'a>(&mut self, column: &str, words: impl Iterator<Item = &'a str>) {
        let words: Vec<String> = words.map(|word| format!("'{word}'")).collect();
        self.clause(format!("+runs.{column} IN ({})", words.join(", ")));
    }

    /// The whole statement, around what it finds.
    pub(crate) fn sql(&self, [select, rest]: [&str; 2]) -> String {
        [select, self.from, "WHERE", &self.clauses.join(" AND "), rest].join(" ")
    }

    /// The column that runs are sorted by.
    pub(crate) const fn id(&self) -> &'static str {
        self.id
    }

    /// Its parameters.
    pub(crate) fn values(&self) -> Vec<(&str, &dyn ToSql)> {
        self.values.iter().map(|(name, value)| (name.as_str(), &**value)).collect()
    }
}

/// True when an index has all that is asked for in front of the id; others are better read in the order of ids.
fn is_exact(filter: &RunFilter) -> bool {
    let RunFilter { pipeline, version, states, errors, created_from, created_before, .. } = filter;
    let of_version = version.is_none() || (pipeline.is_some() && states.len() == 1);
    states.len() < 2 && of_version && errors.is_empty() && created_from.or(*created_before).is_none()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use simulay_model::OwnerFilter::Only;
    use simulay_model::{AccountName, ErrorKind, RunState, Scope, SweepId};

    use super::*;
    use crate::schema::migrate;

    /// How SQLite reads what a search finds.
    fn plan(connection: &Connection, search: &Search, sql: [&str; 2]) -> String {
        let sql = ["EXPLAIN QUERY PLAN", &search.sql(sql)].join(" ");
        let mut statement = connection.prepare(&sql).unwrap();
        let rows = statement.query_map(&*search.values(), |row| row.get::<_, String>("detail")).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    fn migrated() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &|| Ok(Vec::new())).unwrap();
        connection
    }

    fn filters() -> Vec<(RunFilter, &'static str)> {
        let none = RunFilter::default;
        let heat = RunFilter { pipeline: "heat".parse().ok(), ..none() };
        let failed = vec![RunState::Failed];
        let ended = vec![RunState::Failed, RunState::TimedOut];
        let errors = vec![ErrorKind::Simulation];
        let version = "1.0.0".parse().ok();
        let at = "2026-11-29T00:00:00Z".parse().ok();
        let labels = vec!["team=a".parse().unwrap(), "kind=b".parse().unwrap()];
        let by_owner = "runs USING INDEX runs_by_owner (owner=? AND id<?)";
        vec![
            (none(), by_owner),
            (heat.clone(), "runs_by_owner_and_pipeline (owner=? AND pipeline=? AND id<?)"),
            (
                RunFilter { states: failed.clone(), ..none() },
                "runs_by_owner_and_state (owner=? AND state=? AND id<?)",
            ),
            (
                RunFilter { states: failed.clone(), ..heat.clone() },
                "runs_by_owner_pipeline_and_state (owner=? AND pipeline=? AND state=? AND id<?)",
            ),
            (
                RunFilter { states: failed.clone(), version: version.clone(), ..heat.clone() },
                "runs_by_owner_pipeline_and_state (owner=? AND pipeline=? AND state=? AND id<?)",
            ),
            (RunFilter { version: version.clone(), ..none() }, by_owner),
            (RunFilter { version, ..heat.clone() }, by_owner),
            (RunFilter { states: ended.clone(), ..none() }, by_owner),
            (RunFilter { states: ended, ..heat.clone() }, by_owner),
            (RunFilter { errors: errors.clone(), ..none() }, by_owner),
            (RunFilter { errors, states: failed, ..heat.clone() }, by_owner),
            (RunFilter { created_from: at, ..none() }, by_owner),
            (RunFilter { created_before: at, ..heat.clone() }, by_owner),
            (RunFilter { sweep: Some(SweepId::generate()), ..none() }, "runs_by_sweep (sweep=? AND id<?)"),
            (RunFilter { name: Some("a".to_owned()), ..none() }, "runs_by_owner_and_name (owner=? AND id<?)"),
            (
                RunFilter { labels, ..heat },
                "found USING PRIMARY KEY (owner=? AND key=? AND value=? AND run<?)",
            ),
        ]
    }

    #[test]
    fn whatever_is_asked_for_is_read_from_an_index_in_its_order() {
        let connection = migrated();
        let ada = Only(AccountName::local());
        let within = ada.clone().within(&Scope::Pipeline("heat".parse().unwrap()));
        for (owner, scoped) in [(&ada, false), (&within, true)] {
            for (filter, index) in filters() {
                let search = Search::new(&Filter::from(owner), &filter, None);
                let plan =
                    plan(&connection, &search, ["SELECT *", &format!("ORDER BY {} DESC", search.id())]);
                assert!(scoped || plan.contains(index), "{filter:?}: {plan}");
                assert!(!plan.contains("TEMP") && !plan.contains("SCAN"), "{filter:?}: {plan}");
            }
        }
    }

    #[test]
    fn counts_by_state_read_what_they_count() {
        let connection = migrated();
        let owner = Filter::from(&Only(AccountName::local()));
        for pipeline in [None, Some("heat".to_owned())] {
            let count = ["SELECT state, count(*)", "GROUP BY state"];
            let unfinished = plan(&connection, &Search::unfinished(&owner, pipeline.clone()), count);
            assert!(!unfinished.contains("SCAN"), "{unfinished}");
            let ended = plan(&connection, &Search::ended(&owner, pipeline, String::new()), count);
            assert!(
                ended.contains("COVERING INDEX runs_by_owner_and_time_of_end (owner=? AND ended_at>?)"),
                "{ended}"
            );
        }
    }
}

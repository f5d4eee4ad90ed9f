//! Runs that are looked for.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;
use simulay_model::{OwnerFilter, PluginName, RunField, RunId, RunPart};
use simulay_store::{Looked, MAX_LOOKED_INTO, Overview, RunCounts, RunFilter, StoreError};

use crate::failure::SqlResult;
use crate::filter::{self, Filter};
use crate::rows::{parsed, sortable, unsigned};
use crate::search::Search;
use crate::store::SqliteStore;

/// The documents of a run, but for those that nobody asks for or that are too large.
const LOOKED: &str = "SELECT
    CASE WHEN :params AND octet_length(params) <= :most THEN params END AS params,
    CASE WHEN :outcome AND octet_length(data) <= :most THEN data END AS ended
    FROM runs JOIN requested ON requested.run = runs.id
    LEFT JOIN events ON events.run = runs.id AND sequence = last_event AND kind = 'run.ended'
    WHERE runs.id = :run AND";

#[async_trait]
impl Overview for SqliteStore {
    async fn count(&self, owner: &OwnerFilter, filter: &RunFilter, most: usize) -> Result<usize, StoreError> {
        let (owner, filter) = (Filter::from(owner), filter.clone());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let sql = ["SELECT count(*) AS count FROM (SELECT 1", "LIMIT :most)"];
            let search = Search::new(&owner, &filter, None).with(":most", most);
            let mut statement = connection.prepare_cached(&search.sql(sql))?;
            let count = statement.query_row(&*search.values(), |row| Ok(unsigned(row, "count")))??;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        })
        .await
    }

    async fn tally(
        &self,
        owner: &OwnerFilter,
        pipeline: Option<&PluginName>,
        since: Option<Timestamp>,
    ) -> Result<RunCounts, StoreError> {
        let (owner, pipeline) = (Filter::from(owner), pipeline.map(PluginName::to_string));
        // Greater than no time at all.
        let since = since.map_or_else(String::new, sortable);
        self.read(move |connection| {
            let moment = connection.unchecked_transaction()?;
            let mut counts = RunCounts::default();
            for search in
                [Search::unfinished(&owner, pipeline.clone()), Search::ended(&owner, pipeline, since)]
            {
                add(&moment, &search, &mut counts)?;
            }
            Ok(counts)
        })
        .await
    }

    async fn values(
        &self,
        owner: &OwnerFilter,
        runs: Vec<RunId>,
        fields: Vec<RunField>,
    ) -> Result<HashMap<RunId, Vec<Value>>, StoreError> {
        let owner = Filter::from(owner);
        self.read(move |connection| {
            let mut values = HashMap::with_capacity(runs.len());
            for run in runs {
                if let Some(found) = look(connection, &owner, run, &fields)? {
                    values.insert(run, found);
                }
            }
            Ok(values)
        })
        .await
    }
}

fn add(connection: &Connection, search: &Search, counts: &mut RunCounts) -> SqlResult<()> {
    let sql = search.sql(["SELECT state, count(*) AS count", "GROUP BY state"]);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(&*search.values())?;
    while let Some(row) = rows.next()? {
        counts.add(parsed(row, "state")?, unsigned(row, "count")?);
    }
    Ok(())
}

fn look(
    connection: &Connection,
    owner: &Filter,
    run: RunId,
    fields: &[RunField],
) -> SqlResult<Option<Vec<Value>>> {
    let asks = |part| fields.iter().any(|field| field.part() == part);
    let (params, outcome) = (asks(RunPart::Params), asks(RunPart::Outcome));
    let (run, most) = (run.to_string(), i64::try_from(MAX_LOOKED_INTO).unwrap_or(i64::MAX));
    let mut statement = connection.prepare_cached(&[LOOKED, filter::RUNS].join(" "))?;
    let values = owner.and(&[(":run", &run), (":most", &most), (":params", &params), (":outcome", &outcome)]);
    let looked = statement.query_row(&*values, |row| {
        let text = |column: &str| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
        Ok(Looked { params: text("params")?, ended: text("ended")? }.values(fields))
    });
    Ok(looked.optional()?)
}

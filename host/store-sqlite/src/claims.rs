//! Which runs may be leased. They are looked for flow by flow, each by a seek in an index that has the runs that
//! have not ended alone: how many wait of a flow does not matter.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use simulay_store::ClaimableRun;

use crate::failure::SqlResult;
use crate::rows;

/// The first flow after another of the same owner.
const NEXT_PIPELINE: &str = "SELECT owner, pipeline FROM runs INDEXED BY runs_by_flow
    WHERE state IN ('queued', 'running') AND owner = ?1 AND pipeline > ?2
    ORDER BY pipeline LIMIT 1";

/// The first flow after those of an owner. SQLite reads through all that is equal to a pair it seeks beyond, so that
/// nothing is asked for by both at once.
const NEXT_OWNER: &str = "SELECT owner, pipeline FROM runs INDEXED BY runs_by_flow
    WHERE state IN ('queued', 'running') AND owner > ?1
    ORDER BY owner, pipeline LIMIT 1";

/// The oldest runs of a flow that nobody holds; those whose end is asked for apart from the others.
const OF_FLOW: &str = "SELECT id, owner, pipeline, cancel_requested, state
    FROM runs INDEXED BY runs_by_flow LEFT JOIN leases ON leases.run = runs.id
    WHERE state IN ('queued', 'running') AND owner = ?1 AND pipeline = ?2 AND cancel_requested = ?3
        AND (leases.run IS NULL OR leases.until_ms <= ?4)
    ORDER BY id LIMIT ?5";

/// An owner and a pipeline, as they are stored.
type Flow = (String, String);

pub(crate) fn claimable(connection: &Connection, per_flow: usize, now: i64) -> SqlResult<Vec<ClaimableRun>> {
    let most = i64::try_from(per_flow).unwrap_or(i64::MAX);
    let mut claimable = Vec::new();
    let mut flow = (String::new(), String::new());
    while let Some(next) = next_flow(connection, &flow)? {
        for cancel_requested in [false, true] {
            claimable.extend(of_flow(connection, &next, cancel_requested, (now, most))?);
        }
        flow = next;
    }
    claimable.sort_unstable_by_key(|claimable| claimable.run.id);
    Ok(claimable)
}

fn next_flow(connection: &Connection, (owner, pipeline): &Flow) -> SqlResult<Option<Flow>> {
    let read = |row: &Row<'_>| Ok((row.get("owner")?, row.get("pipeline")?));
    let next = connection.prepare_cached(NEXT_PIPELINE)?.query_row([owner, pipeline], read).optional()?;
    match next {
        Some(next) => Ok(Some(next)),
        None => Ok(connection.prepare_cached(NEXT_OWNER)?.query_row([owner], read).optional()?),
    }
}

fn of_flow(
    connection: &Connection,
    (owner, pipeline): &Flow,
    cancel_requested: bool,
    (now, most): (i64, i64),
) -> SqlResult<Vec<ClaimableRun>> {
    let mut statement = connection.prepare_cached(OF_FLOW)?;
    let mut rows = statement.query(params![owner, pipeline, cancel_requested, now, most])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.extend(rows::sound(row, rows::claimable));
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::schema::migrate;

    /// So many runs wait, in turn of each of a hundred flows.
    const QUEUE: &str = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1)
        INSERT INTO runs (id, pipeline, version, sha256, seed, state, steps, cancel_requested, created_at,
            last_event, retries, owner)
        SELECT printf('01990000-0000-7000-8000-%012x', n), 'pipeline-' || (n % 10), '1.0.0', ?2, '0', 'queued', 0, 0,
            '2026-01-01T00:00:00Z', 1, 0, 'account-' || (n / 10 % 10) FROM numbers";
    const FLOWS: i32 = 100;
    const PER_FLOW: usize = 16;

    /// How SQLite reads what `sql` asks for.
    fn plan(connection: &Connection, sql: &str) -> String {
        let mut statement = connection.prepare(&["EXPLAIN QUERY PLAN", sql].join(" ")).unwrap();
        let rows = statement.raw_query().mapped(|row| row.get::<_, String>("detail"));
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_next_flow_and_the_oldest_of_a_flow_are_found_by_one_seek() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &|| Ok(Vec::new())).unwrap();
        for (sql, seek) in [
            (NEXT_PIPELINE, "runs_by_flow (owner=? AND pipeline>?)"),
            (NEXT_OWNER, "runs_by_flow (owner>?)"),
            (OF_FLOW, "runs_by_flow (owner=? AND pipeline=? AND cancel_requested=?)"),
        ] {
            let plan = plan(&connection, sql);
            assert!(plan.contains(seek) && !plan.contains("TEMP") && !plan.contains("SCAN"), "{plan}");
        }
    }

    /// What a look costs while so many wait, in instructions of SQLite.
    fn cost(count: i64) -> i32 {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &|| Ok(Vec::new())).unwrap();
        connection.execute(QUEUE, params![count, "0".repeat(64)]).unwrap();
        assert_eq!(claimable(&connection, PER_FLOW, 0).unwrap().len(), PER_FLOW * FLOWS as usize);
        let spent = |sql| {
            let statement = connection.prepare_cached(sql).unwrap();
            assert_eq!(statement.reset_status(StatementStatus::FullscanStep), 0);
            assert_eq!(statement.reset_status(StatementStatus::Sort), 0);
            statement.reset_status(StatementStatus::VmStep)
        };
        [NEXT_PIPELINE, NEXT_OWNER, OF_FLOW].into_iter().map(spent).sum()
    }

    #[test]
    fn how_many_wait_costs_a_look_nothing() {
        let many = std::env::var("SIMULAY_QUEUED").map_or(20_000, |count| count.parse().unwrap());
        let (few, many) = (cost(3000), cost(many));
        println!("a look costs {} instructions per flow, {} when few wait", many / FLOWS, few / FLOWS);
        assert!(many <= few && many <= 500 * FLOWS, "{many}, and {few} when few wait");
    }
}

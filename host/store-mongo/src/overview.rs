//! Runs that are looked for.

use std::collections::HashMap;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};
use serde_json::Value;
use simulay_model::{OwnerFilter, PluginName, RunField, RunId, RunPart};
use simulay_store::{Looked, MAX_LOOKED_INTO, Overview, RunCounts, RunFilter, StoreError};

use crate::entries::{exactly, key};
use crate::failure::MongoResult;
use crate::fields::{number, parsed, sortable, text};
use crate::filter;
use crate::schema::RUNS;
use crate::store::MongoStore;

/// Letters that mean more than themselves in a regular expression.
const MEANINGFUL: &str = r"\.+*?()|[]{}^$";

#[async_trait]
impl Overview for MongoStore {
    async fn count(&self, owner: &OwnerFilter, filter: &RunFilter, most: usize) -> Result<usize, StoreError> {
        self.bounded(async {
            let found = doc! { "$and": [filter::runs(owner), asked(filter)] };
            // No bound would be none.
            let most = u64::try_from(most).unwrap_or(u64::MAX).clamp(1, 1 << 40);
            let count = self.documents(RUNS).count_documents(found).limit(most).await?;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        })
        .await
        .map(|count| count.min(most))
    }

    async fn tally(
        &self,
        owner: &OwnerFilter,
        pipeline: Option<&PluginName>,
        since: Option<Timestamp>,
    ) -> Result<RunCounts, StoreError> {
        self.bounded(async {
            // Greater than no time at all.
            let since = since.map_or_else(String::new, sortable);
            let of_pipeline = pipeline.map_or(doc! {}, |pipeline| doc! { "pipeline": pipeline.as_str() });
            let mut counts = RunCounts::default();
            for which in [doc! { "unfinished": true }, doc! { "ended_at": { "$gte": since } }] {
                let which = doc! { "$and": [which, filter::runs(owner), of_pipeline.clone()] };
                self.count_states(which, &mut counts).await?;
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
        self.bounded(async {
            let ids: Vec<_> = runs.iter().map(RunId::to_string).collect();
            let asked = doc! { "$and": [{ "_id": { "$in": ids } }, filter::runs(owner)] };
            let runs = self.documents(RUNS);
            let found = runs.find(asked).projection(doc! { "last_event": 1 });
            let found: Vec<Document> = found.await?.try_collect().await?;
            let mut values = HashMap::with_capacity(found.len());
            for run in &found {
                let (run, last_event) = (parsed(run, "_id")?, number(run, "last_event")?);
                values.insert(run, self.look(run, last_event, &fields).await?);
            }
            Ok(values)
        })
        .await
    }
}

impl MongoStore {
    async fn count_states(&self, which: Document, counts: &mut RunCounts) -> MongoResult<()> {
        let steps =
            [doc! { "$match": which }, doc! { "$group": { "_id": "$state", "runs": { "$sum": 1_i64 } } }];
        let mut found = self.documents(RUNS).aggregate(steps).await?;
        while let Some(state) = found.try_next().await? {
            counts.add(parsed(&state, "_id")?, number(&state, "runs")?);
        }
        Ok(())
    }

    /// The values of a run; its documents come one after the other.
    async fn look(&self, run: RunId, last_event: u64, fields: &[RunField]) -> MongoResult<Vec<Value>> {
        let asks = |part| fields.iter().any(|field| field.part() == part);
        let (mut params, mut ended) = (None, None);
        if asks(RunPart::Params) {
            params = self.small(&key::document(run, "params"), None).await?;
        }
        if asks(RunPart::Outcome) {
            ended = self.small(&key::event(run, last_event), Some("run.ended")).await?;
        }
        Ok(Looked { params: params.as_deref(), ended: ended.as_deref() }.values(fields))
    }

    /// The text of an entry, when it is of this kind and not too large to be looked into.
    async fn small(&self, key: &str, kind: Option<&str>) -> MongoResult<Option<String>> {
        let mut which = exactly(key);
        which.insert("more", doc! { "$exists": false });
        if let Some(kind) = kind {
            which.insert("kind", kind);
        }
        let found = self.journal_document(which).await?;
        let text = found.as_ref().map(|entry| text(entry, "text")).transpose()?;
        Ok(text.filter(|text| text.len() <= MAX_LOOKED_INTO).map(str::to_owned))
    }
}

/// What is asked for of a run.
pub(crate) fn asked(filter: &RunFilter) -> Document {
    let RunFilter { pipeline, version, states, errors, created_from, created_before, sweep, labels, name } =
        filter;
    let mut asked = Document::new();
    let equal = [
        ("pipeline", pipeline.as_ref().map(ToString::to_string)),
        ("version", version.as_ref().map(ToString::to_string)),
        ("sweep", sweep.map(|sweep| sweep.to_string())),
    ];
    for (field, value) in equal {
        if let Some(value) = value {
            asked.insert(field, value);
        }
    }
    if !states.is_empty() {
        asked.insert("state", one_of(states.iter().map(|state| state.as_str())));
    }
    if !errors.is_empty() {
        asked.insert("error_kind", one_of(errors.iter().map(|kind| kind.as_str())));
    }
    let mut created = Document::new();
    for (bound, at) in [("$gte", created_from), ("$lt", created_before)] {
        if let Some(at) = at {
            created.insert(bound, sortable(*at));
        }
    }
    if !created.is_empty() {
        asked.insert("created_at", created);
    }
    if !labels.is_empty() {
        asked.insert("labels", doc! { "$all": labels.iter().map(ToString::to_string).collect::<Vec<_>>() });
    }
    if let Some(name) = name {
        asked.insert("name_folded", doc! { "$regex": literal(&name.to_lowercase()) });
    }
    asked
}

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> Document {
    doc! { "$in": words.collect::<Vec<_>>() }
}

/// A regular expression that finds `text` and nothing else.
fn literal(text: &str) -> String {
    let escaped = |letter: char| {
        let escape = MEANINGFUL.contains(letter).then_some('\\');
        escape.into_iter().chain([letter])
    };
    text.chars().flat_map(escaped).collect()
}

//! Runs that are accepted, with the requests they came of.

use mongodb::ClientSession;
use mongodb::bson::{Document, doc};
use simulay_model::{ArtifactKind, EventData, Labels, Quotas, Run, RunArtifact, RunName, SweepPoint, Usage};
use simulay_store::{Claim, Outcome, StoreError};

use crate::artifacts::Shown;
use crate::entries::{Entry, key};
use crate::failure::{Failure, MongoResult};
use crate::fields::{sortable, to_json};
use crate::schema::RUNS;
use crate::store::MongoStore;
use crate::told::event_entry;

impl MongoStore {
    /// Stores a queued run and its first event, with the claim of the request that it came of.
    pub(crate) async fn accept(
        &self,
        session: &mut ClientSession,
        run: &Run,
        claim: Option<&Claim>,
        quotas: &Quotas,
    ) -> MongoResult<()> {
        // Before it is one of them; whatever else is wrong with it is told first.
        let admitted = match self.admit_run(session, quotas, run).await {
            Err(Failure::Driver(error)) => return Err(error.into()),
            admitted => admitted,
        };
        self.insert_run(session, run, claim.is_some()).await?;
        if let Some(claim) = claim {
            self.claim(session, claim, &Outcome::Run(run.id)).await?;
        }
        admitted?;
        self.count(session, &run.owner, run.created_at, Usage::of_run()).await?;
        self.touch(session, RUNS, doc! { "_id": run.id.to_string() }).await
    }

    async fn insert_run(&self, session: &mut ClientSession, run: &Run, remembered: bool) -> MongoResult<()> {
        let entries = entries(run)?;
        let bytes = entries.iter().map(|entry| entry.text.len()).sum::<usize>();
        let head = head(run, i64::try_from(bytes).unwrap_or(i64::MAX), remembered);
        let inserted = self.documents(RUNS).insert_one(head).session(&mut *session).await;
        inserted.map_err(|error| Failure::from(error).on_duplicate(StoreError::RunExists))?;
        self.enter(session, entries).await?;
        self.show_inputs(session, run).await
    }

    /// Shows the inputs of a run that is new.
    pub(crate) async fn show_inputs(&self, session: &mut ClientSession, run: &Run) -> MongoResult<()> {
        let input = |artifact| RunArtifact { kind: ArtifactKind::Input, origin: None, artifact };
        let inputs: Vec<_> = run.request.inputs.iter().cloned().map(input).collect();
        let shown = Shown { run: run.id, owner: &run.owner, pipeline: run.plugin.name.as_str() };
        self.show(session, shown, 0, &inputs).await
    }
}

/// A run that has just come.
pub(crate) fn head(run: &Run, bytes: i64, remembered: bool) -> Document {
    let mut head = doc! {
        "_id": run.id.to_string(),
        "owner": run.owner.as_str(),
        "pipeline": run.plugin.name.as_str(),
        "version": run.plugin.version.to_string(),
        "sha256": run.plugin.sha256.to_string(),
        // Decimal: MongoDB has no unsigned 64-bit numbers.
        "seed": run.request.seed.to_string(),
        "retries": i64::from(run.retries),
        "computes_anew": !run.reuse,
        "state": "queued",
        "steps": 0_i64,
        "cancel_requested": false,
        "created_at": sortable(run.created_at),
        "last_event": 1_i64,
        "artifacts": i64::try_from(run.request.inputs.len()).unwrap_or(i64::MAX),
        "record_bytes": bytes,
        "unfinished": true,
    };
    if remembered {
        head.insert("remembered", true);
    }
    head.extend(description(run.name.as_ref(), &run.labels));
    if let Some(SweepPoint { sweep, point, attempt }) = run.sweep {
        let (point, attempt) = (i64::from(point), i64::from(attempt));
        head.extend(doc! { "sweep": sweep.to_string(), "sweep_point": point, "sweep_attempt": attempt });
    }
    head
}

/// What people call a run and sort it by, as far as they do.
pub(crate) fn description(name: Option<&RunName>, labels: &Labels) -> Document {
    let mut fields = Document::new();
    if let Some(name) = name {
        // In lower case too: the server folds some letters only.
        fields.extend(doc! { "name": name.as_str(), "name_folded": name.as_str().to_lowercase() });
    }
    if !labels.is_empty() {
        // As they are asked for: no key has an equals sign in it.
        let labels = labels.iter().map(|(key, value)| format!("{key}={value}"));
        fields.insert("labels", labels.collect::<Vec<_>>());
    }
    fields
}

pub(crate) fn entries(run: &Run) -> MongoResult<Vec<Entry>> {
    let mut entries = documents(run)?;
    entries.push(event_entry(run.id, 1, run.created_at, &EventData::RunQueued)?);
    Ok(entries)
}

/// What was asked.
pub(crate) fn documents(run: &Run) -> MongoResult<Vec<Entry>> {
    let document = |name, text| Entry::new(key::document(run.id, name), Document::new(), text);
    Ok(vec![
        document("inputs", to_json(&run.request.inputs)?),
        document("params", run.request.params.as_str().to_owned()),
    ])
}

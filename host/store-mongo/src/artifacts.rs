//! What runs show: inputs, outputs, streams and kept files.

use futures_util::{FutureExt as _, TryStreamExt as _};
use mongodb::ClientSession;
use mongodb::bson::{Document, doc};
use simulay_model::{AccountName, ArtifactKind, Digest, RunArtifact, RunId};
use simulay_store::StoreError;

use crate::failure::MongoResult;
use crate::fields::{number, parsed, signed};
use crate::schema::ARTIFACTS;
use crate::store::MongoStore;

/// Artifacts that are deleted in one transaction.
const HIDDEN: i64 = 1000;

/// The run that shows something.
pub(crate) struct Shown<'a> {
    pub(crate) run: RunId,
    pub(crate) owner: &'a AccountName,
    pub(crate) pipeline: &'a str,
}

/// What the run's document tells of artifacts that retention lets go of: that there are some.
pub(crate) const fn mark(kind: ArtifactKind) -> Option<&'static str> {
    match kind {
        ArtifactKind::Stdout | ArtifactKind::Stderr => Some("has_logs"),
        ArtifactKind::Output => Some("has_outputs"),
        ArtifactKind::Input | ArtifactKind::Kept => None,
    }
}

impl MongoStore {
    /// Adds artifacts after the first `before` of their run.
    pub(crate) async fn show(
        &self,
        session: &mut ClientSession,
        run: Shown<'_>,
        before: i64,
        artifacts: &[RunArtifact],
    ) -> MongoResult<()> {
        if artifacts.is_empty() {
            return Ok(());
        }
        let stored = (before..).zip(artifacts).map(|(ordinal, artifact)| document(&run, ordinal, artifact));
        let stored = stored.collect::<MongoResult<Vec<_>>>()?;
        self.documents(ARTIFACTS).insert_many(stored).session(&mut *session).await?;
        let blobs: Vec<_> = artifacts.iter().map(|it| (it.artifact.sha256, it.artifact.size)).collect();
        self.blobs_come(session, run.owner, &blobs).await
    }

    /// The artifacts that `filter` finds, in the order they came.
    pub(crate) async fn artifacts_of(&self, filter: Document) -> MongoResult<Vec<Document>> {
        let found = self.documents(ARTIFACTS).find(filter).sort(doc! { "run": 1, "ordinal": 1 }).await?;
        Ok(found.try_collect().await?)
    }

    /// Deletes the artifacts that `filter` finds, all of runs of `owner`, some at a time: there may be very many. Gives
    /// their number.
    pub(crate) async fn hide(&self, owner: &AccountName, filter: Document) -> Result<u64, StoreError> {
        let mut hidden = 0;
        loop {
            let hiding = self.transaction((self, owner, &filter), |session, (store, owner, filter)| {
                store.hide_some(session, owner, filter).boxed()
            });
            match hiding.await? {
                0 => return Ok(hidden),
                some => hidden += some,
            }
        }
    }

    async fn hide_some(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        filter: &Document,
    ) -> MongoResult<u64> {
        let artifacts = self.documents(ARTIFACTS);
        let mut found = artifacts.find(filter.clone()).limit(HIDDEN).session(&mut *session).await?;
        let (mut ids, mut blobs) = (Vec::new(), Vec::new());
        while let Some(artifact) = found.next(&mut *session).await.transpose()? {
            ids.extend(artifact.get("_id").cloned());
            blobs.push(blob(&artifact)?);
        }
        self.blobs_go(session, owner, &blobs).await?;
        let these = doc! { "_id": { "$in": ids } };
        Ok(artifacts.delete_many(these).session(session).await?.deleted_count)
    }
}

/// The bytes that an artifact shows, and their number.
pub(crate) fn blob(artifact: &Document) -> MongoResult<(Digest, u64)> {
    Ok((parsed(artifact, "sha256")?, number(artifact, "size")?))
}

fn document(
    run: &Shown<'_>,
    ordinal: i64,
    RunArtifact { kind, origin, artifact }: &RunArtifact,
) -> MongoResult<Document> {
    let mut document = doc! {
        "run": run.run.to_string(),
        "ordinal": ordinal,
        "owner": run.owner.as_str(),
        "pipeline": run.pipeline,
        "kind": kind.as_str(),
        "path": artifact.path.as_str(),
        "size": signed(artifact.size)?,
        "sha256": artifact.sha256.to_string(),
        "media_type": &artifact.media_type,
    };
    if let Some((step, index)) = origin {
        document.extend(doc! { "step": i64::from(*step), "index": i64::from(*index) });
    }
    Ok(document)
}

//! Documents that change together: all of them or none, however often it takes.

use std::time::Duration;

use futures_util::future::BoxFuture;
use mongodb::ClientSession;
use mongodb::error::{Error, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use simulay_store::StoreError;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::connection::transactional;
use crate::failure::{MongoResult, bounded};
use crate::store::MongoStore;

/// After this time nothing is tried again.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest pause between two tries; the first is a hundredth of it.
const PAUSE: Duration = Duration::from_millis(200);

impl MongoStore {
    /// Does `work` on `subject` in a transaction, again while others are in its way. It may run several times, each
    /// time on what is stored by then, and must hand on what the driver fails with: the server has then undone it.
    ///
    /// What a closure borrows it cannot hand to the future of a method of a port: that is the `subject`.
    pub(crate) async fn transaction<S: Sync, T>(
        &self,
        subject: S,
        work: impl for<'a> Fn(&'a mut ClientSession, &'a S) -> BoxFuture<'a, MongoResult<T>> + Send,
    ) -> Result<T, StoreError> {
        self.bounded(self.attempts(subject, work)).await
    }

    /// What `work` outside of a transaction gives, unless the server does not answer.
    pub(crate) async fn bounded<T>(
        &self,
        work: impl Future<Output = MongoResult<T>>,
    ) -> Result<T, StoreError> {
        Ok(bounded(work).await?)
    }

    async fn attempts<S: Sync, T>(
        &self,
        subject: S,
        work: impl for<'a> Fn(&'a mut ClientSession, &'a S) -> BoxFuture<'a, MongoResult<T>> + Send,
    ) -> MongoResult<T> {
        let begun = Instant::now();
        let mut session = self.client.start_session().await?;
        let mut pause = PAUSE / 100;
        loop {
            session.start_transaction().with_options(transactional()).await?;
            let done = match work(&mut session, &subject).await {
                Ok(value) => commit(&mut session, begun).await.map(|()| value),
                Err(failure) => {
                    // The server undoes by itself what it is not told of.
                    let _ = session.abort_transaction().await;
                    Err(failure)
                }
            };
            match done {
                Err(failure) if failure.is_transient() && begun.elapsed() < PATIENCE => {
                    sleep(some_of(pause)).await;
                    pause = PAUSE.min(2 * pause);
                }
                done => return done,
            }
        }
    }
}

/// Commits, again while the server does not say whether it did.
async fn commit(session: &mut ClientSession, begun: Instant) -> MongoResult<()> {
    loop {
        match session.commit_transaction().await {
            Err(error) if !error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => {
                return Err(error.into());
            }
            Err(error) if begun.elapsed() >= PATIENCE => {
                return Err(StoreError::Unavailable(Unknown(error).into()).into());
            }
            Err(_) => sleep(some_of(PAUSE)).await,
            Ok(()) => return Ok(()),
        }
    }
}

/// The server was asked to commit and did not say whether it did.
#[derive(Debug, thiserror::Error)]
#[error("whether it was stored is not known")]
struct Unknown(#[source] Error);

/// Between half of `pause` and all of it, so that those who met do not meet again.
fn some_of(pause: Duration) -> Duration {
    let [dice, ..] = *Uuid::new_v4().as_bytes();
    pause.mul_f64(0.5 + f64::from(dice) / 510.0)
}

//! The one thread that writes. It drains what waits into one transaction, so that many writers
//! share one fsync; each has a savepoint of its own, so that one's failure is nobody else's.
//!
//! A write that is in no haste is answered when it stands in the transaction, and shares the fsync of one that comes after
//! it: its transaction stays open until then, or for a moment. Writes become durable in their order, whatever their haste.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use fail::fail_point;
use futures_util::FutureExt as _;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use simulay_store::{Durable, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::failure::{self, SqlResult, stopped};

const GROUP: usize = 256;

/// For others to come that share the fsync of a write which is in no haste.
const COMPANY: Duration = Duration::from_millis(5);

/// Works in the transaction of its group, when there is one. Gives what to do once that is
/// committed, or was not.
type Work = Box<dyn FnOnce(Result<&mut Transaction<'_>, StoreError>) -> Acknowledge + Send>;
type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>)>;

/// What is to be written.
struct Job {
    work: Work,
    /// Its group is committed at once.
    in_haste: bool,
}

impl Job {
    fn new(
        in_haste: bool,
        work: impl FnOnce(Result<&mut Transaction<'_>, StoreError>) -> Acknowledge + Send + 'static,
    ) -> Self {
        Self { work: Box::new(work), in_haste }
    }
}

/// The way to the writing thread, which ends when this is dropped.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    ailing: Arc<AtomicBool>,
    company: Duration,
}

impl Writer {
    /// Writes by `connection`; after a failure of the disk, by what `reopen` gives.
    pub(crate) fn spawn(
        connection: Connection,
        reopen: impl Fn() -> SqlResult<Connection> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(4 * GROUP);
        let ailing = Arc::<AtomicBool>::default();
        let told = ailing.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(connection, waiting, &told, reopen))
            .map_err(|error| StoreError::Failed(error.into()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), ailing, company: COMPANY })
    }

    /// True when the last group of writes failed.
    pub(crate) fn is_ailing(&self) -> bool {
        self.ailing.load(Ordering::Relaxed)
    }

    /// Runs `work` inside a savepoint and makes it durable, even when nobody waits for the answer any
    /// more. Its fail points are `store.NAME.before` and `store.NAME.after`.
    pub(crate) async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    {
        tracing::trace!(name, "a write");
        let (answer, answered) = oneshot::channel();
        let job = Job::new(true, move |group| {
            fail_point!(&format!("store.{name}.before"), |_| std::process::abort());
            let worked = group.and_then(|group| Ok(in_savepoint(group, work)?));
            Box::new(move |group_committed| {
                fail_point!(&format!("store.{name}.after"), |_| std::process::abort());
                // Nobody waits any more: the write stands all the same.
                let _ = answer.send(group_committed.and(worked));
            })
        });
        self.send(job).await?;
        answered.await.map_err(|_| stopped())?
    }

    /// As [`Self::write`], answered before it is durable, which it becomes at once when it is `in_haste`; seen by those who
    /// read only then. Gives what comes of that as well.
    pub(crate) async fn write_early<T, F>(
        &self,
        name: &'static str,
        work: F,
        in_haste: bool,
    ) -> Result<(T, Durable), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    {
        tracing::trace!(name, in_haste, "a write that is answered before it is durable");
        let ((answer, answered), (commit, committed)) = (oneshot::channel(), oneshot::channel());
        let is_open = Arc::new(AtomicBool::new(true));
        let open = is_open.clone();
        let job = Job::new(in_haste, move |group| {
            fail_point!(&format!("store.{name}.before"), |_| std::process::abort());
            let _ = answer.send(group.and_then(|group| Ok(in_savepoint(group, work)?)));
            Box::new(move |group_committed| {
                fail_point!(&format!("store.{name}.after"), |_| std::process::abort());
                open.store(false, Ordering::Relaxed);
                let _ = commit.send(group_committed);
            })
        });
        self.send(job).await?;
        if !in_haste {
            self.commit_in_a_moment(is_open)?;
        }
        let worked = answered.await.map_err(|_| stopped())??;
        let durable = committed.map(|committed| committed.unwrap_or_else(|_| Err(stopped())));
        Ok((worked, durable.boxed()))
    }

    /// Returns once whoever reads sees all that was written, in whatever haste.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        self.write("settle", |_| Ok(())).await
    }

    /// Has a write committed that `is_open` by then, should nobody else come; not those after it, which may have company
    /// yet.
    fn commit_in_a_moment(&self, is_open: Arc<AtomicBool>) -> Result<(), StoreError> {
        // The thread is not kept at work by whoever only waits to hurry it.
        let (jobs, company) = (self.jobs.as_ref().ok_or_else(stopped)?.downgrade(), self.company);
        tokio::spawn(async move {
            tokio::time::sleep(company).await;
            if let Some(jobs) = jobs.upgrade().filter(|_| is_open.load(Ordering::Relaxed)) {
                // The thread has ended, and committed all there was.
                let _ = jobs.send(Job::new(true, |_| Box::new(|_| ()))).await;
            }
        });
        Ok(())
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(job).await.map_err(|_| stopped())
    }
}

impl Drop for Writer {
    /// Waits for the thread, so that the files are closed when the store is gone.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes had panicked");
        }
    }
}

fn in_savepoint<T>(
    group: &mut Transaction<'_>,
    work: impl FnOnce(&Connection) -> SqlResult<T>,
) -> SqlResult<T> {
    // SQLite rolls a whole transaction back on its own when, say, the disk is full.
    if group.is_autocommit() {
        return Err(rolled_back().into());
    }
    let savepoint = group.savepoint()?;
    let value = work(&savepoint)?;
    savepoint.commit()?;
    Ok(value)
}

fn rolled_back() -> StoreError {
    StoreError::Unwritable("the transaction was rolled back".into())
}

fn write_all(
    mut connection: Connection,
    mut waiting: mpsc::Receiver<Job>,
    ailing: &AtomicBool,
    reopen: impl Fn() -> SqlResult<Connection>,
) {
    let mut jobs = Vec::with_capacity(GROUP);
    while waiting.blocking_recv_many(&mut jobs, GROUP) > 0 {
        // What a file did not take is not asked of the same open file again.
        if ailing.load(Ordering::Relaxed)
            && let Ok(fresh) = reopen()
        {
            connection = fresh;
        }
        let more = |jobs: &mut Vec<Job>| waiting.blocking_recv_many(jobs, GROUP) > 0;
        write_group(&mut connection, &mut jobs, more, |written| ailing.store(!written, Ordering::Relaxed));
    }
}

/// Works on `jobs`, and on those that are `more` while none of them is in haste. Tells whether anything could be written,
/// before it is told to those who wait.
fn write_group(
    connection: &mut Connection,
    jobs: &mut Vec<Job>,
    mut more: impl FnMut(&mut Vec<Job>) -> bool,
    written: impl Fn(bool),
) {
    match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(mut group) => {
            let mut acknowledges = Vec::<Acknowledge>::new();
            loop {
                let in_haste = jobs.iter().any(|job| job.in_haste);
                acknowledges.extend(jobs.drain(..).map(|job| (job.work)(Ok(&mut group))));
                if in_haste || acknowledges.len() >= GROUP || group.is_autocommit() || !more(jobs) {
                    break;
                }
            }
            let committed = commit(group);
            written(committed.is_ok());
            for acknowledge in acknowledges {
                acknowledge(match &committed {
                    Ok(()) => Ok(()),
                    Err(Some(error)) => Err(failure::of(error.clone())),
                    Err(None) => Err(rolled_back()),
                });
            }
        }
        Err(error) => {
            written(false);
            tracing::error!(%error, "a group of writes could not begin");
            let error = Arc::new(error);
            jobs.drain(..).for_each(|job| (job.work)(Err(failure::of(error.clone())))(Ok(())));
        }
    }
}

fn commit(group: Transaction<'_>) -> Result<(), Option<Arc<rusqlite::Error>>> {
    if group.is_autocommit() { Err(None) } else { group.commit().map_err(|error| Some(Arc::new(error))) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::{Sender, channel};

    use futures_util::future::join_all;

    use super::*;

    struct Bench {
        _directory: tempfile::TempDir,
        file: std::path::PathBuf,
        writer: Writer,
    }

    fn bench_with_company(company: Duration) -> Bench {
        let mut bench = bench();
        bench.writer.company = company;
        bench
    }

    fn bench() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t (n INTEGER)").unwrap();
        let again = file.clone();
        let writer = Writer::spawn(connection, move || Ok(Connection::open(&again)?)).unwrap();
        Bench { _directory: directory, file, writer }
    }

    fn count(file: &Path) -> u32 {
        let connection = Connection::open(file).unwrap();
        connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    fn insert(connection: &Connection, n: u32) -> SqlResult<()> {
        connection.execute("INSERT INTO t VALUES (?1)", [n])?;
        Ok(())
    }

    /// The writing thread at work on a job that waits: what is queued meanwhile is one group.
    async fn held(writer: &Writer) -> (Sender<()>, impl Future<Output = Result<(), StoreError>>) {
        let (go, gone) = channel();
        let (begin, begun) = oneshot::channel();
        let work = move |_: &Connection| {
            begin.send(()).map_err(|()| stopped())?;
            Ok(gone.recv().map_err(|_| stopped())?)
        };
        let mut first = Box::pin(writer.write("test", work));
        assert!(futures_util::poll!(&mut first).is_pending());
        begun.await.unwrap();
        (go, first)
    }

    #[tokio::test]
    async fn what_waits_together_is_committed_together() {
        let bench = bench();
        let (go, first) = held(&bench.writer).await;
        let file = bench.file.clone();
        let inserts = (0..20).map(|n| bench.writer.write("test", move |c| insert(c, n)));
        let last = bench.writer.write("test", move |_| Ok(count(&file)));
        let release = async { go.send(()).unwrap() };
        let (_, inserted, seen, ()) = tokio::join!(biased; first, join_all(inserts), last, release);
        inserted.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(seen.unwrap(), 0, "nobody sees a part of a group");
        assert_eq!(count(&bench.file), 20);
    }

    #[tokio::test]
    async fn one_failure_is_nobody_elses() {
        let bench = bench();
        let (go, first) = held(&bench.writer).await;
        let spoilt = |c: &Connection| {
            insert(c, 7)?;
            Err::<(), _>(StoreError::Ended.into())
        };
        let before = bench.writer.write("test", |c| insert(c, 1));
        let bad = bench.writer.write("test", spoilt);
        let after = bench.writer.write("test", |c| insert(c, 2));
        let release = async { go.send(()).unwrap() };
        let (_, before, bad, after, ()) = tokio::join!(biased; first, before, bad, after, release);
        assert!(before.is_ok() && after.is_ok());
        assert!(matches!(bad, Err(StoreError::Ended)));
        assert_eq!(count(&bench.file), 2);
    }

    #[tokio::test]
    async fn a_group_sqlite_rolled_back_is_acknowledged_to_nobody() {
        let bench = bench();
        let (go, first) = held(&bench.writer).await;
        let before = bench.writer.write("test", |c| insert(c, 1));
        let rollback = bench.writer.write("test", |c| Ok(c.execute_batch("ROLLBACK")?));
        let after = bench.writer.write("test", |c| insert(c, 2));
        let release = async { go.send(()).unwrap() };
        let (_, before, rollback, after, ()) = tokio::join!(biased; first, before, rollback, after, release);
        assert!(before.is_err() && rollback.is_err() && after.is_err());
        assert_eq!(count(&bench.file), 0);
        assert!(bench.writer.is_ailing());
        bench.writer.write("test", |c| insert(c, 3)).await.unwrap();
        assert!(!bench.writer.is_ailing());
        assert_eq!(count(&bench.file), 1);
    }

    #[tokio::test]
    async fn what_is_in_no_haste_is_committed_with_what_follows() {
        let bench = bench_with_company(Duration::from_secs(3600));
        let ((), durable) = bench.writer.write_early("test", |c| insert(c, 1), false).await.unwrap();
        assert_eq!(count(&bench.file), 0, "nobody reads it yet");
        let seen = bench
            .writer
            .write("test", |c| Ok(c.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))?));
        assert_eq!(seen.await.unwrap(), 1, "who writes does");
        durable.await.unwrap();
        assert_eq!(count(&bench.file), 1);
    }

    #[tokio::test]
    async fn what_is_in_no_haste_and_alone_is_committed_all_the_same() {
        let bench = bench();
        let ((), durable) = bench.writer.write_early("test", |c| insert(c, 1), false).await.unwrap();
        durable.await.unwrap();
        assert_eq!(count(&bench.file), 1);
        let lonely = bench_with_company(Duration::from_secs(3600));
        let ((), durable) = lonely.writer.write_early("test", |c| insert(c, 1), false).await.unwrap();
        drop(lonely.writer);
        durable.await.unwrap();
        assert_eq!(count(&lonely.file), 1);
    }

    #[tokio::test]
    async fn what_is_in_no_haste_is_told_when_it_is_lost() {
        let bench = bench_with_company(Duration::from_secs(3600));
        let spoilt =
            bench.writer.write_early("test", |_| Err::<(), _>(StoreError::Ended.into()), false).await;
        assert!(matches!(spoilt.err(), Some(StoreError::Ended)));
        let ((), durable) = bench.writer.write_early("test", |c| insert(c, 1), false).await.unwrap();
        let rollback = bench.writer.write("test", |c| Ok(c.execute_batch("ROLLBACK")?)).await;
        assert!(rollback.is_err() && durable.await.is_err());
        assert_eq!(count(&bench.file), 0);
    }

    #[tokio::test]
    async fn a_disk_that_takes_nothing_is_told_and_tried_anew() {
        let bench = bench();
        let lock = bench.writer.write("test", |c| Ok(c.execute_batch("PRAGMA query_only = ON")?));
        lock.await.unwrap();
        let refused = bench.writer.write("test", |c| insert(c, 1)).await;
        assert!(matches!(refused, Err(StoreError::Unwritable(_))), "{refused:?}");
        bench.writer.write("test", |c| insert(c, 2)).await.unwrap();
        assert_eq!(count(&bench.file), 1);
    }
}

use async_trait::async_trait;
use parking_lot::Mutex;
use simulay_model::{AccountName, RunState};
use simulay_signals::{LocalSignals, UploadStage};
use simulay_store::Overlap;
use simulay_store::conformance::samples;

use super::*;

/// Changes as several writers leave them: with places that are seen late.
#[derive(Default)]
struct Written {
    runs: Mutex<Vec<(i64, RunSummary)>>,
    overlap: Overlap,
}

#[async_trait]
impl Changes for Written {
    async fn ends(&self) -> Result<Ends, StoreError> {
        Ok(Ends { epoch: "e".to_owned(), runs: 0, plugins: 0 })
    }

    async fn changed_runs(
        &self,
        _: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<RunSummary>>, StoreError> {
        let mut runs: Vec<_> = self.runs.lock().iter().filter(|(at, _)| *at > after.at).cloned().collect();
        runs.sort_by_key(|(at, _)| *at);
        runs.truncate(limit as usize);
        let changed = |(at, now)| Changed { place: Place { at, id: String::new() }, now };
        Ok(runs.into_iter().map(changed).collect())
    }

    async fn count_changed_runs(&self, _: &OwnerFilter, _: &Place, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn changed_plugins(
        &self,
        _: &OwnerFilter,
        _: &Place,
        _: u32,
    ) -> Result<Vec<Changed<PluginSummary>>, StoreError> {
        Ok(Vec::new())
    }

    fn overlap(&self) -> Overlap {
        self.overlap
    }
}

impl Written {
    /// A run changed, and is seen by now.
    fn change(&self, run: RunId, state: RunState, at: i64) {
        let summary = RunSummary { id: run, state, ..RunSummary::from(&samples::run("heat")) };
        let mut runs = self.runs.lock();
        runs.retain(|(_, known)| known.id != run);
        runs.push((at, summary));
    }
}

fn follower(written: &Arc<Written>, signals: &Arc<LocalSignals>) -> Follower {
    follower_in(Scope::All, written, signals)
}

fn follower_in(scope: Scope, written: &Arc<Written>, signals: &Arc<LocalSignals>) -> Follower {
    let begin = Cursor { epoch: "e".to_owned(), runs: 0, plugins: 0 };
    let heard = signals.subscribe(Topic::Account(AccountName::local()));
    let principal = Principal { scope, ..Principal::local("test") };
    Follower::new((written.clone(), signals.clone()), &principal, &begin, heard)
}

/// The next run that is told of, and after how long.
async fn next(follower: &mut Follower) -> (RunId, RunState, Duration) {
    let begun = Instant::now();
    match follower.next().await.unwrap() {
        (_, News::Run(run)) => (run.id, run.state, begun.elapsed()),
        (_, other) => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_at_a_hint_and_without_one_after_a_look() {
    let (written, signals) = (Arc::<Written>::default(), Arc::<LocalSignals>::default());
    let (mut follower, run) = (follower(&written, &signals), RunId::generate());
    written.change(run, RunState::Queued, 1);
    let (told, state, time) = next(&mut follower).await;
    assert!(told == run && state == RunState::Queued && time < LOOK, "{time:?}");
    written.change(run, RunState::Running, 2);
    signals.publish(Signal::AccountChanged(AccountName::local()));
    let (_, state, time) = next(&mut follower).await;
    assert!(state == RunState::Running && time < LOOK, "{time:?}");
    written.change(run, RunState::Failed, 3);
    let (_, state, time) = next(&mut follower).await;
    assert!(state == RunState::Failed && time > PAUSE && time < 2 * LOOK, "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_seen_late_is_told_and_nothing_twice() {
    let overlap = Overlap { usual: 10, most: 1000 };
    let written = Arc::new(Written { overlap, ..Written::default() });
    let mut follower = follower(&written, &Arc::default());
    let [first, late, later] = [(); 3].map(|()| RunId::generate());
    written.change(first, RunState::Queued, 2000);
    assert_eq!(next(&mut follower).await.0, first);
    // Both were stored before the first was, and are seen after it.
    written.change(late, RunState::Queued, 1995);
    let (run, _, time) = next(&mut follower).await;
    assert!(run == late && time < 2 * LOOK, "{time:?}");
    written.change(later, RunState::Queued, 1100);
    let (run, _, time) = next(&mut follower).await;
    assert!(run == later && time < 2 * FAR, "{time:?}");
    let nothing = tokio::time::timeout(10 * FAR, follower.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
}

#[tokio::test(start_paused = true)]
async fn uploads_are_told_as_far_as_they_lie_in_the_scope() {
    let uploads = [None, Some("heat@1.0.0"), Some("heater@1.0.0")];
    for (scope, expected) in [
        (Scope::All, &uploads[..]),
        (Scope::Pipeline("heat".parse().unwrap()), &uploads[1..2]),
        (Scope::Run(RunId::generate()), &[]),
    ] {
        let (written, signals) = (Arc::<Written>::default(), Arc::<LocalSignals>::default());
        let mut follower = follower_in(scope.clone(), &written, &signals);
        for plugin in uploads {
            let plugin = plugin.map(str::to_owned);
            let progress = UploadProgress { id: "u".to_owned(), plugin, stage: UploadStage::Received };
            signals.publish(Signal::UploadAdvanced(AccountName::local(), progress));
        }
        let mut told = Vec::new();
        while let Ok(news) = tokio::time::timeout(2 * LOOK, follower.next()).await {
            let (_, News::Upload(progress)) = news.unwrap() else { panic!() };
            told.push(progress.plugin);
        }
        let told: Vec<_> = told.iter().map(Option::as_deref).collect();
        assert_eq!(told, expected, "{scope:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_changes_are_read_in_pages() {
    let written = Arc::<Written>::default();
    let mut follower = follower(&written, &Arc::default());
    let runs: Vec<RunId> = (0..3 * PAGE + 1).map(|_| RunId::generate()).collect();
    for (at, run) in (1..).zip(&runs) {
        written.change(*run, RunState::Queued, at);
    }
    for (at, run) in (1..).zip(&runs) {
        let (cursor, News::Run(told)) = follower.next().await.unwrap() else { panic!() };
        assert_eq!((told.id, cursor.runs), (*run, at));
    }
}

//! What equal calls take of each other: as a machine reaches it, and in worlds whose clients ask again for what they
//! asked for before.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use simulay_engine::NewRun;
use simulay_model::{AccountName, CallPlace, Digest, EventData, OwnerFilter, Run, RunId};
use simulay_signals::LocalSignals;
use simulay_store::{Flight, KeptKey, Offered, Reuse, StoreError};

use crate::database::{Database, Store, in_memory};
use crate::machine::Machine;
use crate::plugin::{Fate, NAME, Params};
use crate::shares::{calm, fine};
use crate::story::{Host, LAST, Story, me, request, runs, settings, upload, whole};

#[async_trait]
impl Reuse for Database {
    async fn offered(
        &self,
        among: Option<&AccountName>,
        keys: Vec<Digest>,
    ) -> Result<Vec<Offered>, StoreError> {
        self.read(self.store.records.offered(among, keys)).await
    }

    async fn kept_keys(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        most: u32,
    ) -> Result<Vec<KeptKey>, StoreError> {
        self.read(self.store.records.kept_keys(owner, run, most)).await
    }

    async fn lead(&self, flight: &Flight, call: CallPlace, time: Duration) -> Result<CallPlace, StoreError> {
        self.write(self.store.records.lead(flight, call, time)).await
    }

    async fn leader(&self, flight: &Flight) -> Result<Option<CallPlace>, StoreError> {
        self.read(self.store.records.leader(flight)).await
    }

    async fn land(&self, flight: &Flight, call: CallPlace) -> Result<(), StoreError> {
        self.write(self.store.records.land(flight, call)).await
    }
}

/// How many calls of these runs took results. Each was offered by a run that is there, and none had a container.
pub(crate) fn taken(store: &Store, runs: &[Run]) -> usize {
    let mut taken = 0;
    for run in runs {
        let events = pollster::block_on(store.records.events(&OwnerFilter::Any, run.id, 0, 100_000)).unwrap();
        let started = events.iter().filter_map(|event| match &event.data {
            EventData::CallStarted(started) => Some((started.step, started.call)),
            _ => None,
        });
        let started: BTreeSet<_> = started.collect();
        for event in &events {
            let EventData::CallEnded(ended) = &event.data else { continue };
            let Some(result) = ended.result.as_ref().filter(|result| result.reused) else { continue };
            let from = result.reused_from.expect("it is of the same account");
            assert!(runs.iter().any(|run| run.id == from), "{from} is not there");
            assert!(!started.contains(&(ended.step, ended.call)), "what was taken was computed as well");
            taken += 1;
        }
    }
    taken
}

/// A request whose calls are those of every other such request.
fn equal(params: &Params) -> NewRun {
    NewRun { seed: Some(7), ..request(NAME, params) }
}

/// Two hosts over one store that hear each other.
fn hosts(story: &Story, store: &Store) -> [Host; 2] {
    let signals = Arc::new(LocalSignals::default());
    [0, 1].map(|number| {
        let machine = Machine::new(&story.world, u64::MAX);
        let engine = story.engine_that_hears(signals.clone(), &machine, store, settings(number));
        Host { machine, engine }
    })
}

/// However many runs ask for the same at once, of whichever host, each call is computed once.
#[test]
fn equal_calls_at_once_are_computed_once_by_however_many_hosts() {
    calm().live(&in_memory(), async |story, store| {
        let hosts = hosts(story, &store);
        upload(&hosts[0]).await;
        let params = fine(5, 2, 3);
        for number in 0..6 {
            let new = equal(&params);
            let run = hosts[number % 2].engine.intake.create(&me(), new).await.unwrap();
            story.accepted.insert(run.id, params.clone());
        }
        ended(story, &store).await;
        let runs = whole(&store);
        assert!(runs.iter().all(|run| run.report.is_some()), "{runs:?}");
        assert_eq!(story.daemon.starts().len(), 6, "of the first run alone");
        assert_eq!(taken(&store, &runs), 5 * 6);
    });
}

/// Whoever waits goes on by himself when the call that he waits for fails, or the run that it is of is cancelled.
#[test]
fn whoever_waits_for_a_call_that_comes_to_nothing_computes_it() {
    calm().live(&in_memory(), async |story, store| {
        let hosts = hosts(story, &store);
        upload(&hosts[0]).await;
        for fate in [Fate::Exits, Fate::Hangs] {
            let params = Params { salt: 5, steps: 1, calls: 1, fate };
            let new = equal(&params);
            let before = story.daemon.starts().len();
            let first = hosts[0].engine.intake.create(&me(), new.clone()).await.unwrap();
            while story.daemon.starts().len() == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let second = hosts[1].engine.intake.create(&me(), new).await.unwrap();
            if fate == Fate::Hangs {
                tokio::time::sleep(Duration::from_secs(10)).await;
                for run in [first.id, second.id] {
                    hosts[0].engine.intake.cancel(&me(), run).await.unwrap();
                    tokio::time::sleep(Duration::from_secs(10)).await;
                }
            }
            ended(story, &store).await;
        }
        assert_eq!(story.daemon.starts().len(), 4, "each for himself");
        assert_eq!(taken(&store, &whole(&store)), 0);
    });
}

/// A host that dies while others wait for what it computes holds them up no longer than its leases last.
#[test]
fn whoever_waits_for_a_host_that_died_goes_on() {
    calm().live(&in_memory(), async |story, store| {
        let hosts = hosts(story, &store);
        // Whoever looks for runs finds those of a host that died.
        hosts[1].engine.recover().await.unwrap();
        upload(&hosts[0]).await;
        let params = fine(9, 1, 1);
        let new = equal(&params);
        hosts[0].engine.intake.create(&me(), new.clone()).await.unwrap();
        while story.daemon.starts().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        hosts[1].engine.intake.create(&me(), new).await.unwrap();
        hosts[0].machine.kill();
        ended(story, &store).await;
        assert!(whole(&store).iter().all(|run| run.report.is_some()));
    });
}

/// Returns once all runs have ended.
async fn ended(story: &Story, store: &Store) {
    let end = story.world.now() + LAST;
    while !runs(store).iter().all(|run| run.state.is_end()) {
        assert!(story.world.now() < end, "runs do not end: {:?}", runs(store));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

//! Results that equal calls take.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use simulay_model::OwnerFilter::{self, Any};
use simulay_model::{
    AccountName, CallEnd, CallKey, CallPlace, Change, ContainerResult, Decision, Digest, Effects, KeyedCall,
    Offer, Resources, RunId, Scope,
};

use super::Subject;
use super::owners::{account, only, run_of};
use super::samples::{broken, logged, now, plan, result, started};
use crate::{Flight, KeptKey, Offered, StoreError};

const TIME: Duration = Duration::from_secs(30);

/// The key of a call in an image.
pub(super) fn key(image: &str) -> CallKey {
    CallKey::of(&KeyedCall {
        image,
        command: &[],
        env: BTreeMap::new(),
        seed: None,
        files: BTreeMap::new(),
        outputs: &[],
        excludes: &[],
        keep_unchanged: true,
        resources: Resources { cpu_milli: 1, memory_mib: 1, scratch_mib: 1, timeout_ms: 1 },
        contract: "0.1.0",
    })
}

/// A result of which all is kept.
pub(super) fn whole() -> ContainerResult {
    ContainerResult { left_out: Vec::new(), left_out_more: 0, stderr_omitted: 0, ..result(7) }
}

fn planned(keys: &[Option<CallKey>]) -> Change {
    Change::StepPlanned { step: 0, plan: plan(keys.len()), keys: keys.to_vec() }
}

fn start(index: u32, key: CallKey) -> Change {
    Change::CallStarted { step: 0, index, attempt: 0, key: Some(key) }
}

fn ends(index: u32, result: ContainerResult) -> Change {
    Change::CallEnded { step: 0, index, attempt: 0, end: CallEnd::Result(result), taken: None }
}

fn taken(offered: &Offered) -> Change {
    let result = ContainerResult {
        reused: true,
        reused_from: Some(offered.offer.place.run),
        ..offered.result.clone()
    };
    let taken = Some(offered.offer.clone());
    Change::CallEnded { step: 0, index: 0, attempt: 0, end: CallEnd::Result(result), taken }
}

const fn place(run: RunId, index: u32) -> CallPlace {
    CallPlace { run, step: 0, index }
}

impl Subject {
    /// A run of `owner` at work on calls with these keys.
    async fn computing(&self, owner: &str, keys: &[Option<CallKey>]) -> RunId {
        let run = run_of(owner);
        self.runs.create(run.clone(), None).await.unwrap();
        for change in [Change::Started, planned(keys)] {
            self.change(run.id, change).await;
        }
        run.id
    }

    /// A run of `owner` whose only call has this key and gave a whole result.
    pub(super) async fn offering(&self, owner: &str, key: CallKey) -> RunId {
        let run = self.computing(owner, &[Some(key)]).await;
        for change in [start(0, key), ends(0, whole())] {
            self.change(run, change).await;
        }
        run
    }

    /// The runs whose results are offered under `key`.
    pub(super) async fn offered(&self, among: Option<&str>, key: &CallKey) -> Vec<Offered> {
        let among = among.map(account);
        self.reuse.offered(among.as_ref(), vec![key.digest()]).await.unwrap()
    }

    async fn kept(&self, filter: &OwnerFilter, run: RunId, most: u32) -> Vec<KeptKey> {
        self.reuse.kept_keys(filter, run, most).await.unwrap()
    }

    /// Has another run take what was offered at some time.
    pub(super) async fn take(&self, key: CallKey, offered: &Offered) -> Result<(), StoreError> {
        let run = self.computing("ada", &[Some(key)]).await;
        self.runs.commit(run, None, self.decide(run, taken(offered)).await).await
    }

    /// What follows from changes, one after another.
    async fn decide_all(&self, run: RunId, changes: impl IntoIterator<Item = Change>) -> Vec<Effects> {
        let mut progress = self.runs.progress(run).await.unwrap().unwrap();
        let decide = |change| {
            let Decision::Commit(effects) = progress.decide(now(), change).unwrap() else {
                unreachable!("no sample happens twice")
            };
            progress.apply(&effects);
            *effects
        };
        changes.into_iter().map(decide).collect()
    }
}

/// As soon as its end is stored; of several the newest, and of several keys those that are there.
pub async fn a_whole_result_is_offered_under_its_key(subject: &Subject) {
    let (this, other) = (key("this"), key("other"));
    let run = subject.computing("ada", &[Some(this), Some(other)]).await;
    subject.change(run, start(0, this)).await;
    assert_eq!(subject.offered(Some("ada"), &this).await, []);
    subject.change(run, ends(0, whole())).await;
    let offer = Offer { key: this.digest(), owner: account("ada"), place: place(run, 0) };
    assert_eq!(subject.offered(Some("ada"), &this).await, [Offered { offer, result: whole() }]);
    let newer = subject.offering("ada", this).await;
    let third = subject.offering("ada", key("third")).await;
    let keys = [this, other, key("third")].map(|key| key.digest()).to_vec();
    let offered = subject.reuse.offered(Some(&account("ada")), keys).await.unwrap();
    let mut runs: Vec<_> = offered.iter().map(|offered| offered.offer.place.run).collect();
    runs.sort_unstable();
    assert_eq!(runs, [newer, third]);
    assert_eq!(subject.reuse.offered(Some(&account("ada")), Vec::new()).await.unwrap(), []);
}

/// An attempt has the key of what was started, which need not be what was planned.
pub async fn what_is_not_whole_or_has_no_key_is_not_offered(subject: &Subject) {
    let (this, other) = (key("this"), key("other"));
    let run = subject.computing("ada", &[Some(this), Some(this), Some(this), None]).await;
    for change in [start(0, this), ends(0, result(7)), start(1, this), broken(0, 1, 0)] {
        subject.change(run, change).await;
    }
    for change in [started(0, 2, 0), ends(2, whole()), start(3, other), ends(3, whole())] {
        subject.change(run, change).await;
    }
    assert_eq!(subject.offered(None, &this).await, []);
    assert_eq!(subject.offered(None, &other).await.len(), 1);
    let attempts = subject.runs.progress(run).await.unwrap().unwrap().attempts;
    let keys: Vec<_> = attempts.values().map(|newest| newest.key).collect();
    assert_eq!(keys, [Some(this), Some(this), None, Some(other)]);
    let calls = subject.journal.calls(&Any, run).await.unwrap();
    assert_eq!(calls.iter().map(|call| call.key).collect::<Vec<_>>(), keys);
}

/// Others neither find them nor the calls that gave them, unless all share.
pub async fn results_are_offered_among_the_calls_of_one_account(subject: &Subject) {
    let key = key("this");
    let run = subject.offering("ada", key).await;
    assert_eq!(subject.offered(Some("bob"), &key).await, []);
    let shared = subject.offered(None, &key).await;
    assert_eq!((&shared[0].offer.owner, shared[0].offer.place.run), (&account("ada"), run));
    let later = RunId::generate();
    assert_eq!(subject.kept(&only("bob"), later, 10).await, []);
    let kept = [KeptKey { place: place(run, 0), key }];
    assert_eq!(subject.kept(&only("ada"), later, 10).await, kept);
    let within = |scope| OwnerFilter::Within(Box::new(only("ada")), scope);
    assert_eq!(subject.kept(&within(Scope::Pipeline("heat".parse().unwrap())), later, 10).await, kept);
    assert_eq!(subject.kept(&within(Scope::Pipeline("beam".parse().unwrap())), later, 10).await, []);
    assert_eq!(subject.kept(&within(Scope::Run(later)), later, 10).await, []);
}

/// With its files among those of the run, and offered itself from then on.
pub async fn a_result_that_is_taken_is_an_end_like_any_other(subject: &Subject) {
    let key = key("this");
    let first = subject.offering("ada", key).await;
    let offered = subject.offered(Some("ada"), &key).await.remove(0);
    let run = run_of("ada");
    subject.runs.create(run.clone(), None).await.unwrap();
    subject.change(run.id, Change::Started).await;
    let effects = subject.decide_all(run.id, [planned(&[Some(key)]), taken(&offered)]).await;
    subject.runs.commit_all(run.id, None, effects).await.unwrap();
    let call = subject.journal.call(&Any, run.id, 0, 0).await.unwrap().unwrap();
    let Some(CallEnd::Result(told)) = call.end else { unreachable!("it ended: {call:?}") };
    assert_eq!((call.started, told.reused, told.reused_from), (false, true, Some(first)));
    assert_eq!(told.outputs, whole().outputs);
    assert_eq!(subject.journal.artifacts(&Any, run.id).await.unwrap().len(), 4);
    assert_eq!(subject.journal.events(&Any, run.id, 0, 10).await.unwrap().len(), 4);
    assert_eq!(subject.offered(Some("ada"), &key).await[0].offer.place.run, run.id);
}

/// Nothing of the transaction is stored.
pub async fn what_is_not_offered_is_not_taken(subject: &Subject) {
    let key = key("this");
    subject.offering("ada", key).await;
    let offered = subject.offered(Some("ada"), &key).await.remove(0);
    let run = subject.computing("ada", &[Some(key)]).await;
    let elsewhere = [
        Offer { owner: account("bob"), ..offered.offer.clone() },
        Offer { place: CallPlace { index: 1, ..offered.offer.place }, ..offered.offer.clone() },
        Offer { place: place(run, 0), ..offered.offer.clone() },
    ];
    for offer in elsewhere {
        let change = taken(&Offered { offer, ..offered.clone() });
        let refused = subject.runs.commit(run, None, subject.decide(run, change).await).await;
        assert!(matches!(refused, Err(StoreError::NotOffered)), "{refused:?}");
    }
    assert_eq!(subject.journal.events(&Any, run, 0, 10).await.unwrap().len(), 3);
    assert_eq!(subject.journal.artifacts(&Any, run).await.unwrap().len(), 1);
    subject.change(run, taken(&offered)).await;
}

/// In their order, and none of them when one is refused.
pub async fn changes_that_follow_each_other_are_stored_together_or_not_at_all(subject: &Subject) {
    let run = subject.queued().await;
    let effects = subject.decide_all(run, [Change::Started, planned(&[None]), logged("third")]).await;
    let mut gap = effects.clone();
    gap.remove(1);
    let refused = subject.runs.commit_all(run, None, gap).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    assert_eq!(subject.journal.events(&Any, run, 0, 10).await.unwrap().len(), 1);
    subject.runs.commit_all(run, None, effects.clone()).await.unwrap();
    let events = subject.journal.events(&Any, run, 1, 10).await.unwrap();
    assert!(events.iter().map(|event| &event.data).eq(effects.iter().map(|effects| &effects.event)));
    let again = subject.runs.commit_all(run, None, effects).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
    subject.runs.commit_all(run, None, Vec::new()).await.unwrap();
}

/// Of the runs up to one, and no more than asked for.
pub async fn keys_are_kept_from_the_newest_run(subject: &Subject) {
    let (this, other) = (key("this"), key("other"));
    let runs = [subject.offering("ada", this).await, subject.offering("ada", other).await];
    subject.computing("ada", &[Some(this)]).await;
    let later = RunId::generate();
    let both = [(runs[1], other), (runs[0], this)].map(|(run, key)| KeptKey { place: place(run, 0), key });
    assert_eq!(subject.kept(&only("ada"), later, 10).await, both);
    assert_eq!(subject.kept(&only("ada"), later, 1).await, both[..1]);
    assert_eq!(subject.kept(&only("ada"), runs[0], 10).await, both[1..]);
}

fn flight(among: Option<AccountName>) -> Flight {
    Flight { among, key: Digest::of(b"key") }
}

/// Flights of others, and where all share, are others.
pub async fn a_flight_has_one_leader_until_he_lands_or_his_time_is_over(subject: &Subject) {
    let [first, second] = [(); 2].map(|()| place(RunId::generate(), 0));
    let Subject { reuse, clock, .. } = subject;
    let flight = flight(Some(account("ada")));
    let lead = async |flight: &Flight, call| reuse.lead(flight, call, TIME).await.unwrap();
    assert_eq!(reuse.leader(&flight).await.unwrap(), None);
    assert_eq!(lead(&flight, first).await, first);
    assert_eq!((lead(&flight, second).await, lead(&flight, first).await), (first, first));
    for other in [self::flight(None), self::flight(Some(account("bob")))] {
        assert_eq!(reuse.leader(&other).await.unwrap(), None);
        assert_eq!(lead(&other, second).await, second);
    }
    reuse.land(&flight, second).await.unwrap();
    assert_eq!(reuse.leader(&flight).await.unwrap(), Some(first));
    clock.advance(TIME / 2);
    lead(&flight, first).await;
    clock.advance(TIME / 2);
    assert_eq!(lead(&flight, second).await, first, "he led for longer");
    clock.advance(TIME);
    assert_eq!(reuse.leader(&flight).await.unwrap(), None);
    assert_eq!(lead(&flight, second).await, second);
    reuse.land(&flight, second).await.unwrap();
    assert_eq!(reuse.leader(&flight).await.unwrap(), None);
    reuse.land(&flight, second).await.unwrap();
}

/// And all are told who.
pub async fn of_many_who_would_lead_one_does(subject: &Subject) {
    let flight = flight(Some(account("ada")));
    let calls = [(); 16].map(|()| place(RunId::generate(), 0));
    let led = join_all(calls.iter().map(|call| subject.reuse.lead(&flight, *call, TIME))).await;
    let led: Vec<_> = led.into_iter().map(Result::unwrap).collect();
    assert!(calls.contains(&led[0]));
    assert!(led.iter().all(|leader| *leader == led[0]), "{led:?}");
}

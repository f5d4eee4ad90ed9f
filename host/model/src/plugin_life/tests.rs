use proptest::prelude::*;

use super::*;

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn me() -> Principal {
    Principal::local("me")
}

fn kinds(effects: &PluginEffects) -> Vec<Kind> {
    effects.events.iter().map(|event| event.kind).collect()
}

fn commit(life: &mut PluginLife, change: PluginChange) -> PluginEffects {
    let Ok(Decision::Commit(effects)) = life.decide(AT, &me(), change.clone()) else {
        panic!("{change:?} is not stored")
    };
    life.apply(&effects);
    *effects
}

const fn begin(runs: Vec<RunId>) -> PluginChange {
    PluginChange::CheckBegun { grant: Grant::Operator, runs }
}

const fn agreed(begun: Check) -> PluginChange {
    PluginChange::CheckEnded { begun, disagreements: Vec::new() }
}

fn disagreement() -> Disagreement {
    Disagreement {
        example: "plate".to_owned(),
        run: RunId::generate(),
        pointer: String::new(),
        expected: serde_json::json!(1),
        found: None,
        relative_error: None,
        message: "1 is expected".to_owned(),
    }
}

#[test]
fn an_upload_is_active_when_it_is_approved_and_waits_for_nothing() {
    let states = [(true, false), (true, true), (false, false), (false, true)].map(|(approved, waits)| {
        let life = PluginLife::uploaded(AT, approved, waits);
        (life.state, life.approved_at.is_some(), life.revision)
    });
    let pending = PluginState::Pending;
    let active = (PluginState::Active, true, 0);
    assert_eq!(states, [active, (pending, true, 0), (pending, false, 0), (pending, false, 0)]);
}

#[test]
fn nothing_is_active_without_approval() {
    let mut life = PluginLife::uploaded(AT, false, false);
    let activated = PluginChange::Activated(Grant::Nobody);
    assert_eq!(life.decide(AT, &me(), activated.clone()), Err(PluginRefusal::NotApproved));
    let granted = commit(&mut life.clone(), PluginChange::Activated(Grant::Policy(7)));
    assert_eq!((granted.versions, kinds(&granted)), (Some(7), vec![Kind::Approved, Kind::Activated]));
    let granted = commit(&mut life, PluginChange::Activated(Grant::Operator));
    assert_eq!((granted.versions, kinds(&granted)), (None, vec![Kind::Approved, Kind::Activated]));
    assert_eq!(life.decide(AT, &me(), activated), Ok(Decision::Unchanged), "it is approved");
    commit(&mut life, PluginChange::Retired);
    let again = commit(&mut life, PluginChange::Activated(Grant::Policy(9)));
    assert_eq!((again.versions, kinds(&again)), (None, vec![Kind::Activated]), "all was granted before");
}

#[test]
fn a_check_that_agrees_activates_in_the_same_change() {
    let mut life = PluginLife::uploaded(AT, false, false);
    let begun = commit(&mut life, begin(vec![RunId::generate()]));
    assert_eq!(kinds(&begun), [Kind::Approved, Kind::CheckBegun]);
    assert_eq!((life.state, life.is_checking()), (PluginState::Pending, true));
    assert_eq!(life.decide(AT, &me(), begin(Vec::new())), Ok(Decision::Unchanged), "it goes on");
    let check = life.check.clone().unwrap();
    let ended = commit(&mut life, agreed(check.clone()));
    assert_eq!(kinds(&ended), [Kind::CheckAgreed, Kind::Activated]);
    assert_eq!(life.decide(AT, &me(), agreed(check)), Ok(Decision::Unchanged));
    commit(&mut life, begin(Vec::new()));
    let check = life.check.clone().unwrap();
    assert_eq!(kinds(&commit(&mut life, agreed(check))), [Kind::CheckAgreed], "it was active before");
}

#[test]
fn a_check_that_disagrees_leaves_the_version_where_it_is() {
    let mut life = PluginLife::uploaded(AT, true, true);
    commit(&mut life, begin(vec![RunId::generate()]));
    let (begun, disagreements) = (life.check.clone().unwrap(), vec![disagreement()]);
    let ended = commit(&mut life, PluginChange::CheckEnded { begun, disagreements: disagreements.clone() });
    assert_eq!((life.state, kinds(&ended)), (PluginState::Pending, vec![Kind::CheckDisagreed]));
    assert_eq!(life.check.unwrap().disagreements, Some(disagreements));
}

#[test]
fn a_check_at_work_does_not_bring_back_what_is_retired() {
    for taken in [PluginChange::Retired, PluginChange::RolledBack(3)] {
        let mut life = PluginLife::uploaded(AT, true, false);
        commit(&mut life, begin(vec![RunId::generate()]));
        let check = life.check.clone().unwrap();
        commit(&mut life, taken.clone());
        assert_eq!((life.state, &life.check), (PluginState::Retired, &None));
        assert_eq!(life.decide(AT, &me(), agreed(check)), Ok(Decision::Unchanged));
    }
    let mut life = PluginLife::uploaded(AT, true, false);
    let back = commit(&mut life, PluginChange::RolledBack(3));
    assert_eq!((back.versions, kinds(&back)), (Some(3), vec![Kind::RolledBack]));
    assert_eq!(life.decide(AT, &me(), PluginChange::RolledBack(4)), Err(PluginRefusal::NotActive));
    assert_eq!(life.decide(AT, &me(), PluginChange::Retired), Ok(Decision::Unchanged));
}

/// What is tried; a check that ends is one of those begun.
#[derive(Debug, Clone)]
enum Tried {
    Change(PluginChange),
    CheckEnds { which: prop::sample::Index, agrees: bool },
}

fn tried() -> impl Strategy<Value = Tried> {
    let grant =
        || prop_oneof![Just(Grant::Nobody), Just(Grant::Operator), (0..9_u64).prop_map(Grant::Policy)];
    let isolation = prop_oneof![Just(Isolation::Container), Just(Isolation::Process)];
    let begun = |(grant, runs)| {
        let runs = (0..runs).map(|_| RunId::generate()).collect();
        Tried::Change(PluginChange::CheckBegun { grant, runs })
    };
    prop_oneof![
        1 => grant().prop_map(|grant| Tried::Change(PluginChange::Activated(grant))),
        3 => (grant(), 0..3_usize).prop_map(begun),
        3 => (any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(which, agrees)| Tried::CheckEnds { which, agrees }),
        1 => Just(Tried::Change(PluginChange::Retired)),
        1 => (0..9_u64).prop_map(|versions| Tried::Change(PluginChange::RolledBack(versions))),
        1 => isolation.prop_map(|isolation| Tried::Change(PluginChange::Isolated(isolation))),
    ]
}

/// The change, and the number of the check that it ends.
fn change(tried: Tried, checks: &[Check]) -> Option<(PluginChange, Option<usize>)> {
    match tried {
        Tried::Change(change) => Some((change, None)),
        Tried::CheckEnds { .. } if checks.is_empty() => None,
        Tried::CheckEnds { which, agrees } => {
            let number = which.index(checks.len());
            let disagreements = if agrees { Vec::new() } else { vec![disagreement()] };
            let begun = checks[number].clone();
            Some((PluginChange::CheckEnded { begun, disagreements }, Some(number)))
        }
    }
}

/// The events tell what changed, and nothing else.
fn told(before: &PluginLife, effects: &PluginEffects) {
    let (life, kinds) = (&effects.life, kinds(effects));
    let has = |kind: Kind| kinds.contains(&kind);
    let became = |state| life.state == state && before.state != state;
    assert_eq!(has(Kind::Approved), life.approved_at != before.approved_at);
    assert_eq!(has(Kind::Activated), became(PluginState::Active));
    assert_eq!(has(Kind::Retired) || has(Kind::RolledBack), became(PluginState::Retired));
    let isolated = has(Kind::ProcessIsolationGranted) || has(Kind::ProcessIsolationWithdrawn);
    assert_eq!(isolated, life.isolation != before.isolation);
    assert_eq!(has(Kind::CheckBegun), life.is_checking() && !before.is_checking());
    assert!(!has(Kind::RolledBack) || before.state == PluginState::Active);
}

proptest! {
    /// Whatever is tried, in whatever order.
    #[test]
    fn any_order_keeps_the_promises(
        approved: bool,
        waits: bool,
        all in prop::collection::vec(tried(), 0..200),
    ) {
        let mut life = PluginLife::uploaded(AT, approved, waits);
        let (mut checks, mut ended) = (Vec::new(), std::collections::HashSet::new());
        for (second, tried) in (1_i64..).zip(all) {
            let Some((change, ends)) = change(tried, &checks) else { continue };
            let (at, before) = (Timestamp::from_second(second).unwrap(), life.clone());
            let Ok(Decision::Commit(effects)) = life.decide(at, &me(), change) else { continue };
            prop_assert_eq!(effects.life.revision, before.revision + 1, "no gap");
            told(&before, &effects);
            life.apply(&effects);
            if let Some(number) = ends {
                prop_assert!(ended.insert(number), "a check ends once");
                prop_assert_eq!(before.check.as_ref(), checks.get(number), "by the one that began it");
            }
            if life.is_checking() && !before.is_checking() {
                checks.extend(life.check.clone());
            }
            prop_assert!(before.approved_at.is_none() || life.approved_at == before.approved_at);
            prop_assert!(life.state != PluginState::Active || life.approved_at.is_some());
            prop_assert_eq!(life.state == PluginState::Retired, life.retired_at.is_some());
            let taken = life.state == PluginState::Retired && before.state != PluginState::Retired;
            prop_assert!(!taken || !life.is_checking(), "nothing at work brings it back");
        }
    }
}

//! What lies outside a scope is not there, also of one's own.

use simulay_model::OwnerFilter::{self, Any, Shared};
use simulay_model::{Digest, Quotas, Run, RunId, RunState, Scope, Visibility};

use super::Subject;
use super::owners::{account, only, plugin_of, run_of, uploads};
use super::samples::run;
use crate::{RunFilter, RunQuery, StoreError};

fn of_pipeline(name: &str) -> Scope {
    Scope::Pipeline(name.parse().unwrap())
}

/// Filters by a scope, and whether they find what of Ada's is of `heat`.
fn of_heat() -> [(OwnerFilter, bool); 5] {
    [
        (only("ada").within(&Scope::All), true),
        (only("ada").within(&of_pipeline("heat")), true),
        (only("ada").within(&of_pipeline("beam")), false),
        (only("bob").within(&of_pipeline("heat")), false),
        (Any.within(&of_pipeline("beam")), false),
    ]
}

/// In none of the ways in which it is asked for.
pub async fn a_run_outside_the_scope_is_not_there(subject: &Subject) {
    let run = run_of("ada");
    subject.run_with_files(&run).await;
    let own = only("ada").within(&Scope::Run(run.id));
    let others =
        [only("ada").within(&Scope::Run(RunId::generate())), only("bob").within(&Scope::Run(run.id))];
    let others = others.map(|filter| (filter, false));
    for (filter, there) in of_heat().into_iter().chain([(own, true)]).chain(others) {
        subject.expect_run(&filter, run.id, there).await;
    }
}

/// Whatever else they are filtered by.
pub async fn lists_hold_what_lies_in_the_scope(subject: &Subject) {
    let (heat, other) = (run_of("ada"), run_of("ada"));
    let beam = Run { owner: account("ada"), ..run("beam") };
    for run in [&heat, &other, &beam, &run_of("bob")] {
        subject.runs.create(run.clone(), None).await.unwrap();
    }
    let asked = |pipeline: Option<&str>, state: Option<RunState>| {
        let pipeline = pipeline.map(|name| name.parse().unwrap());
        let filter = RunFilter { pipeline, states: state.into_iter().collect(), ..RunFilter::default() };
        RunQuery { filter, limit: 10, ..RunQuery::default() }
    };
    let scopes = [
        (of_pipeline("heat"), vec![other.id, heat.id]),
        (of_pipeline("beam"), vec![beam.id]),
        (of_pipeline("else"), vec![]),
        (Scope::Run(heat.id), vec![heat.id]),
    ];
    for (scope, found) in scopes {
        let filter = only("ada").within(&scope);
        assert_eq!(subject.runs.count_unfinished(&filter, 10).await.unwrap(), found.len(), "{scope:?}");
        for (pipeline, state) in [(None, None), (None, Some(heat.state)), (Some("heat"), Some(heat.state))] {
            let listed = subject.runs.list(&filter, asked(pipeline, state)).await.unwrap();
            let listed: Vec<_> = listed.iter().map(|run| run.id).collect();
            let expected = found.iter().copied().filter(|run| pipeline.is_none() || *run != beam.id);
            assert_eq!(listed, expected.collect::<Vec<_>>(), "{scope:?} {pipeline:?} {state:?}");
        }
    }
    assert_eq!(subject.runs.count_unfinished(&Any.within(&of_pipeline("heat")), 10).await.unwrap(), 3);
}

/// Neither to look at nor to change, shared or not.
pub async fn a_plugin_outside_the_scope_is_not_there(subject: &Subject) {
    let plugin = plugin_of("ada", "1.0.0");
    subject.plugins.add(plugin.clone(), None).await.unwrap();
    for (filter, there) in of_heat() {
        subject.expect_plugin(&filter, &plugin, there).await;
        let set = subject.plugins.set_visibility(&filter, &plugin.manifest.name, Visibility::Public).await;
        assert_eq!(set.is_ok(), there, "{filter:?}");
        assert!(there || matches!(set, Err(StoreError::NotFound)), "{set:?}");
    }
    let shared = |scope| Shared(account("bob")).within(&scope);
    subject.expect_plugin(&shared(of_pipeline("heat")), &plugin, true).await;
    subject.expect_plugin(&shared(of_pipeline("beam")), &plugin, false).await;
    subject.expect_plugin(&Any.within(&Scope::Run(RunId::generate())), &plugin, false).await;
}

/// Uploads are the account's own; what a run left lies where the run does.
pub async fn bytes_are_named_where_they_lie(subject: &Subject) {
    let run = run_of("ada");
    subject.run_with_files(&run).await;
    let [uploaded, left] = [&b"uploaded"[..], b"3,4"].map(Digest::of);
    subject.uploads.record(&account("ada"), uploads([uploaded]), &Quotas::default()).await.unwrap();
    for (scope, expected) in [
        (Scope::All, vec![uploaded, left]),
        (of_pipeline("heat"), vec![uploaded, left]),
        (of_pipeline("beam"), vec![uploaded]),
        (Scope::Run(run.id), vec![left]),
        (Scope::Run(RunId::generate()), vec![]),
    ] {
        for filter in [only("ada"), Any] {
            let nameable = subject.uploads.nameable(&filter.within(&scope), vec![uploaded, left]).await;
            assert_eq!(nameable.unwrap(), expected.iter().copied().collect(), "{scope:?}");
        }
        let foreign = subject.uploads.nameable(&only("bob").within(&scope), vec![uploaded, left]).await;
        assert!(foreign.unwrap().is_empty(), "{scope:?}");
    }
}

//! What every store must do, whatever keeps it. Each behaviour is a function that fails the test which calls
//! it, and is given an empty store; [`check`] calls them all, but for those of [`retention`], which has its own.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a suite fails the test that calls it")]

pub mod accounts;
pub mod audit;
pub mod changes;
pub mod claimable;
pub mod commits;
pub mod credentials;
pub mod fences;
pub mod journal;
pub mod leases;
pub mod links;
pub mod lists;
pub mod metering;
pub mod overview;
pub mod owners;
pub mod plugins;
pub mod quotas;
pub mod requests;
pub mod retention;
pub mod reuse;
pub mod runs;
pub mod samples;
pub mod scopes;
pub mod sharing;
mod subject;
pub mod sweeps;
pub mod transfer;

pub use subject::{Subject, apply};

/// Checks every behaviour, each on a store that `open` gives: an empty one each time.
pub async fn check(open: impl AsyncFn() -> Subject) {
    check_runs(&open).await;
    check_changes(&open).await;
    check_journal(&open).await;
    check_what_changes(&open).await;
    check_leases(&open).await;
    check_plugins(&open).await;
    check_requests(&open).await;
    check_owners(&open).await;
    check_accounts(&open).await;
    check_audit(&open).await;
    check_metering(&open).await;
    check_quotas(&open).await;
    check_sweeps(&open).await;
    check_reuse(&open).await;
}

async fn check_runs(open: &impl AsyncFn() -> Subject) {
    runs::an_accepted_run_reads_back(&open().await).await;
    runs::a_run_is_accepted_once(&open().await).await;
    runs::what_is_not_there_is_none(&open().await).await;
    lists::lists_go_from_the_newest_and_page_by_a_cursor(&open().await).await;
    lists::lists_are_filtered(&open().await).await;
    overview::runs_are_found_by_what_is_asked_for(&open().await).await;
    overview::filtered_lists_page_by_a_cursor(&open().await).await;
    overview::runs_are_counted_by_their_states(&open().await).await;
    overview::values_of_runs_are_scalars(&open().await).await;
    overview::a_large_document_is_not_looked_into(&open().await).await;
    overview::a_run_is_described_anew_if_it_is_as_it_was(&open().await).await;
}

async fn check_changes(open: &impl AsyncFn() -> Subject) {
    commits::progress_is_what_was_committed(&open().await).await;
    commits::what_is_in_no_haste_stands_before_what_follows(&open().await).await;
    commits::what_is_answered_ahead_becomes_durable_by_itself(&open().await).await;
    commits::a_run_reads_back_as_it_went(&open().await).await;
    commits::every_end_reads_back(&open().await).await;
    commits::what_was_decided_on_less_is_stale(&open().await).await;
    commits::what_was_decided_on_more_is_stale(&open().await).await;
    commits::of_many_who_decide_at_once_one_commits(&open().await).await;
    commits::events_have_no_gaps_however_many_write(&open().await).await;
    commits::a_change_without_a_run_is_refused(&open().await).await;
}

async fn check_journal(open: &impl AsyncFn() -> Subject) {
    journal::every_kind_of_event_reads_back(&open().await).await;
    journal::events_are_read_in_pages(&open().await).await;
    journal::artifacts_come_in_the_order_they_came(&open().await).await;
    journal::calls_are_told_with_their_newest_attempt(&open().await).await;
    journal::plans_read_back(&open().await).await;
    journal::a_run_that_is_not_there_has_an_empty_journal(&open().await).await;
}

async fn check_what_changes(open: &impl AsyncFn() -> Subject) {
    changes::what_changed_is_found_as_it_is_by_now(&open().await).await;
    changes::what_changes_nothing_that_is_shown_is_not_found(&open().await).await;
    changes::what_changed_is_read_in_pages(&open().await).await;
    changes::what_belongs_to_others_is_not_found(&open().await).await;
    changes::versions_that_changed_are_found(&open().await).await;
    changes::of_many_who_write_at_once_nobody_is_missed(&open().await).await;
}

async fn check_leases(open: &impl AsyncFn() -> Subject) {
    leases::a_run_is_held_by_one_until_his_time_is_over(&open().await).await;
    leases::who_renews_keeps_the_run_and_the_time_it_was_active(&open().await).await;
    leases::who_is_late_keeps_what_nobody_took(&open().await).await;
    leases::who_holds_the_run_hears_that_its_end_is_asked_for(&open().await).await;
    leases::what_has_ended_is_held_by_nobody(&open().await).await;
    leases::what_is_not_there_is_not_leased(&open().await).await;
    claimable::runs_to_claim_go_from_the_oldest_and_leave_out_what_has_ended(&open().await).await;
    claimable::a_run_is_claimable_but_while_somebody_holds_it(&open().await).await;
    claimable::who_may_claim_a_run_hears_that_its_end_is_asked_for(&open().await).await;
    claimable::who_may_claim_a_run_hears_that_it_was_worked_on(&open().await).await;
    claimable::of_each_flow_the_oldest_that_are_free_are_claimable(&open().await).await;
    claimable::runs_whose_end_is_asked_for_take_no_place_of_others(&open().await).await;
    fences::an_old_fence_changes_nothing(&open().await).await;
    fences::an_owner_that_comes_again_fences_his_earlier_life(&open().await).await;
    fences::a_fence_that_nobody_gave_is_refused(&open().await).await;
    fences::nothing_is_fenced_by_an_end(&open().await).await;
}

async fn check_plugins(open: &impl AsyncFn() -> Subject) {
    plugins::a_version_reads_back_as_it_was(&open().await).await;
    plugins::the_same_bytes_change_nothing_and_others_are_refused(&open().await).await;
    plugins::of_many_uploads_at_once_one_wins(&open().await).await;
    plugins::the_highest_active_release_is_served(&open().await).await;
    plugins::versions_are_compared_as_versions(&open().await).await;
    plugins::a_commit_changes_a_life_and_nothing_else(&open().await).await;
    plugins::what_is_not_there_does_not_change(&open().await).await;
    plugins::a_life_that_moved_on_is_not_overwritten(&open().await).await;
    plugins::of_many_changes_decided_at_once_one_is_stored(&open().await).await;
    plugins::what_was_decided_on_all_versions_is_stale_when_any_changed(&open().await).await;
    plugins::an_upload_decided_on_less_than_is_stored_is_stale(&open().await).await;
    plugins::of_many_uploads_decided_at_once_one_is_stored(&open().await).await;
    plugins::what_is_being_checked_is_known(&open().await).await;
}

async fn check_requests(open: &impl AsyncFn() -> Subject) {
    requests::a_run_and_its_claim_are_stored_together_or_not_at_all(&open().await).await;
    requests::the_first_answer_stands(&open().await).await;
    requests::neither_owners_nor_scopes_share_keys(&open().await).await;
    requests::a_plugin_changes_once_per_claim(&open().await).await;
    requests::a_claim_on_a_plugin_that_is_not_there_is_not_stored(&open().await).await;
    requests::a_claim_on_a_plugin_that_moved_on_is_not_stored(&open().await).await;
}

async fn check_owners(open: &impl AsyncFn() -> Subject) {
    owners::a_run_of_another_is_not_there(&open().await).await;
    owners::lists_hold_ones_own(&open().await).await;
    owners::a_plugin_of_another_is_not_there(&open().await).await;
    sharing::a_plugin_is_seen_by_those_it_is_shared_with(&open().await).await;
    sharing::who_sees_a_plugin_is_for_its_owner_to_say(&open().await).await;
    sharing::lists_hold_what_is_shared_beside_ones_own(&open().await).await;
    owners::a_name_belongs_to_whoever_took_it(&open().await).await;
    owners::bytes_are_named_by_whoever_uploaded_them(&open().await).await;
    owners::bytes_are_named_by_whose_run_shows_them(&open().await).await;
    scopes::a_run_outside_the_scope_is_not_there(&open().await).await;
    scopes::lists_hold_what_lies_in_the_scope(&open().await).await;
    scopes::a_plugin_outside_the_scope_is_not_there(&open().await).await;
    scopes::bytes_are_named_where_they_lie(&open().await).await;
}

async fn check_accounts(open: &impl AsyncFn() -> Subject) {
    accounts::accounts_read_back(&open().await).await;
    accounts::a_token_is_found_by_its_digest(&open().await).await;
    accounts::tokens_are_listed_from_the_oldest(&open().await).await;
    accounts::a_token_is_revoked(&open().await).await;
    credentials::a_password_is_replaced_and_ends_sessions(&open().await).await;
    credentials::an_identity_is_linked_to_one_account(&open().await).await;
    credentials::a_session_ends_with_the_token_it_came_of(&open().await).await;
    credentials::sessions_are_bounded(&open().await).await;
    credentials::a_session_opens_while_what_it_came_of_holds(&open().await).await;
    links::a_link_reads_back_where_its_run_is_there(&open().await).await;
    links::a_link_is_for_a_run_of_its_account(&open().await).await;
    links::a_run_has_so_many_valid_links(&open().await).await;
    links::a_link_is_revoked(&open().await).await;
}

async fn check_audit(open: &impl AsyncFn() -> Subject) {
    audit::records_read_back_as_they_were_sealed(&open().await).await;
    audit::many_who_append_make_one_chain(&open().await).await;
    audit::records_are_read_in_pages_and_filtered(&open().await).await;
}

async fn check_metering(open: &impl AsyncFn() -> Subject) {
    metering::a_run_is_counted_once(&open().await).await;
    metering::the_end_of_a_call_is_counted_once(&open().await).await;
    metering::what_never_ended_is_counted_with_the_end_of_its_run(&open().await).await;
    metering::what_is_uploaded_again_is_counted_once(&open().await).await;
    metering::days_are_told_by_account_and_month(&open().await).await;
    metering::what_is_kept_is_known_for_each_account(&open().await).await;
}

async fn check_quotas(open: &impl AsyncFn() -> Subject) {
    quotas::what_differs_for_an_account_reads_back(&open().await).await;
    quotas::a_run_beyond_a_quota_is_not_stored(&open().await).await;
    quotas::of_many_runs_at_once_as_many_are_stored_as_may(&open().await).await;
    quotas::an_upload_beyond_a_quota_is_not_taken_down(&open().await).await;
    quotas::a_version_beyond_a_quota_is_not_added(&open().await).await;
}

async fn check_sweeps(open: &impl AsyncFn() -> Subject) {
    sweeps::a_sweep_reads_back(&open().await).await;
    sweeps::a_sweep_of_another_is_not_there(&open().await).await;
    sweeps::lists_of_sweeps_are_filtered_and_paged(&open().await).await;
    sweeps::a_request_makes_one_sweep(&open().await).await;
    sweeps::a_step_and_its_runs_are_stored_once(&open().await).await;
    sweeps::of_many_who_take_the_same_step_one_does(&open().await).await;
    sweeps::a_step_beyond_a_quota_is_not_stored(&open().await).await;
    sweeps::a_point_is_where_its_last_run_is(&open().await).await;
    sweeps::what_has_not_ended_is_known(&open().await).await;
}

async fn check_reuse(open: &impl AsyncFn() -> Subject) {
    reuse::a_whole_result_is_offered_under_its_key(&open().await).await;
    reuse::what_is_not_whole_or_has_no_key_is_not_offered(&open().await).await;
    reuse::results_are_offered_among_the_calls_of_one_account(&open().await).await;
    reuse::a_result_that_is_taken_is_an_end_like_any_other(&open().await).await;
    reuse::what_is_not_offered_is_not_taken(&open().await).await;
    reuse::changes_that_follow_each_other_are_stored_together_or_not_at_all(&open().await).await;
    reuse::keys_are_kept_from_the_newest_run(&open().await).await;
    reuse::a_flight_has_one_leader_until_he_lands_or_his_time_is_over(&open().await).await;
    reuse::of_many_who_would_lead_one_does(&open().await).await;
}

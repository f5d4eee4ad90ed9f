//! Figures for Prometheus. Labels come from closed sets: no name, id or path of a client is one.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use simulay_engine::Stats;

const SECONDS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0];

/// The recorder of this process: the first call makes it the one that all crates write to.
fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let recorder = builder.set_buckets(&SECONDS).unwrap_or_default().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder takes the metrics; /metrics stays empty");
        }
        handle
    })
}

/// Makes sure that metrics are recorded.
pub(crate) fn begin() {
    recorder();
}

/// Lets go of what nobody has read for a while.
pub(crate) fn keep_small() {
    recorder().run_upkeep();
}

/// Counts a request; `route` is the pattern that matched.
pub(crate) fn count(method: &Method, route: &str, status: StatusCode, time: Duration) {
    let (method, route) = (known(method), route.to_owned());
    let status = status.as_str().to_owned();
    counter!("simulay_http_requests_total", "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    histogram!("simulay_http_response_seconds", "method" => method, "route" => route).record(time);
}

const fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// All that was counted, in the text format.
pub(crate) fn rendered() -> String {
    recorder().render()
}

/// The same, with what the engine says of itself.
pub(crate) fn text(stats: &Stats, audit_lost: u64) -> String {
    let Stats { unfinished_runs, waiting_runs, active_runs, containers, leases_won, leases_lost, .. } =
        *stats;
    for (name, count) in [
        ("simulay_audit_lost_total", audit_lost),
        ("simulay_leases_won_total", leases_won),
        ("simulay_leases_lost_total", leases_lost),
    ] {
        counter!(name).absolute(count);
    }
    for (name, value) in [
        ("simulay_unfinished_runs", unfinished_runs),
        ("simulay_waiting_runs", waiting_runs),
        ("simulay_active_runs", active_runs),
        ("simulay_containers", containers),
    ] {
        gauge!(name).set(figure(value));
    }
    for (lacked, calls) in [("turn", stats.calls_without_turn), ("node", stats.calls_without_node)] {
        gauge!("simulay_waiting_calls", "for" => lacked).set(figure(calls));
    }
    rendered()
}

#[expect(clippy::cast_precision_loss, reason = "these counts stay far below 2^52")]
const fn figure(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_the_audit_log_did_not_take_is_counted() {
        begin();
        let told = text(&Stats::default(), 3);
        assert!(told.contains("simulay_audit_lost_total 3"), "{told}");
    }
}

//! What accounts use, and who is told of it.

use axum::http::Request;
use serde_json::Value;
use simulay_api::wire::{QuotaState, System, UsageReport};
use simulay_containers::scripted::Act;
use simulay_model::{Quota, QuotaSetting, Role};

use crate::house::{Answer, House};
use crate::quotas::within;

impl House {
    pub(crate) async fn look(&self, account: &str, path: &str) -> Answer {
        self.of(account, Request::get(path), "").await
    }

    async fn usage_of(&self, account: &str) -> UsageReport {
        self.look(account, "/v1/usage").await.expect(200).document()
    }
}

#[tokio::test]
async fn an_account_is_told_what_it_used_and_may_use() {
    let house = within(Quota::MaxContainers, 4);
    house.containers.on("solve", Act::exits(0).stdout("12345").wall_ms(70).cpu_ms(40));
    house.shared_heat().await;
    let nothing = house.usage_of("ada").await;
    assert_eq!((nothing.days.len(), nothing.total), (0, Default::default()));
    house.bytes_of("ada", "123").await.expect(201);
    house.whole_run_of("ada").await.expect(200);
    house.whole_run_of("ada").await.expect(200);
    let report = house.usage_of("ada").await;
    assert_eq!(report.account, "ada");
    let total = serde_json::to_value(report.total).unwrap();
    let expected = serde_json::json!({
        "runs": 2, "containers": 2, "container_ms": 140, "cpu_ms": 80, "bytes_in": 3, "bytes_kept": 10
    });
    assert_eq!(total, expected);
    let days: Vec<_> = report.days.iter().map(|day| day.day.as_str()).collect();
    assert!(days.iter().all(|day| day.starts_with(&report.month)) && !days.is_empty(), "{days:?}");
    let quota = |name: &str| report.quotas[name];
    assert_eq!(quota("max_containers"), QuotaState { bound: Some(4), used: Some(0), overridden: false });
    let stored = quota("stored_bytes");
    assert!(stored.bound.is_none() && stored.used.unwrap() > 8, "{stored:?}");
    assert_eq!(house.usage_of("bob").await.total, Default::default());
}

#[tokio::test]
async fn what_another_used_is_there_for_operators_alone() {
    let house = within(Quota::MaxContainers, 4);
    let ada = "ada".parse().unwrap();
    house.engine.accounts.create("ada".parse().unwrap(), Role::Author).await.unwrap();
    house.engine.quotas.set(&ada, vec![(Quota::MaxContainers, QuotaSetting::Unlimited)]).await.unwrap();
    house.bytes_of("ada", "123").await.expect(201);
    for account in ["ada", "nobody", "no%20name"] {
        house.look("bob", &format!("/v1/usage?account={account}")).await.problem(404, "not_found");
    }
    house.look("ada", "/v1/usage?account=ada").await.expect(200);
    // Who names no account is an admin.
    house.get("/v1/usage?account=nobody").await.problem(404, "not_found");
    let report: UsageReport = house.get("/v1/usage?account=ada").await.expect(200).document();
    assert_eq!((report.account.as_str(), report.total.bytes_in), ("ada", 3));
    let expected = QuotaState { bound: None, used: Some(0), overridden: true };
    assert_eq!(report.quotas["max_containers"], expected);
    let own: UsageReport = house.get("/v1/usage").await.expect(200).document();
    assert_eq!(own.account, "local");
}

#[tokio::test]
async fn a_month_is_asked_for_in_one_way() {
    let house = House::new();
    house.bytes_of("ada", "123").await.expect(201);
    let past: UsageReport = house.look("ada", "/v1/usage?month=2001-02").await.expect(200).document();
    assert_eq!((past.month.as_str(), past.days.len()), ("2001-02", 0));
    for month in ["2026", "2026-13", "2026-1", "", "now", "2026-11-01"] {
        let problem =
            house.look("ada", &format!("/v1/usage?month={month}")).await.problem(422, "params_invalid");
        assert_eq!(problem.field.as_deref(), Some("month"), "{problem:?}");
        assert!(problem.detail.contains("2026-11"), "{problem:?}");
    }
    house.look("ada", "/v1/usage?day=1").await.problem(422, "params_invalid");
}

#[tokio::test]
async fn what_is_going_on_is_ones_own_but_for_operators() {
    let house = House::new();
    house.containers.on("solve", Act::exits(0).held());
    house.shared_heat().await;
    for account in ["ada", "ada", "bob"] {
        house.run_of(account).await.expect(202);
    }
    let all_at_work = async {
        while house.containers.starts().len() < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, all_at_work).await.unwrap();
    let counts = async |account: &str| {
        let system: System = house.look(account, "/v1/system").await.expect(200).document();
        (system.stats.unfinished_runs, system.stats.active_runs.unwrap(), system.stats.containers.unwrap())
    };
    assert_eq!(counts("ada").await, (2, 2, 2));
    assert_eq!(counts("bob").await, (1, 1, 1));
    assert_eq!(counts("eve").await, (0, 0, 0));
    let system: Value = house.get("/v1/system").await.expect(200).document();
    assert_eq!(system["stats"]["active_runs"], 3, "{system}");
    let metrics = house.get("/metrics").await.expect(200).text();
    assert!(!metrics.contains("ada") && !metrics.contains("account"), "{metrics}");
}

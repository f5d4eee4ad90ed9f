//! How often may be asked, and by whom.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use simulay_api::{ApiSettings, Connection};
use simulay_model::{TOKEN_BYTES, TokenSecret};
use simulay_rates::Rate;

use crate::house::{Answer, House};
use crate::roles::{new_token, of_many, secret};

/// In the time that a test takes, nothing comes again.
const HOUR: Duration = Duration::from_secs(3600);

fn settings() -> ApiSettings {
    ApiSettings {
        loopback: false,
        address_rate: Rate::new(1, HOUR, 4),
        account_rate: Rate::new(1, HOUR, 3),
        failure_rate: Rate::new(1, HOUR, 2),
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..ApiSettings::default()
    }
}

fn from(peer: &str, path: &str) -> Builder {
    Request::get(path).extension(Connection { peer: peer.parse().unwrap(), encrypted: false })
}

impl House {
    async fn read(&self, request: Builder) -> Answer {
        self.send(request, Body::empty()).await
    }
}

fn with(secret: &TokenSecret, request: Builder) -> Builder {
    request.header("authorization", format!("Bearer {}", secret.reveal()))
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let (house, _) = of_many(&settings()).await;
    for path in ["/v1/runs", "/metrics", "/v1/nothing", "/v1/runs"] {
        let answer = house.read(from("192.0.2.1:1", path)).await;
        assert_ne!(answer.status, 429, "{path}");
        assert_eq!(answer.header("ratelimit-policy"), "\"address\";q=4;w=14400");
    }
    for path in ["/v1/runs", "/metrics", "/v1/nothing"] {
        let answer = house.read(from("192.0.2.1:2", path)).await;
        let problem = answer.problem(429, "rate_limited");
        assert!(problem.detail.contains("`limits.requests_per_second_per_address`"), "{problem:?}");
        assert_eq!(problem.retry_after_s, Some(3600));
        assert_eq!(answer.header("ratelimit"), "\"address\";r=0;t=3600");
    }
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        house.read(from("192.0.2.1:3", path)).await.expect(200);
    }
    house.read(from("192.0.2.2:1", "/v1/runs")).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn who_is_behind_a_proxy_here_has_a_limit_of_his_own_and_cannot_choose_whose() {
    let (house, _) = of_many(&settings()).await;
    let ask = async |hops: String| {
        house.read(from("127.0.0.1:1", "/v1/runs").header("x-forwarded-for", hops)).await.status.as_u16()
    };
    for made_up in 0..4 {
        assert_eq!(ask(format!("198.51.100.{made_up}, 192.0.2.1")).await, 401);
    }
    assert_eq!(ask("127.0.0.1, 192.0.2.1".to_owned()).await, 429);
    assert_eq!(ask("192.0.2.1, 192.0.2.2".to_owned()).await, 401);
    for made_up in 0..5 {
        let request =
            from("192.0.2.3:1", "/v1/runs").header("x-forwarded-for", format!("198.51.100.{made_up}"));
        let expected = if made_up < 4 { 401 } else { 429 };
        house.read(request).await.expect(expected);
    }
}

#[tokio::test]
async fn an_account_has_its_limit_wherever_it_asks_from_and_by_whichever_token() {
    let (house, accounts) = of_many(&settings()).await;
    let tokens = [secret(&accounts, new_token("viewer")).await, secret(&accounts, new_token("viewer")).await];
    for (number, left) in [2, 1, 0].into_iter().enumerate() {
        let request = from("127.0.0.1:1", "/v1/runs");
        let answer = house.read(with(&tokens[number % 2], request)).await.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"account\";q=3;w=10800", "this machine has no limit");
        assert!(answer.header("ratelimit").starts_with(&format!("\"account\";r={left};t=")));
    }
    let answer = house.read(with(&tokens[1], from("192.0.2.1:1", "/v1/runs"))).await;
    let problem = answer.problem(429, "rate_limited");
    assert!(problem.detail.contains("`limits.requests_per_second_per_account`"), "{problem:?}");
    assert!(answer.header("ratelimit").starts_with("\"account\";r=0;t=3600, \"address\";r=3;t="));
    let other = secret(&accounts, new_token("runner")).await;
    house.read(with(&other, from("127.0.0.1:1", "/v1/runs"))).await.expect(200);
}

#[tokio::test]
async fn who_tries_one_token_after_another_is_slowed_down_and_his_neighbours_are_not() {
    let settings = ApiSettings { address_rate: None, ..settings() };
    let (house, accounts) = of_many(&settings).await;
    let wrong = |number| with(&TokenSecret::of([number; TOKEN_BYTES]), from("192.0.2.1:1", "/v1/runs"));
    for number in 0..2 {
        house.read(wrong(number)).await.problem(401, "unauthenticated");
    }
    let answer = house.read(wrong(3)).await;
    let problem = answer.problem(429, "rate_limited");
    assert!(problem.detail.contains("`limits.failures_per_minute`"), "{problem:?}");
    assert_eq!(answer.header("ratelimit"), "\"failures\";r=0;t=3600");
    let nonsense = from("192.0.2.1:1", "/v1/runs").header("authorization", "Basic eDp5");
    house.read(nonsense).await.problem(429, "rate_limited");
    house.read(from("192.0.2.1:1", "/v1/runs")).await.problem(401, "unauthenticated");
    let known = secret(&accounts, new_token("viewer")).await;
    house.read(with(&known, from("192.0.2.1:1", "/v1/runs"))).await.expect(200);
}

#[tokio::test]
async fn a_host_of_one_person_has_no_limit_here() {
    let house = House::with(&settings(), simulay_engine::Settings::default());
    for _ in 0..9 {
        let answer = house.read(from("127.0.0.1:1", "/v1/nothing")).await.expect(404);
        assert_eq!(answer.header("ratelimit"), "");
    }
}

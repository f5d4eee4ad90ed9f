//! Who may use which route: each of them, by everyone there is.

use std::time::Duration;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Method, Request};
use serde_json::Value;
use simulay_api::ApiSettings;
use simulay_api::wire::Me;
use simulay_engine::{Accounts, Approval, NewToken, PluginPolicy, Settings};
use simulay_model::{Role, Scope, TOKEN_BYTES, TokenSecret};
use strum::VariantNames as _;

use crate::every_route::{NOBODYS, Route, routes};
use crate::house::{Answer, House};
use crate::scripts::{HEAT, HEAT_GREEDY, HEAT_NEWER};

/// Routes that tell nothing of anybody, and how they answer.
const OPEN: [(&str, u16); 11] = [
    ("docs", 200),
    ("docsScript", 200),
    ("docsStyle", 200),
    ("health", 200),
    ("openapi", 200),
    ("readiness", 200),
    ("returnFromProvider", 401),
    ("showSignInWays", 200),
    ("signIn", 401),
    ("signInAtProvider", 404),
    ("signOut", 204),
];

/// How a route answers that is open to all.
pub(crate) fn open_to_all(operation: &str) -> Option<u16> {
    OPEN.iter().find(|(open, _)| *open == operation).map(|(_, status)| *status)
}

/// A host of many, and its accounts: one of each role, by its name.
pub(crate) async fn of_many(settings: &ApiSettings) -> (House, Accounts) {
    let house = House::of_many_with(None, settings, Settings::default());
    let accounts = house.engine.accounts.clone();
    for name in Role::VARIANTS {
        accounts.create(name.parse().unwrap(), name.parse().unwrap()).await.unwrap();
    }
    (house, accounts)
}

pub(crate) fn new_token(account: &str) -> NewToken {
    NewToken {
        account: account.parse().unwrap(),
        label: String::new(),
        role: None,
        scope: Scope::All,
        lifetime: None,
    }
}

pub(crate) async fn secret(accounts: &Accounts, new: NewToken) -> TokenSecret {
    accounts.create_token(new).await.unwrap().1
}

impl House {
    pub(crate) async fn ask_with(&self, secret: Option<&TokenSecret>, route: &Route) -> Answer {
        let mut request = route.request();
        if let Some(secret) = secret {
            request = request.header("authorization", format!("Bearer {}", secret.reveal()));
        }
        self.send(request, Body::from(route.body.clone())).await
    }
}

/// The answer to `HEAD` has no document.
#[track_caller]
pub(crate) fn refused(route: &Route, answer: &Answer, status: u16, kind: &str) {
    if route.method == Method::HEAD {
        assert_eq!(answer.status, status, "{}", route.path);
    } else {
        answer.problem(status, kind);
    }
}

#[tokio::test]
async fn each_role_may_use_what_the_document_says_and_nothing_else() {
    let (house, accounts) = of_many(&ApiSettings::default()).await;
    for name in Role::VARIANTS {
        let role: Role = name.parse().unwrap();
        let secret = secret(&accounts, new_token(name)).await;
        for (operation, route) in routes(NOBODYS) {
            let answer = house.ask_with(Some(&secret), &route).await;
            let needed = route.role.as_ref().map(|role| role.parse::<Role>().unwrap());
            if needed.is_some_and(|needed| needed > role) {
                refused(&route, &answer, 403, "forbidden");
            } else if needed.is_some() {
                assert!(
                    !matches!(answer.status.as_u16(), 401 | 403),
                    "{operation} {name}: {}",
                    answer.text()
                );
            }
        }
    }
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_answered_but_what_is_open_to_all() {
    let (house, accounts) = of_many(&ApiSettings::default()).await;
    let (revoked, gone) = accounts.create_token(new_token("admin")).await.unwrap();
    accounts.revoke(revoked.id).await.unwrap();
    let over = NewToken { lifetime: Some(Duration::ZERO), ..new_token("admin") };
    let unknown = TokenSecret::of([7; TOKEN_BYTES]);
    let secrets = [None, Some(gone), Some(secret(&accounts, over).await), Some(unknown)];
    for (operation, route) in routes(NOBODYS) {
        for secret in &secrets {
            let answer = house.ask_with(secret.as_ref(), &route).await;
            if let Some(status) = open_to_all(&operation) {
                assert_eq!(answer.status, status, "{operation}: {}", answer.text());
            } else {
                refused(&route, &answer, 401, "unauthenticated");
                assert_eq!(answer.header("www-authenticate"), "Bearer", "{operation}");
            }
        }
    }
}

#[tokio::test]
async fn every_route_needs_a_role_but_those_that_are_open_to_all() {
    let open: Vec<_> = routes(NOBODYS).into_iter().filter(|(_, route)| route.role.is_none()).collect();
    assert_eq!(
        open.into_iter().map(|(operation, _)| operation).collect::<Vec<_>>(),
        OPEN.map(|(open, _)| open)
    );
}

#[tokio::test]
async fn whoever_asks_is_told_who_he_is() {
    let (house, accounts) = of_many(&ApiSettings::default()).await;
    let lowered = NewToken { role: Some(Role::Viewer), ..new_token("author") };
    for (new, account, role) in [(new_token("author"), "author", "author"), (lowered, "author", "viewer")] {
        let secret = secret(&accounts, new).await;
        let request = Request::get("/v1/me").header("authorization", format!("bearer {}", secret.reveal()));
        let me: Me = house.send(request, Body::empty()).await.expect(200).document();
        assert_eq!(
            (me.account.as_str(), serde_json::to_value(me.role).unwrap()),
            (account, Value::from(role))
        );
    }
    let one = House::new();
    let me: Me = one.get("/v1/me").await.expect(200).document();
    assert_eq!(me.account, "local", "without accounts there is one person");
}

#[tokio::test]
async fn the_document_on_accounts_tells_the_role_of_each_route() {
    let document = include_str!("../../../../docs/accounts.md");
    for (operation, route) in routes(NOBODYS) {
        let role = route.role.as_deref().unwrap_or("anybody");
        let line = document.lines().find(|line| line.starts_with(&format!("| {role} |"))).unwrap();
        assert!(line.contains(&format!("`{operation}`")), "{operation} is for {role}: {line}");
        assert_eq!(document.matches(&format!("`{operation}`")).count(), 1, "{operation}");
    }
}

#[tokio::test]
async fn an_operator_approves_what_an_author_uploads_and_the_author_does_not() {
    let (house, accounts) = of_many(&ApiSettings::default()).await;
    let author = secret(&accounts, new_token("author")).await;
    let operator = secret(&accounts, new_token("operator")).await;
    let send = async |secret: &TokenSecret, request: Builder, body: &'static [u8]| {
        let request = request.header("authorization", format!("Bearer {}", secret.reveal()));
        house.send(request, Body::from(body)).await
    };
    for component in [HEAT, HEAT_GREEDY] {
        let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
        send(&author, upload, component).await.expect(201);
    }
    let activate = || Request::post("/v1/plugins/heat/1.2.0/activate");
    send(&author, activate(), b"").await.problem(409, "approval_needed");
    let approve = || Request::post("/v1/plugins/heat/1.2.0/approve");
    send(&author, approve(), b"").await.problem(403, "forbidden");
    let listed: Value = send(&operator, Request::get("/v1/plugins"), b"").await.expect(200).document();
    assert_eq!(listed["plugins"].as_array().unwrap().len(), 2);
    let approved: Value = send(&operator, approve(), b"").await.expect(200).document();
    assert_eq!((&approved["state"], &approved["owner"]), (&Value::from("active"), &Value::from("author")));
    let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
    send(&operator, upload, HEAT_NEWER).await.problem(409, "plugin_name_taken");
}

#[tokio::test]
async fn an_operator_says_that_calls_are_less_apart_and_nobody_says_it_of_his_own() {
    let (house, accounts) = of_many(&ApiSettings::default()).await;
    let [author, operator, admin] = ["author", "operator", "admin"].map(new_token);
    let (author, operator) = (secret(&accounts, author).await, secret(&accounts, operator).await);
    let admin = secret(&accounts, admin).await;
    let send = async |secret: &TokenSecret, request: Builder, body: &'static str| {
        let request = request.header("authorization", format!("Bearer {}", secret.reveal()));
        house.send(request.header("content-type", "application/json"), Body::from(body)).await
    };
    let upload =
        Request::post("/v1/plugins").header("authorization", format!("Bearer {}", operator.reveal()));
    house.send(upload.header("content-type", "application/wasm"), Body::from(HEAT)).await.expect(201);
    let set = || Request::put("/v1/plugins/heat/1.0.0/isolation");
    let (process, container) = (r#"{"isolation":"process"}"#, r#"{"isolation":"container"}"#);
    send(&author, set(), process).await.problem(403, "forbidden");
    let own = send(&operator, set(), process).await.problem(403, "forbidden");
    assert!(own.detail.contains("another operator"), "{}", own.detail);
    let shown = async || -> Value {
        send(&operator, Request::get("/v1/plugins/heat/1.0.0"), "").await.expect(200).document()
    };
    assert_eq!(shown().await["isolation"], "container");
    send(&admin, set(), process).await.expect(204);
    send(&admin, set(), process).await.expect(204);
    assert_eq!(shown().await["isolation"], "process");
    send(&operator, set(), container).await.expect(204);
    let plugin = shown().await;
    let told = |place: usize| plugin["history"][place]["kind"].clone();
    assert_eq!(plugin["isolation"], "container");
    assert_eq!(
        (told(1), told(2)),
        ("process_isolation_granted".into(), "process_isolation_withdrawn".into())
    );
    send(&admin, set(), r#"{"isolation":"none"}"#).await.problem(422, "params_invalid");
    send(&admin, Request::put("/v1/plugins/heat/9.0.0/isolation"), process).await.problem(404, "not_found");
}

/// Also not by a way around: activation, examples, and the same bytes again grant nothing.
#[tokio::test]
async fn an_operator_does_not_approve_what_he_uploaded_himself() {
    let (house, accounts) = of_many(&ApiSettings::default()).await;
    let [operator, admin] = ["operator", "admin"].map(new_token);
    let (operator, admin) = (secret(&accounts, operator).await, secret(&accounts, admin).await);
    let send = async |secret: &TokenSecret, request: Builder, body: &'static [u8]| {
        let request = request.header("authorization", format!("Bearer {}", secret.reveal()));
        house.send(request, Body::from(body)).await
    };
    let upload = || Request::post("/v1/plugins").header("content-type", "application/wasm");
    send(&operator, upload(), HEAT).await.expect(201);
    for known in [201, 200] {
        let greedy: Value = send(&operator, upload(), HEAT_GREEDY).await.expect(known).document();
        assert_eq!(greedy["state"], "pending");
    }
    for query in ["", "?check=examples"] {
        let activate = Request::post(format!("/v1/plugins/heat/1.2.0/activate{query}"));
        send(&operator, activate, b"").await.problem(409, "approval_needed");
        let approve = Request::post(format!("/v1/plugins/heat/1.2.0/approve{query}"));
        let refused = send(&operator, approve, b"").await.problem(403, "forbidden");
        assert!(refused.detail.contains("another operator approves it"), "{}", refused.detail);
        assert!(refused.detail.contains("`plugins.approve_own = true`"), "{}", refused.detail);
    }
    let approve = || Request::post("/v1/plugins/heat/1.2.0/approve");
    let approved: Value = send(&admin, approve(), b"").await.expect(200).document();
    assert_eq!((&approved["state"], &approved["owner"]), (&Value::from("active"), &Value::from("operator")));
    send(&operator, Request::delete("/v1/plugins/heat/1.2.0"), b"").await.expect(204);
    send(&operator, approve(), b"").await.expect(200);
}

#[tokio::test]
async fn an_operator_approves_his_own_where_the_settings_say_so() {
    let policy = PluginPolicy { approval: Approval::Always, approve_own: true, ..PluginPolicy::default() };
    let house = House::of_many(Settings { plugins: policy, ..Settings::default() });
    let accounts = &house.engine.accounts;
    accounts.create("operator".parse().unwrap(), Role::Operator).await.unwrap();
    let bearer = format!("Bearer {}", secret(accounts, new_token("operator")).await.reveal());
    let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send(upload.header("authorization", &bearer), HEAT).await.expect(201);
    let approve = Request::post("/v1/plugins/heat/1.0.0/approve").header("authorization", &bearer);
    let approved: Value = house.send(approve, Body::empty()).await.expect(200).document();
    assert_eq!(approved["state"], "active");
}

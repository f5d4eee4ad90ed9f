//! Signing in and out, and who is kept from it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Method, Request};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use simulay_api::ApiSettings;
use simulay_api::wire::{Me, SignInWays};
use simulay_containers::scripted::Act;
use simulay_engine::{AccountCredentials, NewToken, Password, Settings};
use simulay_identity::scripted::ScriptedProvider;
use simulay_identity::{Claims, GroupRoles};
use simulay_model::{AccountName, Identity, Role, Scope, SystemClock, TokenSecret};

use simulay_store::AuditQuery;

use crate::house::{Answer, House, PATIENCE, read_until};
use crate::scripts::HEAT;

const OURS: (&str, &str) = ("origin", "http://localhost");
const PASSWORD: &str = "correct horse battery";

/// A host of many with an author Ada who has a password, and a token of hers.
async fn of_ada() -> (House, TokenSecret) {
    let house = House::of_many(Settings::default());
    let ada: AccountName = "ada".parse().unwrap();
    house.engine.accounts.create(ada.clone(), Role::Author).await.unwrap();
    let credentials = AccountCredentials::new(house.credentials.clone(), Arc::new(SystemClock));
    credentials.set_password(&ada, Password::new(PASSWORD.to_owned()).unwrap()).await.unwrap();
    let new = NewToken { account: ada, label: String::new(), role: None, scope: Scope::All, lifetime: None };
    let (_, secret) = house.engine.accounts.create_token(new).await.unwrap();
    (house, secret)
}

impl House {
    async fn sign_in(&self, shown: Value) -> Answer {
        self.post("/v1/session", shown.to_string()).await
    }

    /// A request with a session.
    async fn as_browser(&self, cookie: &str, request: Builder) -> Answer {
        self.send(request.header("cookie", cookie), Body::empty()).await
    }
}

/// What a browser sends back of a cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    assert!(set.contains("; HttpOnly; SameSite=Strict; Secure; Path=/; "), "{set}");
    set.split(';').next().unwrap().to_owned()
}

fn whoami() -> Builder {
    Request::get("/v1/me")
}

#[tokio::test]
async fn a_token_or_a_password_opens_a_session_that_a_browser_keeps() {
    let (house, token) = of_ada().await;
    let ways: SignInWays = house.get("/v1/session").await.expect(200).document();
    assert_eq!(ways, SignInWays { needed: true, provider: false });
    for shown in [json!({ "token": token.reveal() }), json!({ "account": "ada", "password": PASSWORD })] {
        let answer = house.sign_in(shown).await.expect(200);
        let me: Me = answer.document();
        assert_eq!(me.account, "ada");
        assert!(me.rights.contains(&"uploadPlugin".to_owned()) && !me.rights.contains(&"metrics".to_owned()));
        assert_eq!(house.as_browser(&cookie(&answer), whoami()).await.expect(200).document::<Me>(), me);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn under_a_path_a_session_is_for_that_path() {
    let base_path = "/sim".to_owned().try_into().unwrap();
    let settings = ApiSettings { base_path, ..ApiSettings::default() };
    let house = House::of_many_with(None, &settings, Settings::default());
    let ada: AccountName = "ada".parse().unwrap();
    house.engine.accounts.create(ada.clone(), Role::Author).await.unwrap();
    let new = NewToken { account: ada, label: String::new(), role: None, scope: Scope::All, lifetime: None };
    let (_, token) = house.engine.accounts.create_token(new).await.unwrap();
    let answer =
        house.post("/sim/v1/session", json!({ "token": token.reveal() }).to_string()).await.expect(200);
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Secure-simulay=") && set.contains("; Path=/sim; "), "{set}");
    let kept = set.split(';').next().unwrap();
    for path in ["/sim/v1/me", "/v1/me"] {
        house.as_browser(kept, Request::get(path)).await.expect(200);
        let of_another = kept.replace("__Secure-", "__Host-");
        house.as_browser(&of_another, Request::get(path)).await.problem(401, "unauthenticated");
    }
    let foreign = Request::delete("/sim/v1/session").header("sec-fetch-site", "cross-site");
    house.as_browser(kept, foreign).await.problem(403, "cross_site");
    let ours = Request::delete("/sim/v1/session").header("sec-fetch-site", "same-origin");
    let forgotten = house.as_browser(kept, ours).await.expect(204);
    assert!(
        forgotten.header("set-cookie").contains("Path=/sim; Max-Age=0"),
        "{}",
        forgotten.header("set-cookie")
    );
}

#[tokio::test]
async fn whoever_is_wrong_is_not_told_in_what() {
    let (house, _) = of_ada().await;
    let unknown = TokenSecret::of([7; 32]);
    let mut told = Vec::new();
    for shown in [
        json!({ "account": "ada", "password": "another password" }),
        json!({ "account": "eve", "password": PASSWORD }),
        json!({ "account": "ADA", "password": PASSWORD }),
        json!({ "account": "ada", "password": "short" }),
        json!({ "token": unknown.reveal() }),
        json!({ "token": "nonsense" }),
    ] {
        let answer = house.sign_in(shown).await;
        told.push(answer.problem(401, "unauthenticated").detail);
        assert_eq!(answer.header("set-cookie"), "");
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    for shown in [json!({}), json!({ "account": "ada" }), json!({ "token": "x", "password": "y" })] {
        house.sign_in(shown).await.problem(422, "params_invalid");
    }
    house.sign_in(json!({ "role": "admin" })).await.problem(422, "params_invalid");
}

#[tokio::test]
async fn a_session_ends_by_signing_out_and_a_new_one_ends_the_old() {
    let (house, token) = of_ada().await;
    let sign_in = async |cookie: &str| {
        let request = Request::post("/v1/session").header("content-type", "application/json");
        let body = json!({ "token": token.reveal() }).to_string();
        house.send(request.header("cookie", cookie), body).await.expect(200)
    };
    let fixed = cookie(&sign_in("").await);
    let own = cookie(&sign_in(&fixed).await);
    assert_ne!(fixed, own, "nobody goes on with a session that he was given");
    house.as_browser(&own, whoami()).await.expect(200);
    let out = house.as_browser(&own, Request::delete("/v1/session")).await.expect(204);
    assert_eq!(cookie(&out), "__Host-simulay=");
    house.as_browser(&own, Request::delete("/v1/session")).await.expect(204);
    for ended in [fixed, own] {
        house.as_browser(&ended, whoami()).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn with_a_session_only_pages_of_ours_change_anything() {
    let (house, token) = of_ada().await;
    let cookie = cookie(&house.sign_in(json!({ "token": token.reveal() })).await.expect(200));
    let upload = async |sent: &[(&str, &str)]| {
        let request = Request::post("/v1/plugins").header("content-type", "application/wasm");
        let request =
            sent.iter().fold(request.header("cookie", &cookie), |all, one| all.header(one.0, one.1));
        house.send(request, HEAT).await
    };
    let other = ("origin", "https://evil.example");
    let same_site = ("sec-fetch-site", "same-site");
    for sent in
        [&[][..], &[other], &[same_site], &[same_site, OURS], &[("sec-fetch-site", "none")], &[OURS, OURS]]
    {
        upload(sent).await.problem(403, "cross_site");
    }
    upload(&[OURS]).await.expect(201);
    upload(&[("sec-fetch-site", "same-origin"), OURS]).await.expect(200);
    for method in [Method::GET, Method::HEAD] {
        house.as_browser(&cookie, Request::builder().method(method).uri("/v1/runs")).await.expect(200);
    }
    let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    let embedded = link.iter().fold(Request::get("/v1/runs"), |all, one| all.header(one.0, one.1));
    house.as_browser(&cookie, embedded).await.problem(403, "cross_site");
}

#[tokio::test]
async fn a_session_is_no_token_and_a_token_no_session() {
    let (house, token) = of_ada().await;
    let cookie = cookie(&house.sign_in(json!({ "token": token.reveal() })).await.expect(200));
    let secret = cookie.split_once('=').unwrap().1;
    let as_token = whoami().header("authorization", format!("Bearer {secret}"));
    house.send(as_token, Body::empty()).await.problem(401, "unauthenticated");
    house.sign_in(json!({ "token": secret })).await.problem(401, "unauthenticated");
    let as_session = format!("__Host-simulay={}", token.reveal());
    house.as_browser(&as_session, whoami()).await.problem(401, "unauthenticated");
    // What is said in words wins over what the browser says by itself.
    let wrong = whoami().header("authorization", "Bearer nonsense");
    house.as_browser(&cookie, wrong).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn whoever_is_revoked_is_nobody_by_whatever_he_shows() {
    let (house, token) = of_ada().await;
    let by_password = json!({ "account": "ada", "password": PASSWORD });
    let cookie = cookie(&house.sign_in(by_password.clone()).await.expect(200));
    house.engine.accounts.revoke_account(&"ada".parse().unwrap()).await.unwrap();
    house.as_browser(&cookie, whoami()).await.problem(401, "unauthenticated");
    for shown in [by_password, json!({ "token": token.reveal() })] {
        house.sign_in(shown).await.problem(401, "unauthenticated");
    }
    let bearer = whoami().header("authorization", format!("Bearer {}", token.reveal()));
    house.send(bearer, Body::empty()).await.problem(401, "unauthenticated");
    house.engine.accounts.restore_account(&"ada".parse().unwrap()).await.unwrap();
    house.sign_in(json!({ "token": token.reveal() })).await.expect(200);
}

/// A host whose people sign in elsewhere: operators by the group `ops`.
fn at_provider() -> (House, Arc<ScriptedProvider>) {
    let provider = Arc::new(ScriptedProvider::default());
    let by_group = BTreeMap::from([("ops".to_owned(), Role::Operator), ("sim".to_owned(), Role::Runner)]);
    let group_roles = GroupRoles { by_group, otherwise: None };
    let settings = Settings { group_roles, ..Settings::default() };
    (House::of_many_with(Some(provider.clone()), &ApiSettings::default(), settings), provider)
}

fn claims(subject: &str, name: &str, groups: &[&str]) -> Claims {
    let identity = Identity { issuer: "https://login.example.org".to_owned(), subject: subject.to_owned() };
    let groups = groups.iter().map(ToString::to_string).collect();
    Claims { identity, name: Some(name.to_owned()), groups }
}

impl House {
    /// What a browser has once it was sent to the provider, and the state that it comes back with.
    async fn depart(&self) -> (String, String) {
        let answer = self.get("/v1/session/provider?return_to=/docs").await.expect(303);
        let location = answer.header("location");
        let state = location.split_once("state=").unwrap().1.split('&').next().unwrap().to_owned();
        let set = answer.header("set-cookie");
        assert!(set.contains("HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600"), "{set}");
        (set.split(';').next().unwrap().to_owned(), state)
    }

    async fn arrive(&self, cookie: &str, query: &str) -> Answer {
        self.as_browser(cookie, Request::get(format!("/v1/session/provider/return?{query}"))).await
    }

    /// Signs in as whoever `claims` describe.
    async fn through(&self, provider: &ScriptedProvider, claims: Claims) -> Answer {
        provider.announce("code", claims);
        let (cookie, state) = self.depart().await;
        self.arrive(&cookie, &format!("code=code&state={state}")).await
    }
}

#[tokio::test]
async fn somebody_from_the_provider_has_an_account_and_what_his_groups_give() {
    let (house, provider) = at_provider();
    let answer =
        house.through(&provider, claims("1", "Ada@example.org", &["ops", "choir"])).await.expect(200);
    assert!(answer.text().contains("url=/docs\""), "{}", answer.text());
    let session = answer.headers.get_all("set-cookie").iter().next().unwrap().to_str().unwrap();
    let session = session.split(';').next().unwrap();
    let me: Me = house.as_browser(session, whoami()).await.expect(200).document();
    assert_eq!((me.account.as_str(), json!(me.role)), ("ada@example.org", json!("operator")));
    house.through(&provider, claims("1", "renamed", &["sim"])).await.expect(200);
    let known = house.engine.accounts.list().await.unwrap();
    assert_eq!(known.len(), 1, "he is known by his subject, not by a name that changes");
    assert_eq!(known[0].role, Role::Runner, "his groups were changed");
}

#[tokio::test]
async fn nobody_becomes_somebody_else_by_a_name() {
    let (house, provider) = at_provider();
    house.engine.accounts.create("ada".parse().unwrap(), Role::Admin).await.unwrap();
    house.through(&provider, claims("2", "ada", &["ops"])).await.problem(403, "forbidden");
    house.through(&provider, claims("2", "../admin", &["ops"])).await.problem(403, "forbidden");
    house.through(&provider, claims("2", "eve", &["choir"])).await.problem(403, "forbidden");
    assert_eq!(house.engine.accounts.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_sign_in_is_of_the_browser_that_began_it() {
    let (house, provider) = at_provider();
    provider.announce("code", claims("1", "ada", &["ops"]));
    let (cookie, state) = house.depart().await;
    let (_, of_another) = house.depart().await;
    let good = format!("code=code&state={state}");
    let stolen = format!("code=code&state={of_another}");
    let denied = format!("error=access_denied%3Cscript%3E&state={state}");
    for (cookie, query) in
        [("", good.as_str()), (&cookie, &stolen), (&cookie, "code=code"), (&cookie, &denied)]
    {
        let problem = house.arrive(cookie, query).await.problem(401, "unauthenticated");
        assert!(!problem.detail.contains('<'), "{}", problem.detail);
    }
    house.arrive(&cookie, &good).await.expect(200);
    house.arrive(&cookie, &good).await.problem(401, "unauthenticated");
    for elsewhere in ["//evil.example", "https://evil.example", "%5Cevil"] {
        let path = format!("/v1/session/provider?return_to={elsewhere}");
        house.get(&path).await.problem(422, "params_invalid");
    }
}

/// What asks for a run of a plugin that is uploaded now, whose call does not end by itself.
async fn held_run(house: &House, bearer: impl Fn(Builder) -> Builder) -> Builder {
    let upload = Request::post("/v1/plugins").header("content-type", "application/wasm");
    house.send(bearer(upload), HEAT).await.expect(201);
    house.containers.on("solve", Act::exits(0).held());
    Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json")
}

#[tokio::test]
async fn a_stream_breaks_off_when_its_token_is_revoked() {
    let (house, token) = of_ada().await;
    let bearer = |request: Builder| request.header("authorization", format!("Bearer {}", token.reveal()));
    let create = held_run(&house, &bearer).await;
    let run: Value = house.send(bearer(create), "{}").await.expect(202).document();
    let follow = Request::get(format!("/v1/runs/{}/events", run["id"].as_str().unwrap()));
    let mut body = house.respond(bearer(follow), Body::empty()).await.into_body().into_data_stream();
    read_until(&mut body, "event: call.started").await;
    let known = house.engine.accounts.tokens(None).await.unwrap();
    house.engine.accounts.revoke(known[0].id).await.unwrap();
    let rest = tokio::time::timeout(PATIENCE, body.collect::<Vec<_>>()).await.unwrap();
    assert!(rest.last().is_some_and(Result::is_err), "{rest:?}");
    house.containers.release("solve");
}

#[tokio::test]
async fn an_upload_ends_when_its_token_is_revoked() {
    let (house, token) = of_ada().await;
    let bearer = |request: Builder| request.header("authorization", format!("Bearer {}", token.reveal()));
    let request = Request::post("/v1/inputs").header("content-type", "application/octet-stream");
    let (let_in, was_let_in) = tokio::sync::oneshot::channel();
    let begun = stream::once(async {
        let_in.send(()).unwrap();
        Ok::<_, std::io::Error>("begun")
    });
    let begun = begun.chain(stream::pending());
    let known = house.engine.accounts.tokens(None).await.unwrap();
    let revoked = async {
        was_let_in.await.unwrap();
        house.engine.accounts.revoke(known[0].id).await.unwrap();
    };
    let upload = house.send(bearer(request), Body::from_stream(begun));
    let (answer, ()) = tokio::join!(tokio::time::timeout(PATIENCE, upload), revoked);
    answer.unwrap().problem(401, "unauthenticated");
    let uploads = house.engine.audit.page(AuditQuery::after(0, 100)).await.unwrap();
    assert!(uploads.iter().all(|record| record.result != "done"), "{uploads:?}");
}

#[tokio::test]
async fn a_change_that_was_made_is_answered_though_its_token_was_revoked_meanwhile() {
    let (house, token) = of_ada().await;
    let bearer = |request: Builder| request.header("authorization", format!("Bearer {}", token.reveal()));
    let create = held_run(&house, &bearer).await;
    let known = house.engine.accounts.tokens(None).await.unwrap();
    let revoked = async {
        while house.containers.starts().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        house.engine.accounts.revoke(known[0].id).await.unwrap();
        // Until it would be noticed.
        tokio::time::sleep(Duration::from_secs(3)).await;
        house.containers.release("solve");
    };
    let (answer, ()) = tokio::join!(house.send(bearer(create).header("prefer", "wait=60"), "{}"), revoked);
    answer.expect(200);
    let deeds = house.engine.audit.page(AuditQuery::after(0, 100)).await.unwrap();
    assert!(deeds.iter().all(|record| record.action != "denied"), "{deeds:?}");
}

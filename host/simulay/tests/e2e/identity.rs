//! People sign in at a real provider of OpenID Connect, by a browser that goes there and back.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde_json::Value;

use crate::authors::tools;
use crate::host::Host;

/// Where the provider sends browsers back to; the test puts the port of the server in.
const RETURN: &str = "http://127.0.0.1/v1/session/provider/return";

/// The provider; it ends with its test.
struct Provider {
    process: Child,
    // Held: what it says later goes somewhere.
    _output: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    fn start() -> Self {
        let mut command = Command::new("node");
        command.arg("server.mjs").arg(RETURN).current_dir(tools().join("identity-provider"));
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut issuer = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut issuer).unwrap();
        Self { process, _output: output, issuer: issuer.trim().to_owned() }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A browser, as far as signing in goes: cookies by host, redirects, forms.
struct Browser {
    http: Client,
    server: String,
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    fn new(server: &str) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { http, server: server.to_owned(), cookies: BTreeMap::new() }
    }

    /// Asks, and follows where it is sent.
    async fn go(
        &mut self,
        mut method: Method,
        mut url: String,
        mut form: Option<String>,
    ) -> (Response, String) {
        loop {
            let at = self.placed(&url);
            let response = self.ask(method.clone(), &at, form.take()).await;
            let Some(location) = response.headers().get(LOCATION) else { return (response, at) };
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            url = Url::parse(&at).unwrap().join(location.to_str().unwrap()).unwrap().into();
            method = Method::GET;
        }
    }

    /// The address on this machine.
    fn placed(&self, url: &str) -> String {
        url.strip_prefix("http://127.0.0.1/").map_or(url.to_owned(), |path| format!("{}/{path}", self.server))
    }

    async fn ask(&mut self, method: Method, url: &str, form: Option<String>) -> Response {
        let place = Url::parse(url).unwrap().origin().ascii_serialization();
        let own = self.cookies.iter().filter(|((of, _), _)| *of == place);
        let own: Vec<String> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method, url).header(COOKIE, own.join("; "));
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await.unwrap();
        for set in response.headers().get_all(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert((place.clone(), name.to_owned()), value.to_owned());
        }
        response
    }

    /// Signs in at the provider as `login`, who agrees that the server may know him.
    async fn sign_in(&mut self, login: &str) -> Response {
        let begin = format!("{}/v1/session/provider?return_to=/docs", self.server);
        let (mut page, mut at) = self.go(Method::GET, begin, None).await;
        for form in [format!("prompt=login&login={login}&password=any"), "prompt=consent".to_owned()] {
            let text = page.text().await.unwrap();
            let action = text.split("action=\"").nth(1).unwrap_or_else(|| panic!("{at}: {text}"));
            let action = Url::parse(&at).unwrap().join(action.split('"').next().unwrap()).unwrap();
            (page, at) = self.go(Method::POST, action.into(), Some(form)).await;
        }
        page
    }

    async fn me(&mut self) -> Value {
        let url = format!("{}/v1/me", self.server);
        let response = self.ask(Method::GET, &url, None).await;
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }
}

fn settings(issuer: &str) -> String {
    format!(
        "[auth]\nmode = \"accounts\"\n[auth.oidc]\nissuer = \"{issuer}\"\nclient_id = \"simulay\"\n\
         client_secret_file = \"secret\"\nredirect_url = \"{RETURN}\"\nroles = {{ operations = \"operator\" }}\n"
    )
}

#[tokio::test]
async fn people_sign_in_at_their_organisation() {
    let provider = Provider::start();
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("simulay.toml"), settings(&provider.issuer)).unwrap();
    fs::write(data.path().join("secret"), "hush-hush-simulay\n").unwrap();
    fs::set_permissions(data.path().join("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    let host = Host::start_with(data.path(), None);
    let mut ada = Browser::new(host.address());
    let page = ada.sign_in("ada%2Boperations").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("url=/docs"));
    let me = ada.me().await;
    assert_eq!((&me["account"], &me["role"]), (&Value::from("ada"), &Value::from("operator")));
    let mut eve = Browser::new(host.address());
    let refused = eve.sign_in("eve%2Bchoir").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.text().await.unwrap().contains("none of your groups"));
    assert_eq!(eve.me().await["kind"], "unauthenticated");
    let (page, _) = ada
        .go(Method::GET, format!("{}/v1/session/provider/return?code=x&state=y", host.address()), None)
        .await;
    assert_eq!(page.status(), StatusCode::UNAUTHORIZED, "what came before is over");
    let signed_out = ada.ask(Method::DELETE, &format!("{}/v1/session", host.address()), None).await;
    assert_eq!(signed_out.status(), StatusCode::NO_CONTENT);
    assert_eq!(ada.me().await["kind"], "unauthenticated");
}

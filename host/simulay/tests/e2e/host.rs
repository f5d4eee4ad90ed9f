//! A host at work for one test, and a client of it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// `simulay serve` on a free port; killed when dropped.
pub(crate) struct Host {
    process: Child,
    // Held, so that what the host says later goes somewhere.
    _output: BufReader<ChildStdout>,
    url: String,
    client: reqwest::Client,
}

/// The image the tests run in: an ID, or the tag that `cargo xtask images` gives.
pub(crate) fn image() -> String {
    if let Ok(image) = std::env::var("SIMULAY_TEST_IMAGE") {
        return image;
    }
    docker(&["image", "inspect", "--format", "{{.Id}}", "simulay/octave:dev"])
}

/// What `docker` prints.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A built plugin.
pub(crate) fn plugin(name: &str) -> Vec<u8> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm32-wasip2/release");
    let folder = std::env::var_os("SIMULAY_PLUGINS").map_or(built, PathBuf::from);
    let file = folder.join(format!("{}.wasm", name.replace('-', "_")));
    std::fs::read(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask setup` builds it", file.display()))
}

impl Host {
    /// A host over `data`, which knows the image `octave`.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, Some(image()))
    }

    /// A host over `data`, where its settings file may lie, with an image for `octave`.
    pub(crate) fn start_with(data: &Path, octave: Option<String>) -> Self {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_simulay"));
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).current_dir(data);
        serve.envs(octave.map(|image| ("SIMULAY__IMAGES__OCTAVE", image)));
        serve.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = serve.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the host tells its address").to_owned();
        // Fails only when another test chose before.
        rustls::crypto::ring::default_provider().install_default().ok();
        Self { process, _output: output, url, client: reqwest::Client::new() }
    }

    /// Runs `simulay` against this host.
    pub(crate) fn simulay(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simulay"));
        command.args(arguments).env("SIMULAY_SERVER", &self.url).output().unwrap()
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &str {
        &self.url
    }

    /// Its process ID.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// As `kill -9` does it.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        assert!(answer.status().is_success(), "GET {path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        answer.bytes().await.unwrap().to_vec()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Asks with a method that takes no body; the status.
    pub(crate) async fn method(&self, method: reqwest::Method, path: &str) -> u16 {
        self.client.request(method, format!("{}{path}", self.url)).send().await.unwrap().status().as_u16()
    }

    /// Sends bytes; the status and the answer.
    pub(crate) async fn post_bytes(&self, path: &str, media_type: &str, bytes: Vec<u8>) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", media_type);
        let answer = request.body(bytes).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn put_bytes(&self, path: &str, media_type: &str, bytes: Vec<u8>) -> Value {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", media_type);
        let answer = request.body(bytes).send().await.unwrap();
        assert!(answer.status().is_success(), "POST {path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub(crate) async fn upload(&self, name: &str) {
        self.put_bytes("/v1/plugins", "application/wasm", plugin(name)).await;
    }

    /// Uploads an input; what a request names it by.
    pub(crate) async fn input(&self, path: &str, bytes: Vec<u8>) -> Value {
        let stored = self.put_bytes("/v1/inputs", "application/octet-stream", bytes).await;
        json!({ "path": path, "sha256": stored["sha256"] })
    }

    /// Triggers a run whose calls are computed in any case; its id.
    pub(crate) async fn create(&self, pipeline: &str, params: &Value, inputs: &[Value]) -> String {
        let options = json!({ "reuse": false });
        let body = json!({ "params": params, "inputs": inputs, "seed": 7, "options": options });
        let (status, run) = self.post(&format!("/v1/pipelines/{pipeline}/runs"), &body).await;
        assert_eq!(status, 202, "{run}");
        run["id"].as_str().unwrap().to_owned()
    }

    /// Waits until `calls` containers of the run were told to start, and Docker has as many.
    pub(crate) async fn started(&self, id: &str, calls: usize) {
        let all = async {
            while containers_of(id).len() < calls {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all).await.expect("the containers start");
    }

    /// The run once it has ended.
    pub(crate) async fn ended(&self, id: &str) -> Value {
        // The event stream closes after the last event.
        let path = format!("/v1/runs/{id}/events");
        let events = self.bytes(&path);
        tokio::time::timeout(Duration::from_secs(240), events).await.expect("the run ends");
        self.get(&format!("/v1/runs/{id}")).await
    }

    /// The outcome of a run that must succeed.
    pub(crate) async fn outcome(&self, pipeline: &str, params: &Value, inputs: &[Value]) -> Value {
        let id = self.create(pipeline, params, inputs).await;
        let run = self.ended(&id).await;
        assert_eq!(run["state"], "succeeded", "{run}");
        run
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Names of the containers of a run that exist.
pub(crate) fn containers_of(run: &str) -> Vec<String> {
    let filter = format!("name=simulay-{}-", run.replace('-', ""));
    let names = docker(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
    names.lines().map(str::to_owned).collect()
}

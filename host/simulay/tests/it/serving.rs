//! `simulay serve` without Docker.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::command::{complaint, run, said, simulay, simulay_with_files};

/// A server that ends with its test.
pub(crate) struct Server {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Server {
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut command = simulay(home);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        Self::launch(&mut command)
    }

    pub(crate) fn launch(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let Some(address) = address else {
            let mut log = String::new();
            process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
            panic!("the server said `{line}` and logged {log}");
        };
        Self { process, output, address }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What follows `beginning` on the line of the announcement that begins so; none when there is none.
    pub(crate) fn line(&mut self, beginning: &str) -> Option<String> {
        let mut told = String::new();
        while !told.contains("images: ") {
            assert!(self.output.read_line(&mut told).unwrap() > 0, "{told}");
        }
        told.lines().find_map(|line| line.strip_prefix(beginning).map(str::to_owned))
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().try_into().unwrap()), signal).unwrap();
    }

    fn wait(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Its log, once it has stopped.
    pub(crate) fn stopped(mut self) -> String {
        self.signal(Signal::SIGTERM);
        let log = self.log();
        assert_eq!(self.wait().code(), Some(0), "{log}");
        log
    }

    fn log(&mut self) -> String {
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn get(url: &str) -> (u16, String) {
    // Fails only when another test chose before.
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let response = reqwest::get(url).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    })
}

#[test]
fn who_opens_more_connections_than_there_are_files_takes_them_from_nobody() {
    let home = tempfile::tempdir().unwrap();
    let mut command = simulay_with_files(home.path(), 512);
    let server = Server::launch(command.args(["serve", "--listen", "127.0.0.1:0"]));
    let address = server.address().strip_prefix("http://").unwrap();
    let crowd: Vec<_> = (0..600).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert_eq!(get(&format!("{}/healthz", server.address())).0, 200);
    assert_eq!(get(&format!("{}/v1/runs", server.address())).0, 503);
    drop(crowd);
    // The server sees their ends in its own time.
    let listed = || (0..100).any(|_| get(&format!("{}/v1/runs", server.address())).0 == 200);
    assert!(listed());
}

#[test]
fn it_lives_without_docker_says_why_it_is_not_ready_and_stops_on_a_signal() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Server::start(home.path(), &[]);
    assert_eq!(get(&format!("{}/healthz", server.address)).0, 200);
    let (status, reasons) = get(&format!("{}/readyz", server.address));
    assert_eq!(status, 503);
    assert!(reasons.contains("Docker"), "{reasons}");
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    let mut rest = String::new();
    server.output.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("data in ") && rest.contains("images: none"), "{rest}");
}

#[test]
fn for_programs_the_first_line_is_a_document() {
    let home = tempfile::tempdir().unwrap();
    let mut command = simulay(home.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--json"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(told["listening"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{line}");
    assert_eq!(told["images"], serde_json::json!({}));
}

#[test]
fn ctrl_c_stops_it_as_well() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Server::start(home.path(), &[]);
    server.signal(Signal::SIGINT);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_terminal_that_hangs_up_stops_it_unless_it_was_told_to_stay() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Server::start(home.path(), &[]);
    server.signal(Signal::SIGHUP);
    assert_eq!(server.wait().code(), Some(0));
    let known = simulay(home.path());
    let mut nohup = Command::new("nohup");
    nohup.arg(known.get_program()).args(["serve", "--listen", "127.0.0.1:0"]).current_dir(home.path());
    nohup.env_clear().envs(known.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut server = Server::launch(&mut nohup);
    server.signal(Signal::SIGHUP);
    assert_eq!(get(&format!("{}/healthz", server.address)).0, 200);
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn an_address_others_reach_is_refused_unless_allowed() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), ["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("--allow-remote"));
    let mut command = simulay(home.path());
    let allowed = Server::launch(command.args([
        "serve",
        "--listen",
        "0.0.0.0:0",
        "--allow-remote",
        "--accept-risk",
        "no-accounts",
        "--accept-risk",
        "plain-http",
    ]));
    assert!(allowed.address.starts_with("http://0.0.0.0:"));
}

#[test]
fn its_identity_outlives_it_and_two_do_not_share_data() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let arguments = ["--data", data.to_str().unwrap()];
    let mut first = Server::start(home.path(), &arguments);
    let instance = std::fs::read_to_string(data.join("instance")).unwrap();
    let second = run(home.path(), ["serve", "--listen", "127.0.0.1:0", "--data", arguments[1]]);
    assert_eq!(second.status.code(), Some(1), "{}", complaint(&second));
    first.signal(Signal::SIGTERM);
    first.wait();
    let again = Server::start(home.path(), &arguments);
    assert_eq!(std::fs::read_to_string(data.join("instance")).unwrap(), instance);
    drop(again);
}

#[test]
fn a_taken_port_is_told_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(home.path(), ["serve", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("--listen"), "{}", complaint(&output));
}

#[test]
fn every_line_of_a_json_log_is_a_document() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Server::start(home.path(), &["--log-format", "json"]);
    get(&format!("{}/healthz", server.address));
    server.signal(Signal::SIGTERM);
    server.wait();
    let log = server.log();
    assert!(log.contains("stopping"), "{log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn the_client_lists_what_an_empty_server_has() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), &[]);
    for what in ["plugin", "runs"] {
        let output = run(home.path(), [what, "list", "--server", &server.address]);
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        assert_eq!(said(&output).lines().count(), 1, "only headings: {}", said(&output));
    }
    let unknown = "01890000-0000-7000-8000-000000000000";
    let output = run(home.path(), ["runs", "show", unknown, "--server", &server.address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("not_found"), "{}", complaint(&output));
    let output = run(home.path(), ["runs", "create", "heat", "--server", &server.address]);
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
}

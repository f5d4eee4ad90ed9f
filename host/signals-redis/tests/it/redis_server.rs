//! A Redis server of one test.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use simulay_signals_redis::{RedisServer, RedisSettings};
use tempfile::TempDir;

/// For what has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server on a port of its own, which ends with the test.
pub(crate) struct Redis {
    process: Child,
    pub(crate) port: u16,
    options: Vec<String>,
    pub(crate) directory: TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let options = ["--port".to_owned(), port.to_string()];
        let redis = Self::with(tempfile::tempdir().unwrap(), port, options.into());
        redis.answers().await;
        redis
    }

    /// One that is started so; whether it answers is another question.
    pub(crate) fn with(directory: TempDir, port: u16, options: Vec<String>) -> Self {
        let process = launch(directory.path(), &options);
        Self { process, port, options, directory }
    }

    pub(crate) fn settings(&self) -> RedisSettings {
        let url = format!("redis://127.0.0.1:{}", self.port);
        RedisSettings { url, authority: None, instance: "test".to_owned() }
    }

    /// The server, as a process knows it.
    pub(crate) fn server(&self) -> RedisServer {
        RedisServer::new(&self.settings()).unwrap()
    }

    /// Waits until it answers.
    pub(crate) async fn answers(&self) {
        let server = self.server();
        until("Redis answers", async || server.ping().await.is_ok()).await;
    }

    /// What it answers to a command.
    pub(crate) async fn asked<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let client = redis::Client::open(self.settings().url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut asked = redis::cmd(command[0]);
        asked.arg(&command[1..]);
        asked.query_async(&mut connection).await.unwrap()
    }

    /// The numbers of the connections that processes have.
    pub(crate) async fn connections(&self) -> BTreeSet<String> {
        let all: String = self.asked(&["CLIENT", "LIST"]).await;
        // Those of the test itself asked something else last.
        let asked = ["cmd=client", "cmd=config", "cmd=acl", "cmd=dbsize"];
        let lasting = all.lines().filter(|client| !asked.iter().any(|asked| client.contains(asked)));
        lasting.filter_map(|client| client.split(' ').next().map(str::to_owned)).collect()
    }

    /// Kills it: all it knew is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.process = launch(self.directory.path(), &self.options);
        self.answers().await;
    }

    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().try_into().unwrap()), signal).unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(directory: &Path, options: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(directory)
        .args(options)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is there: `cargo xtask test` installs it")
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let waited = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap_or_else(|_| panic!("it does not happen: {what}"));
}

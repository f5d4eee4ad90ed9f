//! A server for each test, which ends with it, and a database for each store.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use mongodb::{Client, Database};
use simulay_model::{Clock, ManualClock};
use simulay_store::StoreError;
use simulay_store_mongo::MongoStore;
use tempfile::TempDir;
use uuid::Uuid;

/// The address of a real server, where somebody has one.
const REAL: &str = "SIMULAY_TEST_MONGODB";
const LISTENS: &str = "listening on ";
/// It may be told to fail, and what it acknowledges as journaled is.
const OWN: &[&str] = &["--enable-test-commands", "--sync-on-commit"];

/// A server that is asked by an address: that of whoever runs the tests, or a process of this test's own.
pub(crate) struct Server {
    uri: String,
    own: Option<Process>,
}

/// The server of one test, and where its records lie.
pub(crate) struct Process {
    child: Child,
    address: String,
    directory: TempDir,
}

impl Server {
    /// The real one, or one of this test.
    pub(crate) fn start() -> Self {
        env::var(REAL).map_or_else(|_| Self::of(Process::start(&[])), |uri| Self { uri, own: None })
    }

    /// One of this test, which it may stop and tell to fail.
    pub(crate) fn own() -> Self {
        Self::of(Process::start(OWN))
    }

    /// One that is no replica set.
    pub(crate) fn standalone() -> Self {
        Self::of(Process::start(&["--standalone"]))
    }

    fn of(process: Process) -> Self {
        Self { uri: format!("mongodb://{}/", process.address), own: Some(process) }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.uri.trim_start_matches("mongodb://").trim_end_matches('/')
    }

    /// Ends the server as a machine that dies does.
    pub(crate) fn kill(&mut self) {
        self.own.as_mut().expect("a server of this test").kill();
    }

    /// Starts it again on what it left, at the same address.
    pub(crate) fn revive(&mut self) {
        self.own.as_mut().expect("a server of this test").revive();
    }

    /// Where commands to the server itself go.
    pub(crate) async fn admin(&self) -> Database {
        Client::with_uri_str(&self.uri).await.unwrap().database("admin")
    }

    /// An empty database.
    pub(crate) fn database(&self) -> Records<'_> {
        Records { server: self, name: format!("test_{}", Uuid::new_v4().simple()) }
    }

    /// A store in a database of its own, whose leases end by a clock that the test moves.
    pub(crate) async fn store(&self) -> (Arc<MongoStore>, Arc<ManualClock>) {
        let clock = Arc::<ManualClock>::default();
        (self.database().open(clock.clone()).await, clock)
    }
}

/// A database that two hosts have opened.
pub(crate) async fn two_hosts(server: &Server) -> [Arc<MongoStore>; 2] {
    let (database, clock) = (server.database(), Arc::<ManualClock>::default());
    [database.open(clock.clone()).await, database.open(clock).await]
}

/// A database that several hosts may open.
pub(crate) struct Records<'a> {
    server: &'a Server,
    name: String,
}

impl Records<'_> {
    pub(crate) async fn open(&self, clock: Arc<dyn Clock>) -> Arc<MongoStore> {
        Arc::new(MongoStore::open_with(&self.server.uri, &self.name, clock).await.unwrap())
    }

    /// As hosts open it: leases end by the server's clock.
    pub(crate) async fn try_open(&self) -> Result<MongoStore, StoreError> {
        MongoStore::open(&self.server.uri, &self.name).await
    }

    /// As whoever fills it opens it.
    pub(crate) async fn open_to_fill(&self) -> MongoStore {
        MongoStore::open_to_fill(&self.server.uri, &self.name).await.unwrap()
    }

    /// The database itself.
    pub(crate) async fn raw(&self) -> Database {
        Client::with_uri_str(&self.server.uri).await.unwrap().database(&self.name)
    }
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (child, address) = spawn(directory.path(), "0", arguments);
        Self { child, address, directory }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn revive(&mut self) {
        let (_, port) = self.address.rsplit_once(':').unwrap();
        let (child, address) = spawn(self.directory.path(), port, OWN);
        assert_eq!(address, self.address);
        self.child = child;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server; gives its address once it listens. It ends with the thread that started it.
fn spawn(directory: &Path, port: &str, arguments: &[&str]) -> (Child, String) {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program()).args(["--port", port]).args(arguments);
    command.arg("--storage-path").arg(directory.join("data")).current_dir(directory);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let said =
        lines.find_map(|line| line.unwrap().split_once(LISTENS).map(|(_, address)| address.to_owned()));
    let address = said.expect("the server listens");
    // What it says later goes somewhere, until it ends.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

/// Where `cargo xtask setup` puts the server.
fn program() -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/simulay/tools");
    let tools = env::var_os("SIMULAY_TOOLS").map_or(tools, PathBuf::from);
    let program = tools.join("mongodb/bin/secantusd-py");
    assert!(program.is_file(), "{} is not there: `cargo xtask setup` fetches it", program.display());
    program
}

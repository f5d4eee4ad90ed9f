//! A server that speaks MongoDB's protocol.

use std::env;

use tempfile::TempDir;

use crate::process::{Process, tool};

/// The address of a real server, where somebody has one.
const REAL: &str = "SIMULAY_TEST_MONGODB";
const LISTENS: &str = "listening on ";
/// What it acknowledges as journaled is, and it may be told to fail.
const OWN: &[&str] = &["--enable-test-commands", "--sync-on-commit"];

/// A server that is asked by an address: that of whoever runs the tests, or a process of this test's own.
pub struct MongoServer {
    uri: String,
    own: Option<(Process, TempDir)>,
}

impl MongoServer {
    /// The real one, or one of this test.
    #[must_use]
    pub fn start() -> Self {
        env::var(REAL).map_or_else(|_| Self::with(&[]), |uri| Self { uri, own: None })
    }

    /// One of this test, which it may stop and tell to fail.
    #[must_use]
    pub fn own() -> Self {
        Self::with(OWN)
    }

    /// One that is no replica set.
    #[must_use]
    pub fn standalone() -> Self {
        Self::with(&["--standalone"])
    }

    fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = spawn(&folder, "0", arguments);
        Self { uri: format!("mongodb://{}/", process.address), own: Some((process, folder)) }
    }

    /// Its address, `mongodb://…/`, without a database.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Ends the server as a machine that dies does.
    ///
    /// # Panics
    /// When it is not this test's own.
    pub fn kill(&mut self) {
        self.own.as_mut().expect("a server of this test").0.kill();
    }

    /// Starts it again on what it left, at the same address.
    ///
    /// # Panics
    /// When it is not this test's own.
    pub fn revive(&mut self) {
        let (process, folder) = self.own.as_mut().expect("a server of this test");
        let (_, port) = process.address.rsplit_once(':').unwrap();
        *process = spawn(folder, port, OWN);
    }
}

fn spawn(folder: &TempDir, port: &str, arguments: &[&str]) -> Process {
    let arguments = [&["--port", port, "--storage-path", "data"], arguments].concat();
    Process::start(&tool("mongodb/bin/secantusd-py"), &arguments, folder.path(), LISTENS)
}

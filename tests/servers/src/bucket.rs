//! A server that speaks S3's protocol.

use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Process, tool};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bucket.py");
const LISTENS: &str = "Running on ";

/// A server of buckets, whose clock a test sets ahead. What it keeps, it keeps in memory.
pub struct BucketServer {
    process: Process,
    folder: TempDir,
    ahead: Mutex<Duration>,
}

impl BucketServer {
    /// Starts one, without buckets.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("seconds-ahead"), "0").unwrap();
        let python = tool("moto/bin/python");
        let process = Process::start(&python, &[PROGRAM, "0"], folder.path(), LISTENS);
        Self { process, folder, ahead: Mutex::default() }
    }

    /// Its address, `http://…`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.process.address
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// When there is such a bucket.
    pub fn make(&self, bucket: &str) {
        ureq::put(format!("{}/{bucket}", self.endpoint())).send_empty().unwrap();
    }

    /// How many uploads of a bucket are neither completed nor aborted.
    ///
    /// # Panics
    /// When there is no such bucket.
    #[must_use]
    pub fn uploads(&self, bucket: &str) -> usize {
        let mut answer = ureq::get(format!("{}/{bucket}?uploads", self.endpoint())).call().unwrap();
        answer.body_mut().read_to_string().unwrap().matches("<UploadId>").count()
    }

    /// Sets its clock ahead by `time` more, in whole seconds.
    pub fn pass(&self, time: Duration) {
        let mut ahead = self.ahead.lock().unwrap();
        *ahead += time;
        // Whole or not at all: the server reads it at any moment.
        let (next, file) = (self.folder.path().join("next"), self.folder.path().join("seconds-ahead"));
        fs::write(&next, ahead.as_secs().to_string()).unwrap();
        fs::rename(next, file).unwrap();
    }
}

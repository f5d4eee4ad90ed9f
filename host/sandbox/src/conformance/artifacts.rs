//! What a plugin reads of artifacts, and who answers.

use std::io;
use std::sync::Arc;

use serde_json::json;
use simulay_model::Digest;

use super::Subject;
use super::calls::step;
use super::subject::{NoArtifacts, request};
use crate::{Answered, Call, CallError, ReadArtifacts};

const CONTENT: &[u8] = b"0123456789";

/// A part of an artifact is read through the caller.
pub async fn an_artifact_is_read_in_parts(subject: &Subject<'_>) {
    assert_eq!(read(subject, Own).await, step(json!(234).into()));
}

/// A plugin is told that there is no artifact of which the caller knows nothing.
pub async fn an_artifact_of_another_run_is_refused(subject: &Subject<'_>) {
    assert_eq!(read(subject, NoArtifacts).await, step(json!(0).into()));
}

/// That an artifact cannot be read is not the plugin's to handle.
pub async fn a_fault_in_reading_is_the_hosts(subject: &Subject<'_>) {
    let answered = read(subject, Unreadable).await;
    assert!(matches!(answered, Err(CallError::Host(_))), "{answered:?}");
}

/// Has `reading` read the artifact of the suite.
async fn read(subject: &Subject<'_>, artifacts: impl ReadArtifacts + 'static) -> Result<Answered, CallError> {
    let params = json!(Digest::of(CONTENT).to_string()).into();
    let call = Call::PreProcess(request(params));
    subject.call_with(&subject.plugins.reading, call, Arc::new(artifacts)).await
}

/// Has the artifact.
struct Own;

impl ReadArtifacts for Own {
    fn read(&self, asked: Digest, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        if asked != Digest::of(CONTENT) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let [offset, length] = [offset, length].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        Ok(CONTENT.iter().skip(offset).take(length).copied().collect())
    }
}

/// Lies on a disk that fails.
struct Unreadable;

impl ReadArtifacts for Unreadable {
    fn read(&self, _artifact: Digest, _offset: u64, _length: u64) -> io::Result<Vec<u8>> {
        Err(io::Error::other("the disk fails"))
    }
}

//! What a plugin may use up, and that the sandbox works on afterwards.

use serde_json::json;

use super::Subject;
use super::calls::stages_are_answered;
use crate::CallError;

/// A call that takes too much time is ended, and says so.
pub async fn time_is_limited(subject: &Subject<'_>) {
    let answered = subject.pre_process(&subject.plugins.endless, json!({}).into()).await;
    assert_eq!(answered, Err(CallError::out_of_time(subject.settings.call_time)));
    stages_are_answered(subject).await;
}

/// A call that takes too much memory is ended, and says so.
pub async fn memory_is_limited(subject: &Subject<'_>) {
    let answered = subject.pre_process(&subject.plugins.greedy, json!({}).into()).await;
    assert_eq!(answered, Err(CallError::MemoryLimit(subject.settings.memory_bytes as u64)));
    stages_are_answered(subject).await;
}

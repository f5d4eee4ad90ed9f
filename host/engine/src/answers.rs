//! What plugins answered lately, for runs that may take earlier results.
//!
//! What a plugin answers follows from its code, from what it is asked, and from the artifacts that it may read: in its
//! sandbox there is no clock, no chance and no memory of earlier calls. So what is asked again in equal words need not be
//! asked again. The words of most runs
//! differ: an answer is kept when the same was asked a second time.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;

use bytes::BufMut as _;
use lru::LruCache;
use parking_lot::Mutex;
use serde::Serialize;
use simulay_model::{AccountName, Digest};
use simulay_sandbox::{Answered, Call};

/// Questions that are remembered, the last ones.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);
/// Bytes of a question or an answer, written down, above which it is not remembered.
const MOST_BYTES: usize = 32 << 10;

/// The last questions, with the answers to those that came again.
pub(crate) struct Answers(Mutex<LruCache<Digest, Option<Answered>>>);

impl Default for Answers {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Answers {
    /// By what a question is known: nobody finds out by the time it takes what others ask. None when it is long.
    pub(crate) fn question(
        owner: &AccountName,
        plugin: Digest,
        call: &Call,
        artifacts: &HashMap<Digest, u64>,
    ) -> Option<Digest> {
        let artifacts: BTreeSet<_> = artifacts.keys().collect();
        written(&(owner, plugin, call, artifacts)).map(|question| Digest::of(&question))
    }

    /// The answer to a question that came more than once.
    pub(crate) fn get(&self, question: Digest) -> Option<Answered> {
        self.0.lock().get(&question).cloned().flatten()
    }

    /// Takes down that a question got this answer.
    pub(crate) fn note(&self, question: Digest, answered: &Answered) {
        let came_before = self.0.lock().put(question, None).is_some();
        if came_before && answered.answer.is_ok() && written(answered).is_some() {
            self.0.lock().put(question, Some(answered.clone()));
        }
    }
}

fn written(what: &impl Serialize) -> Option<Vec<u8>> {
    let mut writer = Vec::new().limit(MOST_BYTES).writer();
    serde_json::to_writer(&mut writer, what).ok()?;
    Some(writer.into_inner().into_inner())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use simulay_model::{Document, Failure, Next, Report, Request};
    use simulay_sandbox::Answer;

    use super::*;

    fn asked(seed: u64, text: &str) -> Call {
        Call::PreProcess(Request {
            params: Document::from(json!({ "text": text })),
            inputs: Vec::new(),
            seed,
        })
    }

    fn question(owner: &str, plugin: &[u8], call: &Call) -> Option<Digest> {
        question_over(owner, plugin, call, &HashMap::new())
    }

    fn question_over(
        owner: &str,
        plugin: &[u8],
        call: &Call,
        artifacts: &HashMap<Digest, u64>,
    ) -> Option<Digest> {
        Answers::question(&owner.parse().unwrap(), Digest::of(plugin), call, artifacts)
    }

    fn answered(text: &str) -> Answered {
        let outcome = Document::from(json!(text));
        let report = Report { outcome, plots: Vec::new(), artifacts: Vec::new() };
        Answered::from(Ok(Answer::Next(Next::Done(report))))
    }

    #[test]
    fn whoever_differs_in_anything_asks_something_else() {
        let call = asked(1, "a");
        let mut questions = vec![
            question("ann", b"one", &call),
            question("bob", b"one", &call),
            question("ann", b"two", &call),
            question("ann", b"one", &asked(2, "a")),
            question("ann", b"one", &asked(1, "b")),
            question_over("ann", b"one", &call, &HashMap::from([(Digest::of(b"artifact"), 8)])),
        ];
        assert_eq!(questions[0], question("ann", b"one", &call.clone()));
        questions.sort();
        questions.dedup();
        assert_eq!((questions.len(), questions.contains(&None)), (6, false));
        assert_eq!(question("ann", b"one", &asked(1, &"a".repeat(MOST_BYTES))), None);
    }

    #[test]
    fn an_answer_is_given_from_the_third_time_on() {
        let (answers, asked) = (Answers::default(), Digest::of(b"question"));
        answers.note(asked, &answered("yes"));
        assert_eq!(answers.get(asked), None);
        answers.note(asked, &answered("yes"));
        assert_eq!(answers.get(asked), Some(answered("yes")));
        assert_eq!(answers.get(Digest::of(b"other")), None);
    }

    #[test]
    fn failures_and_long_answers_are_asked_for_again() {
        let (answers, asked) = (Answers::default(), Digest::of(b"question"));
        let failed = Answered::from(Err(Failure::Simulation("no".to_owned())));
        for answered in [failed, answered(&"a".repeat(MOST_BYTES))] {
            answers.note(asked, &answered);
            answers.note(asked, &answered);
            assert_eq!(answers.get(asked), None);
        }
    }
}

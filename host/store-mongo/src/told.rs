//! What is told of runs, as entries of their journals and back.

use jiff::Timestamp;
use mongodb::bson::{Document, doc};
use simulay_model::{AskedCall, AttemptProgress, CallEnd, Effects, Event, EventData, RunId, Step};
use simulay_store::documents::{self, Stored};

use crate::entries::{Entry, key};
use crate::failure::MongoResult;
use crate::fields::{damaged, flag, number, optional, parsed, signed, text, to_json, unwritable};

/// What is written down of a change.
pub(crate) fn entries(run: RunId, effects: &Effects) -> MongoResult<Vec<Entry>> {
    let mut entries = vec![event_entry(run, effects.sequence, effects.at, &effects.event)?];
    if let Some((step, plan)) = &effects.step {
        entries.extend(plan_entries(run, *step, plan)?);
    }
    for (call, attempt) in &effects.attempts {
        let key = key::attempt(run, *call, attempt.attempt, effects.sequence);
        entries.push(attempt_entry(key, *call, effects.sequence, attempt)?);
    }
    if let Some(report) = &effects.report {
        entries.push(Entry::new(key::document(run, "report"), Document::new(), to_json(report)?));
    }
    Ok(entries)
}

/// The plan of a step, and what its calls ask for.
pub(crate) fn plan_entries(run: RunId, step: u32, plan: &Step) -> MongoResult<Vec<Entry>> {
    let mut entries = vec![Entry::new(key::plan(run, step), Document::new(), to_json(plan)?)];
    for (index, call) in (0_u32..).zip(&plan.calls) {
        let fields = doc! { "step": i64::from(step), "index": i64::from(index) };
        entries.push(Entry::new(key::call(run, (step, index)), fields, to_json(&AskedCall::from(call))?));
    }
    Ok(entries)
}

/// An event of a run.
pub(crate) fn event_entry(run: RunId, sequence: u64, at: Timestamp, data: &EventData) -> MongoResult<Entry> {
    let (kind, text) = documents::event::write(data).map_err(unwritable)?;
    let fields = doc! { "sequence": signed(sequence)?, "at": at.to_string(), "kind": kind };
    Ok(Entry::new(key::event(run, sequence), fields, text))
}

pub(crate) fn event(run: RunId, entry: &Entry) -> MongoResult<Event> {
    let (sequence, at) = (number(&entry.fields, "sequence")?, parsed(&entry.fields, "at")?);
    Ok(Event { run, sequence, at, data: event_data(entry)? })
}

/// What an entry tells of what happened.
pub(crate) fn event_data(event: &Entry) -> MongoResult<EventData> {
    let kind = text(&event.fields, "kind")?;
    documents::event::read(kind, &event.text).map_err(|error| damaged("text", error))
}

/// An attempt as it is from the change numbered `sequence` on; its end is the text.
pub(crate) fn attempt_entry(
    key: String,
    (step, index): (u32, u32),
    sequence: u64,
    attempt: &AttemptProgress,
) -> MongoResult<Entry> {
    let mut fields = doc! {
        "step": i64::from(step),
        "index": i64::from(index),
        "attempt": i64::from(attempt.attempt),
        "sequence": signed(sequence)?,
        "started": attempt.started,
        "ended": attempt.end.is_some(),
    };
    if let Some(call) = attempt.key {
        fields.insert("key", call.to_string());
    }
    let end = attempt.end.as_ref().map(to_json).transpose()?;
    Ok(Entry::new(key, fields, end.unwrap_or_default()))
}

pub(crate) fn attempt(entry: &Entry) -> MongoResult<AttemptProgress> {
    let fields = &entry.fields;
    let end = flag(fields, "ended")?.then(|| read::<CallEnd>(entry)).transpose()?;
    let (attempt, started) = (number(fields, "attempt")?, flag(fields, "started")?);
    Ok(AttemptProgress { attempt, started, key: optional(fields, "key")?, end })
}

/// Step and index of a call.
pub(crate) fn place(fields: &Document) -> MongoResult<(u32, u32)> {
    Ok((number(fields, "step")?, number(fields, "index")?))
}

/// What the text of an entry says.
pub(crate) fn read<T: Stored>(entry: &Entry) -> MongoResult<T> {
    documents::read(&entry.text).map_err(|error| damaged("text", error))
}

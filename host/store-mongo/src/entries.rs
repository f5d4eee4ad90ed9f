//! Entries of journals. Each is known by its key, `RUN/KIND/…`, in the order in which it is read: one index, that of
//! `_id`, finds it, keeps it single and sorts it. A text that is too large for one document goes on in others, whose
//! keys follow that of the first. Each tells its run beside, by which the collection may be spread over shards.

use futures_util::TryStreamExt as _;
use mongodb::bson::{Bson, Document, doc};
use mongodb::{ClientSession, Cursor};
use simulay_model::RunId;
use simulay_store::StoreError;

use crate::failure::MongoResult;
use crate::fields::{self, number};
use crate::schema::JOURNAL;
use crate::store::MongoStore;

/// Bytes of text in one document, which MongoDB bounds at 16 MiB.
const PART: usize = 4 << 20;

/// Keys of entries.
pub(crate) mod key {
    use super::RunId;

    pub(crate) fn event(run: RunId, sequence: u64) -> String {
        format!("{run}/event/{sequence:020}")
    }

    pub(crate) fn plan(run: RunId, step: u32) -> String {
        format!("{run}/plan/{step:010}")
    }

    pub(crate) fn call(run: RunId, (step, index): (u32, u32)) -> String {
        format!("{run}/call/{step:010}/{index:010}")
    }

    /// An attempt as it was from a change of its run on.
    pub(crate) fn attempt(run: RunId, (step, index): (u32, u32), attempt: u32, sequence: u64) -> String {
        format!("{run}/attempt/{step:010}/{index:010}/{attempt:010}/{sequence:020}")
    }

    pub(crate) fn document(run: RunId, name: &str) -> String {
        format!("{run}/document/{name}")
    }
}

/// Something that is written down of a run.
pub(crate) struct Entry {
    key: String,
    /// What is looked at without its text.
    pub(crate) fields: Document,
    pub(crate) text: String,
}

impl Entry {
    pub(crate) const fn new(key: String, fields: Document, text: String) -> Self {
        Self { key, fields, text }
    }

    /// The same with another text.
    pub(crate) fn saying(self, text: String) -> Self {
        Self { text, ..self }
    }

    /// Its key, without that of the run and its kind.
    pub(crate) fn place(&self) -> &str {
        self.key.splitn(3, '/').nth(2).unwrap_or_default()
    }

    /// The documents it is stored as.
    pub(crate) fn documents(self) -> Vec<Document> {
        let parts = parts(&self.text);
        let more = i64::try_from(parts.len()).unwrap_or(i64::MAX).saturating_sub(1);
        let run = run_of(&self.key);
        let following = |(place, part)| {
            let key = format!("{}+{place:06}", self.key);
            doc! { "_id": key, "run": run, "part": place, "text": part }
        };
        let mut documents: Vec<Document> = (0_i64..).zip(parts).map(following).collect();
        if let Some(first) = documents.first_mut() {
            first.remove("part");
            first.extend(self.fields);
            first.insert("_id", &self.key);
            first.insert("run", run);
            if more > 0 {
                first.insert("more", more);
            }
        }
        documents
    }
}

/// A text in parts, at least one.
fn parts(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some((part, rest)) =
        text.split_at_checked(text.floor_char_boundary(PART)).filter(|_| text.len() > PART)
    {
        parts.push(part);
        text = rest;
    }
    parts.push(text);
    parts
}

/// Puts entries together again from the documents they are stored as, in their order.
#[derive(Default)]
pub(crate) struct Assembly {
    whole: Vec<Entry>,
    /// The one whose parts come, and how many do.
    open: Option<(Entry, u64)>,
}

impl Assembly {
    fn add(&mut self, mut document: Document) -> MongoResult<()> {
        let text = fields::text(&document, "text")?.to_owned();
        match &mut self.open {
            Some((entry, missing)) if document.contains_key("part") => {
                entry.text += &text;
                *missing = missing.checked_sub(1).ok_or_else(|| torn(&entry.key))?;
            }
            _ => {
                let missing = if document.contains_key("more") { number(&document, "more")? } else { 0 };
                let key = fields::text(&document, "_id")?.to_owned();
                document.remove("text");
                document.remove("run");
                document.remove("more");
                self.close()?;
                self.open = Some((Entry::new(key, document, text), missing));
            }
        }
        Ok(())
    }

    fn close(&mut self) -> MongoResult<()> {
        match self.open.take() {
            Some((entry, missing)) if missing > 0 => Err(torn(&entry.key)),
            closed => {
                self.whole.extend(closed.map(|(entry, _)| entry));
                Ok(())
            }
        }
    }

    fn finish(mut self) -> MongoResult<Vec<Entry>> {
        self.close()?;
        Ok(self.whole)
    }
}

fn torn(key: &str) -> crate::failure::Failure {
    StoreError::Corrupt(format!("`{key}` is not stored whole").into()).into()
}

/// All entries whose keys begin with `prefix`, which ends between two of their parts.
pub(crate) fn beginning(prefix: &str) -> Document {
    between(prefix, &format!("{prefix}~"))
}

/// The one entry that goes by `key`.
pub(crate) fn exactly(key: &str) -> Document {
    between(key, &format!("{key},"))
}

/// All entries of a run from the key `first` on, up to `end`.
pub(crate) fn between(first: &str, end: &str) -> Document {
    // A process of the version before, which may be at work beside, tells no run.
    doc! { "_id": { "$gte": first, "$lt": end }, "run": { "$in": [run_of(first), Bson::Null] } }
}

/// The run whose entry goes by `key`.
pub(crate) fn run_of(key: &str) -> &str {
    key.split('/').next().unwrap_or_default()
}

impl MongoStore {
    /// Writes entries down.
    pub(crate) async fn enter(
        &self,
        session: &mut ClientSession,
        entries: impl IntoIterator<Item = Entry>,
    ) -> MongoResult<()> {
        let documents: Vec<_> = entries.into_iter().flat_map(Entry::documents).collect();
        self.documents(JOURNAL).insert_many(documents).session(session).await?;
        Ok(())
    }

    /// Writes entries down in the place of those that go by the same keys.
    pub(crate) async fn replace(&self, session: &mut ClientSession, entries: Vec<Entry>) -> MongoResult<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let journal = self.documents(JOURNAL);
        for entry in &entries {
            journal.delete_many(exactly(&entry.key)).session(&mut *session).await?;
        }
        self.enter(session, entries).await
    }

    /// The entries that `filter` finds, in the order of their keys.
    pub(crate) async fn entries(&self, filter: Document) -> MongoResult<Vec<Entry>> {
        let mut cursor = self.journal(filter).await?;
        let mut assembly = Assembly::default();
        while let Some(document) = cursor.try_next().await? {
            assembly.add(document)?;
        }
        assembly.finish()
    }

    /// As [`Self::entries`], as the transaction sees them.
    pub(crate) async fn entries_in(
        &self,
        session: &mut ClientSession,
        filter: Document,
    ) -> MongoResult<Vec<Entry>> {
        let journal = self.documents(JOURNAL);
        let mut cursor = journal.find(filter).sort(doc! { "_id": 1 }).session(&mut *session).await?;
        let mut assembly = Assembly::default();
        while let Some(document) = cursor.next(session).await.transpose()? {
            assembly.add(document)?;
        }
        assembly.finish()
    }

    /// The first `most` entries that `filter` finds, in their order; fewer when their texts have `bytes` together.
    pub(crate) async fn page(&self, filter: Document, most: usize, bytes: usize) -> MongoResult<Vec<Entry>> {
        let mut cursor = self.journal(filter).await?;
        let mut assembly = Assembly::default();
        let full = |whole: &[Entry]| {
            whole.len() >= most || whole.iter().map(|entry| entry.text.len()).sum::<usize>() >= bytes
        };
        while !full(&assembly.whole)
            && let Some(document) = cursor.try_next().await?
        {
            assembly.add(document)?;
        }
        if full(&assembly.whole) { Ok(assembly.whole) } else { assembly.finish() }
    }

    /// The first document that `filter` finds.
    pub(crate) async fn journal_document(&self, filter: Document) -> MongoResult<Option<Document>> {
        Ok(self.documents(JOURNAL).find_one(filter).await?)
    }

    async fn journal(&self, filter: Document) -> MongoResult<Cursor<Document>> {
        Ok(self.documents(JOURNAL).find(filter).sort(doc! { "_id": 1 }).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> MongoResult<Vec<Entry>> {
        let run = RunId::generate();
        let entry = Entry::new(key::plan(run, 3), doc! { "kind": "x" }, text.to_owned());
        let mut assembly = Assembly::default();
        entry.documents().into_iter().try_for_each(|document| assembly.add(document))?;
        assembly.finish()
    }

    #[test]
    fn texts_of_any_size_are_put_together_again() {
        for size in [0, 1, PART - 1, PART, PART + 1, 3 * PART + 1] {
            let text = "ü".repeat(size.div_ceil(2));
            let entries = again(&text).unwrap();
            assert_eq!(entries.len(), 1);
            assert!(entries[0].text == text, "{size}");
            assert_eq!(entries[0].fields.get_str("kind").unwrap(), "x");
            assert_eq!(entries[0].place(), "0000000003");
        }
    }

    #[test]
    fn each_document_tells_its_run() {
        let run = RunId::generate();
        let documents = Entry::new(key::plan(run, 3), Document::new(), "x".repeat(2 * PART)).documents();
        assert_eq!(documents.len(), 2);
        assert!(documents.iter().all(|document| document.get_str("run").unwrap() == run.to_string()));
    }

    #[test]
    fn parts_follow_their_entry_and_come_before_the_next() {
        let run = RunId::generate();
        let [first, second] = [1, 2].map(|sequence| key::event(run, sequence));
        let text = "x".repeat(2 * PART + 1);
        let keys: Vec<String> = [
            Entry::new(first.clone(), Document::new(), text),
            Entry::new(second.clone(), Document::new(), String::new()),
        ]
        .into_iter()
        .flat_map(Entry::documents)
        .map(|document| document.get_str("_id").unwrap().to_owned())
        .collect();
        assert!(keys.is_sorted() && keys.len() == 4, "{keys:?}");
        assert!(keys[2] < format!("{first},") && format!("{first},") < second);
    }

    #[test]
    fn an_entry_that_is_not_whole_is_damaged() {
        let entry = Entry::new("run/plan/1".to_owned(), Document::new(), "x".repeat(2 * PART));
        let mut documents = entry.documents();
        documents.pop();
        let mut assembly = Assembly::default();
        documents.into_iter().for_each(|document| assembly.add(document).unwrap());
        assert!(assembly.finish().is_err());
    }
}

//! Indexes: for every query one, and for every promise that something is there once.

use std::collections::BTreeMap;

use mongodb::IndexModel;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;

use super::{
    ARTIFACTS, AUDIT, DELETIONS, OFFERS, PLUGINS, REQUESTS, RUNS, STORED, SWEEPS, TOKENS, UPLOADS, USAGE,
};

/// From the lowest up.
pub(crate) const ASCENDING: i32 = 1;
/// From the highest down.
pub(crate) const DESCENDING: i32 = -1;

/// An index of a collection.
#[derive(Clone, Copy)]
struct Index {
    collection: &'static str,
    keys: &'static [(&'static str, i32)],
    /// No two documents have the same keys.
    unique: bool,
    /// Only of documents that have this field.
    having: Option<&'static str>,
}

/// All indexes, by whose they are.
const ALL: &[&[Index]] = &[RUN_INDEXES, PLUGIN_INDEXES, ACCOUNT_INDEXES, AUDIT_INDEXES];

const RUN_INDEXES: &[Index] = &[
    Index::of(
        RUNS,
        &[
            ("unfinished", ASCENDING),
            ("owner", ASCENDING),
            ("pipeline", ASCENDING),
            ("cancel_requested", ASCENDING),
            ("_id", ASCENDING),
        ],
    )
    .having("unfinished"),
    Index::of(RUNS, &[("owner", ASCENDING), ("unfinished", ASCENDING)]).having("unfinished"),
    Index::of(RUNS, &[("state", ASCENDING), ("_id", DESCENDING)]),
    // What has no index of its own is looked for in this one, and not in the documents.
    Index::of(
        RUNS,
        &[
            ("owner", ASCENDING),
            ("_id", DESCENDING),
            ("pipeline", ASCENDING),
            ("version", ASCENDING),
            ("state", ASCENDING),
            ("error_kind", ASCENDING),
            ("created_at", ASCENDING),
        ],
    ),
    Index::of(RUNS, &[("owner", ASCENDING), ("labels", ASCENDING), ("_id", DESCENDING)]).having("labels"),
    Index::of(RUNS, &[("owner", ASCENDING), ("_id", DESCENDING), ("name_folded", ASCENDING)])
        .having("name_folded"),
    Index::of(RUNS, &[("sweep", ASCENDING), ("_id", DESCENDING)]).having("sweep"),
    Index::of(
        RUNS,
        &[
            ("sweep", ASCENDING),
            ("sweep_point", ASCENDING),
            ("sweep_attempt", ASCENDING),
            ("_id", ASCENDING),
            ("state", ASCENDING),
        ],
    )
    .having("sweep"),
    Index::of(SWEEPS, &[("unfinished", ASCENDING), ("_id", ASCENDING)]).having("unfinished"),
    Index::of(SWEEPS, &[("owner", ASCENDING), ("_id", DESCENDING)]),
    Index::of(SWEEPS, &[("ended_ms", ASCENDING)]).having("ended_ms"),
    Index::of(SWEEPS, &[("inputs", ASCENDING)]),
    Index::of(
        RUNS,
        &[("owner", ASCENDING), ("ended_at", ASCENDING), ("state", ASCENDING), ("pipeline", ASCENDING)],
    )
    .having("ended_at"),
    Index::of(RUNS, &[("owner", ASCENDING), ("state", ASCENDING), ("_id", DESCENDING)]),
    Index::of(RUNS, &[("owner", ASCENDING), ("pipeline", ASCENDING), ("_id", DESCENDING)]),
    Index::of(
        RUNS,
        &[
            ("owner", ASCENDING),
            ("pipeline", ASCENDING),
            ("state", ASCENDING),
            ("_id", DESCENDING),
            ("version", ASCENDING),
        ],
    ),
    Index::of(RUNS, &[("owner", ASCENDING), ("changed", ASCENDING), ("_id", ASCENDING)]).having("changed"),
    Index::of(RUNS, &[("ended_ms", ASCENDING)]).having("ended_ms"),
    Index::of(RUNS, &[("owner", ASCENDING), ("ended_ms", ASCENDING)]).having("ended_ms"),
    Index::of(RUNS, &[("has_logs", ASCENDING), ("ended_ms", ASCENDING)]).having("has_logs"),
    Index::of(RUNS, &[("has_outputs", ASCENDING), ("ended_ms", ASCENDING)]).having("has_outputs"),
    Index::of(DELETIONS, &[("unswept", ASCENDING)]).having("unswept"),
    Index::of(ARTIFACTS, &[("run", ASCENDING), ("ordinal", ASCENDING)]).unique(),
    Index::of(ARTIFACTS, &[("sha256", ASCENDING), ("owner", ASCENDING)]),
    Index::of(OFFERS, &[("key", ASCENDING), ("owner", ASCENDING), ("run", DESCENDING)]),
    Index::of(OFFERS, &[("owner", ASCENDING), ("run", DESCENDING)]),
    Index::of(OFFERS, &[("run", ASCENDING)]),
    Index::of(REQUESTS, &[("at_ms", ASCENDING)]),
    Index::of(REQUESTS, &[("run", ASCENDING)]).having("run"),
];

const PLUGIN_INDEXES: &[Index] = &[
    Index::of(PLUGINS, &[("name", ASCENDING), ("version", ASCENDING)]).unique(),
    Index::of(PLUGINS, &[("owner", ASCENDING), ("name", ASCENDING)]),
    Index::of(PLUGINS, &[("public", ASCENDING), ("name", ASCENDING)]),
    Index::of(PLUGINS, &[("shared", ASCENDING), ("name", ASCENDING)]),
    Index::of(PLUGINS, &[("sha256", ASCENDING)]),
    Index::of(PLUGINS, &[("checking", ASCENDING)]),
    Index::of(PLUGINS, &[("changed", ASCENDING), ("_id", ASCENDING)]),
];

const ACCOUNT_INDEXES: &[Index] = &[
    Index::of(TOKENS, &[("sha256", ASCENDING)]).unique(),
    Index::of(TOKENS, &[("account", ASCENDING), ("_id", ASCENDING)]),
    Index::of(TOKENS, &[("parent", ASCENDING)]),
    Index::of(TOKENS, &[("run", ASCENDING)]),
    Index::of(USAGE, &[("_id.account", ASCENDING), ("_id.day", ASCENDING)]),
    Index::of(USAGE, &[("_id.day", ASCENDING)]),
    Index::of(UPLOADS, &[("_id.sha256", ASCENDING), ("_id.owner", ASCENDING)]),
    Index::of(UPLOADS, &[("at_ms", ASCENDING)]),
    Index::of(STORED, &[("_id.account", ASCENDING)]),
];

const AUDIT_INDEXES: &[Index] = &[
    Index::of(AUDIT, &[("account", ASCENDING), ("_id", ASCENDING)]),
    Index::of(AUDIT, &[("action", ASCENDING), ("_id", ASCENDING)]),
];

/// The indexes of each collection.
pub(super) fn by_collection() -> BTreeMap<&'static str, Vec<IndexModel>> {
    let mut indexes = BTreeMap::<_, Vec<_>>::new();
    for index in ALL.iter().copied().flatten() {
        indexes.entry(index.collection).or_default().push(index.model());
    }
    indexes
}

impl Index {
    const fn of(collection: &'static str, keys: &'static [(&'static str, i32)]) -> Self {
        Self { collection, keys, unique: false, having: None }
    }

    const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    const fn having(self, field: &'static str) -> Self {
        Self { having: Some(field), ..self }
    }

    /// The name it goes by: what it is of.
    fn name(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(|(key, _)| *key).collect();
        format!("by_{}", keys.join("_"))
    }

    fn model(&self) -> IndexModel {
        let keys: Document =
            self.keys.iter().map(|(key, order)| ((*key).to_owned(), (*order).into())).collect();
        let mut options = IndexOptions::default();
        options.name = Some(self.name());
        options.unique = self.unique.then_some(true);
        options.partial_filter_expression = self.having.map(|field| doc! { field: { "$exists": true } });
        IndexModel::builder().keys(keys).options(options).build()
    }
}

//! What an [`OwnerFilter`] finds, as conditions of queries.

use mongodb::bson::{Document, doc};
use simulay_model::{OwnerFilter, RunId};

/// Of the runs, those that are found.
pub(crate) fn runs(filter: &OwnerFilter) -> Document {
    let mut found = Document::new();
    if let Some(owner) = filter.account() {
        found.insert("owner", owner.as_str());
    }
    if let Some(pipeline) = filter.scope().pipeline() {
        found.insert("pipeline", pipeline.as_str());
    }
    if let Some(within) = filter.scope().run() {
        found.insert("_id", within.to_string());
    }
    found
}

/// This run, when it is found.
pub(crate) fn run(filter: &OwnerFilter, run: RunId) -> Document {
    doc! { "$and": [{ "_id": run.to_string() }, runs(filter)] }
}

/// Of the sweeps, those that are found: of one run there are none.
pub(crate) fn sweeps(filter: &OwnerFilter) -> Document {
    let mut found = in_scope(filter, "pipeline");
    if let Some(owner) = filter.account() {
        found.insert("owner", owner.as_str());
    }
    found
}

/// Of the versions of plugins, those that are found; with those of others that are shown to the account.
pub(crate) fn plugins(filter: &OwnerFilter) -> Document {
    match filter.account().filter(|_| filter.admits_shared()) {
        None => own_plugins(filter),
        Some(owner) => {
            let whose = [
                doc! { "owner": owner.as_str() },
                doc! { "public": true },
                doc! { "shared": owner.as_str() },
            ];
            doc! { "$and": [{ "$or": whose.to_vec() }, in_scope(filter, "name")] }
        }
    }
}

/// Of those, the ones that may be changed.
pub(crate) fn own_plugins(filter: &OwnerFilter) -> Document {
    let mut found = in_scope(filter, "name");
    if let Some(owner) = filter.account() {
        found.insert("owner", owner.as_str());
    }
    found
}

/// Of the names of plugins, those that may be changed.
pub(crate) fn own_names(filter: &OwnerFilter) -> Document {
    let mut found = in_scope(filter, "_id");
    if let Some(owner) = filter.account() {
        found.insert("owner", owner.as_str());
    }
    found
}

/// Plugins lie in a scope by their name; none lies in one run.
fn in_scope(filter: &OwnerFilter, name: &str) -> Document {
    match (filter.scope().run(), filter.scope().pipeline()) {
        (Some(_), _) => doc! { "_id": { "$in": [] } },
        (None, Some(pipeline)) => doc! { name: pipeline.as_str() },
        (None, None) => Document::new(),
    }
}

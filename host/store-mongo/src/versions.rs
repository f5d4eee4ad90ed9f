//! Between documents and versions of plugins.

use mongodb::bson::{Bson, Document, doc};
use simulay_model::{AccountName, Plugin, PluginEvent, PluginLife, PluginSummary, Visibility};

use crate::failure::MongoResult;
use crate::fields::{damaged, flag, json, number, optional, optional_json, parsed, signed, text, to_json};

/// A version that has just come, and what happened to it; `visibility` says who sees its name.
pub(crate) fn document(plugin: &Plugin, visibility: &Visibility) -> MongoResult<Document> {
    let mut document = doc! {
        "name": plugin.manifest.name.as_str(),
        "version": plugin.manifest.version.to_string(),
        "title": &plugin.manifest.title,
        "sha256": plugin.sha256.to_string(),
        "size": signed(plugin.size)?,
        "manifest": to_json(&plugin.manifest)?,
        "contract": plugin.contract.to_string(),
        "tools": to_json(&plugin.tools)?,
        "owner": plugin.owner.as_str(),
        "uploaded_by": plugin.uploaded_by.as_str(),
        "uploader": &plugin.uploader,
        "uploaded_at": plugin.uploaded_at.to_string(),
        "history": [event(&plugin.uploaded())],
    };
    document.extend(life(&plugin.life())?);
    document.extend(shown_to(visibility));
    Ok(document)
}

/// Where a version is in its life; fields that are not there are null.
pub(crate) fn life(life: &PluginLife) -> MongoResult<Document> {
    let PluginLife { state, approved_at, retired_at, check, isolation, revision } = life;
    let mut fields = doc! {
        "state": state.as_str(),
        "approved_at": approved_at.map(|at| at.to_string()),
        "retired_at": retired_at.map(|at| at.to_string()),
        "check": check.as_ref().map(to_json).transpose()?,
        "isolation": isolation.as_str(),
        "revision": signed(*revision)?,
    };
    let checking = check.as_ref().is_some_and(|check| check.disagreements.is_none());
    fields.insert("checking", checking);
    Ok(fields)
}

/// Who sees a plugin, as fields of its name and of each version.
pub(crate) fn shown_to(visibility: &Visibility) -> Document {
    let shared = match visibility {
        Visibility::Shared(accounts) => accounts.iter().map(|account| account.as_str().into()).collect(),
        Visibility::Private | Visibility::Public => Vec::<Bson>::new(),
    };
    doc! { "public": *visibility == Visibility::Public, "shared": shared }
}

pub(crate) fn visibility(document: &Document) -> MongoResult<Visibility> {
    if flag(document, "public")? {
        return Ok(Visibility::Public);
    }
    let shared = document.get_array("shared").map_err(|error| damaged("shared", error))?;
    let account = |name: &Bson| -> MongoResult<AccountName> {
        let name = name.as_str().ok_or_else(|| damaged("shared", "it holds no names"))?;
        name.parse().map_err(|error| damaged("shared", error))
    };
    let accounts = shared.iter().map(account).collect::<MongoResult<std::collections::BTreeSet<_>>>()?;
    Ok(if accounts.is_empty() { Visibility::Private } else { Visibility::Shared(accounts) })
}

pub(crate) fn plugin(version: &Document) -> MongoResult<Plugin> {
    Ok(Plugin {
        sha256: parsed(version, "sha256")?,
        size: number(version, "size")?,
        manifest: json(version, "manifest")?,
        contract: parsed(version, "contract")?,
        tools: json(version, "tools")?,
        owner: parsed(version, "owner")?,
        uploaded_by: parsed(version, "uploaded_by")?,
        uploader: text(version, "uploader")?.to_owned(),
        uploaded_at: parsed(version, "uploaded_at")?,
        state: parsed(version, "state")?,
        approved_at: optional(version, "approved_at")?,
        retired_at: optional(version, "retired_at")?,
        check: optional_json(version, "check")?,
        isolation: optional(version, "isolation")?.unwrap_or_default(),
        revision: number(version, "revision")?,
    })
}

/// What [`summary`] reads.
pub(crate) fn summary_fields() -> Document {
    doc! { "manifest": 0, "tools": 0, "check": 0, "history": 0, "shared": 0 }
}

pub(crate) fn summary(version: &Document) -> MongoResult<PluginSummary> {
    Ok(PluginSummary {
        name: parsed(version, "name")?,
        version: parsed(version, "version")?,
        title: text(version, "title")?.to_owned(),
        sha256: parsed(version, "sha256")?,
        size: number(version, "size")?,
        owner: parsed(version, "owner")?,
        uploader: text(version, "uploader")?.to_owned(),
        uploaded_at: parsed(version, "uploaded_at")?,
        state: parsed(version, "state")?,
        approved_at: optional(version, "approved_at")?,
        retired_at: optional(version, "retired_at")?,
    })
}

pub(crate) fn event(event: &PluginEvent) -> Document {
    doc! {
        "at": event.at.to_string(),
        "kind": event.kind.as_str(),
        "account": event.account.as_str(),
        "by": &event.by,
    }
}

/// What happened to a version, in order.
pub(crate) fn history(version: &Document) -> MongoResult<Vec<PluginEvent>> {
    let history = version.get_array("history").map_err(|error| damaged("history", error))?;
    let event = |event: &Bson| {
        let event = event.as_document().ok_or_else(|| damaged("history", "it holds no events"))?;
        Ok(PluginEvent {
            at: parsed(event, "at")?,
            kind: parsed(event, "kind")?,
            account: parsed(event, "account")?,
            by: text(event, "by")?.to_owned(),
        })
    };
    history.iter().map(event).collect()
}

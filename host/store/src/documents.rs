//! What is stored as JSON has types of its own, so that a name that changes in the domain changes no database.
//! Every store has the same: what one holds, another takes. They are written as they always were; what earlier
//! versions left out has a default.
//!
//! Digests, names, versions, times and documents are texts wherever they are, and have no types here. Enums
//! without a document of their own are mirrored (`serde(remote)`): the compiler finds what is missing.

use serde::Serialize;
use serde::de::DeserializeOwned;
use simulay_model::Document;

/// A domain value that is stored as JSON.
pub trait Stored: Sized {
    /// As it is read.
    type Document: DeserializeOwned;

    /// As it is written.
    fn document(&self) -> impl Serialize;

    /// What a document says.
    fn restore(document: Self::Document) -> Self;
}

/// The text that is stored.
///
/// # Errors
/// When a value in it cannot be written as JSON.
pub fn write(value: &impl Stored) -> Result<String, serde_json::Error> {
    serde_json::to_string(&value.document())
}

/// What a stored text says.
///
/// # Errors
/// When it is no such document.
pub fn read<T: Stored>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text).map(T::restore)
}

impl<T: Stored> Stored for Vec<T> {
    type Document = Vec<T::Document>;

    fn document(&self) -> impl Serialize {
        self.iter().map(T::document).collect::<Vec<_>>()
    }

    fn restore(documents: Self::Document) -> Self {
        documents.into_iter().map(T::restore).collect()
    }
}

impl Stored for Document {
    type Document = Self;

    fn document(&self) -> impl Serialize {
        self
    }

    fn restore(document: Self) -> Self {
        document
    }
}

/// Says that a domain type is stored as another, by their conversions.
macro_rules! stored {
    ($domain:ident as $document:ty) => {
        impl $crate::documents::Stored for $domain {
            type Document = $document;

            fn document(&self) -> impl serde::Serialize {
                <$document>::from(self)
            }

            fn restore(document: Self::Document) -> Self {
                document.into()
            }
        }
    };
}

mod artifact;
mod asked;
mod bytes;
mod call;
mod check;
mod error;
pub mod event;
mod labels;
mod manifest;
mod plan;
mod report;
mod result;
mod sweep;
#[cfg(test)]
mod tests;

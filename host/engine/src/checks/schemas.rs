//! Schemas that were compiled lately: to compile one takes longer than to check most documents.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;
use serde_json::Value;
use simulay_model::schema::{Schema, SchemaError};

const KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);
/// Bytes of text from which on a schema is compiled each time: what it takes compiled is a multiple of that.
const LARGE: usize = 64 << 10;

/// The schemas, by their documents. Cheap to clone.
#[derive(Clone)]
pub(super) struct Schemas(Arc<Mutex<LruCache<Value, Arc<Schema>>>>);

/// A schema that was compiled lately, or is to be.
pub(super) enum Found {
    Compiled(Arc<Schema>),
    Not(Schemas, Value),
}

impl Default for Schemas {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(KEPT))))
    }
}

impl Schemas {
    /// Looks for the schema that `document` is; compiles nothing.
    pub(super) fn find(&self, document: &Value) -> Found {
        let known = self.0.lock().get(document).cloned();
        known.map_or_else(|| Found::Not(self.clone(), document.clone()), Found::Compiled)
    }
}

impl Found {
    /// The schema, compiled by now.
    pub(super) fn compiled(self) -> Result<Arc<Schema>, SchemaError> {
        let (Schemas(known), document) = match self {
            Self::Compiled(schema) => return Ok(schema),
            Self::Not(schemas, document) => (schemas, document),
        };
        let schema = Arc::new(Schema::new(&document)?);
        if document.to_string().len() < LARGE {
            known.lock().put(document, schema.clone());
        }
        Ok(schema)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_is_compiled_once_unless_it_is_large() {
        let schemas = Schemas::default();
        let small = json!({ "type": "number" });
        let large = json!({ "type": "number", "description": "x".repeat(LARGE) });
        let compiled = |document| schemas.find(document).compiled().unwrap();
        let twice = |document| (compiled(document), compiled(document));
        let ((one, other), (first, second)) = (twice(&small), twice(&large));
        assert!(Arc::ptr_eq(&one, &other));
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(compiled(&json!({ "type": "integer" })).check(&json!(0.5)).is_err());
    }

    #[test]
    fn what_is_no_schema_is_refused_each_time() {
        let schemas = Schemas::default();
        for _ in 0..2 {
            assert!(schemas.find(&json!({ "type": "nonsense" })).compiled().is_err());
        }
    }
}

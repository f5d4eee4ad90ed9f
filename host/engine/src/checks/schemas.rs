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

/// The schemas, by their text. Cheap to clone.
#[derive(Clone)]
pub(super) struct Schemas(Arc<Mutex<LruCache<String, Arc<Schema>>>>);

impl Default for Schemas {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(KEPT))))
    }
}

impl Schemas {
    /// The schema that `document` is.
    pub(super) fn compiled(&self, document: &Value) -> Result<Arc<Schema>, SchemaError> {
        let text = document.to_string();
        if let Some(known) = self.0.lock().get(&text) {
            return Ok(known.clone());
        }
        let schema = Arc::new(Schema::new(document)?);
        if text.len() < LARGE {
            self.0.lock().put(text, schema.clone());
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
        let twice = |document| (schemas.compiled(document).unwrap(), schemas.compiled(document).unwrap());
        let ((one, other), (first, second)) = (twice(&small), twice(&large));
        assert!(Arc::ptr_eq(&one, &other));
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(schemas.compiled(&json!({ "type": "integer" })).unwrap().check(&json!(0.5)).is_err());
    }

    #[test]
    fn what_is_no_schema_is_refused_each_time() {
        let schemas = Schemas::default();
        for _ in 0..2 {
            assert!(schemas.compiled(&json!({ "type": "nonsense" })).is_err());
        }
    }
}

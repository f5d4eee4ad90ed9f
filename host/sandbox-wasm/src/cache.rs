//! The compiled plugins used last.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;
use simulay_model::Digest;

/// A bounded map from digests, for many threads; the entry not used for longest goes first.
pub(crate) struct Cache<T>(Mutex<LruCache<Digest, T>>);

impl<T: Clone> Cache<T> {
    /// A cache of at most `limit` entries.
    pub(crate) fn new(limit: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(limit)))
    }

    /// The entry of `key`, which is now the one used last.
    pub(crate) fn get(&self, key: Digest) -> Option<T> {
        self.0.lock().get(&key).cloned()
    }

    /// Adds an entry.
    pub(crate) fn put(&self, key: Digest, value: T) {
        self.0.lock().put(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_not_used_for_longest_goes() {
        let cache = Cache::new(NonZeroUsize::new(2).unwrap());
        let [a, b, c] = [b"a", b"b", b"c"].map(|bytes| Digest::of(bytes));
        cache.put(a, 1);
        cache.put(b, 2);
        assert_eq!(cache.get(a), Some(1));
        cache.put(c, 3);
        assert_eq!((cache.get(a), cache.get(b), cache.get(c)), (Some(1), None, Some(3)));
    }
}

//! Reads that many ask for at once, made once for all of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;

/// Reads that may be forgotten before it is looked which of them are over.
const FORGETTABLE: usize = 64;

/// Makes each read once for all who ask for it before it begins: whoever asks while it is made may be after something
/// that it does not see, and shares the next.
pub(super) struct Coalesced<K, V: Clone> {
    reads: Mutex<Reads<K, V>>,
}

struct Reads<K, V: Clone> {
    newest: HashMap<K, Read<V>>,
    /// With so many, those that are over are forgotten.
    most: usize,
}

struct Read<V: Clone> {
    has_begun: Arc<AtomicBool>,
    /// Held by those who wait for it.
    result: WeakShared<BoxFuture<'static, V>>,
}

type Pending<V> = Shared<BoxFuture<'static, V>>;

impl<K, V: Clone> Default for Coalesced<K, V> {
    fn default() -> Self {
        Self { reads: Mutex::new(Reads { newest: HashMap::new(), most: FORGETTABLE }) }
    }
}

impl<K: Hash + Eq, V: Clone + Send + Sync + 'static> Coalesced<K, V> {
    /// What `read` gives, or the read of another who asked for the same; it begins after this was called.
    pub(super) async fn get<F>(&self, key: K, read: F) -> V
    where
        F: Future<Output = V> + Send + 'static,
    {
        let result = self.reads.lock().join(key, read);
        result.await
    }
}

impl<K: Hash + Eq, V: Clone + Send + Sync + 'static> Reads<K, V> {
    fn join<F>(&mut self, key: K, read: F) -> Pending<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let newest = self.newest.get(&key).and_then(|newest| {
            let result = newest.result.upgrade()?;
            Some((result, newest.has_begun.load(Ordering::Acquire)))
        });
        match newest {
            Some((result, false)) => result,
            newest => self.begin(key, newest.map(|(result, _)| result), read),
        }
    }

    /// A read after the one `before`, so that there are never more than two of a kind.
    fn begin<F>(&mut self, key: K, before: Option<Pending<V>>, read: F) -> Pending<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let has_begun = Arc::<AtomicBool>::default();
        let begins = has_begun.clone();
        let result = async move {
            if let Some(before) = before {
                before.await;
            }
            begins.store(true, Ordering::Release);
            read.await
        };
        let result = result.boxed().shared();
        if let Some(waited_for) = result.downgrade() {
            self.forget();
            self.newest.insert(key, Read { has_begun, result: waited_for });
        }
        result
    }

    fn forget(&mut self) {
        if self.newest.len() >= self.most {
            self.newest.retain(|_, read| read.result.upgrade().is_some());
            self.most = FORGETTABLE.max(2 * self.newest.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::future::{join, join_all};
    use tokio::sync::Semaphore;

    use super::*;

    struct Counted {
        coalesced: Coalesced<u8, usize>,
        made: Arc<AtomicUsize>,
        permits: Arc<Semaphore>,
    }

    impl Counted {
        fn new() -> Self {
            Self {
                coalesced: Coalesced::default(),
                made: Arc::default(),
                permits: Arc::new(Semaphore::new(0)),
            }
        }

        /// A read that gives its number, once it is permitted.
        async fn get(&self, key: u8) -> usize {
            let (made, permits) = (self.made.clone(), self.permits.clone());
            let read = async move {
                let number = made.fetch_add(1, Ordering::SeqCst);
                permits.acquire().await.unwrap().forget();
                number
            };
            self.coalesced.get(key, read).await
        }
    }

    #[tokio::test]
    async fn who_asks_while_it_is_made_shares_the_next() {
        let reads = Counted::new();
        let (mut first, later) = (Box::pin(reads.get(1)), join_all((0..100).map(|_| reads.get(1))));
        let mut later = Box::pin(later);
        assert!(first.as_mut().now_or_never().is_none() && later.as_mut().now_or_never().is_none());
        reads.permits.add_permits(2);
        assert_eq!(join(first, later).await, (0, vec![1; 100]));
    }

    #[tokio::test]
    async fn who_asks_for_something_else_or_when_it_is_over_shares_nothing() {
        let reads = Counted::new();
        reads.permits.add_permits(3);
        assert_eq!(join(reads.get(1), reads.get(2)).await, (0, 1));
        assert_eq!(reads.get(1).await, 2);
    }

    #[tokio::test]
    async fn who_goes_leaves_the_read_to_the_others() {
        let reads = Counted::new();
        let [mut first, mut second, mut third] = [1; 3].map(|key| Box::pin(reads.get(key)));
        for asked in [&mut first, &mut second, &mut third] {
            assert!(asked.as_mut().now_or_never().is_none());
        }
        drop((first, second));
        reads.permits.add_permits(2);
        assert_eq!(third.await, 1);
    }

    #[tokio::test]
    async fn reads_that_are_over_are_forgotten() {
        let reads = Counted::new();
        reads.permits.add_permits(1000);
        for key in 0..=255 {
            reads.get(key).await;
        }
        assert!(reads.coalesced.reads.lock().newest.len() <= FORGETTABLE);
    }
}

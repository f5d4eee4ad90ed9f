//! One order of changes, as somebody follows it: how far he is, and what he was told of what he may read again.

use std::collections::HashMap;
use std::hash::Hash;

use simulay_store::Place;

/// One order of changes, as somebody follows it.
pub(super) struct Order<K> {
    /// The last place that was read.
    end: i64,
    /// The place by which each was told of last, as far back as it may be read again.
    told: HashMap<K, i64>,
    /// From where the next page is read; none when all was.
    from: Option<Place>,
}

impl<K: Eq + Hash> Order<K> {
    pub(super) fn beginning(end: i64) -> Self {
        Self { end, told: HashMap::new(), from: None }
    }

    pub(super) const fn end(&self) -> i64 {
        self.end
    }

    pub(super) const fn is_being_read(&self) -> bool {
        self.from.is_some()
    }

    /// The place after which the next page begins.
    pub(super) const fn place(&self) -> Option<&Place> {
        self.from.as_ref()
    }

    /// Begins to read so far back; nothing is read from further back than `most`.
    pub(super) fn read_from(&mut self, back: i64, most: i64) {
        let oldest = self.end.saturating_sub(most);
        self.told.retain(|_, at| *at >= oldest);
        self.from = Some(Place { at: self.end.saturating_sub(back), id: String::new() });
    }

    /// A page came that ends so; another follows when it is full.
    pub(super) fn page_has(&mut self, last: Option<&Place>, is_full: bool) {
        self.from = last.filter(|_| is_full).cloned();
    }

    /// True for what was not told of by this place.
    pub(super) fn is_news(&mut self, key: K, at: i64) -> bool {
        self.end = self.end.max(at);
        self.told.insert(key, at) != Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_again_is_told_once_by_each_place() {
        let mut order = Order::beginning(100);
        order.read_from(10, 50);
        assert_eq!(order.place(), Some(&Place { at: 90, id: String::new() }));
        assert!(order.is_news("a", 95) && order.is_news("b", 120));
        assert_eq!(order.end(), 120);
        order.read_from(50, 50);
        assert!(!order.is_news("a", 95) && !order.is_news("b", 120));
        // One that was stored later comes with a lower place.
        assert!(order.is_news("c", 80) && order.is_news("a", 121));
        assert_eq!(order.end(), 121, "and nobody goes back for it");
    }

    #[test]
    fn what_cannot_be_read_again_is_forgotten() {
        let mut order = Order::beginning(0);
        for at in 1..=1000 {
            order.is_news(at, at);
            order.read_from(0, 10);
            assert!(order.told.len() <= 11);
        }
    }

    #[test]
    fn pages_follow_each_other_until_one_is_not_full() {
        let mut order = Order::<u8>::beginning(0);
        order.read_from(0, 0);
        let last = Place { at: 7, id: "x".to_owned() };
        order.page_has(Some(&last), true);
        assert_eq!(order.place(), Some(&last));
        order.page_has(Some(&last), false);
        assert!(!order.is_being_read());
    }
}

//! Lists that stay small enough for the answer: what finds no room in them is counted.

use serde::Serialize;

/// The most items of a list.
const MAX_ITEMS: usize = 5_000;
/// The most that a list may take, as JSON.
const MAX_LENGTH: usize = 512 << 10;

/// The first items, and how many more there are.
pub(crate) fn listed<T: Serialize>(items: impl Iterator<Item = T>) -> (Vec<T>, u64) {
    let (mut first, mut length, mut more) = (Vec::new(), 0, 0);
    for item in items {
        length += serde_json::to_string(&item).map_or(0, |json| json.len() + 1);
        if more == 0 && first.len() < MAX_ITEMS && length <= MAX_LENGTH {
            first.push(item);
        } else {
            more += 1;
        }
    }
    (first, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted() {
        assert_eq!(listed(0..3), (vec![0, 1, 2], 0));
        let (names, more) = listed((0..5_003).map(|name| name.to_string()));
        assert_eq!((names.len(), more), (5_000, 3));
        let (names, more) = listed((0..3).map(|_| "\n".repeat(100_000)));
        assert_eq!((names.len(), more), (2, 1), "a sign that is escaped takes two bytes");
    }
}

//! The log of one call: what the plugin writes with `log.write`, `stdout` and `stderr`, bounded.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use simulay_model::{LogLevel, check_text};

const MAX_MESSAGES: usize = 1_000;
const MAX_MESSAGE_BYTES: usize = 16 << 10;
const MAX_TOTAL_BYTES: usize = 1 << 20;
const MAX_LAST_WORDS: usize = 3;
const DROPPED: &str = "further messages were dropped";

/// A handle on the log; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Messages(Arc<Mutex<Log>>);

#[derive(Default)]
struct Log {
    entries: Vec<(LogLevel, String)>,
    bytes: usize,
    full: bool,
    /// The last lines of standard error that say anything.
    last_words: VecDeque<String>,
}

impl Messages {
    /// Adds a message, cut to its bound; once the log is full, nothing but one marker.
    pub(crate) fn write(&self, level: LogLevel, message: &str) {
        self.lock().write(level, message);
    }

    /// Adds a line of standard error.
    pub(crate) fn write_error_line(&self, line: &str) {
        let mut log = self.lock();
        log.write(LogLevel::Warn, line);
        // A panic ends with advice to set a variable that no plugin has.
        if line.trim().is_empty() || line.starts_with("note: run with") {
            return;
        }
        if log.last_words.len() == MAX_LAST_WORDS {
            log.last_words.pop_front();
        }
        log.last_words.push_back(shown(cut(line, 1 << 10)));
    }

    /// What came so far, in order; the log is empty afterwards.
    pub(crate) fn take(&self) -> Vec<(LogLevel, String)> {
        mem::take(&mut self.lock().entries)
    }

    /// The last lines of standard error that say anything, in one; empty when there are none.
    pub(crate) fn last_words(&self) -> String {
        self.lock().last_words.make_contiguous().join(" ")
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock()
    }
}

impl Log {
    fn write(&mut self, level: LogLevel, message: &str) {
        if self.full {
            return;
        }
        let message = shown(cut(message, MAX_MESSAGE_BYTES));
        self.full = self.entries.len() >= MAX_MESSAGES || self.bytes + message.len() > MAX_TOTAL_BYTES;
        if self.full {
            self.entries.push((LogLevel::Warn, DROPPED.to_owned()));
        } else {
            self.bytes += message.len();
            self.entries.push((level, message));
        }
    }
}

/// The first part of `text`, at most `limit` bytes.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default()
}

/// `text` as it may be shown: no control characters that move a cursor, no direction marks.
fn shown(text: &str) -> String {
    let harmless = |c: char| check_text(c.encode_utf8(&mut [0; 4]), 4).is_ok();
    text.chars().map(|c| if harmless(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_ends_with_one_marker() {
        let messages = Messages::default();
        (0..MAX_MESSAGES + 10).for_each(|n| messages.write(LogLevel::Info, &n.to_string()));
        let entries = messages.take();
        assert_eq!(entries.len(), MAX_MESSAGES + 1);
        assert_eq!(entries.last(), Some(&(LogLevel::Warn, DROPPED.to_owned())));
    }

    #[test]
    fn messages_are_cut_between_characters_and_bounded_in_total() {
        let messages = Messages::default();
        let long = "ü".repeat(MAX_MESSAGE_BYTES);
        (0..100).for_each(|_| messages.write(LogLevel::Info, &long));
        let entries = messages.take();
        assert_eq!(entries[0].1.len(), MAX_MESSAGE_BYTES);
        let total: usize = entries.iter().map(|(_, message)| message.len()).sum();
        assert!(total <= MAX_TOTAL_BYTES + DROPPED.len());
    }

    #[test]
    fn a_panic_is_told_in_one_line() {
        let messages = Messages::default();
        for line in ["before", "", "thread panicked at src/lib.rs:3:5:", "boom", "", "note: run with X"] {
            messages.write_error_line(line);
        }
        assert_eq!(messages.last_words(), "before thread panicked at src/lib.rs:3:5: boom");
        messages.write_error_line("after");
        assert_eq!(messages.last_words(), "thread panicked at src/lib.rs:3:5: boom after");
    }

    #[test]
    fn what_moves_a_cursor_is_replaced() {
        let messages = Messages::default();
        messages.write(LogLevel::Info, "a\u{1b}[2Jb\u{202e}c\td");
        assert_eq!(messages.take()[0].1, "a\u{fffd}[2Jb\u{fffd}c\td");
    }
}

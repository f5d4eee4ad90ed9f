//! Standard output and error of a plugin: lines become messages of the log.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use simulay_model::LogLevel;
use tokio::io::{AsyncWrite, empty};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::messages::Messages;

/// The most bytes one write may have, and the longest line kept.
const MAX_WRITE: usize = 16 << 10;

/// Which of the two streams.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

/// A stream; clones share the line begun.
#[derive(Clone)]
pub(crate) struct Lines {
    stream: Stream,
    messages: Messages,
    begun: Arc<Mutex<Vec<u8>>>,
}

impl Lines {
    /// The `stream` of a call with the log `messages`.
    pub(crate) fn new(stream: Stream, messages: Messages) -> Self {
        Self { stream, messages, begun: Arc::default() }
    }

    /// Logs a last line that has no line feed.
    pub(crate) fn finish(&self) {
        let mut begun = self.begun.lock();
        if !begun.is_empty() {
            self.log(&mut begun);
        }
    }

    fn take(&self, bytes: &[u8]) {
        let mut begun = self.begun.lock();
        for byte in bytes {
            if *byte != b'\n' {
                begun.push(*byte);
            }
            if *byte == b'\n' || begun.len() >= MAX_WRITE {
                self.log(&mut begun);
            }
        }
    }

    fn log(&self, line: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line);
        match self.stream {
            Stream::Out => self.messages.write(LogLevel::Info, &text),
            Stream::Error => self.messages.write_error_line(&text),
        }
        line.clear();
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(empty())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_messages_and_the_last_one_is_not_lost() {
        let messages = Messages::default();
        let mut lines = Lines::new(Stream::Error, messages.clone());
        for part in ["one\ntw", "o\n", "thr\u{0}ee"] {
            lines.write(Bytes::from(part)).unwrap();
        }
        lines.finish();
        lines.finish();
        let texts: Vec<_> = messages.take().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["one", "two", "thr\u{fffd}ee"]);
        assert_eq!(messages.last_words(), "one two thr\u{fffd}ee");
    }

    #[test]
    fn a_line_without_end_is_cut_into_pieces() {
        let messages = Messages::default();
        let lines = Lines::new(Stream::Out, messages.clone());
        lines.take(&vec![b'x'; 2 * MAX_WRITE + 1]);
        assert_eq!(messages.take().len(), 2);
        assert_eq!(lines.begun.lock().len(), 1);
    }
}

//! Keeps what a call hands back.

use std::collections::HashMap;

use bytes::Bytes;
use simulay_containers::{Exchange, OutputSink, Stream};
use simulay_model::RelativePath;

use super::inbound::Broken;
use crate::proto::{NumberedPart, OutputBegin, StreamPart, stream_part};

/// Outputs that are taken at once, at most.
const MOST: usize = 16;

/// Why something is not kept.
#[derive(Debug)]
pub(super) enum NotKept {
    /// The exchange failed.
    Failed(std::io::Error),
    /// It makes no sense.
    Broken(Broken),
}

impl From<std::io::Error> for NotKept {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Broken> for NotKept {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// The streams and outputs of one attachment. Those that are not whole leave nothing behind.
pub(super) struct Outputs<'a> {
    exchange: &'a dyn Exchange,
    open: HashMap<u32, Box<dyn OutputSink>>,
}

impl<'a> Outputs<'a> {
    pub(super) fn new(exchange: &'a dyn Exchange) -> Self {
        Self { exchange, open: HashMap::new() }
    }

    /// Bytes of a stream.
    pub(super) async fn stream(&mut self, part: StreamPart) -> Result<(), NotKept> {
        let stream = match part.stream() {
            stream_part::Stream::Stdout => Stream::Stdout,
            stream_part::Stream::Stderr => Stream::Stderr,
            stream_part::Stream::Unspecified => return Err(Broken::nonsense("an unknown stream").into()),
        };
        Ok(self.exchange.stream(stream, part.offset, part.bytes).await?)
    }

    /// An output begins.
    pub(super) async fn begin(&mut self, OutputBegin { id, path, size }: OutputBegin) -> Result<(), NotKept> {
        if self.open.len() >= MOST {
            return Err(Broken::nonsense("too many outputs at once").into());
        }
        let path = RelativePath::new(path).map_err(|_| Broken::nonsense("an output without a path"))?;
        let sink = self.exchange.output(path, size).await?;
        self.open.insert(id, sink);
        Ok(())
    }

    /// Bytes of an output. True when it is whole, and kept.
    pub(super) async fn part(&mut self, NumberedPart { id, part }: NumberedPart) -> Result<bool, NotKept> {
        let part = part.ok_or(Broken::nonsense("an output without a part"))?;
        let sink = self.open.get_mut(&id).ok_or(Broken::nonsense("an output that did not begin"))?;
        write(sink, part.bytes).await?;
        if !part.last {
            return Ok(false);
        }
        if let Some(sink) = self.open.remove(&id) {
            sink.finish().await?;
        }
        Ok(true)
    }

    /// An output is given up.
    pub(super) fn discard(&mut self, id: u32) {
        self.open.remove(&id);
    }
}

async fn write(sink: &mut Box<dyn OutputSink>, bytes: Bytes) -> std::io::Result<()> {
    if bytes.is_empty() { Ok(()) } else { sink.write(bytes).await }
}

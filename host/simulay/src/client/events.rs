//! Server-sent events, from the bytes of a connection.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::ensure;
use bytes::{Bytes, BytesMut};
use eventsource_stream::{Event, EventStreamError, Eventsource as _};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::{Broken, ServerEvent};

const MAX_EVENT: usize = 64 << 20;

/// The numbered events in the bytes of a connection.
pub(super) fn events<E>(
    pieces: impl Stream<Item = Result<Bytes, E>>,
) -> impl Stream<Item = anyhow::Result<ServerEvent>> {
    // The parser has no bound of its own: what came since the last event is counted here.
    let pending = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&pending);
    let pieces = pieces.map(move |piece| bounded(piece.map_err(|_| Broken)?, &counted));
    let mut unfinished = BytesMut::new();
    let lines =
        pieces.map_ok(move |piece| stream::iter(whole_lines(&mut unfinished, &piece)).map(Ok)).try_flatten();
    // The parser panics at a byte order mark, but only at the start: a comment stands there.
    let start = stream::iter([Ok(Bytes::from_static(b":\n"))]);
    start.chain(lines).eventsource().filter_map(move |event| {
        pending.store(0, Ordering::Relaxed);
        ready(read(event).transpose())
    })
}

fn bounded(piece: Bytes, pending: &AtomicUsize) -> anyhow::Result<Bytes> {
    let size = pending.fetch_add(piece.len(), Ordering::Relaxed).saturating_add(piece.len());
    ensure!(size <= MAX_EVENT, "an event has more than {MAX_EVENT} bytes");
    Ok(piece)
}

/// The lines that end in `piece`; what follows them stays in `unfinished`. With each piece the parser reads a
/// line from its start, and with each line it moves what follows: it gets a line at a time.
fn whole_lines(unfinished: &mut BytesMut, piece: &[u8]) -> Vec<Bytes> {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let mut lines = Vec::new();
    for part in piece.split_inclusive(is_end) {
        unfinished.extend_from_slice(part);
        if part.last().is_some_and(is_end) {
            lines.push(unfinished.split().freeze());
        }
    }
    lines
}

fn read(event: Result<Event, EventStreamError<anyhow::Error>>) -> anyhow::Result<Option<ServerEvent>> {
    let event = event.map_err(|error| match error {
        EventStreamError::Transport(error) => error,
        other => anyhow::anyhow!("the answer is no stream of events: {other}"),
    })?;
    let Ok(sequence) = event.id.parse() else { return Ok(None) };
    let document = serde_json::from_str(&event.data)?;
    Ok(Some(ServerEvent { sequence, kind: event.event, document }))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const EVENTS: &str = ": hello\n\nid: 1\nevent: run.queued\ndata: {\"data\":{}}\n\n: keep-alive\n\n\
                          id: 2\nevent: run.ended\ndata: {\"data\":\ndata: {\"state\":\"é\"}}\n\n";

    async fn told(pieces: impl Iterator<Item = &[u8]>) -> Vec<anyhow::Result<ServerEvent>> {
        let pieces = pieces.map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)));
        events(stream::iter(pieces)).collect().await
    }

    #[tokio::test]
    async fn events_come_whole_however_the_bytes_are_cut() {
        let texts = [EVENTS.to_owned(), EVENTS.replace('\n', "\r\n")];
        for (text, size) in texts.iter().flat_map(|text| (1..text.len()).map(move |size| (text, size))) {
            let told = told(text.as_bytes().chunks(size)).await;
            let told: Vec<ServerEvent> = told.into_iter().map(Result::unwrap).collect();
            assert_eq!(told.len(), 2, "{size} {text:?}");
            assert_eq!((told[1].sequence, told[1].kind.as_str()), (2, "run.ended"));
            assert_eq!(told[1].document["data"]["state"], "é");
        }
    }

    #[test]
    fn lines_are_handed_on_when_they_are_whole() {
        let mut unfinished = BytesMut::new();
        assert!(whole_lines(&mut unfinished, b"data: ").is_empty());
        assert_eq!(whole_lines(&mut unfinished, b"1\r\n\nid"), ["data: 1\r", "\n", "\n"]);
        assert_eq!(unfinished, "id");
    }

    #[tokio::test]
    async fn a_byte_order_mark_does_no_harm() {
        let told = told(std::iter::once("\u{feff}\n\nid: 1\nevent: x\ndata: {}\n\n".as_bytes())).await;
        assert_eq!(told[0].as_ref().unwrap().sequence, 1);
    }

    #[tokio::test]
    async fn data_that_is_no_json_is_an_error() {
        let told = told(std::iter::once(&b"id: 1\nevent: x\ndata: {\n\n"[..])).await;
        assert!(told[0].is_err());
    }

    #[test]
    fn an_event_without_end_is_an_error() {
        let pending = AtomicUsize::new(MAX_EVENT - 1);
        assert!(bounded(Bytes::from_static(b"x"), &pending).is_ok());
        assert!(bounded(Bytes::from_static(b"x"), &pending).is_err());
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_told_as_such() {
        let told: Vec<_> = events(stream::iter([Err::<Bytes, _>(std::fmt::Error)])).collect().await;
        assert!(told[0].as_ref().unwrap_err().is::<Broken>());
    }
}

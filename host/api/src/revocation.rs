//! Breaks off what goes on when whoever asked is no longer let in: a token that is revoked ends within seconds what it
//! began to send or to read.

use std::io;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use futures_util::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

/// Between two looks at who asked.
pub(crate) const PERIOD: Duration = Duration::from_secs(2);

/// The same body, broken off once `is_let_in` says no; one of at most `at_once` bytes goes on to its end.
pub(crate) fn watched<F>(body: Body, at_once: u64, is_let_in: impl Fn() -> F + Send + 'static) -> Body
where
    F: Future<Output = bool> + Send,
{
    if body.size_hint().exact().is_some_and(|length| length <= at_once) {
        return body;
    }
    let gone = CancellationToken::new();
    let told = gone.clone();
    let until_gone = async move {
        loop {
            tokio::time::sleep(PERIOD).await;
            if !is_let_in().await {
                return told.cancel();
            }
        }
    };
    // Broken off, so that nobody takes it for whole.
    let broken = stream::once(async move {
        gone.is_cancelled().then(|| Err(axum::Error::new(io::Error::other("no longer let in"))))
    });
    let broken = broken.filter_map(std::future::ready);
    Body::from_stream(body.into_data_stream().take_until(Box::pin(until_gone)).chain(broken))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::to_bytes;
    use bytes::Bytes;

    use super::*;

    fn endless() -> Body {
        let piece = stream::once(async { Ok::<_, io::Error>(Bytes::from_static(b"begun")) });
        Body::from_stream(piece.chain(stream::pending()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_goes_on_while_its_reader_is_let_in_and_breaks_off_then() {
        let let_in = Arc::new(AtomicBool::new(true));
        let asked = let_in.clone();
        let body = watched(endless(), 0, move || std::future::ready(asked.load(Ordering::Relaxed)));
        let mut body = body.into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "begun");
        let more = tokio::time::timeout(10 * PERIOD, body.next()).await;
        assert!(more.is_err(), "{more:?}");
        let_in.store(false, Ordering::Relaxed);
        let last = tokio::time::timeout(2 * PERIOD, body.next()).await.unwrap();
        assert!(last.unwrap().is_err(), "nobody takes it for whole");
        assert!(body.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_by_itself_is_whole() {
        let pieces = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"whole"))]);
        let body = watched(Body::from_stream(pieces), 0, || std::future::ready(false));
        assert_eq!(to_bytes(body, 100).await.unwrap(), "whole");
        let small = watched(Body::from("small"), 5, || std::future::ready(false));
        assert_eq!(small.size_hint().exact(), Some(5));
        let large = watched(Body::from("larger"), 5, || std::future::ready(false));
        assert_eq!(large.size_hint().exact(), None);
    }
}

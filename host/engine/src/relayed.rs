//! A log of a call that another process works on: what is relayed of it while the call is at work, and the rest of
//! what is kept. What is relayed may come late or not at all; no byte depends on it.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use simulay_model::Artifact;

use crate::{EngineError, LogStream};

/// What is kept of a stream, once its call is over.
type End = BoxFuture<'static, Result<Option<Artifact>, EngineError>>;

/// The log from `position` on: `pieces`, which begin there, and from `kept`, which is told where to begin, what is left
/// when the `end` is known.
pub(crate) fn follow<K, F>(pieces: BoxStream<'static, Bytes>, position: u64, end: End, kept: K) -> LogStream
where
    K: FnOnce(Artifact, u64) -> F + Send + 'static,
    F: Future<Output = Result<LogStream, EngineError>> + Send + 'static,
{
    // Of a relay that tells no more the end tells the rest.
    let pieces = pieces.chain(stream::pending()).boxed();
    let begin = (Follower { pieces, end, position }, kept);
    stream::try_unfold(Some(begin), read_on).try_flatten().boxed()
}

/// Who reads, until what is kept tells the rest.
type Reading<K> = Option<(Follower, K)>;

/// The next part of the log, and how to read on; nothing at the end.
async fn read_on<K, F>(reading: Reading<K>) -> Result<Option<(LogStream, Reading<K>)>, EngineError>
where
    K: FnOnce(Artifact, u64) -> F,
    F: Future<Output = Result<LogStream, EngineError>>,
{
    let Some((mut follower, kept)) = reading else { return Ok(None) };
    Ok(match follower.next().await? {
        Next::Bytes(bytes) => {
            let one = stream::once(std::future::ready(Ok(bytes))).boxed();
            Some((one, Some((follower, kept))))
        }
        Next::End(None) => None,
        Next::End(Some(blob)) => Some((kept(blob, follower.position).await?, None)),
    })
}

struct Follower {
    pieces: BoxStream<'static, Bytes>,
    end: End,
    /// Bytes that the reader has.
    position: u64,
}

enum Next {
    Bytes(Bytes),
    End(Option<Artifact>),
}

impl Follower {
    async fn next(&mut self) -> Result<Next, EngineError> {
        tokio::select! {
            biased;
            end = &mut self.end => Ok(Next::End(end?)),
            Some(bytes) = self.pieces.next() => {
                self.position += bytes.len() as u64;
                Ok(Next::Bytes(bytes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use simulay_model::{Digest, RelativePath};
    use tokio::sync::oneshot;

    use super::*;

    const ALL: &[u8] = b"one two three";

    /// A log of which so much is relayed, and what ends it.
    fn log(pieces: &[&'static str]) -> (LogStream, oneshot::Sender<Option<Artifact>>) {
        let (end, ended) = oneshot::channel();
        let pieces: Vec<_> = pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect();
        let end_of = Box::pin(async move { Ok(ended.await.unwrap()) });
        let log = follow(stream::iter(pieces).boxed(), 0, end_of, |_, from| async move {
            let rest = Bytes::from_static(&ALL[usize::try_from(from).unwrap()..]);
            Ok(stream::once(std::future::ready(Ok(rest))).boxed())
        });
        (log, end)
    }

    fn kept() -> Artifact {
        let (sha256, path) = (Digest::of(ALL), RelativePath::new("stdout.log").unwrap());
        Artifact { path, size: ALL.len() as u64, sha256, media_type: "text/plain".to_owned() }
    }

    #[tokio::test]
    async fn whatever_is_relayed_the_whole_is_read_once() {
        let relayed: [&[&str]; 3] = [&[], &["one ", "two "], &["one two three"]];
        for pieces in relayed {
            let (log, end) = log(pieces);
            let reader = tokio::spawn(log.try_collect::<Vec<Bytes>>());
            tokio::task::yield_now().await;
            end.send(Some(kept())).unwrap();
            assert_eq!(reader.await.unwrap().unwrap().concat(), ALL, "{pieces:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_relayed_is_told_at_once_and_the_rest_waits_for_the_end() {
        let (mut log, end) = log(&["one "]);
        assert_eq!(log.next().await.unwrap().unwrap(), "one ");
        let waiting = tokio::time::timeout(std::time::Duration::from_secs(60), log.next()).await;
        assert!(waiting.is_err());
        end.send(None).unwrap();
        assert!(log.next().await.is_none(), "nothing is kept of it");
    }
}

//! A connection that gives up on a reader who does not read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::pace::Pace;

/// A connection whose writes fail once the other side has taken nothing for a while, or too little.
pub(crate) struct StallGuard<S> {
    connection: S,
    pace: Pace,
    /// Time that writes have waited, and that the bytes taken meanwhile have not earned.
    owed: Duration,
    /// Since when a write waits, and until when it may.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> StallGuard<S> {
    pub(crate) const fn new(connection: S, pace: Pace) -> Self {
        Self { connection, pace, owed: Duration::ZERO, waiting: None }
    }

    /// What a write gave; a wait that is too long becomes an error.
    fn judge<T: Count>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(result) = polled {
            let waited = self.waiting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
            let earned = self.pace.earned(result.as_ref().map_or(0, Count::bytes));
            self.owed = (self.owed + waited).saturating_sub(earned);
            return Poll::Ready(result);
        }
        let left = self.pace.patience.saturating_sub(self.owed);
        let begin = || {
            let now = Instant::now();
            (now, Box::pin(tokio::time::sleep_until(now + left)))
        };
        ready!(self.waiting.get_or_insert_with(begin).1.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read, or too slowly")))
    }
}

/// What was written.
trait Count {
    fn bytes(&self) -> u64;
}

impl Count for usize {
    fn bytes(&self) -> u64 {
        *self as u64
    }
}

impl Count for () {
    fn bytes(&self) -> u64 {
        0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StallGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StallGuard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.judge(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.connection).poll_write_vectored(context, slices);
        self.judge(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.connection).poll_flush(context);
        self.judge(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.connection).poll_shutdown(context);
        self.judge(context, polled)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    use crate::ApiSettings;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A server that writes as much as it can at `rate`, and its client.
    fn connected(rate: u64) -> (tokio::task::JoinHandle<io::Result<()>>, tokio::io::DuplexStream) {
        let (server, client) = tokio::io::duplex(16);
        let settings = ApiSettings { stall_timeout: PATIENCE, least_rate: rate, ..ApiSettings::default() };
        let mut server = StallGuard::new(server, Pace::of(&settings));
        (tokio::spawn(async move { server.write_all(&[0; 1024]).await }), client)
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_stops_is_given_up_and_a_slow_one_is_not() {
        let (writing, mut client) = connected(1);
        let begun = Instant::now();
        let mut piece = [0; 16];
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_secs(15)).await;
            client.read_exact(&mut piece).await.unwrap();
        }
        let error = writing.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() >= 8 * Duration::from_secs(15) + PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_is_slower_than_the_least_rate_is_given_up() {
        let (writing, mut client) = connected(8);
        let begun = Instant::now();
        let reading = async {
            let mut piece = [0; 16];
            while client.read_exact(&mut piece).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(4)).await;
            }
        };
        let (written, ()) = tokio::join!(writing, reading);
        assert_eq!(written.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() > PATIENCE && begun.elapsed() < 4 * PATIENCE);
    }
}

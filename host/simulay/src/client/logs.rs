//! What container calls print, read to the end though the connection breaks.

use std::pin::pin;

use anyhow::bail;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use reqwest::{Method, Response};

use super::{Broken, Client, RECONNECT_PAUSE, RECONNECTS};

/// A part of a log, on its way.
struct Part {
    /// The byte it begins with.
    from: u64,
    /// The attempt that printed it.
    attempt: u64,
    response: Response,
}

impl Client {
    /// Hands all of the log at `path` to `tell`, from the byte `from` on, which counts from the end when it is
    /// negative. A broken connection is taken up where it broke; another attempt is told from its start.
    pub(crate) async fn log(
        &self,
        path: &str,
        from: i64,
        mut tell: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut part = self.part(path, &from.to_string()).await?;
        let mut failures = 0;
        loop {
            let (before, attempt) = (part.from, part.attempt);
            let mut position = before;
            match read(part.response.bytes_stream(), &mut position, &mut tell).await {
                Err(error) if error.is::<Broken>() => {}
                other => return other,
            }
            failures = if position > before { 1 } else { failures + 1 };
            part = loop {
                if failures > RECONNECTS {
                    bail!("the log broke off {failures} times");
                }
                tokio::time::sleep(RECONNECT_PAUSE).await;
                match self.part(path, &position.to_string()).await {
                    Ok(part) => break part,
                    Err(_) => failures += 1,
                }
            };
            if part.attempt != attempt {
                part = self.part(path, "0").await?;
            }
        }
    }

    async fn part(&self, path: &str, from: &str) -> anyhow::Result<Part> {
        let response = self.send(self.request(Method::GET, path).query(&[("from", from)])).await?;
        let header = |name| response.headers().get(name)?.to_str().ok()?.parse().ok();
        let (from, attempt) = (header("simulay-log-from"), header("simulay-attempt"));
        Ok(Part { from: from.unwrap_or(0), attempt: attempt.unwrap_or(0), response })
    }
}

async fn read(
    pieces: impl Stream<Item = reqwest::Result<Bytes>>,
    position: &mut u64,
    tell: &mut impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut pieces = pin!(pieces);
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else { bail!(Broken) };
        *position += piece.len() as u64;
        tell(&piece)?;
    }
    Ok(())
}

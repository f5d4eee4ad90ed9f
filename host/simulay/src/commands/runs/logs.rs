//! `simulay runs logs`.

use clap::{Args, ValueEnum};
use futures_util::StreamExt as _;
use simulay_model::RunId;

use crate::client::Client;
use crate::terminal::{LogText, print, print_bytes};

/// A stream of a container call.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Run.
    id: RunId,
    /// Step, from 0.
    step: u32,
    /// Place of the call in its step, from 0.
    call: u32,
    /// Which stream.
    #[arg(long, value_enum, default_value_t = Stream::Stdout)]
    stream: Stream,
    /// Prints the bytes as they are, even those a terminal obeys.
    #[arg(long)]
    raw: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum, strum::Display)]
#[strum(serialize_all = "snake_case")]
enum Stream {
    Stdout,
    Stderr,
}

/// Prints the stream until the call ends.
pub(super) async fn execute(client: &Client, arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { id, step, call, stream, raw } = arguments;
    let mut pieces = client.bytes(&format!("/v1/runs/{id}/calls/{step}/{call}/logs/{stream}")).await?;
    let mut text = LogText::default();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if raw { print_bytes(&piece)? } else { print(&text.push(&piece))? }
    }
    Ok(print(&text.finish())?)
}

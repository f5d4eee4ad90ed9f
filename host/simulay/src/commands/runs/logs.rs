//! `simulay runs logs`.

use clap::{Args, ValueEnum};
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
    /// Begins with this byte, from 0.
    #[arg(long, value_name = "BYTE", conflicts_with = "tail", value_parser = clap::value_parser!(i64).range(0..))]
    from: Option<i64>,
    /// Begins so many bytes before the last.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(i64).range(1..))]
    tail: Option<i64>,
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
    let Arguments { id, step, call, stream, from, tail, raw } = arguments;
    let path = format!("/v1/runs/{id}/calls/{step}/{call}/logs/{stream}");
    let from = from.or(tail.map(|bytes| -bytes)).unwrap_or(0);
    let mut text = LogText::default();
    let tell = |piece: &[u8]| -> anyhow::Result<()> {
        if raw {
            print_bytes(piece)?
        } else {
            print(&text.push(piece))?
        }
        Ok(())
    };
    client.log(&path, from, tell).await?;
    Ok(print(&text.finish())?)
}

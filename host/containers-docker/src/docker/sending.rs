//! Gives init its job.

use std::io;

use bytes::Bytes;
use fail::fail_point;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use simulay_containers::{Admitted, ContainerError, Content, Exchange};
use simulay_init::frames::{self, JobSpec, Order, pieces};
use simulay_model::{ContainerName, Digest};

use super::attachment::{Cut, Writer};

/// Why a job was not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Cut(#[from] Cut),
    #[error(transparent)]
    Final(#[from] ContainerError),
}

/// Sends the whole job, files and all, and lets it run.
pub(super) async fn send(
    writer: &mut Writer,
    (name, call): (ContainerName, &Admitted),
    env: Vec<(String, String)>,
    exchange: &dyn Exchange,
) -> Result<(), SendError> {
    fail_point!("job.send.before", |_| std::process::abort());
    writer.say_before(&Order::Begin(job(name, call, env))).await?;
    for (path, content) in call.files() {
        let path = path.to_string();
        match content {
            Content::Inline(bytes) => {
                writer.say_before(&Order::File { path, size: bytes.len() as u64 }).await?;
                send_bytes(writer, bytes).await?;
            }
            Content::Artifact(artifact) => send_artifact(writer, path, *artifact, exchange).await?,
        }
    }
    writer.say(&Order::Run).await?;
    fail_point!("job.send.after", |_| std::process::abort());
    Ok(())
}

fn job(name: ContainerName, call: &Admitted, env: Vec<(String, String)>) -> JobSpec {
    JobSpec {
        attempt: name.to_string(),
        command: call.command().to_vec(),
        env,
        outputs: call.outputs().to_vec(),
        excludes: call.excludes().to_vec(),
        keep_unchanged: call.keeps_unchanged(),
        max_stream_bytes: call.limits().max_stream_bytes,
        end_on_stream_limit: call.limits().end_on_stream_limit,
        max_output_bytes: call.limits().max_output_bytes,
        max_outputs: call.limits().max_outputs,
        timeout_ms: call.resources().timeout_ms,
        grace_ms: call.limits().grace_ms,
        hold_ms: call.limits().hold_ms,
    }
}

async fn send_artifact(
    writer: &mut Writer,
    path: String,
    artifact: Digest,
    exchange: &dyn Exchange,
) -> Result<(), SendError> {
    let (size, content) = exchange.open(artifact).await.map_err(ContainerError::Exchange)?;
    writer.say_before(&Order::File { path, size }).await?;
    send_stream(writer, size, content).await
}

async fn send_stream(
    writer: &mut Writer,
    size: u64,
    mut content: BoxStream<'static, io::Result<Bytes>>,
) -> Result<(), SendError> {
    let mut left = size;
    while let Some(bytes) = content.next().await {
        let bytes = bytes.map_err(ContainerError::Exchange)?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(wrong_size)?;
        send_bytes(writer, &bytes).await?;
    }
    if left == 0 { Ok(()) } else { Err(wrong_size().into()) }
}

async fn send_bytes(writer: &mut Writer, bytes: &[u8]) -> Result<(), SendError> {
    for piece in pieces(bytes) {
        writer.say_with(&Order::Data(frames::Content::announcing(piece)), piece).await?;
    }
    Ok(())
}

fn wrong_size() -> ContainerError {
    let message = "an artifact has not as many bytes as its record says";
    ContainerError::Exchange(io::Error::new(io::ErrorKind::InvalidData, message))
}

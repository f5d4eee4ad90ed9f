//! Looks at the nodes, for as long as there are any to be found.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::{Discovered, Discovery, NodesSettings};
use crate::{Capacity, ContainerError, NodeStatus};

/// Between two looks at a node that is asked for more often than it can tell.
const PAUSE: Duration = Duration::from_millis(100);

/// Finds nodes, and has each watched, until `stop`.
pub(super) async fn all(
    board: Arc<Board>,
    discovery: Arc<dyn Discovery>,
    settings: NodesSettings,
    stop: CancellationToken,
) {
    let mut failing = false;
    let look = async {
        loop {
            match discovery.nodes().await {
                Ok(found) => {
                    failing = false;
                    for (found, nudge) in board.discovered(found) {
                        tracing::info!(node = found.address, "a node was found");
                        tokio::spawn(stop.clone().run_until_cancelled_owned(one(
                            board.clone(),
                            found,
                            settings,
                            nudge,
                        )));
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "the nodes that are known go on");
                    }
                    board.tick();
                }
            }
            sleep(settings.discover).await;
        }
    };
    stop.run_until_cancelled(look).await;
}

/// Watches a node as long as it is one.
async fn one(board: Arc<Board>, found: Discovered, settings: NodesSettings, nudge: Arc<Notify>) {
    let mut listed = false;
    while board.knows(&found.address) {
        match look(&board, &found, settings, listed).await {
            Ok((status, ours)) => {
                listed = true;
                let name = status.name.clone();
                if board.told(&found.address, status, ours) {
                    tracing::info!(node = found.address, name, "the node answers again");
                }
            }
            Err(error) => {
                listed = false;
                if board.silent(&found.address) {
                    tracing::warn!(node = found.address, %error, "the node does not answer");
                }
            }
        }
        let _ = timeout(settings.refresh, nudge.notified()).await;
        sleep(PAUSE.min(settings.refresh)).await;
    }
}

/// How the node is, and what our calls had of it before it was asked. What it has is known before it gets calls.
async fn look(
    board: &Board,
    found: &Discovered,
    settings: NodesSettings,
    listed: bool,
) -> Result<(NodeStatus, Capacity), ContainerError> {
    let looked = async {
        if !listed {
            board.listed(&found.address, &found.containers.list().await?);
        }
        let ours = board.ours(&found.address);
        Ok((found.containers.node().await?, ours))
    };
    let silent = |_| ContainerError::Unavailable(format!("no answer within {} s", settings.answer.as_secs()));
    timeout(settings.answer, looked).await.map_err(silent)?
}

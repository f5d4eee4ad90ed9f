//! Carries requests to the daemon and its answers back, or fails them.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};

use crate::heard::{self, Ledger};
use crate::{Lie, Mode};

type Body = BoxBody<Bytes, io::Error>;

/// What every connection needs.
#[derive(Debug, Clone)]
pub(crate) struct Carrier {
    pub(crate) daemon: PathBuf,
    pub(crate) ledger: Arc<Ledger>,
}

/// Serves one connection after another, each on a task of its own.
pub(crate) async fn serve(listener: UnixListener, carrier: Carrier) {
    while let Ok((client, _)) = listener.accept().await {
        let carrier = carrier.clone();
        let service = service_fn(move |request| {
            let carrier = carrier.clone();
            async move { carrier.answer(request).await }
        });
        let connection = server::conn::http1::Builder::new().serve_connection(TokioIo::new(client), service);
        // A failed request ends its connection: that is how it fails.
        tokio::spawn(connection.with_upgrades());
    }
}

impl Carrier {
    /// An error ends the connection without an answer.
    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let mode = self.ledger.hear(heard::Request::of(request.method(), request.uri()));
        match mode {
            None => self.forward(request).await,
            Some(Mode::LostRequest) => Err(gone()),
            Some(Mode::LostAnswer) => self.forward(request).await.and(Err(gone())),
            Some(Mode::ServerError) => refusal(StatusCode::INTERNAL_SERVER_ERROR),
            Some(Mode::Conflict) => refusal(StatusCode::CONFLICT),
            Some(Mode::Garbage) => garbage(self.forward(request).await?),
            Some(Mode::Cut) => cut(self.forward(request).await?),
            Some(Mode::Late(time)) => {
                tokio::time::sleep(time).await;
                self.forward(request).await
            }
            Some(Mode::Hang(time)) => {
                tokio::time::sleep(time).await;
                Err(gone())
            }
            Some(Mode::Lie(lie)) => told(self.forward(request).await?, lie).await,
        }
    }

    async fn forward(&self, mut request: Request<Incoming>) -> io::Result<Response<Body>> {
        let daemon = TokioIo::new(UnixStream::connect(&self.daemon).await?);
        let (mut sender, connection) =
            client::conn::http1::handshake(daemon).await.map_err(io::Error::other)?;
        tokio::spawn(connection.with_upgrades());
        let upgrade = hyper::upgrade::on(&mut request);
        let mut answer = sender.send_request(request).await.map_err(io::Error::other)?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            let other = hyper::upgrade::on(&mut answer);
            tokio::spawn(async move {
                if let (Ok(client), Ok(daemon)) = tokio::join!(upgrade, other) {
                    // Either side may end it at any time.
                    let _ =
                        tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(daemon))
                            .await;
                }
            });
        }
        Ok(answer.map(|body| body.map_err(io::Error::other).boxed()))
    }
}

/// The answer with what `lie` makes of it.
async fn told(answer: Response<Body>, lie: Lie) -> io::Result<Response<Body>> {
    let (mut head, body) = answer.into_parts();
    let bytes = body.collect().await?.to_bytes();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(TRANSFER_ENCODING);
    let body = Full::new(lie.instead_of(bytes)).map_err(|never: Infallible| match never {});
    Ok(Response::from_parts(head, body.boxed()))
}

fn gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

fn full(text: &'static str) -> Body {
    Full::new(Bytes::from_static(text.as_bytes())).map_err(|never: Infallible| match never {}).boxed()
}

fn refusal(status: StatusCode) -> io::Result<Response<Body>> {
    let mut answer = Response::new(full("{\"message\":\"a fault, as asked\"}"));
    *answer.status_mut() = status;
    Ok(answer)
}

fn garbage(answer: Response<Body>) -> io::Result<Response<Body>> {
    let mut garbled = Response::new(full("\u{1}\u{2}{{{"));
    let upgraded = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    *garbled.status_mut() = if upgraded { StatusCode::OK } else { answer.status() };
    Ok(garbled)
}

/// The head, and then the end of the connection.
fn cut(answer: Response<Body>) -> io::Result<Response<Body>> {
    let (mut head, _) = answer.into_parts();
    head.headers.remove(CONNECTION);
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        head.status = StatusCode::OK;
    }
    let broken = futures_util::stream::once(async { Err::<Frame<Bytes>, io::Error>(gone()) });
    Ok(Response::from_parts(head, BodyExt::boxed(StreamBody::new(broken))))
}

//! A replica of `api` that does as it is told.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnboundedReceiverStream;

pub(crate) type Body = BoxBody<Bytes, Infallible>;
/// No answer at all: the connection ends.
pub(crate) struct Dies;

/// A replica at work.
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    /// Methods of the requests that reached it.
    pub(crate) heard: Arc<Mutex<Vec<Method>>>,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    listening: AbortHandle,
}

impl Replica {
    /// Answers each request by `answer`.
    pub(crate) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, Dies>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, connections) =
            (Arc::<Mutex<Vec<Method>>>::default(), Arc::<Mutex<Vec<AbortHandle>>>::default());
        let (all, open) = (Arc::clone(&heard), Arc::clone(&connections));
        let listening = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (heard, answer) = (Arc::clone(&all), answer.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    heard.lock().unwrap().push(request.method().clone());
                    let answered = answer(request);
                    async move { answered.await.map_err(|Dies| std::io::Error::other("it dies")) }
                });
                let serving = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                open.lock().unwrap().push(tokio::spawn(serving).abort_handle());
            }
        });
        Self { address, heard, connections, listening: listening.abort_handle() }
    }

    /// Ends it as a crash does: nobody listens, and what was open is cut.
    pub(crate) fn die(&self) {
        self.listening.abort();
        self.connections.lock().unwrap().iter().for_each(AbortHandle::abort);
    }

    /// How many requests of `method` reached it.
    pub(crate) fn count(&self, method: &Method) -> usize {
        self.heard.lock().unwrap().iter().filter(|heard| *heard == method).count()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.die();
    }
}

/// An answer with this text.
pub(crate) fn text(text: impl Into<String>) -> Response<Body> {
    Response::new(Full::new(Bytes::from(text.into())).boxed())
}

/// An answer whose parts come as they are sent.
pub(crate) fn streamed(kind: &str) -> (mpsc::UnboundedSender<Bytes>, Response<Body>) {
    let (parts, received) = mpsc::unbounded_channel();
    let frames = UnboundedReceiverStream::new(received).map(|part| Ok(Frame::data(part)));
    let answer = Response::builder().header("content-type", kind);
    (parts, answer.body(BoxBody::new(StreamBody::new(frames))).unwrap())
}

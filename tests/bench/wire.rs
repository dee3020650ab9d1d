//! HTTP server on loopback.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::Failure;

pub(crate) type Answer = Response<Full<Bytes>>;

/// Running server. It ends with all its connections when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts a server on a free port.
    pub(crate) async fn start<H, F>(handle: H) -> Result<Self, Failure>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Failure>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, handle.clone()));
            }
        });
        Ok(Self { address, accepting })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve<H, F>(stream: TcpStream, handle: H)
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Result<Answer, Failure>>,
{
    let service = service_fn(|request| {
        let answering = handle(request);
        async move { Ok::<_, Infallible>(answering.await.unwrap_or_else(|error| refuse(&error.to_string()))) }
    });
    let served = match stream.set_nodelay(true) {
        Ok(()) => hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await,
        Err(error) => return eprintln!("no connection: {error}"),
    };
    // An artifact that is killed breaks its connections. Any other break makes a request fail.
    drop(served);
}

/// Reads the whole body of a request.
pub(crate) async fn body(request: Request<Incoming>) -> Result<Bytes, Failure> {
    Ok(request.into_body().collect().await?.to_bytes())
}

/// Creates an answer.
pub(crate) fn answer(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer
}

fn refuse(message: &str) -> Answer {
    eprintln!("{message}");
    answer(StatusCode::BAD_REQUEST, message.to_owned())
}

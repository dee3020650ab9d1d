//! Exchange over a connection of its own, to an address that was checked.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, RootCertStore};
use store::tls::{WE, client_config};
use tokio::task::JoinSet;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout_at};
use tower_service::Service as _;
use url::{Host, Position, Url};

use super::error::{EgressError, Source};
use super::resolver::{Found, Guarded};
use super::{Body, CONNECT_TIMEOUT, OutboundRequest, Received};

/// Resolver and TLS settings that connections are made with.
pub(super) struct Network {
    pub(super) guarded: Guarded,
    tls: Arc<ClientConfig>,
}

/// Connection to a host. It is closed when its set of tasks is dropped.
struct Connection {
    asking: SendRequest<Full<Bytes>>,
    carrying: Carrying,
}

/// Task that moves the bytes of a connection while it is open.
type Carrying = JoinSet<Result<(), hyper::Error>>;

impl Network {
    pub(super) fn new(guarded: Guarded, roots: RootCertStore) -> Result<Self, EgressError> {
        let tls = client_config(roots).map_err(|error| EgressError::Setup(error.into()))?;
        Ok(Self { guarded, tls: Arc::new(tls) })
    }

    /// Sends a request, once, and reads the answer. No redirect is followed, and no body is decompressed. If the status alone
    /// is enough, a body that breaks off or is late is cut, and the answer counts.
    pub(super) async fn exchange(&self, request: OutboundRequest) -> Result<Received, EgressError> {
        let (keep_bytes, needs_all) = (request.keep_bytes, request.needs_all);
        let deadline = sleep(request.timeout).deadline();
        let late = |_: Elapsed| EgressError::Timeout;
        let (answer, carrying) = timeout_at(deadline, Box::pin(self.answered(request))).await.map_err(late)??;
        let (head, mut stream) = answer.into_parts();
        // Reads past the limit, so that an answer that is too long differs from one that just fits.
        let mut body = Body { bytes: Vec::new(), broke_off: false };
        while body.bytes.len() <= keep_bytes {
            match timeout_at(deadline, stream.frame()).await {
                Ok(None) => break,
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        body.bytes.extend_from_slice(&data);
                    }
                }
                Ok(Some(Err(error))) if needs_all => return Err(broken(error)),
                Err(elapsed) if needs_all => return Err(late(elapsed)),
                // Some servers close the connection without the TLS `close_notify` that ends a body of unknown length. Some
                // never close it.
                Ok(Some(Err(_))) | Err(_) => {
                    body.broke_off = true;
                    break;
                }
            }
        }
        // The rest of the answer has no reader.
        drop(carrying);
        Ok(Received::Bytes(head, body))
    }

    /// Sends a request, and returns its answer once status and headers are there, with the task that carries the body.
    async fn answered(&self, request: OutboundRequest) -> Result<(Response<Incoming>, Carrying), EgressError> {
        let connecting = Box::pin(self.connected(&request.url));
        let Connection { mut asking, carrying } = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .unwrap_or_else(|late| Err(EgressError::Connect(late.into())))?;
        let answer = asking.send_request(message(request)?).await.map_err(broken)?;
        Ok((answer, carrying))
    }

    /// Connects to the URL's host. Nothing was sent if this fails.
    async fn connected(&self, url: &Url) -> Result<Connection, EgressError> {
        let addresses = self.addresses(url).await.map_err(EgressError::of_lookup)?;
        let mut tcp = HttpConnector::new_with_resolver(Found(addresses));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let mut tls = HttpsConnector::from((tcp, Arc::clone(&self.tls)));
        if !self.guarded.guard.allows_plain_http() {
            tls.enforce_https();
        }
        let origin = &url[..Position::BeforePath];
        let uri = Uri::try_from(origin).map_err(|error| EgressError::Connect(error.into()))?;
        let stream = tls.call(uri).await.map_err(EgressError::of_connection)?;
        let (asking, connection) =
            http1::handshake(stream).await.map_err(|error| EgressError::of_connection(error.into()))?;
        let mut carrying = JoinSet::new();
        carrying.spawn(connection);
        Ok(Connection { asking, carrying })
    }

    /// Returns the checked addresses of the URL's host.
    async fn addresses(&self, url: &Url) -> Result<Vec<IpAddr>, Source> {
        let address: IpAddr = match url.host() {
            Some(Host::Domain(name)) => return self.guarded.addresses(name.to_owned()).await,
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            None => return Err("the URL names no host".into()),
        };
        self.guarded.guard.check_address(address)?;
        Ok(vec![address])
    }
}

/// Builds the HTTP/1.1 message: the target is the path and the query, and the host is a header.
fn message(request: OutboundRequest) -> Result<Request<Full<Bytes>>, EgressError> {
    let OutboundRequest { method, url, headers, body, timeout: _, keep_bytes: _, needs_all: _ } = request;
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let mut message = Request::new(Full::from(body));
    *message.method_mut() = method;
    *message.uri_mut() = Uri::try_from(&url[Position::BeforePath..Position::AfterQuery]).map_err(unsendable)?;
    *message.headers_mut() = with_ours(headers);
    message.headers_mut().insert(HOST, HeaderValue::try_from(host).map_err(unsendable)?);
    Ok(message)
}

fn with_ours(mut headers: HeaderMap) -> HeaderMap {
    headers.entry(USER_AGENT).or_insert(WE);
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers
}

fn unsendable(error: impl Into<Source>) -> EgressError {
    EgressError::Connect(error.into())
}

fn broken(error: hyper::Error) -> EgressError {
    EgressError::Broken(error.into())
}

//! The HTTP client under the SDK: HTTP/1.1, TLS by ring with Mozilla's roots, connections that are kept.
//!
//! The SDK's own client speaks HTTP/2, which neither DynamoDB nor SQS does, and takes roots as PEM only: putting Mozilla's into
//! it cost a cold start seven times the instructions of everything else together, and the artifact a megabyte. A client for
//! anything there is on the web reads each address anew, follows, resends and decompresses: what it made of our three requests was
//! a tenth of what accepting a call cost.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use domain::time::{Span, Timestamp};
use http::header::{HOST, HeaderValue, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use tower_service::Service;

use crate::clock::Clock;
use crate::tls::{WE, client_config, public_roots};

/// How long a connection may take to come about, TLS included. The system sends a lost first packet again after a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection is kept without a request. What is on the way to AWS forgets connections, too, and does not say so.
const KEPT_IDLE: Span = Span::seconds(90);

/// After how long without an answer the other side is asked whether it is still there, and how often.
const KEEPALIVE: (Duration, u32) = (Duration::from_secs(15), 3);

/// How long what was sent may remain unacknowledged, where the system can be told.
#[cfg(target_os = "linux")]
const UNANSWERED_TIMEOUT: Duration = Duration::from_secs(30);

type Cause = Box<dyn Error + Send + Sync>;

/// The client. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Connector {
    /// The connections, or why there are none: then every request fails, and says so.
    connections: Result<Arc<Connections>, Arc<str>>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Connector {
    /// A client that trusts Mozilla's roots.
    pub(crate) fn new() -> Self {
        Self { connections: Connections::new().map(Arc::new).map_err(|error| error.to_string().into()) }
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match &self.connections {
            Ok(connections) => {
                let connections = Arc::clone(connections);
                HttpConnectorFuture::new(async move { connections.exchange(request).await })
            }
            Err(why) => HttpConnectorFuture::ready(Err(ConnectorError::user(why.to_string().into()))),
        }
    }
}

/// Whatever the settings: how long an attempt may take as a whole is the SDK's to keep.
impl HttpClient for Connector {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Whom a connection is to.
type Origin = (Scheme, Authority);

/// One connection, as whoever asks over it has it.
type Connection = SendRequest<SdkBody>;

struct Connections {
    tls: HttpsConnector<Tcp>,
    idle: Mutex<Vec<Idle>>,
    clock: Clock,
}

struct Idle {
    to: Origin,
    connection: Connection,
    since: Timestamp,
}

impl Connections {
    fn new() -> Result<Self, Cause> {
        let tls = client_config(public_roots())?;
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE.0));
        tcp.set_keepalive_interval(Some(KEEPALIVE.0));
        tcp.set_keepalive_retries(Some(KEEPALIVE.1));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNANSWERED_TIMEOUT));
        Ok(Self { tls: HttpsConnector::from((tcp, tls)), idle: Mutex::default(), clock: Clock::system() })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let to = addressed(&mut request)?;
        loop {
            let (mut connection, is_new) = match self.kept(&to).await {
                Some(connection) => (connection, false),
                None => (self.connected(&to).await?, true),
            };
            let mut doubt = Doubt { connections: self, to: (!is_new).then(|| to.clone()) };
            match connection.try_send_request(request).await {
                Ok(answer) => {
                    doubt.to = None;
                    let (parts, body) = answer.into_parts();
                    let body = body.collect().await.map_err(failed)?.to_bytes();
                    self.keep(to, connection);
                    let answer = HttpResponse::try_from(Response::from_parts(parts, SdkBody::from(body)));
                    return answer.map_err(|error| ConnectorError::other(error.into(), None));
                }
                // A kept connection may have been closed just now. Nothing of the request was sent, then.
                Err(mut error) => match error.take_message().filter(|_| !is_new) {
                    Some(unsent) => request = unsent,
                    None => return Err(failed(error.into_error())),
                },
            }
        }
    }

    fn forget(&self, to: &Origin) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| kept.to != *to);
    }

    /// A connection that was kept, and still stands.
    async fn kept(&self, to: &Origin) -> Option<Connection> {
        loop {
            let mut connection = self.taken(to)?;
            if connection.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    /// The connection that was kept last: those before it are the ones to be forgotten.
    fn taken(&self, to: &Origin) -> Option<Connection> {
        let now = self.clock.now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| now.since(kept.since) < KEPT_IDLE);
        let place = idle.iter().rposition(|kept| kept.to == *to)?;
        Some(idle.remove(place).connection)
    }

    fn keep(&self, to: Origin, connection: Connection) {
        let since = self.clock.now();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(Idle { to, connection, since });
    }

    async fn connected(&self, to: &Origin) -> Result<Connection, ConnectorError> {
        let connecting = async {
            let (scheme, authority) = to.clone();
            let root = PathAndQuery::from_static("/");
            let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(root).build()?;
            let stream = self.tls.clone().call(uri).await?;
            Ok::<_, Cause>(http1::handshake(stream).await?)
        };
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, Box::pin(connecting)).await;
        let (connection, carried) = connected
            .unwrap_or_else(|late| Err(late.into()))
            .map_err(|error| ConnectorError::io(error).never_connected())?;
        // It ends when either side lets go of it; a request that this hurts reports it.
        drop(tokio::spawn(carried));
        Ok(connection)
    }
}

/// Whether a kept connection still leads anywhere, until an answer has come over it. Where none comes, or nobody waits for it any
/// longer, whatever broke it has broken the others to the same place: they are forgotten, and the next attempt makes a new one.
struct Doubt<'a> {
    connections: &'a Connections,
    to: Option<Origin>,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(to) = &self.to {
            self.connections.forget(to);
        }
    }
}

/// Takes out of the request whom it goes to: over a connection, an address is a path and a `host`.
fn addressed(request: &mut Request<SdkBody>) -> Result<Origin, ConnectorError> {
    let parts = std::mem::take(request.uri_mut()).into_parts();
    let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
        return Err(ConnectorError::user("an address without a host".into()));
    };
    *request.uri_mut() = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/")).into();
    let is_usual = match authority.port_u16() {
        Some(80) => scheme == Scheme::HTTP,
        Some(443) => scheme == Scheme::HTTPS,
        Some(_) | None => false,
    };
    let host = if is_usual { authority.host() } else { authority.as_str() };
    let host = HeaderValue::try_from(host).map_err(|error| ConnectorError::user(error.into()))?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(USER_AGENT, WE);
    Ok((scheme, authority))
}

/// What went wrong, as the SDK tells apart what may be sent again: not an answer that cannot be read, nor what we got wrong.
fn failed(error: hyper::Error) -> ConnectorError {
    if error.is_parse() {
        ConnectorError::other(error.into(), None)
    } else if error.is_user() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

#[cfg(test)]
mod tests;

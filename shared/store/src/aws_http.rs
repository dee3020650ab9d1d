//! HTTP client under the SDK: HTTP/1.1, TLS by ring with Mozilla's roots, kept-alive connections.
//!
//! There are two reasons not to use another client:
//!
//! - The SDK's own client speaks HTTP/2, which neither DynamoDB nor SQS does, and takes roots as PEM only. Loading
//!   Mozilla's roots into it took seven times the instructions of the rest of a cold start. It also added a megabyte to
//!   the artifact.
//! - A general web client parses each address anew, follows redirects, resends and decompresses. Its share in our three
//!   requests was a tenth of the cost of accepting a call.

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

/// Time limit for opening a connection, including TLS. The system resends a lost first packet after one second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Time after which an unused connection is dropped. Network devices on the way to AWS forget idle connections without
/// notice.
const KEPT_IDLE: Span = Span::seconds(90);

/// TCP keepalive: the idle time before a probe, and the number of probes.
const KEEPALIVE: (Duration, u32) = (Duration::from_secs(15), 3);

/// Time for which sent data may stay unacknowledged. It is only set on systems that support it.
#[cfg(target_os = "linux")]
const UNANSWERED_TIMEOUT: Duration = Duration::from_secs(30);

type Cause = Box<dyn Error + Send + Sync>;

/// HTTP client. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Connector {
    /// Connection pool, or the reason for which it could not be created. Every request then fails with that reason.
    connections: Result<Arc<Connections>, Arc<str>>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Connector {
    /// Creates a client that trusts Mozilla's roots.
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

/// The settings are ignored: the SDK itself enforces the time limit of an attempt.
impl HttpClient for Connector {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Scheme and authority that a connection leads to.
type Origin = (Scheme, Authority);

/// Open connection, ready for requests.
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
            let mut doubt = EvictOnFailure { connections: self, to: (!is_new).then(|| to.clone()) };
            match connection.try_send_request(request).await {
                Ok(answer) => {
                    doubt.to = None;
                    let (parts, body) = answer.into_parts();
                    let body = body.collect().await.map_err(failed)?.to_bytes();
                    self.keep(to, connection);
                    let answer = HttpResponse::try_from(Response::from_parts(parts, SdkBody::from(body)));
                    return answer.map_err(|error| ConnectorError::other(error.into(), None));
                }
                // The server may have closed a kept connection just now. In that case nothing of the request was sent.
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

    /// Returns a kept connection that is still open.
    async fn kept(&self, to: &Origin) -> Option<Connection> {
        loop {
            let mut connection = self.taken(to)?;
            if connection.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    /// Takes the connection that was used last. Older ones are left to expire.
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
        // The task ends when either side closes the connection. A request that fails because of that reports the error.
        drop(tokio::spawn(carried));
        Ok(connection)
    }
}

/// Guard over a kept connection until it has carried an answer. If no answer comes, or if the caller stops waiting, the
/// cause has likely broken the other connections to the same origin. The guard then drops all of them, and the next
/// attempt opens a new one.
struct EvictOnFailure<'a> {
    connections: &'a Connections,
    to: Option<Origin>,
}

impl Drop for EvictOnFailure<'_> {
    fn drop(&mut self) {
        if let Some(to) = &self.to {
            self.connections.forget(to);
        }
    }
}

/// Removes the origin from the request's URI and returns it. Over a connection, a request carries a path and a `host`
/// header.
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

/// Maps an error to the class by which the SDK decides on retries. Unreadable answers and errors of our own are not
/// retried.
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

//! Receiver of webhooks on loopback, as a client of the service would run it, for the demo and for tests.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use domain::signature::{ID_HEADER, SIGNATURE_HEADER, Secret, SignatureError, Signed, TIMESTAMP_HEADER, verify};
use domain::time::Timestamp;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::serve;
use crate::stop::{self, Stopper};

/// Webhook as it arrived.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Id of the event, the same for every attempt.
    pub id: String,
    /// Time of the attempt, in the sender's format.
    pub timestamp: String,
    /// Value of the signature header.
    pub signature: String,
    /// Body, byte for byte.
    pub body: Bytes,
}

impl Webhook {
    fn new(headers: &HeaderMap, body: Bytes) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Self { id: text(ID_HEADER), timestamp: text(TIMESTAMP_HEADER), signature: text(SIGNATURE_HEADER), body }
    }

    /// Checks age and signature.
    ///
    /// # Errors
    /// [`SignatureError`] if the webhook is not to be trusted.
    pub fn verify(&self, secret: &Secret, now: Timestamp) -> Result<(), SignatureError> {
        let Self { id, timestamp, signature, body } = self;
        verify(secret, Signed { id, timestamp, signature, body }, now)
    }

    /// Returns the event, or null if the body is no JSON.
    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Answer of a receiver.
#[derive(Debug, Clone, Copy)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Additional header, such as `retry-after` or `location`.
    pub header: Option<(&'static str, &'static str)>,
}

impl Reply {
    /// Status 200 without an additional header.
    pub const OK: Self = Self { status: 200, header: None };
}

/// Function that chooses the answer to a webhook on its arrival.
pub type Responder = Arc<dyn Fn(&Webhook) -> Reply + Send + Sync>;

/// Running receiver. It stops when dropped.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    arrivals: mpsc::UnboundedReceiver<Webhook>,
    _stopper: Stopper,
    _tasks: JoinSet<()>,
}

impl Receiver {
    /// Listens on a free port and answers with the result of `responder`.
    ///
    /// # Errors
    /// Errors of listening.
    pub async fn start(responder: Responder) -> io::Result<Self> {
        let (listener, port) = serve::listen(0).await?;
        let (sender, arrivals) = mpsc::unbounded_channel();
        let (stopper, stop) = stop::pair();
        let service = service_fn(move |request: Request<Incoming>| {
            let (sender, responder) = (sender.clone(), Arc::clone(&responder));
            async move { Ok::<_, Infallible>(receive(request, &sender, &responder).await) }
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve::serve(listener, service, stop));
        let url = format!("http://127.0.0.1:{port}/hooks");
        Ok(Self { url, arrivals, _stopper: stopper, _tasks: tasks })
    }

    /// Returns the URL for webhooks.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the next webhook, in the order of arrival.
    pub async fn next(&mut self) -> Option<Webhook> {
        self.arrivals.recv().await
    }
}

async fn receive(
    request: Request<Incoming>,
    sender: &mpsc::UnboundedSender<Webhook>,
    responder: &Responder,
) -> Response<Empty<Bytes>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return response(Reply { status: 400, header: None }) };
    let webhook = Webhook::new(&parts.headers, body.to_bytes());
    let reply = responder(&webhook);
    // The test or demo may have stopped reading. The sender of the webhook is answered all the same.
    sender.send(webhook).ok();
    response(reply)
}

fn response(reply: Reply) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some((name, value)) = reply.header {
        response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}

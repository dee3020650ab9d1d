//! A receiver of webhooks on loopback: what a client of the service would run, for the demo and for tests.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use domain::signature::{Distrust, ID_HEADER, SIGNATURE_HEADER, Secret, Signed, TIMESTAMP_HEADER, verify};
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

/// A webhook as it arrived.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The event's id: the same at every attempt.
    pub id: String,
    /// When the attempt was made, as the sender wrote it.
    pub timestamp: String,
    /// The signatures.
    pub signature: String,
    /// The body, byte by byte.
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
    /// [`Distrust`] where the webhook is not to be trusted.
    pub fn verify(&self, secret: &Secret, now: Timestamp) -> Result<(), Distrust> {
        let Self { id, timestamp, signature, body } = self;
        verify(secret, Signed { id, timestamp, signature, body }, now)
    }

    /// The event; null where the body is no JSON.
    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What a receiver answers.
#[derive(Debug, Clone, Copy)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// A header with it, such as `retry-after` or `location`.
    pub header: Option<(&'static str, &'static str)>,
}

impl Reply {
    /// 200, and nothing else.
    pub const OK: Self = Self { status: 200, header: None };
}

/// Decides what to answer, at the arrival of a webhook.
pub type Responder = Arc<dyn Fn(&Webhook) -> Reply + Send + Sync>;

/// A running receiver. Stops when dropped.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    arrivals: mpsc::UnboundedReceiver<Webhook>,
    _stopper: Stopper,
    _tasks: JoinSet<()>,
}

impl Receiver {
    /// Listens on a free port and answers as `responder` says.
    ///
    /// # Errors
    /// Those of listening.
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

    /// Where webhooks go.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next webhook, in the order of arrival. Waits for it.
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
    // Nobody may be listening any more: the sender of the webhook is answered all the same.
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

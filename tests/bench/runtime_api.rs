//! Lambda's Runtime API for one process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::wire::{self, Server};
use crate::{Failure, figures};

const PREFIX: &str = "/2018-06-01/runtime/";

/// Deadline in the far future, in milliseconds since 1970. The artifact must never consider itself late.
const DEADLINE_MS: &str = "4102444800000";

/// Answer to an invocation.
pub(crate) struct Answered {
    /// Time at which the event was handed over.
    pub(crate) handed_over: Instant,
    /// Time at which the answer had arrived.
    pub(crate) at: Instant,
    /// Body of the answer.
    pub(crate) body: Bytes,
}

/// Caller's side of the Runtime API.
pub(crate) struct RuntimeApi {
    server: Server,
    events: UnboundedSender<Bytes>,
    answers: UnboundedReceiver<Result<Answered, Failure>>,
}

struct Inner {
    events: Mutex<UnboundedReceiver<Bytes>>,
    handed_over: Mutex<Option<Instant>>,
    answers: UnboundedSender<Result<Answered, Failure>>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let (events, waiting) = unbounded_channel();
        let (answering, answers) = unbounded_channel();
        let inner = Arc::new(Inner { events: Mutex::new(waiting), handed_over: Mutex::default(), answers: answering });
        let server = Server::start(move |request| Arc::clone(&inner).handle(request)).await?;
        Ok(Self { server, events, answers })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Queues an event until the artifact asks for the next one.
    pub(crate) fn invoke(&self, event: Bytes) -> Result<(), Failure> {
        Ok(self.events.send(event)?)
    }

    /// Waits for the answer to the event.
    pub(crate) async fn answer(&mut self) -> Result<Answered, Failure> {
        self.answers.recv().await.ok_or("the Runtime API is gone")?
    }
}

impl Inner {
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<wire::Answer, Failure> {
        let path = request.uri().path().to_owned();
        let path = path.strip_prefix(PREFIX).ok_or_else(|| format!("the Runtime API has no {path}"))?;
        match (request.method(), path) {
            (&Method::GET, "invocation/next") => self.next().await,
            (&Method::POST, path) => {
                let body = wire::body(request).await?;
                let at = figures::now();
                let handed_over = self.handed_over.lock().await.take();
                let answered = match handed_over {
                    Some(handed_over) if path.ends_with("/response") => Ok(Answered { handed_over, at, body }),
                    _ => Err(format!("{path}: {}", String::from_utf8_lossy(&body)).into()),
                };
                self.answers.send(answered)?;
                Ok(wire::answer(StatusCode::ACCEPTED, "{\"status\":\"OK\"}"))
            }
            (method, path) => Err(format!("the Runtime API has no {method} {path}").into()),
        }
    }

    async fn next(&self) -> Result<wire::Answer, Failure> {
        let event = self.events.lock().await.recv().await.ok_or("nobody invokes any more")?;
        let mut answer = wire::answer(StatusCode::OK, event);
        let headers = [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
            ("lambda-runtime-deadline-ms", DEADLINE_MS),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:create-call"),
            ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"),
        ];
        for (name, value) in headers {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        *self.handed_over.lock().await = Some(figures::now());
        Ok(answer)
    }
}

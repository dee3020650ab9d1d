//! Webhook endpoints of the clients: how they answer, and everything they received.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::signature::{ID_HEADER, SIGNATURE_HEADER, Secret, Signed, TIMESTAMP_HEADER, verify};
use domain::time::{Span, Timestamp};
use futures::FutureExt;
use providers::egress::{Answer, EgressError, Exchange, OutboundRequest, RetryAfter};
use serde_json::Value;

use super::texting::TOOL_HOST;
use crate::harness::aws::clock::VirtualClock;
use crate::harness::aws::faults::{Point, Service};
use crate::harness::aws::gate::{Broken, Gate};

/// Reaction of an endpoint to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// The endpoint answers with this status.
    Answers(u16),
    /// The endpoint answers 429 and asks for this wait in seconds.
    AsksToWait(u32),
    /// The endpoint receives the request and never answers.
    Hangs,
}

/// Reactions of an endpoint to its first, second, third … request. The last one applies to all later requests.
pub(crate) type Behaviour = &'static [Reaction];

/// Webhook as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) host: String,
    pub(crate) at: Timestamp,
    pub(crate) id: String,
    pub(crate) body: Value,
    /// Value of `x-request-id`: the request that the event goes back to.
    pub(crate) request_id: String,
    /// `true` if the endpoint answered 2xx.
    pub(crate) taken: bool,
    /// Error of the signature check, if the signature is wrong.
    pub(crate) distrust: Option<String>,
}

/// All endpoints together. Clones share one state.
#[derive(Clone)]
pub(crate) struct Receiver {
    gate: Gate,
    clock: VirtualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    behaviours: BTreeMap<String, Behaviour>,
    secrets: BTreeMap<String, Secret>,
    received: Vec<Received>,
    /// Idempotency keys of the tool calls that arrived.
    tool_calls: Vec<String>,
}

impl Receiver {
    pub(super) fn new(gate: Gate, clock: VirtualClock) -> Self {
        Self { gate, clock, state: Arc::default() }
    }

    /// Sets the behaviour of the endpoint on a host.
    pub(crate) fn behaves(&self, host: &str, behaviour: Behaviour) {
        self.state().behaviours.insert(host.to_owned(), behaviour);
    }

    pub(crate) fn knows(&self, host: &str, secret: Secret) {
        self.state().secrets.insert(host.to_owned(), secret);
    }

    /// Returns everything that arrived, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// Returns the idempotency keys of the tool calls that arrived, in order.
    pub(crate) fn tool_calls(&self) -> Vec<String> {
        self.state().tool_calls.clone()
    }

    /// Returns the network as the program sees it.
    pub(crate) fn exchange(&self) -> Exchange {
        let receiver = self.clone();
        Arc::new(move |request| {
            let receiver = receiver.clone();
            async move { receiver.takes(request).await }.boxed()
        })
    }

    async fn takes(&self, request: OutboundRequest) -> Result<Answer, EgressError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let point = Point::new(Service::Webhook, request.method.as_str());
        let passed = self.gate.pass_about(point, host.clone(), async { self.notes(&host, &request) }).await;
        let answer = |status, retry_after| Ok(Answer { status, retry_after, body: "thanks".to_owned(), cut: false });
        match passed {
            Err(Broken::NotSent) => Err(EgressError::Connect("connection refused".into())),
            Err(Broken::AnswerLost) => Err(EgressError::Broken("connection reset".into())),
            Ok(Reaction::Answers(status)) => answer(status, None),
            Ok(Reaction::AsksToWait(seconds)) => answer(429, Some(RetryAfter::Wait(Span::seconds(seconds)))),
            // Longer than any client of the endpoint waits.
            Ok(Reaction::Hangs) => {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                Err(EgressError::Timeout)
            }
        }
    }

    fn notes(&self, host: &str, request: &OutboundRequest) -> Reaction {
        let at = Timestamp::from_milliseconds(self.clock.now_ms());
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let signed = Signed {
            id: header(ID_HEADER),
            timestamp: header(TIMESTAMP_HEADER),
            signature: header(SIGNATURE_HEADER),
            body: &request.body,
        };
        let mut state = self.state();
        if host == TOOL_HOST {
            state.tool_calls.push(header("idempotency-key").to_owned());
            return Reaction::Answers(200);
        }
        let before = state.received.iter().filter(|received| received.host == host).count();
        let behaviour = state.behaviours.get(host).copied().unwrap_or(&[Reaction::Answers(200)]);
        let reaction = behaviour.get(before).or(behaviour.last()).copied().unwrap_or(Reaction::Answers(200));
        let distrust = match state.secrets.get(host) {
            // The client does not know the secret before it has the answer of `create-webhook`.
            None => None,
            Some(secret) => verify(secret, signed, at).err().map(|distrust| distrust.to_string()),
        };
        state.received.push(Received {
            host: host.to_owned(),
            at,
            id: signed.id.to_owned(),
            body: serde_json::from_slice(&request.body).unwrap_or(Value::Null),
            request_id: header("x-request-id").to_owned(),
            taken: matches!(reaction, Reaction::Answers(200..=299)),
            distrust,
        });
        reaction
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

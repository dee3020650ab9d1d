//! Tests of live providers. The adapters and callbacks run in the simulated deployment with a live key, against fakes
//! that speak the vendors' wire protocols. Tests that hold for every provider are here and run for each. Tests of one
//! provider stand under its name.

mod chat_simulation;
mod chat_tests;
mod line;
mod model_tests;
mod outcome_tests;
mod pace_tests;
pub(crate) mod roles;
mod search_tests;
mod simulation;
mod sms_tests;
mod text_simulation;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::call::Call;
use domain::ids::{ConversationId, Scope};
use domain::key::RawKey;
use domain::sms::SmsConversation;
use functions::{App, FUNCTIONS, Trigger};
use futures::FutureExt;
use futures::future::ready;
use futures::stream::{FuturesUnordered, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use local::events::{HttpAnswer, HttpRequest, http_event};
use providers::egress::{Egress, EgressPolicy, OutboundRequest};
use providers::{Bases, Outside};
use serde_json::{Value, json};
use store::QueueName;
use tokio::sync::{Mutex, mpsc, oneshot};

use self::line::{placed, through};
use crate::harness::fakes::fake::{Fake, Letter, Surroundings};
use crate::harness::fakes::script::Script;
use crate::harness::fakes::server::Server;
use crate::harness::fakes::vendor::{Kind, Vendor};
use crate::harness::world::{AGENT, AGENT_NUMBER, World, parameters};

/// Address of the deployment, as providers know it.
pub(crate) const PUBLIC_URL: &str = "https://calls.example.com";
/// Our number, in E.164.
pub(crate) const OURS: &str = AGENT_NUMBER;
/// Customer's number, in E.164.
pub(crate) const CUSTOMER: &str = "+15555550123";
/// Id of the organization.
pub(crate) const ORGANIZATION: &str = "acme";

/// Request ids of API Gateway for the clients' requests and for the callbacks, and the form in which a client's request
/// id is passed on.
const ASKED: &str = "AClientsRequest=";
const CALLED_BACK: &str = "ProvidersAnswer=";
pub(crate) const REQUEST_ID: &str = "req_AClientsRequest";

/// Time between two steps of a call.
const PAUSE: Duration = Duration::from_secs(2);

/// Callback on its way, with the channel for its status.
type Posted = (Letter, oneshot::Sender<u16>);

/// Way in which the program reaches the fake.
pub(crate) enum Door {
    /// In virtual time, without a socket.
    InProcess,
    /// Over HTTP, at this address.
    Network(url::Url),
}

/// World whose organization calls and texts real phones, through a fake.
pub(crate) struct LiveWorld<V: Vendor> {
    pub(crate) world: World,
    pub(crate) fake: Fake<V>,
    pub(crate) key: RawKey,
    pub(crate) scope: Scope,
    posted: Mutex<mpsc::UnboundedReceiver<Posted>>,
    outside: (Egress, Bases),
    account: Value,
    held: parameters::Held,
    _server: Option<Server>,
}

/// Returns the provider context of a process that has read nothing from Parameter Store yet.
fn outside<V: Vendor>(
    world: &World,
    (egress, bases): &(Egress, Bases),
    account: &Value,
    held: &parameters::Held,
) -> Outside {
    let own = account_name::<V>();
    let model = (format!("models/{}", roles::MODEL), roles::model_secret());
    let public_url = ("public-url".to_owned(), PUBLIC_URL.to_owned());
    *held.lock().unwrap() = BTreeMap::from([(own, account.to_string()), model, public_url]);
    let secrets = parameters::secrets(held, world.app.store.table.clock().clone());
    Outside { egress: egress.clone(), secrets, bases: bases.clone() }
}

/// Returns the parameter name of the organization's account at the provider.
fn account_name<V: Vendor>() -> String {
    format!("organizations/{ORGANIZATION}/providers/{}", V::PROVIDER.as_str())
}

impl<V: Vendor> LiveWorld<V> {
    pub(crate) async fn new(seed: u64, otherwise: Script, door: impl AsyncFnOnce() -> Option<Door>) -> Self {
        let mut world = World::new(seed).await;
        let (post, posted) = mpsc::unbounded_channel::<Posted>();
        let courier = Arc::new(move |letter: Letter| {
            let (answered, answer) = oneshot::channel();
            // If the receiving side is gone, the callback gets no answer.
            let sent = post.send((letter, answered));
            async move { if sent.is_ok() { answer.await.unwrap_or(0) } else { 0 } }.boxed()
        });
        let clock = world.app.store.table.clock().clone();
        let fake = Fake::new(Surroundings { clock, courier, pause: PAUSE, otherwise });
        let (mut server, mut bases) = (None, Bases::default());
        let egress = match door().await {
            Some(Door::InProcess) => Self::in_process(&world, &fake),
            Some(Door::Network(url)) => {
                bases = V::bases(url);
                Egress::new(EgressPolicy { allow_insecure: true }).unwrap()
            }
            None => {
                let served = fake.serves().await;
                bases = V::bases(served.url.parse().unwrap());
                server = Some(served);
                Egress::new(EgressPolicy { allow_insecure: true }).unwrap()
            }
        };
        let (outside, account, held) = ((egress, bases), V::account(), parameters::Held::default());
        let reached = self::outside::<V>(&world, &outside, &account, &held);
        let key = world.goes_live(V::PROVIDER, V::voice(), reached).await;
        let carried = fake.clone();
        *world.carried.borrow_mut() = Box::new(move || placed(&carried));
        let scope = world.scope.clone();
        Self { world, fake, key, scope, posted: Mutex::new(posted), outside, account, held, _server: server }
    }

    fn in_process(world: &World, fake: &Fake<V>) -> Egress {
        let (fake, elsewhere) = (fake.clone(), world.receiver.exchange());
        let (gate, history) = (world.aws.gate.clone(), world.history.clone());
        let exchange = move |request: OutboundRequest| match request.url.host_str() {
            Some(host) if host == V::HOST => through(gate.clone(), fake.clone(), history.clone(), request).boxed(),
            Some(roles::MODEL_HOST) => ready(Ok(roles::says_yes())).boxed(),
            _ => elsewhere(request),
        };
        Egress::through(EgressPolicy::default(), Arc::new(exchange))
    }

    /// Replaces the running process by a fresh one, as if another function ran. The new process has read no secrets
    /// yet.
    pub(crate) fn is_another_process(&mut self) {
        let outside = outside::<V>(&self.world, &self.outside, &self.account, &self.held);
        self.world.app = App::with(self.world.app.store.clone(), outside);
    }

    /// Sets the number of calls that the account may ask for in a second.
    pub(crate) fn takes_in_a_second(&mut self, calls: u32) {
        self.account["callsPerSecond"] = calls.into();
        self.is_another_process();
    }

    /// Sets the account that the deployment knows. If `is_wrong`, the provider refuses its credentials. Otherwise they
    /// are right.
    pub(crate) fn has_rotated(&self, is_wrong: bool) {
        let mut account = self.account.clone();
        for field in ["authToken", "apiKey"] {
            if let Some(secret) = account.get_mut(field).filter(|_| is_wrong) {
                *secret = "rotated".into();
            }
        }
        self.held.lock().unwrap().insert(account_name::<V>(), account.to_string());
    }

    /// Creates a world in virtual time. No callbacks are sent unless the test sends them.
    pub(crate) async fn virtually(seed: u64) -> Self {
        Self::new(seed, Script::SILENT, async || Some(Door::InProcess)).await
    }

    /// Creates a world whose fake answers over a socket.
    pub(crate) async fn over_a_socket(seed: u64) -> Self {
        Self::new(seed, Script::SILENT, async || None).await
    }

    /// Plays a scenario while the provider calls back, until nothing is left to do.
    pub(crate) async fn runs(&self, play: impl Future<Output = ()>) {
        let ends = async {
            play.await;
            loop {
                self.world.rests().await;
                if self.fake.is_idle() {
                    return;
                }
                self.world.after_seconds(1).await;
            }
        };
        let plays = async {
            tokio::select! {
                biased;
                () = ends => {}
                () = self.carries_letters() => {}
            }
        };
        self.world.runs(plays).await;
    }

    /// Delivers the provider's callbacks for as long as the returned future is polled.
    async fn carries_letters(&self) {
        let mut posted = self.posted.lock().await;
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some((letter, answered)) = posted.recv() => under_way.push(async move {
                    let status = self.tries_to_deliver(letter).await.map_or(503, |answer| answer.status);
                    // The fake may have stopped waiting for the status.
                    answered.send(status).ok();
                }),
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
                else => return,
            }
        }
    }

    /// Delivers a callback. Returns `None` if the function died or timed out.
    pub(crate) async fn tries_to_deliver(&self, letter: Letter) -> Option<HttpAnswer> {
        let url = letter.url.split('#').next().unwrap_or_default();
        let path = url.strip_prefix(PUBLIC_URL).expect("it is an address of ours");
        let (function, parameters) = route(path);
        let mut headers = HeaderMap::new();
        for (name, value) in letter.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
        }
        // The sender of a forged request chooses this header.
        headers.insert("host", HeaderValue::from_static("evil.example.com"));
        self.tries(function, path, headers, &parameters, letter.body.as_bytes()).await
    }

    /// Creates a key and makes every request use it from now on.
    pub(crate) async fn add_key(&mut self, raw: RawKey) {
        self.world.add_key(raw.clone()).await;
        self.key = raw;
    }

    /// Sends a request with the key. Returns the status and the body.
    pub(crate) async fn requests(
        &self,
        function: &str,
        path: &str,
        id: Option<ConversationId>,
        key: &str,
        body: &Value,
    ) -> (u16, Value) {
        let headers = self.headers(key);
        let parameters = id.iter().map(|id| ("id".to_owned(), id.to_string())).collect();
        let body = body.to_string();
        let answer = self.answers(function, path, headers, &parameters, body.as_bytes()).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    pub(crate) fn headers(&self, key: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let authorization = format!("Bearer {}", self.key.reveal());
        headers.insert("authorization", HeaderValue::from_str(&authorization).unwrap());
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("idempotency-key", HeaderValue::from_str(key).unwrap());
        headers
    }

    pub(crate) async fn answers(
        &self,
        function: &str,
        path: &str,
        headers: HeaderMap,
        parameters: &BTreeMap<String, String>,
        body: &[u8],
    ) -> HttpAnswer {
        self.tries(function, path, headers, parameters, body).await.expect("the function answers")
    }

    /// Invokes a function with a request. Returns `None` if the function died or timed out.
    pub(crate) async fn tries(
        &self,
        function: &str,
        path: &str,
        headers: HeaderMap,
        parameters: &BTreeMap<String, String>,
        body: &[u8],
    ) -> Option<HttpAnswer> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request_id = if path.starts_with("/inbound/") { CALLED_BACK } else { ASKED };
        let event = http_event(&HttpRequest {
            method: "POST",
            path,
            query,
            headers: &headers,
            body,
            source_ip: "192.0.2.1",
            route_key: "POST",
            parameters,
            request_id,
            now_ms: self.world.aws.clock.now_ms(),
        });
        self.world.answers(function, event).await
    }

    /// Returns the body of a request for a call.
    pub(crate) fn asks_for_a_call() -> Value {
        json!({"agentSlug": AGENT, "toNumber": CUSTOMER, "dynamicVariables": {"name": "Ada"}})
    }

    /// Asks for a call and returns its id.
    pub(crate) async fn calls(&self, key: &str) -> ConversationId {
        let (status, answer) = self.requests("create-call", "/v1/calls", None, key, &Self::asks_for_a_call()).await;
        assert_eq!(status, 202, "{answer}");
        ConversationId::parse(answer["data"]["conversationId"].as_str().unwrap()).unwrap()
    }

    /// Asks for a call, runs the dispatch consumer once, and returns the call's id.
    pub(crate) async fn dials(&self, key: &str) -> ConversationId {
        let id = self.calls(key).await;
        self.world.steps(QueueName::Dispatch).await;
        id
    }

    /// Closes a call.
    pub(crate) async fn closes(&self, id: ConversationId) {
        let path = format!("/v1/calls/{id}/close");
        let (status, answer) = Box::pin(self.requests("close-call", &path, Some(id), "close", &json!({}))).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Opens an SMS conversation. Returns the status and the body of the answer.
    pub(crate) async fn texts(&self, key: &str) -> (u16, Value) {
        let body = json!({"agentSlug": "texter", "toNumber": CUSTOMER, "welcomeMessage": "Hello! The car is here."});
        self.requests("create-sms-conversation", "/v1/sms-conversations", None, key, &body).await
    }

    pub(crate) fn call(&self, id: ConversationId) -> Call {
        self.world.history.call(id).expect("the call is in the table")
    }

    pub(crate) fn sms(&self, id: ConversationId) -> SmsConversation {
        self.world.history.sms(id).expect("the conversation is in the table")
    }

    /// Returns the number of requests for a call at the provider.
    pub(crate) fn asked_for_calls(&self) -> usize {
        self.fake.wishes(Kind::Call)
    }

    /// Returns the names of a conversation's events.
    pub(crate) async fn events(&self, id: ConversationId) -> Vec<String> {
        let log = self.world.operator.last_log(id, 100).await.unwrap();
        let names =
            log.iter().filter_map(|entry| entry.entry.event()).map(|event| event.event_type().name().to_owned());
        names.collect()
    }
}

/// Returns the function that a path leads to, with the parameters of the path.
fn route(path: &str) -> (&'static str, BTreeMap<String, String>) {
    let given: Vec<&str> = path.split('?').next().unwrap_or_default().split('/').collect();
    let found = FUNCTIONS.iter().find_map(|function| {
        let Trigger::Http(route) = function.trigger else { return None };
        let parts: Vec<&str> = route.path.split('/').collect();
        if route.method != "POST" || parts.len() != given.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (part, value) in parts.iter().zip(&given) {
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => drop(parameters.insert(name.to_owned(), (*value).to_owned())),
                None if part == value => {}
                None => return None,
            }
        }
        Some((function.name, parameters))
    });
    found.unwrap_or_else(|| panic!("no function is behind {path}"))
}

/// Defines a test for each provider from one generic function.
macro_rules! for_each_provider {
    ($($test:ident),* $(,)?) => {
        mod twilio { $(#[test] fn $test() { super::$test::<crate::harness::fakes::twilio::Twilio>(); })* }
        mod retell { $(#[test] fn $test() { super::$test::<crate::harness::fakes::retell::Retell>(); })* }
        mod telnyx { $(#[test] fn $test() { super::$test::<crate::harness::fakes::telnyx::Telnyx>(); })* }
        mod vapi { $(#[test] fn $test() { super::$test::<crate::harness::fakes::vapi::Vapi>(); })* }
    };
}
use for_each_provider;

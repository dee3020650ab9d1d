//! Twilio: the adapter and its callbacks against a fake that speaks Twilio's wire protocol, with a live key.

mod call_tests;
mod callback_tests;
mod crash_tests;
mod fake;
mod outcome_tests;
mod pace_tests;
pub(crate) mod roles;
mod search_tests;
mod sms_tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::call::Call;
use domain::ids::{AgentId, Channel, ConversationId, Mode, Scope};
use domain::key::{ApiKey, Permission, RawKey};
use domain::organization::{Agent, Bounds, Defaults, Limits, Organization, Provider, VoiceSettings};
use domain::sms::{SmsConversation, SmsSettings, Terms};
use functions::App;
use futures::FutureExt;
use futures::future::ready;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use local::events::{HttpAnswer, HttpRequest, http_event};
use providers::egress::{Answer, Egress, EgressError, EgressPolicy, OutboundRequest};
use providers::{Bases, Outside};
use serde_json::{Value, json};
use sha1::Sha1;
use store::QueueName;
use url::form_urlencoded;

use self::fake::{ACCOUNT, FakeTwilio, TOKEN};
use crate::sim::faults::{Point, Service};
use crate::sim::gate::{Broken, Gate};
use crate::world::{World, number, parameters};

/// Where the deployment is reached, by what Twilio knows.
const PUBLIC_URL: &str = "https://calls.example.com";
/// Our number.
const OURS: &str = "+15555550100";
/// The customer's.
const CUSTOMER: &str = "+15555550123";
/// The organization.
const ORGANIZATION: &str = "livewire";
/// API Gateway's ids of the clients' requests and of the callbacks; how the clients' are known in what follows from them.
const ASKED: &str = "AClientsRequest=";
const CALLED_BACK: &str = "ProvidersAnswer=";
const REQUEST_ID: &str = "req_AClientsRequest";
/// The name under which the deployment keeps the key of the organization's model.
const MODEL: &str = "main";

/// How the program reaches the fake.
enum Door {
    /// In virtual time, without a socket.
    InProcess,
    /// Over HTTP, at this address.
    Network(url::Url),
}

/// A request passes the gate at which everything that is planned goes wrong.
async fn through(gate: Gate, twilio: FakeTwilio, request: OutboundRequest) -> Result<Answer, EgressError> {
    let point = Point::new(Service::Provider, request.method.as_str());
    match gate.pass(point, twilio.exchange(request)).await {
        Ok(answer) => answer,
        Err(Broken::NotSent) => Err(EgressError::Connect("connection refused".into())),
        Err(Broken::AnswerLost) => Err(EgressError::Broken("connection reset".into())),
    }
}

/// A world with an organization that calls and texts real phones: through the fake.
struct LiveWorld {
    world: World,
    fake: FakeTwilio,
    key: RawKey,
    scope: Scope,
    egress: Egress,
    bases: Bases,
}

/// What the deployment keeps in Parameter Store.
fn held() -> BTreeMap<String, String> {
    let account = json!({"accountSid": ACCOUNT, "authToken": TOKEN}).to_string();
    let own = format!("organizations/{ORGANIZATION}/providers/twilio");
    let model = (format!("models/{MODEL}"), "a-models-key".to_owned());
    BTreeMap::from([(own, account), model, ("public-url".to_owned(), PUBLIC_URL.to_owned())])
}

impl LiveWorld {
    async fn new(seed: u64, door: impl AsyncFnOnce(&FakeTwilio) -> Door) -> Self {
        let world = World::new(seed).await;
        let fake = FakeTwilio::new(world.aws.clock);
        let (egress, twilio) = match door(&fake).await {
            Door::Network(url) => (Egress::new(EgressPolicy { allow_insecure: true }).unwrap(), Some(url)),
            Door::InProcess => {
                let (twilio, elsewhere) = (fake.clone(), world.receiver.exchange());
                let gate = world.aws.gate.clone();
                let exchange = move |request: OutboundRequest| match request.url.host_str() {
                    Some("api.twilio.com") => through(gate.clone(), twilio.clone(), request).boxed(),
                    Some(roles::MODEL_HOST) => ready(Ok(roles::says_yes())).boxed(),
                    _ => elsewhere(request),
                };
                (Egress::through(EgressPolicy::default(), Arc::new(exchange)), None)
            }
        };
        let bases = Bases { twilio, ..Bases::default() };
        let organization = domain::ids::OrganizationId::parse(ORGANIZATION).unwrap();
        let scope = Scope { organization, mode: Mode::Live };
        let key = RawKey::new(scope.clone(), [9; 24]);
        let mut live = Self { key: key.clone(), scope, fake, world, egress, bases };
        live.is_another_process();
        live.is_furnished().await;
        live.has_key(key).await;
        live
    }

    /// What runs from now on knows nothing of the secrets that were read before: it is another function's process.
    fn is_another_process(&mut self) {
        let store = self.world.app.store.clone();
        let secrets = parameters::secrets(&held(), store.table.clock().clone());
        let outside = Outside { egress: self.egress.clone(), secrets, bases: self.bases.clone() };
        self.world.app = App::with(store, outside);
    }

    /// In virtual time.
    async fn virtually(seed: u64) -> Self {
        Self::new(seed, async |_| Door::InProcess).await
    }

    async fn is_furnished(&self) {
        let (id, table) = (&self.scope.organization, &self.world.operator);
        let organization = Organization {
            id: id.clone(),
            name: "Livewire".to_owned(),
            suspended: false,
            cursor_key: "c0ffee".to_owned(),
            numbers: vec![number(OURS)],
            defaults: Defaults::default(),
            endpoints: Vec::new(),
            bounds: Bounds::default(),
        };
        table.create_organization(&organization).await.unwrap();
        let opening = Some("Hello {{name}}, fish & chips?".to_owned());
        let voice = VoiceSettings { opening, record: true, detect_machines: true, ..VoiceSettings::default() };
        table.put_agent(id, &agent(&self.scope, "caller", Channel::Voice, Some(voice))).await.unwrap();
        table.put_agent(id, &agent(&self.scope, "texter", Channel::Sms, None)).await.unwrap();
    }

    /// Requests are made with this key from now on.
    async fn has_key(&mut self, raw: RawKey) {
        let key = ApiKey {
            name: "a test's".to_owned(),
            permissions: Permission::ALL.to_vec(),
            created_at: self.world.now(),
            expires_at: None,
            revoked_at: None,
            limits: domain::quota::Limits::default(),
        };
        self.world.operator.put_api_key(&raw, &key).await.unwrap();
        self.world.operator.note_key_used(&raw, self.world.now()).await.unwrap();
        self.key = raw;
    }

    /// Sends a request with the live key.
    async fn requests(
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

    fn headers(&self, key: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let authorization = format!("Bearer {}", self.key.reveal());
        headers.insert("authorization", HeaderValue::from_str(&authorization).unwrap());
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("idempotency-key", HeaderValue::from_str(key).unwrap());
        headers
    }

    async fn answers(
        &self,
        function: &str,
        path: &str,
        headers: HeaderMap,
        parameters: &BTreeMap<String, String>,
        body: &[u8],
    ) -> HttpAnswer {
        self.tries(function, path, headers, parameters, body).await.expect("the function answers")
    }

    /// The same; `None` where the function died, or took too long.
    async fn tries(
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

    /// Asks for a call; gives its id.
    async fn calls(&self, key: &str) -> ConversationId {
        let body = json!({"agentSlug": "caller", "toNumber": CUSTOMER, "dynamicVariables": {"name": "Ada"}});
        let (status, answer) = self.requests("create-call", "/v1/calls", None, key, &body).await;
        assert_eq!(status, 202, "{answer}");
        ConversationId::parse(answer["data"]["conversationId"].as_str().unwrap()).unwrap()
    }

    /// Asks for a call and has it dialled, once.
    async fn dials(&self, key: &str) -> ConversationId {
        let id = self.calls(key).await;
        self.world.steps(QueueName::Dispatch).await;
        id
    }

    /// Opens an SMS conversation; gives the answer's status and body.
    async fn texts(&self, key: &str) -> (u16, Value) {
        let body = json!({"agentSlug": "texter", "toNumber": CUSTOMER, "welcomeMessage": "Hello! The car is here."});
        self.requests("create-sms-conversation", "/v1/sms-conversations", None, key, &body).await
    }

    fn call(&self, id: ConversationId) -> Call {
        self.world.history.call(id).expect("the call is in the table")
    }

    fn sms(&self, id: ConversationId) -> SmsConversation {
        self.world.history.sms(id).expect("the conversation is in the table")
    }

    /// The events of a conversation, by their names.
    async fn events(&self, id: ConversationId) -> Vec<String> {
        let log = self.world.operator.last_log(id, 100).await.unwrap();
        let names =
            log.iter().filter_map(|entry| entry.entry.event()).map(|event| event.event_type().as_str().to_owned());
        names.collect()
    }

    /// Twilio calls back: at an address it was given, with this form, rightly signed. Gives status and body.
    async fn calls_back(&self, address: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let signature = signature(address, fields);
        self.calls_back_signed(address, fields, &signature).await
    }

    /// The same, with any signature.
    async fn calls_back_signed(&self, address: &str, fields: &[(&str, &str)], signature: &str) -> (u16, String) {
        let answer = self.tries_to_call_back(address, fields, signature).await.expect("the function answers");
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    /// The same; `None` where the function died, or took too long.
    async fn tries_to_call_back(&self, address: &str, fields: &[(&str, &str)], signature: &str) -> Option<HttpAnswer> {
        let url = address.split('#').next().unwrap();
        let path = url.strip_prefix(PUBLIC_URL).expect("it is an address of ours");
        let (function, parameters) = route(path);
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        let name = HeaderName::from_static("x-twilio-signature");
        headers.insert(name, HeaderValue::from_str(signature).unwrap());
        // Whoever forges a request chooses these.
        headers.insert("host", HeaderValue::from_static("evil.example.com"));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.tries(function, path, headers, &parameters, body.as_bytes()).await
    }

    /// Twilio tells of the state of a call that it made.
    async fn tells(&self, place: usize, status: &str, more: &[(&str, &str)]) -> u16 {
        let call = self.fake.calls()[place].clone();
        let address = call.field("StatusCallback").unwrap();
        let known = [("CallSid", call.sid.as_str()), ("AccountSid", ACCOUNT), ("CallStatus", status)];
        let fields: Vec<(&str, &str)> = known.iter().chain(more).copied().collect();
        self.calls_back(address, &fields).await.0
    }
}

fn agent(scope: &Scope, slug: &str, channel: Channel, voice: Option<VoiceSettings>) -> Agent {
    let sms = SmsSettings {
        kind: domain::sms::Kind::Managed,
        prompt: "Be brief.".to_owned(),
        opening: None,
        model: None,
        tools: Vec::new(),
        tool_secret: None,
        max_tool_calls: 0,
        terms: Terms { answers: false, help_text: Some("Ours.".to_owned()), ..Terms::default() },
    };
    Agent {
        id: AgentId::for_slug(&scope.organization, slug),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        channel,
        provider: Provider::Twilio,
        version: 1,
        number: Some(number(OURS)),
        external_id: None,
        prompt: None,
        required_variables: Vec::new(),
        limits: Limits::default(),
        retention: None,
        voice,
        sms: (channel == Channel::Sms).then_some(sms),
    }
}

/// The function that a path leads to, and the path's parameters.
fn route(path: &str) -> (&'static str, BTreeMap<String, String>) {
    let path = path.split('?').next().unwrap();
    let parts: Vec<&str> = path.split('/').skip(3).collect();
    let (function, names): (_, &[&str]) = match parts.as_slice() {
        [_, "calls", _, _, "answer"] => ("twilio-voice-answer", &["organization", "", "id", "attempt"]),
        [_, "calls", _, _, "status"] => ("twilio-call-status", &["organization", "", "id", "attempt"]),
        [_, "messages", _, _, "status"] => ("twilio-message-status", &["organization", "", "id", "number"]),
        [_, "messages"] => ("twilio-inbound-message", &["organization"]),
        _ => panic!("no function is behind {path}"),
    };
    let named = names.iter().zip(&parts).filter(|(name, _)| !name.is_empty());
    (function, named.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// Twilio's signature over an address and a form.
fn signature(address: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut message = address.split('#').next().unwrap().to_owned();
    for (name, value) in sorted {
        message.push_str(name);
        message.push_str(value);
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

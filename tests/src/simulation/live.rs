//! A world whose organization calls through a live provider, in virtual time: the provider's API is a fake, without a socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::{AgentId, Channel, ConversationId, Mode, OrganizationId, Scope};
use domain::key::{ApiKey, Permission, RawKey};
use domain::organization::{Agent, Bounds, Defaults, Limits, Organization, Provider, VoiceSettings};
use functions::App;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use local::events::{HttpAnswer, HttpRequest, http_event};
use providers::egress::{Answer, Egress, EgressError, EgressPolicy, OutboundRequest};
use providers::{Bases, Outside};
use serde_json::{Value, json};

use crate::fakes::server::{Asked, Reaction};
use crate::world::{World, number, parameters};

/// Our number.
const OURS: &str = "+15555550100";
/// The customer's.
pub(super) const CUSTOMER: &str = "+15555550123";
/// Where the deployment is reached.
const PUBLIC_URL: &str = "https://calls.example.com";
/// The organization, and its agent.
const ORGANIZATION: &str = "livewire";
const AGENT: &str = "caller";

/// What a provider does about a request.
pub(super) type Vendor = Arc<dyn Fn(Asked) -> BoxFuture<'static, Reaction> + Send + Sync>;

/// A world, and its organization's live key.
pub(super) struct Live {
    pub(super) world: World,
    key: RawKey,
    provider: Provider,
    egress: Egress,
    held: BTreeMap<String, String>,
}

/// The network, as far as the program sees it: webhooks go to the receiver, everything else to the provider.
async fn exchange(vendor: Vendor, request: OutboundRequest) -> Result<Answer, EgressError> {
    let broken = || EgressError::Broken("the connection was closed".into());
    match vendor(Asked::of(&request)).await {
        Reaction::Answer { status, body, .. } => Ok(Answer { status, retry_after: None, body, cut: false }),
        Reaction::Half { .. } | Reaction::Close => Err(broken()),
        Reaction::Silence => futures::future::pending().await,
    }
}

impl Live {
    /// A world whose organization calls through this provider, which knows it by this account.
    pub(super) async fn new(seed: u64, provider: Provider, account: &Value, vendor: Vendor) -> Self {
        let world = World::new(seed).await;
        let receiver = world.receiver.exchange();
        let network = Arc::new(move |request: OutboundRequest| match request.url.host_str() {
            Some("hooks.example.com") => receiver(request),
            _ => exchange(Arc::clone(&vendor), request).boxed(),
        });
        let egress = Egress::through(EgressPolicy::default(), network);
        let held = BTreeMap::from([
            (format!("providers/{}", provider.as_str()), account.to_string()),
            ("public-url".to_owned(), PUBLIC_URL.to_owned()),
        ]);
        let organization = OrganizationId::parse(ORGANIZATION).unwrap();
        let key = RawKey::new(Scope { organization, mode: Mode::Live }, [9; 24]);
        let mut live = Self { world, key, provider, egress, held };
        live.is_another_process();
        live.is_furnished().await;
        live
    }

    /// What runs from now on knows nothing of the secrets that were read before: it is another function's process.
    pub(super) fn is_another_process(&mut self) {
        let store = self.world.app.store.clone();
        let secrets = parameters::secrets(&self.held, store.table.clock().clone());
        let outside = Outside { egress: self.egress.clone(), secrets, bases: Bases::default() };
        self.world.app = App::with(store, outside);
    }

    async fn is_furnished(&self) {
        let (id, operator) = (&self.key.scope().organization, &self.world.operator);
        let organization = Organization {
            id: id.clone(),
            name: "Livewire".to_owned(),
            suspended: false,
            cursor_key: "c0ffee".to_owned(),
            numbers: vec![number(OURS)],
            defaults: Defaults::default(),
            bounds: Bounds::default(),
            endpoints: Vec::new(),
        };
        operator.create_organization(&organization).await.unwrap();
        let agent = Agent {
            id: AgentId::for_slug(id, AGENT),
            slug: AGENT.to_owned(),
            name: "Caller".to_owned(),
            channel: Channel::Voice,
            provider: self.provider,
            version: 1,
            number: Some(number(OURS)),
            external_id: None,
            prompt: None,
            required_variables: Vec::new(),
            limits: Limits::default(),
            retention: None,
            voice: Some(VoiceSettings { provider_agent_id: Some("agent_1".to_owned()), ..VoiceSettings::default() }),
            sms: None,
        };
        operator.put_agent(id, &agent).await.unwrap();
        let permissions = Permission::ALL.to_vec();
        let (name, created_at) = ("live".to_owned(), self.world.now());
        let limits = domain::quota::Limits::default();
        let key = ApiKey { name, permissions, limits, created_at, expires_at: None, revoked_at: None };
        operator.put_api_key(&self.key, &key).await.unwrap();
    }

    /// Sends a request with the live key; gives status and body.
    pub(super) async fn asks(&self, function: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let headers = [
            ("authorization", format!("Bearer {}", self.key.reveal())),
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", key.to_owned()),
        ];
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value));
        let id = path.split('/').nth(3).map(|id| ("id".to_owned(), id.to_owned()));
        let answer = self.sends(function, path, &headers, id.into_iter().collect(), body.to_string().as_bytes()).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// Places a call; gives its id.
    pub(super) async fn calls(&self, key: &str) -> ConversationId {
        let body = json!({ "agentSlug": AGENT, "toNumber": CUSTOMER });
        let (status, answer) = self.asks("create-call", "/v1/calls", key, &body).await;
        assert_eq!(status, 202, "{answer}");
        ConversationId::parse(answer["data"]["conversationId"].as_str().unwrap()).unwrap()
    }

    /// The provider calls back about a call's first attempt; gives the status.
    pub(super) async fn calls_back(
        &self,
        function: &str,
        call: ConversationId,
        headers: &[(HeaderName, String)],
        body: &str,
    ) -> u16 {
        let path = format!("/inbound/{}/{ORGANIZATION}/calls/{call}/1/events", self.provider.as_str());
        let named = [("organization", ORGANIZATION.to_owned()), ("id", call.to_string()), ("attempt", "1".to_owned())];
        let parameters = named.map(|(name, value)| (name.to_owned(), value));
        self.sends(function, &path, headers, parameters.into(), body.as_bytes()).await.status
    }

    async fn sends(
        &self,
        function: &str,
        path: &str,
        headers: &[(HeaderName, String)],
        parameters: BTreeMap<String, String>,
        body: &[u8],
    ) -> HttpAnswer {
        let value = |text: &String| HeaderValue::from_str(text).unwrap();
        let headers: HeaderMap = headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        let event = http_event(&HttpRequest {
            method: "POST",
            path,
            query: "",
            headers: &headers,
            body,
            source_ip: "192.0.2.1",
            route_key: "POST",
            parameters: &parameters,
            request_id: "request-1",
            now_ms: self.world.now().as_milliseconds(),
        });
        self.world.answers(function, event).await.expect("the function answers")
    }
}

//! An attempt at a live provider that nobody ever hears of again, in virtual time: searched for, never repeated, and ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::call::{Call, Dispatch};
use domain::end_reason::EndReason;
use domain::ids::{AgentId, Channel, ConversationId, Mode, OrganizationId, Scope};
use domain::key::{ApiKey, Permission, RawKey};
use domain::organization::{Agent, Bounds, Defaults, Limits, Organization, Provider};
use functions::{App, find, invoke};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue};
use local::events::{HttpRequest, http_answer, http_event};
use providers::egress::{Answer, Egress, EgressError, EgressPolicy, OutboundRequest};
use providers::{Bases, Outside, Secret, Secrets};
use serde_json::{Value, json};

use crate::fakes::retell::{Create, KEY, Retell, Script, Story, Webhooks};
use crate::fakes::server::{Asked, Reaction};
use crate::world::{World, number, simulate};

const OURS: &str = "+15555550100";
const CUSTOMER: &str = "+15555550123";

/// The network, as far as the program sees it: the fake.
async fn exchange(fake: Retell, request: OutboundRequest) -> Result<Answer, EgressError> {
    let reaction = fake.answer(Asked::of(&request)).await;
    let broken = || EgressError::Broken("the connection was closed".into());
    match reaction {
        Reaction::Answer { status, body, .. } => Ok(Answer { status, retry_after: None, body, cut: false }),
        Reaction::Half { .. } | Reaction::Close => Err(broken()),
        Reaction::Silence => futures::future::pending().await,
    }
}

/// A world whose organization calls through Retell, with a live key.
async fn furnished(fake: &Retell) -> (World, RawKey) {
    let mut world = World::new(1).await;
    let held = [
        ("providers/retell".to_owned(), Secret::new(json!({ "apiKey": KEY }).to_string())),
        ("public-url".to_owned(), Secret::new("https://calls.example.com")),
    ];
    let secrets = Secrets::given(BTreeMap::from(held), world.app.store.table.clock().clone());
    let fake = fake.clone();
    let network = Arc::new(move |request: OutboundRequest| exchange(fake.clone(), request).boxed());
    let egress = Egress::through(EgressPolicy::default(), network);
    world.app = App::with(world.app.store.clone(), Outside { egress, secrets, bases: Bases::default() });

    let id = OrganizationId::parse("livewire").unwrap();
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
    world.operator.create_organization(&organization).await.unwrap();
    let agent = Agent {
        id: AgentId::for_slug(&id, "retell"),
        slug: "retell".to_owned(),
        name: "Retell".to_owned(),
        channel: Channel::Voice,
        provider: Provider::Retell,
        version: 1,
        number: Some(number(OURS)),
        external_id: None,
        prompt: None,
        required_variables: Vec::new(),
        limits: Limits::default(),
        retention: None,
        voice: None,
        sms: None,
    };
    world.operator.put_agent(&id, &agent).await.unwrap();
    let raw = RawKey::new(Scope { organization: id, mode: Mode::Live }, [9; 24]);
    let permissions = Permission::ALL.to_vec();
    let (name, created_at) = ("live".to_owned(), world.now());
    let limits = domain::quota::Limits::default();
    let key = ApiKey { name, permissions, limits, created_at, expires_at: None, revoked_at: None };
    world.operator.put_api_key(&raw, &key).await.unwrap();
    (world, raw)
}

/// Places a call; gives its id.
async fn places(world: &World, key: &RawKey) -> ConversationId {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("authorization", format!("Bearer {}", key.reveal())),
        ("content-type", "application/json".to_owned()),
        ("idempotency-key", "order-1".to_owned()),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).unwrap());
    }
    let body = json!({ "agentSlug": "retell", "toNumber": CUSTOMER }).to_string();
    let event = http_event(&HttpRequest {
        method: "POST",
        path: "/v1/calls",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
        source_ip: "192.0.2.1",
        route_key: "POST /v1/calls",
        parameters: &BTreeMap::new(),
        request_id: "request-1",
        now_ms: world.now().as_milliseconds(),
    });
    let answer = invoke(&world.app, find("create-call").unwrap(), event).await.unwrap();
    let answer = http_answer(&answer).unwrap();
    let answered: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.status, 202, "{answered}");
    ConversationId::parse(answered["data"]["conversationId"].as_str().unwrap()).unwrap()
}

/// What becomes of a call to a number with this script, once nothing is left to be done.
fn end_of(script: Script) -> (Call, Retell) {
    simulate(async {
        let fake = Retell::in_process();
        fake.script(CUSTOMER, script);
        let (world, key) = furnished(&fake).await;
        let id = places(&world, &key).await;
        world.runs(async {}).await;
        (world.history.call(id).expect("it was accepted"), fake)
    })
}

#[test]
fn an_attempt_that_no_search_finds_is_ended_as_unconfirmed_and_never_asked_again() {
    for lost in [Reaction::empty(500), Reaction::Close, Reaction::Silence] {
        let (call, fake) = end_of(Script::of(Story::Completes).creating(Create::Refuses(lost.clone())));
        assert_eq!(call.end_reason, Some(EndReason::DISPATCH_UNCONFIRMED), "{lost:?}");
        assert_eq!(call.attempt, 1);
        assert_eq!(call.dispatch, Dispatch::Settled, "nothing is looked for for ever");
        let waited = call.ended_at.unwrap().since(call.created_at);
        assert!(waited.as_seconds() <= 5 * 60, "{} s", waited.as_seconds());
        assert_eq!(fake.asked("create-phone-call"), 1, "{lost:?}");
        assert!(fake.asked("list-calls") >= 5, "{}", fake.asked("list-calls"));
    }
}

#[test]
fn a_call_that_only_searches_and_polls_tell_of_completes() {
    let lost = Create::PlacesAnd(Reaction::Silence);
    let (call, fake) = end_of(Script::of(Story::Completes).creating(lost).calling_back(Webhooks::Never));
    assert_eq!(call.end_reason, Some(EndReason::COMPLETED));
    assert_eq!(fake.asked("create-phone-call"), 1);
    assert_eq!(fake.violations(), Vec::<String>::new());
}

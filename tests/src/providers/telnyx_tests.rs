//! End-to-end tests of calls through Telnyx: the whole stack, the deployed adapter, and a fake of Telnyx over real
//! sockets.

use domain::provider::Provider;
use serde_json::{Value, json};

use crate::harness::fakes::fake::Fake;
use crate::harness::fakes::script::{Script, Story, Telling};
use crate::harness::fakes::server::Server;
use crate::harness::fakes::telnyx::{Telnyx, signature};
use crate::harness::fakes::vendor::Vendor;
use crate::harness::stack::hooks::names;
use crate::harness::stack::live::{Live, PATIENCE};
use crate::harness::stack::local_stack::until;

struct LocalStack {
    live: Live,
    fake: Fake<Telnyx>,
    _server: Server,
}

impl LocalStack {
    async fn start() -> Self {
        let (fake, server) = Fake::<Telnyx>::start().await;
        let bases = Telnyx::bases(server.url.parse().expect("a URL"));
        let live = Live::start(bases, json!({ "organizations/acme/providers/telnyx": Telnyx::account() })).await;
        live.agent("telnyx", Provider::Telnyx, |agent| agent.voice = Some(Telnyx::voice())).await;
        Self { live, fake, _server: server }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_through_telnyx_completes_whatever_the_order_of_its_events() {
    let world = LocalStack::start().await;
    world.fake.script("+15555552002", Script::of(Story::Completes).telling(Telling::TwiceAndReversed));
    for to in ["+15555552001", "+15555552002"] {
        let id = world.live.calls("telnyx", to).await;
        let (call, events) = world.live.over(&id).await;
        assert_eq!(call["endReason"], "completed", "{to}");
        assert_eq!(names(&events), ["call.started", "call.ended"], "{to}");
        let recorded = async || {
            let (status, url) = world.live.recording(&id).await;
            (status == 302).then_some(url)
        };
        let recording = until("there is a recording", PATIENCE, recorded).await;
        assert_eq!(recording, "https://recordings.example/fake.mp3");
        until("it is known who answered", PATIENCE, async || {
            (world.live.call(&id).await["answeredBy"] == "human").then_some(())
        })
        .await;
        let asked = world.fake.calls_to(to);
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].asked["command_id"], format!("{id}-1"));
        assert_eq!(asked[0].asked["conversation_relay_config"]["url"], "wss://relay.example/talk");
    }
    assert_eq!(world.fake.violations(), Vec::<String>::new());
    assert!(world.fake.statuses().iter().all(|status| *status == 200), "{:?}", world.fake.statuses());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_reaches_nobody_ends_without_having_started_and_a_busy_line_is_busy() {
    let world = LocalStack::start().await;
    for (to, cause, reason) in [
        ("+15555552011", "user_busy", "busy"),
        ("+15555552012", "timeout", "no_answer"),
        ("+15555552013", "not_found", "invalid_destination"),
        ("+15555552014", "call_rejected", "rejected"),
        ("+15555552015", "moon_in_the_way", "provider:moon_in_the_way"),
    ] {
        world.fake.script(to, Script::of(Story::Unconnected(cause)));
        let id = world.live.calls("telnyx", to).await;
        let (call, events) = world.live.over(&id).await;
        assert_eq!(call["endReason"], reason);
        assert_eq!(names(&events), ["call.ended"], "{cause}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_call_that_is_closed_is_hung_up_at_telnyx() {
    let world = LocalStack::start().await;
    let to = "+15555552601";
    world.fake.script(to, Script::of(Story::Stays));
    let id = world.live.calls("telnyx", to).await;
    world.live.is_answered(&id).await;
    world.live.closes(&id).await;
    let (call, _) = world.live.over(&id).await;
    assert_eq!(call["endReason"], "admin_closed");
    until("it is hung up", PATIENCE, async || world.fake.calls_to(to)[0].over_at.is_some().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_telnyx_did_not_sign_is_refused_and_writes_nothing() {
    let world = LocalStack::start().await;
    let to = "+15555552701";
    world.fake.script(to, Script::SILENT);
    let id = world.live.calls("telnyx", to).await;
    let accepted = async || Some(world.live.call(&id).await).filter(|call| call["providerCallId"].is_string());
    let before = until("it was accepted", PATIENCE, accepted).await;
    let payload = json!({
        "call_control_id": before["providerCallId"],
        "client_state": world.fake.calls_to(to)[0].asked["client_state"],
        "hangup_cause": "normal_clearing",
    });
    let body = json!({ "data": { "event_type": "call.hangup", "payload": payload } }).to_string();
    let url = format!("/inbound/telnyx/{}/calls/{id}/1/events", world.live.organization());
    let now = world.live.now().as_seconds();
    let wrong = [signature("{}", now), signature(&body, now - 301), signature(&body, now + 301)];
    for headers in &wrong {
        assert_eq!(world.live.callback_with(&url, &body, headers).await, 403);
    }
    assert_eq!(world.live.callback_with(&url, &body, &[]).await, 403);
    let genuine = signature(&body, now);
    let elsewhere = url.replace("/1/events", "/2/events");
    assert_eq!(world.live.callback_with(&elsewhere, &body, &genuine).await, 200, "it is about another attempt");
    assert_eq!(world.live.call(&id).await, before);
    assert_eq!(world.live.callback_with(&url, &body, &genuine).await, 200);
    assert_eq!(world.live.call(&id).await["status"], "ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_nobody_would_speak_for_cannot_be_made() {
    let world = LocalStack::start().await;
    let made = async |voice: Value| {
        let agent = json!({ "slug": "a", "channel": "voice", "name": "A", "provider": "telnyx", "voice": voice });
        world.live.api().post("/v1/agents", &agent).await.status
    };
    assert_eq!(made(json!({ "opening": "Hello." })).await, 400);
    assert_eq!(made(json!({ "relayUrl": "wss://a.example", "providerAgentId": "b" })).await, 400);
    assert_eq!(made(json!({ "providerAgentId": "assistant-1", "opening": "Hello." })).await, 201);
}

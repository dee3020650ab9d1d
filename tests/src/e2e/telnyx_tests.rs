//! Calls through Telnyx, end to end: the whole stack, the adapter as it is deployed, and a fake of Telnyx's over real
//! sockets.

use domain::organization::{Provider, VoiceSettings};
use serde_json::{Value, json};

use super::hooks::names;
use super::live::{Live, PATIENCE};
use super::world::until;
use crate::fakes::server::{Reaction, Server};
use crate::fakes::telnyx::{CONNECTION, KEY, Script, Telnyx, public_key};

struct World {
    live: Live,
    fake: Telnyx,
    _server: Server,
}

impl World {
    async fn start() -> Self {
        let (fake, server) = Telnyx::start().await;
        let bases = providers::Bases { telnyx: Some(server.url.parse().expect("a URL")), ..Default::default() };
        let account = json!({ "apiKey": KEY, "publicKey": public_key(), "connectionId": CONNECTION });
        let live = Live::start(bases, json!({ "organizations/acme/providers/telnyx": account })).await;
        live.agent("telnyx", Provider::Telnyx, |agent| {
            agent.voice = Some(VoiceSettings {
                relay_url: Some("wss://relay.example/talk".to_owned()),
                detect_machines: true,
                record: true,
                ..VoiceSettings::default()
            });
        })
        .await;
        Self { live, fake, _server: server }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_through_telnyx_completes_whatever_the_order_of_its_events() {
    let world = World::start().await;
    let mut reversed = Script::completes();
    // The event of the recording alone does not name the call: it cannot come before all others.
    let saved = reversed.events.pop().expect("it is recorded");
    reversed.events.reverse();
    reversed.events.push(saved);
    reversed.events = reversed.events.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
    world.fake.script("+15555552002", reversed);
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
        assert_eq!(asked[0]["command_id"], format!("{id}-1"));
        assert_eq!(asked[0]["conversation_relay_config"]["url"], "wss://relay.example/talk");
    }
    assert_eq!(world.fake.violations(), Vec::<String>::new());
    assert!(world.fake.statuses().iter().all(|status| *status == 200), "{:?}", world.fake.statuses());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_reaches_nobody_ends_without_having_started_and_a_busy_line_is_busy() {
    let world = World::start().await;
    for (to, cause, sip, reason) in [
        ("+15555552011", "user_busy", "486", "busy"),
        ("+15555552012", "timeout", "487", "no_answer"),
        ("+15555552013", "not_found", "404", "invalid_destination"),
        ("+15555552014", "call_rejected", "603", "rejected"),
        ("+15555552015", "moon_in_the_way", "500", "provider:moon_in_the_way"),
    ] {
        world.fake.script(to, Script::ends(cause, sip));
        let id = world.live.calls("telnyx", to).await;
        let (call, events) = world.live.over(&id).await;
        assert_eq!(call["endReason"], reason);
        assert_eq!(names(&events), ["call.ended"], "{cause}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_settled_by_event_or_search_and_never_asked_again() {
    let world = World::start().await;
    let half = Reaction::Half { status: 200, body: r#"{"data": {"call_"#.to_owned() };
    let unreadable = Reaction::Answer { status: 200, header: None, body: "ok".to_owned() };
    let statuses = [500, 502, 503, 504, 408, 409].map(Reaction::empty);
    let lost = statuses.into_iter().chain([Reaction::Close, Reaction::Silence, half, unreadable]);
    let mut told = Vec::new();
    let mut silent = Vec::new();
    for (place, reaction) in lost.enumerate() {
        let to = format!("+1555555210{place}");
        world.fake.script(&to, Script { answer: Some(reaction.clone()), ..Script::completes() });
        told.push((world.live.calls("telnyx", &to).await, to));
        // The list has live calls only.
        let to = format!("+1555555220{place}");
        world.fake.script(&to, Script { answer: Some(reaction), events: Vec::new(), ..Script::stays() });
        silent.push((world.live.calls("telnyx", &to).await, to));
    }
    for (id, to) in &told {
        let (call, _) = world.live.over(id).await;
        assert_eq!(call["endReason"], "completed", "{to}");
        assert_eq!(world.fake.calls_to(to).len(), 1, "{to}");
    }
    for (id, to) in &silent {
        let found = async || world.live.call(id).await["providerCallId"].is_string().then_some(());
        until(&format!("the call to {to} is found"), PATIENCE, found).await;
        assert_eq!(world.fake.calls_to(to).len(), 1, "{to}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_telnyx_refuses_ends() {
    let world = World::start().await;
    let error = |code: &str, pointer: &str| json!({ "errors": [{ "code": code, "source": { "pointer": pointer } }] });
    for (status, body, reason) in [
        (400, error("10015", ""), "rejected"),
        (401, error("10009", ""), "provider_unavailable"),
        (403, error("10010", ""), "provider_unavailable"),
        (422, error("10016", "/to"), "invalid_destination"),
        (422, error("10016", "/from"), "rejected"),
    ] {
        let to = format!("+15555552{}{}", status, reason.len());
        world
            .fake
            .script(&to, Script { answer: Some(Reaction::json(status, &body)), places: false, events: Vec::new() });
        let id = world.live.calls("telnyx", &to).await;
        assert_eq!(world.live.over(&id).await.0["endReason"], reason, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_call_that_is_closed_is_hung_up_at_telnyx() {
    let world = World::start().await;
    let to = "+15555552601";
    world.fake.script(to, Script::stays());
    let id = world.live.calls("telnyx", to).await;
    world.live.is_answered(&id).await;
    world.live.closes(&id).await;
    let (call, _) = world.live.over(&id).await;
    assert_eq!(call["endReason"], "admin_closed");
    until("it is hung up", PATIENCE, async || (!world.fake.is_alive(to)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_telnyx_did_not_sign_is_refused_and_writes_nothing() {
    let world = World::start().await;
    let to = "+15555552701";
    world.fake.script(to, Script { events: Vec::new(), ..Script::stays() });
    let id = world.live.calls("telnyx", to).await;
    let accepted = async || Some(world.live.call(&id).await).filter(|call| call["providerCallId"].is_string());
    let before = until("it was accepted", PATIENCE, accepted).await;
    let payload = json!({
        "call_control_id": before["providerCallId"],
        "client_state": world.fake.calls_to(to)[0]["client_state"],
        "hangup_cause": "normal_clearing",
    });
    let body = json!({ "data": { "event_type": "call.hangup", "payload": payload } }).to_string();
    let url = format!("/inbound/telnyx/{}/calls/{id}/1/events", world.live.organization());
    let now = world.live.now().as_seconds();
    let wrong =
        [Telnyx::signature("{}", now), Telnyx::signature(&body, now - 301), Telnyx::signature(&body, now + 301)];
    for headers in &wrong {
        assert_eq!(world.live.callback_with(&url, &body, headers).await, 403);
    }
    assert_eq!(world.live.callback_with(&url, &body, &[]).await, 403);
    let genuine = Telnyx::signature(&body, now);
    let elsewhere = url.replace("/1/events", "/2/events");
    assert_eq!(world.live.callback_with(&elsewhere, &body, &genuine).await, 200, "it is about another attempt");
    assert_eq!(world.live.call(&id).await, before);
    assert_eq!(world.live.callback_with(&url, &body, &genuine).await, 200);
    assert_eq!(world.live.call(&id).await["status"], "ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_nobody_would_speak_for_cannot_be_made() {
    let world = World::start().await;
    let made = async |voice: Value| {
        let agent = json!({ "slug": "a", "channel": "voice", "name": "A", "provider": "telnyx", "voice": voice });
        world.live.api().post("/v1/agents", &agent).await.status
    };
    assert_eq!(made(json!({ "opening": "Hello." })).await, 400);
    assert_eq!(made(json!({ "relayUrl": "wss://a.example", "providerAgentId": "b" })).await, 400);
    assert_eq!(made(json!({ "providerAgentId": "assistant-1", "opening": "Hello." })).await, 201);
}

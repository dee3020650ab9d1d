//! Calls through Vapi, end to end: the whole stack, the adapter as it is deployed, and a fake of Vapi's over real sockets.

use domain::organization::{Provider, VoiceSettings};
use reqwest::header::HeaderName;
use serde_json::json;

use super::hooks::names;
use super::live::{Live, OURS, PATIENCE};
use super::world::until;
use crate::fakes::server::{Reaction, Server};
use crate::fakes::vapi::{KEY, NUMBER, SECRET, Script, Vapi};

struct World {
    live: Live,
    fake: Vapi,
    _server: Server,
}

impl World {
    async fn start() -> Self {
        let (fake, server) = Vapi::start().await;
        let bases = providers::Bases { vapi: Some(server.url.parse().expect("a URL")), ..Default::default() };
        let account = json!({
            "apiKey": KEY,
            "phoneNumbers": { OURS: NUMBER },
            "hmac": { "secretKey": SECRET, "algorithm": "sha256" },
        });
        let live = Live::start(bases, json!({ "providers/vapi": account })).await;
        live.agent("vapi", Provider::Vapi, |agent| {
            agent.voice =
                Some(VoiceSettings { provider_agent_id: Some("assistant-1".to_owned()), ..VoiceSettings::default() });
        })
        .await;
        Self { live, fake, _server: server }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_through_vapi_completes_with_transcript_recording_analysis_and_cost() {
    let world = World::start().await;
    let to = "+15555553001";
    let id = world.live.calls_with("vapi", to, json!({ "dynamicVariables": { "name": "Ada" } })).await;
    let events = world.live.events_with(&id, "call.analyzed").await;
    assert_eq!(names(&events), ["call.started", "call.ended", "call.analyzed"]);
    let call = world.live.call(&id).await;
    assert_eq!(call["endReason"], "completed");
    assert_eq!(call["transcript"].as_array().map(Vec::len), Some(2), "{call}");
    assert_eq!(call["analysis"]["summary"], "A fake call.");
    assert_eq!(call["cost"], json!({ "amountMinor": 3, "currency": "USD" }));
    assert_eq!(world.live.recording(&id).await, (302, "https://recordings.example/fake.wav".to_owned()));
    let asked = world.fake.calls_to(to);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["assistantOverrides"]["variableValues"], json!({ "name": "Ada" }));
    assert_eq!(world.fake.violations(), Vec::<String>::new());
    assert_eq!(world.fake.statuses(), [200; 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_reaches_nobody_ends_without_having_started() {
    let world = World::start().await;
    for (to, said, reason) in [
        ("+15555553011", "customer-busy", "busy"),
        ("+15555553012", "customer-did-not-answer", "no_answer"),
        ("+15555553013", "twilio-reported-customer-misdialed", "invalid_destination"),
        ("+15555553014", "call.start.error-get-assistant", "provider:call.start.error-get-assistant"),
    ] {
        world.fake.script(to, Script::unconnected(said));
        let id = world.live.calls("vapi", to).await;
        let (call, events) = world.live.over(&id).await;
        assert_eq!(call["endReason"], reason);
        assert_eq!(names(&events), ["call.ended"], "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_settled_by_message_or_search_and_never_asked_again() {
    let world = World::start().await;
    let half = Reaction::Half { status: 201, body: r#"{"id": "0000"#.to_owned() };
    let unreadable = Reaction::Answer { status: 201, header: None, body: "created".to_owned() };
    let statuses = [500, 502, 503, 504, 408, 409].map(Reaction::empty);
    let lost = statuses.into_iter().chain([Reaction::Close, Reaction::Silence, half, unreadable]);
    let mut calls = Vec::new();
    for (place, reaction) in lost.enumerate() {
        for tells in [true, false] {
            let to = format!("+1555555310{place}{}", u8::from(tells));
            world.fake.script(&to, Script { answer: Some(reaction.clone()), tells, ..Script::COMPLETES });
            calls.push((world.live.calls("vapi", &to).await, to));
        }
    }
    for (id, to) in &calls {
        let (call, events) = world.live.over(id).await;
        assert_eq!(call["endReason"], "completed", "{to}");
        assert_eq!(names(&events)[..2], ["call.started", "call.ended"], "{to}");
        assert_eq!(world.fake.calls_to(to).len(), 1, "{to}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_vapi_refuses_ends() {
    let world = World::start().await;
    for (status, reason) in
        [(400, "rejected"), (401, "provider_unavailable"), (402, "provider_unavailable"), (422, "rejected")]
    {
        let to = format!("+15555553{status}");
        let answer = Some(Reaction::json(status, &json!({ "message": "no" })));
        world.fake.script(&to, Script { answer, places: false, ..Script::COMPLETES });
        let id = world.live.calls("vapi", &to).await;
        assert_eq!(world.live.over(&id).await.0["endReason"], reason, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_call_that_is_closed_is_ended_over_its_control_url() {
    let world = World::start().await;
    let to = "+15555553601";
    world.fake.script(to, Script::STAYS);
    let id = world.live.calls("vapi", to).await;
    world.live.is_answered(&id).await;
    world.live.closes(&id).await;
    let (call, _) = world.live.over(&id).await;
    assert_eq!(call["endReason"], "admin_closed");
    assert_eq!(world.fake.calls_to(to)[0]["endedReason"], "manually-canceled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_vapi_did_not_sign_is_refused_and_writes_nothing() {
    let world = World::start().await;
    let to = "+15555553701";
    world.fake.script(to, Script { tells: false, ..Script::STAYS });
    let id = world.live.calls("vapi", to).await;
    let accepted = async || Some(world.live.call(&id).await).filter(|call| call["providerCallId"].is_string());
    let before = until("it was accepted", PATIENCE, accepted).await;
    let call = world.fake.calls_to(to).remove(0);
    let message = json!({ "type": "status-update", "status": "ended", "endedReason": "customer-busy", "call": call });
    let body = json!({ "message": message }).to_string();
    let url = format!("/inbound/vapi/{}/calls/{id}/1/events", world.live.organization());
    let now = world.live.now().as_seconds();
    let headers = |signature: String, seconds: i64| {
        [
            (HeaderName::from_static("x-signature"), signature),
            (HeaderName::from_static("x-timestamp"), seconds.to_string()),
        ]
    };
    for wrong in [
        headers(Vapi::signature("{}", now), now),
        headers(Vapi::signature(&body, now), now + 1),
        headers(Vapi::signature(&body, now - 301), now - 301),
    ] {
        assert_eq!(world.live.callback_with(&url, &body, &wrong).await, 403);
    }
    assert_eq!(world.live.callback_with(&url, &body, &[]).await, 403);
    let genuine = headers(Vapi::signature(&body, now), now);
    let elsewhere = url.replace("/1/events", "/2/events");
    assert_eq!(world.live.callback_with(&elsewhere, &body, &genuine).await, 200, "it is about another attempt");
    assert_eq!(world.live.call(&id).await, before);
    assert_eq!(world.live.callback_with(&url, &body, &genuine).await, 200);
    assert_eq!(world.live.call(&id).await["endReason"], "busy");
}

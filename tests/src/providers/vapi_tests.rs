//! End-to-end tests of calls through Vapi: the whole stack, the deployed adapter, and a fake of Vapi over real sockets.

use domain::provider::Provider;
use serde_json::json;

use crate::harness::fakes::fake::Fake;
use crate::harness::fakes::script::{Script, Story};
use crate::harness::fakes::server::Server;
use crate::harness::fakes::vapi::{Vapi, signature};
use crate::harness::fakes::vendor::Vendor;
use crate::harness::stack::hooks::names;
use crate::harness::stack::live::{Live, PATIENCE};
use crate::harness::stack::local_stack::until;

struct LocalStack {
    live: Live,
    fake: Fake<Vapi>,
    _server: Server,
}

impl LocalStack {
    async fn start() -> Self {
        let (fake, server) = Fake::<Vapi>::start().await;
        let bases = Vapi::bases(server.url.parse().expect("a URL"));
        let live = Live::start(bases, json!({ "providers/vapi": Vapi::account() })).await;
        live.agent("vapi", Provider::Vapi, |agent| agent.voice = Some(Vapi::voice())).await;
        Self { live, fake, _server: server }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_through_vapi_completes_with_transcript_recording_analysis_and_cost() {
    let world = LocalStack::start().await;
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
    assert_eq!(asked[0].asked["assistantOverrides"]["variableValues"], json!({ "name": "Ada" }));
    assert_eq!(world.fake.violations(), Vec::<String>::new());
    assert_eq!(world.fake.statuses(), [200; 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_reaches_nobody_ends_without_having_started() {
    let world = LocalStack::start().await;
    for (to, said, reason) in [
        ("+15555553011", "customer-busy", "busy"),
        ("+15555553012", "customer-did-not-answer", "no_answer"),
        ("+15555553013", "twilio-reported-customer-misdialed", "invalid_destination"),
        ("+15555553014", "call.start.error-get-assistant", "provider:call.start.error-get-assistant"),
    ] {
        world.fake.script(to, Script::of(Story::Unconnected(said)));
        let id = world.live.calls("vapi", to).await;
        let (call, events) = world.live.over(&id).await;
        assert_eq!(call["endReason"], reason);
        assert_eq!(names(&events), ["call.ended"], "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_call_that_is_closed_is_ended_over_its_control_url() {
    let world = LocalStack::start().await;
    let to = "+15555553601";
    world.fake.script(to, Script::of(Story::Stays));
    let id = world.live.calls("vapi", to).await;
    world.live.is_answered(&id).await;
    world.live.closes(&id).await;
    let (call, _) = world.live.over(&id).await;
    assert_eq!(call["endReason"], "admin_closed");
    assert_eq!(world.fake.calls_to(to)[0].shown["endedReason"], "manually-canceled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_vapi_did_not_sign_is_refused_and_writes_nothing() {
    let world = LocalStack::start().await;
    let to = "+15555553701";
    world.fake.script(to, Script::SILENT);
    let id = world.live.calls("vapi", to).await;
    let accepted = async || Some(world.live.call(&id).await).filter(|call| call["providerCallId"].is_string());
    let before = until("it was accepted", PATIENCE, accepted).await;
    let call = world.fake.calls_to(to).remove(0).shown;
    let message = json!({ "type": "status-update", "status": "ended", "endedReason": "customer-busy", "call": call });
    let body = json!({ "message": message }).to_string();
    let url = format!("/inbound/vapi/{}/calls/{id}/1/events", world.live.organization());
    let now = world.live.now().as_seconds();
    for wrong in [
        signature("{}", now),
        vec![("x-timestamp", (now + 1).to_string()), signature(&body, now)[1].clone()],
        signature(&body, now - 301),
    ] {
        assert_eq!(world.live.callback_with(&url, &body, &wrong).await, 403);
    }
    assert_eq!(world.live.callback_with(&url, &body, &[]).await, 403);
    let genuine = signature(&body, now);
    let elsewhere = url.replace("/1/events", "/2/events");
    assert_eq!(world.live.callback_with(&elsewhere, &body, &genuine).await, 200, "it is about another attempt");
    assert_eq!(world.live.call(&id).await, before);
    assert_eq!(world.live.callback_with(&url, &body, &genuine).await, 200);
    assert_eq!(world.live.call(&id).await["endReason"], "busy");
}

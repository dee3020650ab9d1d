//! End-to-end tests of calls through Retell: the whole stack, the deployed adapter, and a fake of Retell over real
//! sockets.

use domain::provider::Provider;
use serde_json::{Value, json};

use crate::harness::fakes::fake::Fake;
use crate::harness::fakes::retell::chats::Speaker;
use crate::harness::fakes::retell::{Retell, signature};
use crate::harness::fakes::script::{Script, Story, Telling};
use crate::harness::fakes::server::Server;
use crate::harness::fakes::vendor::Vendor;
use crate::harness::stack::hooks::names;
use crate::harness::stack::live::{Live, OURS, PATIENCE};
use crate::harness::stack::local_stack::until;

struct LocalStack {
    live: Live,
    fake: Fake<Retell>,
    _server: Server,
}

impl LocalStack {
    async fn start() -> Self {
        let (fake, server) = Fake::<Retell>::start().await;
        let bases = Retell::bases(server.url.parse().expect("a URL"));
        let live = Live::start(bases, json!({ "providers/retell": Retell::account() })).await;
        live.agent("retell", Provider::Retell, |agent| {
            agent.prompt = Some("Be brief.".to_owned());
            agent.voice = Some(Retell::voice());
        })
        .await;
        Self { live, fake, _server: server }
    }

    async fn calls(&self, to: &str) -> String {
        self.live.calls("retell", to).await
    }

    async fn analysed(&self, id: &str) -> Vec<Value> {
        self.live.events_with(id, "call.analyzed").await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_through_retell_completes_with_transcript_recording_analysis_and_cost() {
    let world = LocalStack::start().await;
    let to = "+15555551001";
    let id = world.live.calls_with("retell", to, json!({ "dynamicVariables": { "name": "Ada" } })).await;
    let events = world.analysed(&id).await;
    assert_eq!(names(&events), ["call.started", "call.ended", "call.analyzed"]);
    let call = world.live.call(&id).await;
    let shown = world.fake.calls_to(to)[0].shown.clone();
    assert_eq!(call["status"], "ended");
    assert_eq!(call["endReason"], "completed");
    assert_eq!(call["provider"], "retell");
    assert_eq!(call["providerCallId"], shown["call_id"]);
    assert_eq!(call["durationSeconds"], 2);
    assert_eq!(call["transcript"].as_array().map(Vec::len), Some(2), "{call}");
    assert_eq!(call["analysis"]["summary"], "A fake call.");
    assert_eq!(call["cost"], json!({ "amountMinor": 3, "currency": "USD" }));
    assert_eq!(events[1]["data"]["recordingAvailable"], true);

    assert_eq!(shown["agent_id"], "agent_1");
    assert_eq!(shown["from_number"], OURS);
    assert!(shown["metadata"]["ringdown_request"].as_str().is_some_and(|id| id.starts_with("req_")), "{shown}");
    assert_eq!(shown["retell_llm_dynamic_variables"], json!({ "name": "Ada", "prompt": "Be brief." }));
    assert_eq!(world.fake.violations(), Vec::<String>::new());
    assert_eq!(world.fake.statuses(), [200, 200, 200]);
    assert_eq!(world.live.recording(&id).await, (302, "https://recordings.example/fake.wav".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_reaches_nobody_ends_without_having_started() {
    let world = LocalStack::start().await;
    let cases = [
        ("+15555551011", "dial_busy", "busy"),
        ("+15555551012", "dial_no_answer", "no_answer"),
        ("+15555551013", "invalid_destination", "invalid_destination"),
        ("+15555551014", "user_declined", "rejected"),
        ("+15555551015", "network_blocked", "provider:network_blocked"),
    ];
    for (to, said, reason) in cases {
        world.fake.script(to, Script::of(Story::Unconnected(said)));
        let id = world.calls(to).await;
        let (call, events) = world.live.over(&id).await;
        assert_eq!(call["endReason"], reason);
        assert_eq!(names(&events), ["call.ended"], "{said}");
        assert_eq!(events[0]["data"]["durationSeconds"], 0);
        assert_eq!(events[0]["data"]["transcript"], Value::Null);
    }
    assert_eq!(world.fake.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_call_that_is_closed_is_stopped_at_retell() {
    let world = LocalStack::start().await;
    let to = "+15555551601";
    world.fake.script(to, Script::of(Story::Stays));
    let id = world.calls(to).await;
    world.live.is_answered(&id).await;
    world.live.closes(&id).await;
    let (call, events) = world.live.over(&id).await;
    assert_eq!(call["endReason"], "admin_closed");
    assert_eq!(names(&events)[..2], ["call.started", "call.ended"]);
    assert_eq!(world.fake.calls_to(to)[0].shown.clone()["disconnection_reason"], "manual_stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_retell_did_not_sign_is_refused_and_writes_nothing() {
    let world = LocalStack::start().await;
    let to = "+15555551701";
    world.fake.script(to, Script::of(Story::Stays).telling(Telling::Never));
    let id = world.calls(to).await;
    let dispatched = async || Some(world.live.call(&id).await).filter(|call| call["providerCallId"].is_string());
    let before = until("it was accepted", PATIENCE, dispatched).await;
    let body = json!({ "event": "call_ended", "call": world.fake.calls_to(to)[0].shown.clone() }).to_string();
    let url = format!("/inbound/retell/{}/calls/{id}/1/events", world.live.organization());
    let now = world.live.now().as_milliseconds();
    let genuine = signature(&body, now);
    let old = signature(&body, now - 301_000);
    let wrong = [None, Some(String::new()), Some(genuine.replace("d=", "d=00")), Some(signature("{}", now)), Some(old)];
    for signature in wrong {
        let status = world.live.callback(&url, &body, "x-retell-signature", signature.as_deref()).await;
        assert_eq!(status, 403, "{signature:?}");
    }
    let foreign = url.replace(world.live.organization(), "nobody");
    assert_eq!(world.live.callback(&foreign, &body, "x-retell-signature", None).await, 403);
    assert_eq!(world.live.call(&id).await, before);
    // A genuine callback about another call or another attempt changes nothing either.
    for address in [url.replace("/1/events", "/2/events"), url.replace(&id, "00000000-0000-4000-8000-000000000000")] {
        let status = world.live.callback(&address, &body, "x-retell-signature", Some(&genuine)).await;
        assert_eq!(status, 200, "{address}");
    }
    let other = json!({ "event": "call_ended", "call": { "call_id": "call_x", "call_status": "ended" } }).to_string();
    for body in [other.as_str(), "{}", "not JSON", r#"{"event": "chat_started", "chat": {}}"#] {
        let signature = signature(body, now);
        assert_eq!(world.live.callback(&url, body, "x-retell-signature", Some(&signature)).await, 200, "{body}");
    }
    assert_eq!(world.live.call(&id).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_retells_agent_holds_is_told_as_any_conversation() {
    let world = LocalStack::start().await;
    let api = world.live.api();
    let agent = json!({
        "slug": "texts", "channel": "sms", "name": "Texts", "provider": "retell", "number": OURS,
        "sms": { "prompt": "Be brief, {{name}}.", "providerAgentId": "agent_2", "inactivitySeconds": 3_600 },
    });
    for (name, value) in [
        ("tools", json!([{ "name": "hours", "description": "Opening hours.", "url": "https://example.com/hours" }])),
        ("answers", json!(false)),
        ("helpText", json!("Ours.")),
    ] {
        let mut wrong = agent.clone();
        wrong["sms"][name] = value;
        let answer = api.post("/v1/agents", &wrong).await;
        assert_eq!((answer.status, &answer.body["error"]["details"][0]["field"]), (400, &json!("sms")), "{name}");
    }
    let made = api.post("/v1/agents", &agent).await;
    assert_eq!(
        (made.status, &made.body["data"]["sms"]["providerAgentId"]),
        (201, &json!("agent_2")),
        "{}",
        made.text()
    );

    let request = json!({
        "agentSlug": "texts", "toNumber": "+15555551030", "welcomeMessage": "Hello Ada", "dynamicVariables": { "name": "Ada" },
    });
    let opened = api.post_once("/v1/sms-conversations", "chat", &request).await;
    assert_eq!(opened.status, 201, "{}", opened.text());
    let id = opened.body["data"]["conversationId"].as_str().expect("an id").to_owned();
    let chat = world.fake.texts()[0].clone();
    assert_eq!(opened.body["data"]["providerMessageId"], chat.id);
    assert_eq!(chat.asked["override_agent_id"], "agent_2");
    assert_eq!(
        chat.asked["retell_llm_dynamic_variables"],
        json!({ "name": "Ada", "prompt": "Be brief, Ada.", "welcome_message": "Hello Ada" })
    );
    let now = world.live.now();
    world.fake.says(&chat.id, Speaker::User, "Is it red?", now);
    world.fake.says(&chat.id, Speaker::Agent, "It is.", now);
    world.fake.chat_ends(&chat.id, "ended");
    let path = format!("/inbound/retell/{}/chats", world.live.organization());
    let body = world.fake.tells_of_chat(&chat.id, "chat_ended", &path).body;
    for _ in 0..2 {
        let signature = signature(&body, world.live.now().as_milliseconds());
        assert_eq!(world.live.callback(&path, &body, "x-retell-signature", Some(&signature)).await, 200);
    }
    assert_eq!(world.live.callback(&path, &body, "x-retell-signature", None).await, 403);

    let shown = api.get(&format!("/v1/sms-conversations/{id}")).await.data(200).clone();
    assert_eq!((&shown["status"], &shown["endReason"]), (&json!("ended"), &json!("completed")), "{shown}");
    let messages = api.get(&format!("/v1/sms-conversations/{id}/messages")).await.data(200).clone();
    let said: Vec<(&Value, &Value, &Value)> = messages
        .as_array()
        .expect("a list")
        .iter()
        .map(|message| (&message["author"], &message["content"], &message["status"]))
        .collect();
    assert_eq!(
        said,
        [
            (&json!("agent"), &json!("Hello Ada"), &json!("sent")),
            (&json!("customer"), &json!("Is it red?"), &Value::Null),
            (&json!("agent"), &json!("It is."), &json!("sent")),
        ]
    );
    assert_eq!(world.fake.violations(), Vec::<String>::new());
}

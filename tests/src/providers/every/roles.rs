//! Everything that functions do for calls and messages through live providers. Each function runs in a process of its
//! own, so that all its requests to AWS are seen, including those for the deployment's secrets.

use domain::agent::Agent;
use domain::call::Dispatch;
use domain::ids::{AgentId, Channel, ConversationId};
use domain::sms::{ModelSettings, SmsSettings, Status, Terms};
use domain::suppression::Suppression;
use providers::egress::Answer;
use serde_json::{Value, json};
use store::QueueName;

use super::sms_tests::id;
use super::{CUSTOMER, LiveWorld, OURS};
use crate::harness::fakes::retell::Retell;
use crate::harness::fakes::retell::chats::Speaker;
use crate::harness::fakes::script::{Create, Step};
use crate::harness::fakes::server::Reaction;
use crate::harness::fakes::telnyx::Telnyx;
use crate::harness::fakes::texting::{Delivery, Texting};
use crate::harness::fakes::twilio::Twilio;
use crate::harness::fakes::vapi::Vapi;
use crate::harness::fakes::vendor::Vendor;
use crate::harness::world::{AGENT, number, simulate};

/// Host of the organization's model.
pub(super) const MODEL_HOST: &str = "models.example.com";

/// Name under which the deployment keeps the key of the organization's model.
pub(super) const MODEL: &str = "main";

/// Returns the secret of that key. It names the host that the key is for.
pub(super) fn model_secret() -> String {
    json!({"key": "a-models-key", "baseUrl": format!("https://{MODEL_HOST}/v1")}).to_string()
}

/// Names of all events of a call or an SMS conversation that these tests cause.
const EVENTS: [&str; 8] = [
    "call.started",
    "call.ended",
    "sms.message_sent",
    "sms.message_received",
    "sms.message_delivery_updated",
    "sms.conversation_closed",
    "contact.opt_in",
    "contact.opt_out",
];

/// Wait between two calls in seconds. An account takes one call a second.
const BETWEEN_CALLS_S: u64 = 2;

/// Wait in seconds until a chat that has begun is read.
const UNTIL_A_CHAT_IS_READ_S: u64 = 16;

/// Wait in seconds until an agent's turn begins. It is longer than the agent waits for more messages.
const UNTIL_A_TURN_S: u64 = 3;

/// Wait in seconds until the use of a key is noted again.
const UNTIL_A_KEYS_USE_IS_NOTED_AGAIN_S: u64 = 3_601;

/// Returns the model's answer to everything.
pub(super) fn says_yes() -> Answer {
    let message = json!({"role": "assistant", "content": "Yes."});
    let body = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).to_string();
    Answer { status: 200, retry_after: None, body, cut: false }
}

/// Plays all roles for every provider.
pub(crate) fn play(seed: u64) {
    simulate(calls::<Twilio>(seed));
    simulate(calls::<Retell>(seed));
    simulate(calls::<Telnyx>(seed));
    simulate(calls::<Vapi>(seed));
    simulate(texts::<Twilio>(seed));
    simulate(texts::<Telnyx>(seed));
    simulate(chats(seed));
    simulate(hands_out_recordings(seed));
    simulate(promotes(seed));
}

async fn subscribed<V: Vendor>(seed: u64) -> LiveWorld<V> {
    let live = LiveWorld::<V>::virtually(seed).await;
    let hooks = json!({"url": "https://hooks.example.com/", "events": EVENTS});
    assert_eq!(live.requests("create-webhook", "/v1/webhooks", None, "hooks", &hooks).await.0, 201);
    live
}

impl<V: Vendor> LiveWorld<V> {
    /// Sends the callbacks of a step of the latest call, each to a process that has just started.
    async fn tells_of(&mut self, step: Step) {
        let call = self.fake.calls().pop().expect("it was made");
        for told in self.fake.takes(&call.id, step).expect("it is not over") {
            self.is_another_process();
            let answer = self.tries_to_deliver(self.fake.letter(&told)).await.expect("the function answers");
            assert_eq!(answer.status, 200, "{step:?}");
        }
    }
}

/// Plays a call from its dialling to its end. Then plays calls that were closed while their outcome was unknown. The
/// callback that reports such a call has it hung up.
async fn calls<V: Vendor>(seed: u64) {
    let mut live = subscribed::<V>(seed).await;
    live.is_another_process();
    let call = live.dials("completes").await;
    for step in [Step::Begins, Step::Rings, Step::IsAnswered, Step::IsDetected, Step::Ends(V::HUNG_UP)] {
        live.tells_of(step).await;
    }
    live.tells_of(Step::IsComplete).await;
    live.world.runs(async {}).await;
    assert_eq!(live.call(call).end_reason.map(|reason| reason.to_string()).as_deref(), Some("completed"));
    for (key, steps) in [("closed-1", &[Step::IsAnswered][..]), ("closed-2", &[Step::Begins, Step::Rings])] {
        live.world.after_seconds(BETWEEN_CALLS_S).await;
        live.fake.fails([Create::MakesAnd(Reaction::Reset)]);
        let call = live.dials(key).await;
        assert!(matches!(live.call(call).dispatch, Dispatch::Unknown(_)));
        live.closes(call).await;
        for step in steps {
            live.tells_of(*step).await;
        }
        live.world.runs(async {}).await;
        assert!(live.fake.calls().pop().is_some_and(|call| call.over_at.is_some()), "{key}: it is hung up");
    }
}

/// Plays a promotion, which only a live key may do.
async fn promotes(seed: u64) {
    let mut live = subscribed::<Twilio>(seed).await;
    live.is_another_process();
    live.world.after_seconds(UNTIL_A_KEYS_USE_IS_NOTED_AGAIN_S).await;
    let agent = AgentId::for_slug(&live.scope.organization, AGENT);
    let path = format!("/v1/agents/{agent}/promote");
    let id = ConversationId::parse(&agent.to_string());
    let (status, promoted) = live.requests("promote-agent", &path, id, "promote", &json!({})).await;
    assert_eq!((status, &promoted["data"]["mode"]), (200, &json!("live")), "{promoted}");
}

/// Plays requests for recordings over the native API and the vendor's. The recordings require the account's
/// credentials.
async fn hands_out_recordings(seed: u64) {
    let mut live = subscribed::<Twilio>(seed).await;
    live.fake.keeps_recording("RE01", "ID3 and sound");
    let id = live.dials("recorded").await;
    let recorded = [("CallDuration", "4"), ("RecordingSid", "RE01")];
    assert_eq!(live.tells(0, "completed", &recorded).await, 200);
    live.world.runs(async {}).await;
    live.is_another_process();
    let path = format!("/v1/calls/{id}/recording");
    assert_eq!(live.requests("get-call-recording", &path, Some(id), "", &Value::Null).await.0, 200);

    let caller = AgentId::for_slug(&live.scope.organization, AGENT);
    let body = json!({
        "from_number": OURS, "to_number": CUSTOMER, "override_ai_agent_id": caller,
        "pia_llm_dynamic_data": {"name": "Ada"},
    });
    let path = "/v1/calls/dial-outbound-phone-call";
    let (status, call) = live.requests("verbex-dial-outbound-phone-call", path, None, "verbex", &body).await;
    assert_eq!(status, 201, "{call}");
    live.world.after_seconds(BETWEEN_CALLS_S).await;
    live.world.steps(QueueName::Dispatch).await;
    assert_eq!(live.tells(1, "completed", &recorded).await, 200);
    live.world.runs(async {}).await;
    live.is_another_process();
    let id = call["_id"].as_str().unwrap().to_owned();
    let (path, parameters) = (format!("/v1/phone-calls/{id}/recording"), [("id".to_owned(), id)].into());
    let answer = live.answers("verbex-get-recording", &path, live.headers(""), &parameters, b"").await;
    assert_eq!(answer.status, 200);
}

/// Plays an SMS conversation. The agent's model answers, a person writes, and the customer sends STOP and then START.
///
/// Then plays a conversation whose opening message has an unknown outcome. Its search was due before the agent's turn.
/// A report settles it, and the turn is next.
async fn texts<V: Texting>(seed: u64) {
    let mut live = subscribed::<V>(seed).await;
    let organization = live.scope.organization.clone();
    live.world.operator.put_agent(&organization, &talker(&live)).await.unwrap();
    live.is_another_process();
    let talk = opens(&live, "talks", 201).await;
    live.is_another_process();
    assert_eq!(live.delivers(0, Delivery::Delivered).await, 200);
    live.is_another_process();
    assert_eq!(live.customer_writes("91", "Is it red?", None).await, 200);
    live.is_another_process();
    live.world.after_seconds(UNTIL_A_TURN_S).await;
    live.world.steps(QueueName::Turns).await;
    assert_eq!(V::content(&live.fake.texts()[1]), "Yes.");
    live.is_another_process();
    let path = format!("/v1/sms-conversations/{talk}/messages");
    let body = json!({"content": "A person here."});
    assert_eq!(live.requests("send-sms-message", &path, Some(talk), "person", &body).await.0, 201);
    for (id, word) in [("92", "STOP"), ("93", "START")] {
        assert_eq!(live.customer_writes(id, word, Some(word)).await, 200);
    }
    live.world.runs(async {}).await;

    live.fake.fails([Create::MakesAnd(Reaction::Reset)]);
    let lost = opens(&live, "lost", 202).await;
    let place = live.fake.texts().len() - 1;
    live.world.after_seconds(UNTIL_A_TURN_S).await;
    assert_eq!(live.customer_writes("94", "Who is it?", None).await, 200);
    assert_eq!(live.delivers(place, Delivery::Sent).await, 200);
    assert_eq!(live.sms(lost).status, Status::InProgress);
    assert_eq!(live.delivers(place, Delivery::OptedOut).await, 200);
    live.world.runs(async {}).await;
    assert_eq!(live.sms(lost).end_reason.map(|reason| reason.to_string()).as_deref(), Some("opted_out"));
}

/// Plays conversations that an agent of Retell's holds. The first is read, suppressed elsewhere, resumed by a START in the
/// chat, and closed. The second is reported by a webhook after the answer to its opening was lost, and its customer sends
/// STOP.
async fn chats(seed: u64) {
    let mut live = subscribed::<Retell>(seed).await;
    live.is_another_process();
    let (status, answer) = live.texts("talks").await;
    assert_eq!(status, 201, "{answer}");
    let talk = id(&answer);
    live.says(Speaker::User, "Is it red?");
    live.is_another_process();
    live.world.after_seconds(UNTIL_A_CHAT_IS_READ_S).await;
    live.world.steps(QueueName::Turns).await;
    assert_eq!(live.sms(talk).messages, 2);
    let elsewhere = Suppression { phone_number: None, source: "keyword".to_owned(), created_at: live.world.now() };
    live.world.operator.suppress(&live.scope, &number(CUSTOMER), &elsewhere).await.unwrap();
    live.says(Speaker::User, "START");
    live.is_another_process();
    live.tells_of_the_chat("chat_started").await;
    assert!(!live.sms(talk).is_ended());
    live.is_another_process();
    live.world.closes_sms(talk, "said_goodbye").await;
    live.is_another_process();
    live.world.runs(async {}).await;

    live.fake.fails([Create::MakesAnd(Reaction::Reset)]);
    assert_eq!(live.texts("lost").await.0, 202);
    live.is_another_process();
    live.says(Speaker::User, "STOP");
    live.tells_of_the_chat("chat_started").await;
    live.world.runs(async {}).await;
    assert!(live.sms(talk).chat.is_some_and(|chat| chat.over));
}

async fn opens<V: Vendor>(live: &LiveWorld<V>, key: &str, expected: u16) -> ConversationId {
    let body = json!({"agentSlug": "talker", "toNumber": CUSTOMER, "welcomeMessage": "Hello! The car is here."});
    let path = "/v1/sms-conversations";
    let (status, answer) = live.requests("create-sms-conversation", path, None, key, &body).await;
    assert_eq!(status, expected, "{answer}");
    id(&answer)
}

/// Returns an agent that answers with the organization's own model.
pub(super) fn talker<V: Vendor>(live: &LiveWorld<V>) -> Agent {
    let organization = &live.scope.organization;
    let model = ModelSettings {
        base_url: None,
        model: "small".to_owned(),
        key_name: Some(MODEL.to_owned()),
        temperature_hundredths: None,
        max_output_tokens: 100,
    };
    let settings = crate::harness::world::silent_texts();
    Agent {
        id: AgentId::for_slug(organization, "talker"),
        mode: Some(live.scope.mode),
        retired_at: None,
        slug: "talker".to_owned(),
        name: "Talker".to_owned(),
        channel: Channel::Sms,
        provider: V::PROVIDER,
        version: 1,
        number: domain::phone::PhoneNumber::parse(OURS).ok(),
        external_id: None,
        prompt: None,
        required_variables: Vec::new(),
        limits: domain::limits::Limits::default(),
        retention: None,
        voice: None,
        sms: Some(SmsSettings { model: Some(model), terms: Terms::default(), ..settings }),
    }
}

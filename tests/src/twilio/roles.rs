//! Everything that functions do for calls and texts through Twilio, each function in a process of its own: so that whatever
//! it asks of AWS is seen, the deployment's secrets too.

use domain::ids::{AgentId, Channel, ConversationId};
use domain::organization::Agent;
use domain::sms::{ModelSettings, SmsSettings, Status, Terms};
use providers::egress::Answer;
use serde_json::{Value, json};
use store::QueueName;

use super::fake::Fault;
use super::sms_tests::id;
use super::{ACCOUNT, CUSTOMER, LiveWorld, MODEL, agent};

/// Where the organization's model is.
pub(super) const MODEL_HOST: &str = "models.example.com";

/// Every event that a call or a text makes.
const EVENTS: [&str; 7] = [
    "call.started",
    "call.ended",
    "sms.message_sent",
    "sms.message_received",
    "sms.message_delivery_updated",
    "sms.conversation_closed",
    "contact.opt_in",
];

/// An account takes one call a second.
const BETWEEN_CALLS_S: u64 = 2;

/// Longer than an agent waits for more texts.
const UNTIL_A_TURN_S: u64 = 3;

/// What the model says to everything.
pub(super) fn says_yes() -> Answer {
    let message = json!({"role": "assistant", "content": "Yes."});
    let body = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).to_string();
    Answer { status: 200, retry_after: None, body, cut: false }
}

/// Plays it.
pub(crate) async fn plays(seed: u64) {
    let mut live = LiveWorld::virtually(seed).await;
    let hooks = json!({"url": "https://hooks.example.com/", "events": EVENTS});
    assert_eq!(live.requests("create-webhook", "/v1/webhooks", None, "hooks", &hooks).await.0, 201);
    completes(&mut live).await;
    is_found_after_it_was_closed(&mut live).await;
    hands_out_recordings(&mut live).await;
    talks(&mut live).await;
    is_told_of_lost_texts(&mut live).await;
}

/// A call from its dialling to its end.
async fn completes(live: &mut LiveWorld) {
    live.is_another_process();
    live.dials("completes").await;
    live.is_another_process();
    assert_eq!(live.tells(0, "ringing", &[]).await, 200);
    live.is_another_process();
    assert_eq!(live.is_answered(0).await, 200);
    assert_eq!(live.tells(0, "completed", &[("CallDuration", "9")]).await, 200);
    live.world.runs(async {}).await;
}

/// Calls that were closed while nobody knew whether there is one: the callback that tells has them hung up.
async fn is_found_after_it_was_closed(live: &mut LiveWorld) {
    for (key, is_answered) in [("closed-1", true), ("closed-2", false)] {
        live.world.after_seconds(BETWEEN_CALLS_S).await;
        live.fake.fails([Fault::ResetAfter]);
        let id = live.dials(key).await;
        let path = format!("/v1/calls/{id}/close");
        assert_eq!(live.requests("close-call", &path, Some(id), key, &json!({})).await.0, 200);
        let place = live.fake.calls().len() - 1;
        if is_answered {
            assert_eq!(live.is_answered(place).await, 200);
        } else {
            assert_eq!(live.tells(place, "ringing", &[]).await, 200);
        }
        live.world.runs(async {}).await;
        assert_eq!(live.fake.calls()[place].status, "completed", "{key}: it is hung up");
    }
}

/// Recordings, by both front doors.
async fn hands_out_recordings(live: &mut LiveWorld) {
    live.fake.keeps_recording("RE01", b"ID3 and sound");
    live.world.after_seconds(BETWEEN_CALLS_S).await;
    let id = live.dials("recorded").await;
    let place = live.fake.calls().len() - 1;
    let recorded = [("CallDuration", "4"), ("RecordingSid", "RE01")];
    assert_eq!(live.tells(place, "completed", &recorded).await, 200);
    live.world.runs(async {}).await;
    live.is_another_process();
    let path = format!("/v1/calls/{id}/recording");
    assert_eq!(live.requests("get-call-recording", &path, Some(id), "", &Value::Null).await.0, 200);

    let caller = AgentId::for_slug(&live.scope.organization, "caller");
    let body = json!({
        "from_number": super::OURS, "to_number": CUSTOMER, "override_ai_agent_id": caller,
        "pia_llm_dynamic_data": {"name": "Ada"},
    });
    let path = "/v1/calls/dial-outbound-phone-call";
    let (status, call) = live.requests("verbex-dial-outbound-phone-call", path, None, "verbex", &body).await;
    assert_eq!(status, 201, "{call}");
    live.world.after_seconds(BETWEEN_CALLS_S).await;
    live.world.steps(QueueName::Dispatch).await;
    let place = live.fake.calls().len() - 1;
    assert_eq!(live.tells(place, "completed", &recorded).await, 200);
    live.world.runs(async {}).await;
    live.is_another_process();
    let id = call["_id"].as_str().unwrap().to_owned();
    let (path, parameters) = (format!("/v1/phone-calls/{id}/recording"), [("id".to_owned(), id)].into());
    let answer = live.answers("verbex-get-recording", &path, live.headers(""), &parameters, b"").await;
    assert_eq!(answer.status, 200);
}

/// A conversation by SMS: the agent's model answers, a person writes, the customer has enough, and thinks again.
async fn talks(live: &mut LiveWorld) {
    let talker = talker(live);
    live.world.operator.put_agent(&live.scope.organization, &talker).await.unwrap();
    live.is_another_process();
    let talk = opens(live, "talks", 201).await;
    live.is_another_process();
    assert_eq!(live.delivers(0, "delivered", "").await, 200);
    live.is_another_process();
    assert_eq!(live.customer_writes("SM91", "Is it red?", &[]).await.0, 200);
    live.is_another_process();
    live.world.after_seconds(UNTIL_A_TURN_S).await;
    live.world.steps(QueueName::Turns).await;
    assert_eq!(live.fake.messages()[1].field("Body"), Some("Yes."));
    live.is_another_process();
    let path = format!("/v1/sms-conversations/{talk}/messages");
    let body = json!({"content": "A person here."});
    assert_eq!(live.requests("send-sms-message", &path, Some(talk), "person", &body).await.0, 201);
    for (sid, word, meant) in [("SM92", "STOP", "STOP"), ("SM93", "START", "START")] {
        assert_eq!(live.customer_writes(sid, word, &[("OptOutType", meant)]).await.0, 200);
    }
    live.world.runs(async {}).await;
}

/// A text of which nobody knew whether it left, and was to be searched for before the agent's turn: a report tells, and the turn is
/// next.
async fn is_told_of_lost_texts(live: &mut LiveWorld) {
    live.fake.fails([Fault::ResetAfter]);
    let lost = opens(live, "lost", 202).await;
    let place = live.fake.messages().len() - 1;
    live.world.after_seconds(UNTIL_A_TURN_S).await;
    assert_eq!(live.customer_writes("SM94", "Who is it?", &[]).await.0, 200);
    assert_eq!(live.delivers(place, "sent", "").await, 200);
    assert_eq!(live.sms(lost).status, Status::InProgress);
    assert_eq!(live.delivers(place, "undelivered", "21610").await, 200);
    live.world.runs(async {}).await;
    assert_eq!(live.sms(lost).end_reason.map(|reason| reason.to_string()).as_deref(), Some("opted_out"));
}

async fn opens(live: &LiveWorld, key: &str, expected: u16) -> ConversationId {
    let body = json!({"agentSlug": "talker", "toNumber": CUSTOMER, "welcomeMessage": "Hello! The car is here."});
    let path = "/v1/sms-conversations";
    let (status, answer) = live.requests("create-sms-conversation", path, None, key, &body).await;
    assert_eq!(status, expected, "{answer}");
    id(&answer)
}

/// An agent that answers, by the organization's own model.
fn talker(live: &LiveWorld) -> Agent {
    let model = ModelSettings {
        base_url: format!("https://{MODEL_HOST}/v1"),
        model: "small".to_owned(),
        key_name: Some(MODEL.to_owned()),
        temperature_hundredths: None,
        max_output_tokens: 100,
    };
    let agent = agent(&live.scope, "talker", Channel::Sms, None);
    let settings = agent.sms.clone().expect("it is one for texts");
    Agent { sms: Some(SmsSettings { model: Some(model), terms: Terms::default(), ..settings }), ..agent }
}

impl LiveWorld {
    /// Somebody answers a call, and Twilio asks what is to be done on it.
    async fn is_answered(&self, place: usize) -> u16 {
        let made = self.fake.calls()[place].clone();
        let fields = [("CallSid", made.sid.as_str()), ("AccountSid", ACCOUNT), ("CallStatus", "in-progress")];
        self.calls_back(made.field("Url").unwrap(), &fields).await.0
    }
}

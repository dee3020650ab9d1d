//! Everything that the functions behind live providers' callbacks do, each in a process of its own: so that whatever they ask
//! of AWS is seen, the deployment's secrets too. Twilio's are played with its own fake.

use std::sync::Arc;

use domain::call::Dispatch;
use domain::organization::Provider;
use futures::FutureExt as _;
use http::HeaderName;
use serde_json::{Value, json};
use store::QueueName;

use super::live::{CUSTOMER, Live, Vendor};
use crate::fakes::server::{Asked, Reaction};
use crate::fakes::{retell, telnyx, vapi};
use crate::world::simulate;

/// What a vendor says of the call to the customer that was placed last.
type Says<'a> = &'a dyn Fn(Said) -> String;

/// What signs a body, at this time.
type Signs = fn(&str, i64) -> Vec<(HeaderName, String)>;

/// The two things that a vendor has to say.
#[derive(Clone, Copy)]
enum Said {
    Answered,
    Over,
}

/// Plays it, for each of the vendors.
pub(super) fn play() {
    simulate(plays_retell());
    simulate(plays_telnyx());
    simulate(plays_vapi());
}

/// A call from its dialling to its end; and one that was closed while nobody knew whether there is one: the callback that tells
/// has it hung up.
async fn plays(mut live: Live, function: &str, says: Says<'_>, signs: Signs, loses_answer: impl FnOnce()) {
    let hooks = json!({"url": "https://hooks.example.com/", "events": ["call.started", "call.ended"]});
    assert_eq!(live.asks("create-webhook", "/v1/webhooks", "hooks", &hooks).await.0, 201);
    let tells = async |live: &Live, call, said| {
        let (body, now_ms) = (says(said), live.world.now().as_milliseconds());
        assert_eq!(live.calls_back(function, call, &signs(&body, now_ms), &body).await, 200, "{body}");
    };
    let call = live.calls("completes").await;
    live.world.steps(QueueName::Dispatch).await;
    live.is_another_process();
    tells(&live, call, Said::Answered).await;
    tells(&live, call, Said::Over).await;
    let ended = live.world.history.call(call).expect("it was accepted");
    assert_eq!(ended.end_reason.map(|reason| reason.to_string()).as_deref(), Some("completed"));

    loses_answer();
    let call = live.calls("closed").await;
    live.world.steps(QueueName::Dispatch).await;
    let unknown = live.world.history.call(call).expect("it was accepted");
    assert!(matches!(unknown.dispatch, Dispatch::Unknown { .. }), "{:?}", unknown.dispatch);
    assert_eq!(live.asks("close-call", &format!("/v1/calls/{call}/close"), "close", &json!({})).await.0, 200);
    tells(&live, call, Said::Answered).await;
    assert!(live.world.history.call(call).expect("it was accepted").provider_call_id.is_some(), "it is to be hung up");
}

fn header(name: &'static str, value: String) -> (HeaderName, String) {
    (HeaderName::from_static(name), value)
}

async fn plays_retell() {
    use retell::{Create, KEY, Retell, Script, Story, Webhooks};
    let fake = Retell::in_process();
    let script = Script::of(Story::Stays).calling_back(Webhooks::Never);
    fake.script(CUSTOMER, script.clone());
    let answering = fake.clone();
    let vendor: Vendor = Arc::new(move |asked: Asked| {
        let fake = answering.clone();
        async move { fake.answer(asked).await }.boxed()
    });
    let live = Live::new(1, Provider::Retell, &json!({ "apiKey": KEY }), vendor).await;
    let says = |said: Said| {
        let mut call = fake.last_call_to(CUSTOMER);
        let (event, status) = match said {
            Said::Answered => ("call_started", "ongoing"),
            Said::Over => ("call_ended", "ended"),
        };
        call["call_status"] = json!(status);
        call["start_timestamp"] = json!(1_798_761_600_000_i64);
        if let Said::Over = said {
            call["disconnection_reason"] = json!("user_hangup");
            call["end_timestamp"] = json!(1_798_761_602_000_i64);
        }
        json!({ "event": event, "call": call }).to_string()
    };
    let signs: Signs = |body, now_ms| vec![header("x-retell-signature", Retell::signature(body, now_ms))];
    let loses_answer = || fake.script(CUSTOMER, script.clone().creating(Create::PlacesAnd(Reaction::Close)));
    plays(live, "retell-webhook", &says, signs, loses_answer).await;
}

async fn plays_telnyx() {
    use telnyx::{CONNECTION, KEY, Script, Telnyx, public_key};
    let fake = Telnyx::in_process();
    let script = Script { events: Vec::new(), ..Script::completes() };
    fake.script(CUSTOMER, script.clone());
    let answering = fake.clone();
    let vendor: Vendor = Arc::new(move |mut asked: Asked| {
        asked.path = asked.path.strip_prefix("/v2").expect("it is of the API's version").to_owned();
        futures::future::ready(answering.answer(&asked)).boxed()
    });
    let account = json!({ "apiKey": KEY, "publicKey": public_key(), "connectionId": CONNECTION });
    let live = Live::new(1, Provider::Telnyx, &account, vendor).await;
    let says = |said: Said| {
        let calls = fake.calls_to(CUSTOMER);
        let mut payload = json!({
            "call_control_id": format!("v3:fake-{}", calls.len()),
            "call_session_id": "session",
            "client_state": calls.last().expect("it was placed")["client_state"],
        });
        let event = match said {
            Said::Answered => "call.answered",
            Said::Over => {
                payload["hangup_cause"] = json!("normal_clearing");
                "call.hangup"
            }
        };
        let at = "2027-01-01T00:00:10.000Z";
        json!({ "data": { "record_type": "event", "event_type": event, "id": event, "occurred_at": at, "payload": payload } })
            .to_string()
    };
    let signs: Signs = |body, now_ms| Telnyx::signature(body, now_ms / 1_000).to_vec();
    let loses_answer = || fake.script(CUSTOMER, Script { answer: Some(Reaction::Close), ..script.clone() });
    plays(live, "telnyx-call-event", &says, signs, loses_answer).await;
}

async fn plays_vapi() {
    use vapi::{KEY, NUMBER, SECRET, Script, Vapi};
    let fake = Vapi::in_process();
    let script = Script { tells: false, ..Script::STAYS };
    fake.script(CUSTOMER, script.clone());
    let answering = fake.clone();
    let vendor: Vendor = Arc::new(move |asked: Asked| futures::future::ready(answering.answer(&asked)).boxed());
    let account = json!({ "apiKey": KEY, "phoneNumbers": { "+15555550100": NUMBER }, "hmac": { "secretKey": SECRET } });
    let live = Live::new(1, Provider::Vapi, &account, vendor).await;
    let says = |said: Said| {
        let call = fake.calls_to(CUSTOMER).pop().expect("it was placed");
        let mut message: Value = match said {
            Said::Answered => json!({ "type": "status-update", "status": "in-progress" }),
            Said::Over => json!({ "type": "end-of-call-report", "endedReason": "customer-ended-call" }),
        };
        message["call"] = call;
        message["timestamp"] = json!(1_798_761_610_000_i64);
        json!({ "message": message }).to_string()
    };
    let signs: Signs = |body, now_ms| {
        let seconds = now_ms / 1_000;
        vec![header("x-timestamp", seconds.to_string()), header("x-signature", Vapi::signature(body, seconds))]
    };
    let loses_answer = || fake.script(CUSTOMER, Script { answer: Some(Reaction::Close), ..script.clone() });
    plays(live, "vapi-server-message", &says, signs, loses_answer).await;
}

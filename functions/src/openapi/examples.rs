//! Examples of bodies: one call's story in all of them, and one SMS conversation's.

pub(super) mod administration;
pub(super) mod sms;

use serde_json::{Value, json};

const CONVERSATION: &str = "3337ecb1-268a-8170-ad5a-b292be06b553";
const AGENT: &str = "66f9a949-bbdf-89a8-8f7c-45ecc8425b68";

/// An operation's body.
pub(super) fn request(operation: &str) -> Option<Value> {
    match operation {
        "create-call" => Some(json!({
            "agentSlug": "demo-voice",
            "toNumber": "+15555550123",
            "dynamicVariables": {"firstName": "Ada"},
            "metadata": {"order": 4711}
        })),
        "close-call" => Some(json!({"reason": "customer_cancelled"})),
        "create-webhook" => {
            Some(json!({"url": "https://example.com/hooks", "events": ["call.started", "call.ended", "call.analyzed"]}))
        }
        "create-contact" => Some(json!({
            "phoneNumber": "+15555550123", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"
        })),
        "update-contact" => Some(json!({"lastName": "King"})),
        "klen-create-call" => Some(json!({
            "phone_number": "(555) 555-0123", "agent_id": "demo-voice", "variables": {"customer": {"name": "Ada"}}
        })),
        "verbex-dial-outbound-phone-call" => Some(json!({
            "from_number": "+15555550100", "to_number": "+15555550123", "call_id": "order-4711",
            "metadata": {"order": 4711}, "pia_llm_dynamic_data": {"firstName": "Ada"}
        })),
        "levers-call-contact" => Some(json!({
            "numberToCall": "+15555550123", "firstName": "Ada", "metadata": {"project_id": "proj_123"},
            "promptTags": {"amount": "$500.00"}
        })),
        "levers-call-bulk" => Some(json!({
            "contacts": [{"numberToCall": "+15555550123", "firstName": "Ada"}, {"numberToCall": "555 555 0124"}],
            "countryCode": "US"
        })),
        _ => sms::request(operation).or_else(|| administration::request(operation)),
    }
}

/// What an operation answers.
pub(super) fn answer(operation: &str) -> Option<Value> {
    let events = || [call_started(), call_ended()];
    match operation {
        "create-call" => Some(one(json!({"conversationId": CONVERSATION, "status": "queued"}))),
        "get-call" => Some(one(call())),
        "list-calls" => Some(page(json!([summary()]))),
        "list-call-events" => Some(page(json!(events()))),
        "close-call" => Some(one(json!({
            "conversationId": CONVERSATION,
            "status": "ended",
            "endedAt": "2026-04-10T14:00:00.000Z",
            "endReason": "customer_cancelled",
            "alreadyClosed": false
        }))),
        "create-webhook" => {
            let mut created = webhook();
            created["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
            Some(one(created))
        }
        "list-webhooks" => Some(page(json!([webhook()]))),
        _ => sms::answer(operation).or_else(|| administration::answer(operation)),
    }
}

fn one(data: Value) -> Value {
    json!({"data": data, "meta": {"request_id": REQUEST}})
}

fn page(data: Value) -> Value {
    json!({"data": data, "meta": {"request_id": REQUEST, "pagination": {"cursor": null, "has_more": false}}})
}

/// Names the request of every example.
pub(super) const REQUEST: &str = "req_DkZ01XhO1liAEMsw";

fn summary() -> Value {
    json!({
        "conversationId": CONVERSATION, "channel": "voice", "mode": "test", "status": "ended",
        "agentId": AGENT, "agentSlug": "demo-voice", "toNumber": "+15555550123", "fromNumber": "+15555550100",
        "provider": "simulator", "providerCallId": "sim_4f1c0d9a8b7e6f5a4b3c2d1e",
        "notBefore": "2026-04-10T14:00:00.000Z", "notAfter": "2026-04-10T14:15:00.000Z",
        "createdAt": "2026-04-10T14:00:00.000Z", "startedAt": "2026-04-10T14:00:02.000Z",
        "endedAt": "2026-04-10T14:00:05.000Z", "durationSeconds": 3, "endReason": "completed", "endedBy": "callee", "answeredBy": "human",
        "recordingUrl": format!("/v1/calls/{CONVERSATION}/recording"), "cost": {"amountMinor": 1, "currency": "USD"}
    })
}

fn call() -> Value {
    let mut call = summary();
    call["dynamicVariables"] = json!({"firstName": "Ada"});
    call["metadata"] = json!({"order": 4711});
    call["transcript"] = transcript();
    call["analysis"] = analysis();
    call
}

fn transcript() -> Value {
    json!([
        {"role": "customer", "content": "Hello?", "at": "2026-04-10T14:00:02.100Z"},
        {"role": "agent", "content": "Hello Ada, does Monday at ten suit you?", "at": "2026-04-10T14:00:02.600Z"}
    ])
}

/// `call.started`.
pub(super) fn call_started() -> Value {
    let data = json!({
        "startedAt": "2026-04-10T14:00:02.000Z", "from": "+15555550100", "to": "+15555550123",
        "provider": "simulator", "providerCallId": "sim_4f1c0d9a8b7e6f5a4b3c2d1e", "answeredBy": "human"
    });
    event("call.started", 1, data)
}

/// `call.ended`.
pub(super) fn call_ended() -> Value {
    let data = json!({
        "startedAt": "2026-04-10T14:00:02.000Z", "endedAt": "2026-04-10T14:00:05.000Z", "durationSeconds": 3,
        "endReason": "completed", "endedBy": "callee", "answeredBy": "human", "transcript": transcript(), "recordingAvailable": true,
        "cost": {"amountMinor": 1, "currency": "USD"}
    });
    event("call.ended", 2, data)
}

/// `call.analyzed`.
pub(super) fn call_analyzed() -> Value {
    event("call.analyzed", 3, analysis())
}

fn analysis() -> Value {
    json!({"summary": "Ada confirms Monday at ten.", "successful": true, "sentiment": "positive", "custom": {}})
}

fn event(name: &str, sequence: u32, data: Value) -> Value {
    json!({
        "id": "evt_5d1f0c2b9a8e7d6c5b4a3f2e", "event": name, "sequence": sequence, "mode": "test",
        "timestamp": "2026-04-10T14:00:06.000Z", "conversationId": CONVERSATION, "agentId": AGENT,
        "clientOrgId": "acme", "channel": "voice", "metadata": {"order": 4711}, "data": data
    })
}

fn webhook() -> Value {
    json!({
        "id": "0a8ffd1c-3c0c-8d6a-9f4b-1f2e3d4c5b6a", "url": "https://example.com/hooks",
        "events": ["call.started", "call.ended", "call.analyzed"], "mode": "test", "isActive": true,
        "disabledReason": null, "signedTwiceUntil": null, "createdAt": "2026-04-10T13:00:00.000Z", "updatedAt": "2026-04-10T13:00:00.000Z",
        "is_active": true, "created_at": "2026-04-10T13:00:00.000Z", "updated_at": "2026-04-10T13:00:00.000Z"
    })
}

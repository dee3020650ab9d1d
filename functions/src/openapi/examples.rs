//! Examples of bodies. They all show the same call and the same SMS conversation.

pub(crate) mod administration;
pub(crate) mod sms;

use serde_json::{Value, json};

pub(crate) const CONVERSATION: &str = "3337ecb1-268a-8170-ad5a-b292be06b553";
pub(crate) const AGENT: &str = "66f9a949-bbdf-89a8-8f7c-45ecc8425b68";

pub(crate) fn one(data: Value) -> Value {
    json!({"data": data, "meta": {"request_id": REQUEST}})
}

pub(crate) fn page(data: Value) -> Value {
    json!({"data": data, "meta": {"request_id": REQUEST, "pagination": {"cursor": null, "has_more": false}}})
}

/// Id of the request in every example.
pub(crate) const REQUEST: &str = "req_DkZ01XhO1liAEMsw";

pub(crate) fn summary() -> Value {
    json!({
        "conversationId": CONVERSATION, "channel": "voice", "mode": "test", "status": "ended",
        "agentId": AGENT, "agentSlug": "demo-voice", "toNumber": "+15555550123", "fromNumber": "+15555550100",
        "provider": "simulator", "providerCallId": "sim_4f1c0d9a8b7e6f5a4b3c2d1e",
        "contactId": null, "notBefore": "2026-04-10T14:00:00.000Z", "notAfter": "2026-04-10T14:15:00.000Z",
        "createdAt": "2026-04-10T14:00:00.000Z", "startedAt": "2026-04-10T14:00:02.000Z",
        "endedAt": "2026-04-10T14:00:05.000Z", "durationSeconds": 3, "endReason": "completed", "endedBy": "callee", "answeredBy": "human",
        "recordingUrl": format!("/v1/calls/{CONVERSATION}/recording"), "cost": {"amountMinor": 1, "currency": "USD"}
    })
}

pub(crate) fn call() -> Value {
    let mut call = summary();
    call["dynamicVariables"] = json!({"firstName": "Ada"});
    call["metadata"] = json!({"order": 4711});
    call["transcript"] = transcript();
    call["analysis"] = analysis();
    call
}

pub(crate) fn transcript() -> Value {
    json!([
        {"role": "customer", "content": "Hello?", "at": "2026-04-10T14:00:02.100Z"},
        {"role": "agent", "content": "Hello Ada, does Monday at ten suit you?", "at": "2026-04-10T14:00:02.600Z"}
    ])
}

/// Returns an example of `call.started`.
pub(crate) fn call_started() -> Value {
    let data = json!({
        "startedAt": "2026-04-10T14:00:02.000Z", "from": "+15555550100", "to": "+15555550123",
        "provider": "simulator", "providerCallId": "sim_4f1c0d9a8b7e6f5a4b3c2d1e", "answeredBy": "human"
    });
    event("call.started", 1, data)
}

/// Returns an example of `call.ended`.
pub(crate) fn call_ended() -> Value {
    let data = json!({
        "startedAt": "2026-04-10T14:00:02.000Z", "endedAt": "2026-04-10T14:00:05.000Z", "durationSeconds": 3,
        "endReason": "completed", "endedBy": "callee", "answeredBy": "human", "transcript": transcript(), "recordingAvailable": true,
        "cost": {"amountMinor": 1, "currency": "USD"}
    });
    event("call.ended", 2, data)
}

/// Returns an example of `call.analyzed`.
pub(crate) fn call_analyzed() -> Value {
    event("call.analyzed", 3, analysis())
}

pub(crate) fn analysis() -> Value {
    json!({"summary": "Ada confirms Monday at ten.", "successful": true, "sentiment": "positive", "custom": {}})
}

pub(crate) fn event(name: &str, sequence: u32, data: Value) -> Value {
    json!({
        "id": "evt_5d1f0c2b9a8e7d6c5b4a3f2e", "event": name, "sequence": sequence, "mode": "test",
        "timestamp": "2026-04-10T14:00:06.000Z", "conversationId": CONVERSATION, "agentId": AGENT,
        "clientOrgId": "acme", "channel": "voice", "metadata": {"order": 4711}, "data": data
    })
}

pub(crate) fn webhook() -> Value {
    json!({
        "id": "0a8ffd1c-3c0c-8d6a-9f4b-1f2e3d4c5b6a", "url": "https://example.com/hooks",
        "events": ["call.started", "call.ended", "call.analyzed"], "mode": "test", "isActive": true,
        "disabledReason": null, "signedTwiceUntil": null, "createdAt": "2026-04-10T13:00:00.000Z", "updatedAt": "2026-04-10T13:00:00.000Z",
        "is_active": true, "created_at": "2026-04-10T13:00:00.000Z", "updated_at": "2026-04-10T13:00:00.000Z"
    })
}

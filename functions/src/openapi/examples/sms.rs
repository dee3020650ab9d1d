//! Examples of bodies that tell the course of one SMS conversation. The car is ready, and Ada asks when the garage closes. The
//! agent looks that up and answers, a person takes over, and in the end Ada opts out.

use domain::ids::ConversationId;
use serde_json::{Value, json};

use super::one;

pub(crate) const CONVERSATION: &str = "8b5e2f0a-6c1d-8e47-9a3b-5d7c9e1f2a4b";
pub(crate) const AGENT: &str = "c1f7a3d2-4b5e-8f60-a1b2-c3d4e5f60718";
pub(crate) const ADA: &str = "+15555550102";
pub(crate) const OURS: &str = "+15555550199";
pub(crate) const OPENING: &str = "Hello Ada, this is Acme Motors. Your car is ready.";
pub(crate) const QUESTION: &str = "Thanks! When do you close today?";
pub(crate) const BY_HAND: &str = "Hello Ada, this is Grace. I will wait for you until half past six.";

/// Returns the id of the conversation in the examples.
pub(crate) fn conversation() -> ConversationId {
    ConversationId::parse(CONVERSATION).unwrap_or_else(|| ConversationId::random([0; 16]))
}

pub(crate) fn opened(provider_message_id: Value, status: &str) -> Value {
    one(json!({"conversationId": CONVERSATION, "providerMessageId": provider_message_id, "status": status}))
}

pub(crate) fn summary() -> Value {
    json!({
        "conversationId": CONVERSATION, "channel": "sms", "mode": "test", "status": "in_progress",
        "agentId": AGENT, "agentSlug": "demo-sms", "toNumber": ADA, "fromNumber": OURS,
        "provider": "simulator", "providerMessageId": "sim_0a1b2c3d4e5f60718293a4b5",
        "messageCount": 2, "takenOver": false, "silence": null, "createdAt": "2026-04-10T14:00:00.000Z",
        "lastMessageAt": "2026-04-10T14:00:03.120Z", "endedAt": null, "endReason": null, "endedBy": null
    })
}

pub(crate) fn with_content() -> Value {
    let mut conversation = summary();
    conversation["dynamicVariables"] = json!({"firstName": "Ada"});
    conversation["metadata"] = json!({"order": 4711});
    conversation
}

pub(crate) fn opening() -> Value {
    json!({
        "messageId": "1a2b3c4d-5e6f-8a7b-8c9d-0e1f2a3b4c5d", "providerMessageId": "sim_0a1b2c3d4e5f60718293a4b5",
        "sequenceNumber": 1, "direction": "outbound", "author": "agent", "content": OPENING, "status": "delivered",
        "errorCode": null, "createdAt": "2026-04-10T14:00:00.000Z", "sentAt": "2026-04-10T14:00:00.120Z"
    })
}

pub(crate) fn question() -> Value {
    json!({
        "messageId": "2b3c4d5e-6f7a-8b8c-9d0e-1f2a3b4c5d6e", "providerMessageId": "sim_1b2c3d4e5f60718293a4b5c6",
        "sequenceNumber": 2, "direction": "inbound", "author": "customer", "content": QUESTION, "status": null,
        "errorCode": null, "createdAt": "2026-04-10T14:00:03.120Z", "sentAt": "2026-04-10T14:00:03.120Z"
    })
}

pub(crate) fn by_hand(provider_message_id: Value, sent_at: Value) -> Value {
    json!({
        "messageId": "4d5e6f7a-8b8c-8d0e-9f2a-3b4c5d6e7f80", "providerMessageId": provider_message_id,
        "sequenceNumber": 4, "direction": "outbound", "author": "person", "content": BY_HAND, "status": "queued",
        "errorCode": null, "createdAt": "2026-04-10T14:05:00.000Z", "sentAt": sent_at
    })
}

/// Returns an example of `sms.message_sent`.
pub(crate) fn message_sent() -> Value {
    let data = json!({
        "messageId": "1a2b3c4d-5e6f-8a7b-8c9d-0e1f2a3b4c5d", "providerMessageId": "sim_0a1b2c3d4e5f60718293a4b5",
        "sequenceNumber": 1, "from": OURS, "to": ADA, "content": OPENING, "direction": "outbound",
        "sentAt": "2026-04-10T14:00:00.120Z", "author": "agent"
    });
    event("sms.message_sent", 1, "2026-04-10T14:00:00.120Z", data)
}

/// Returns an example of `sms.message_delivery_updated`.
pub(crate) fn delivery_updated() -> Value {
    let data = json!({
        "messageId": "1a2b3c4d-5e6f-8a7b-8c9d-0e1f2a3b4c5d", "providerMessageId": "sim_0a1b2c3d4e5f60718293a4b5",
        "status": "delivered", "previousStatus": "queued", "at": "2026-04-10T14:00:02.130Z"
    });
    event("sms.message_delivery_updated", 2, "2026-04-10T14:00:02.130Z", data)
}

/// Returns an example of `sms.message_received`.
pub(crate) fn message_received() -> Value {
    let data = json!({
        "messageId": "2b3c4d5e-6f7a-8b8c-9d0e-1f2a3b4c5d6e", "providerMessageId": "sim_1b2c3d4e5f60718293a4b5c6",
        "sequenceNumber": 2, "from": ADA, "to": OURS, "content": QUESTION, "direction": "inbound",
        "sentAt": "2026-04-10T14:00:03.120Z", "author": "customer"
    });
    event("sms.message_received", 3, "2026-04-10T14:00:03.120Z", data)
}

/// Returns an example of `sms.tool_call_invocation`.
pub(crate) fn tool_call_invocation() -> Value {
    let data = json!({
        "toolCallId": format!("{CONVERSATION}:1:1"), "turn": 1, "name": "opening_hours",
        "arguments": {"day": "2026-04-10"}
    });
    event("sms.tool_call_invocation", 4, "2026-04-10T14:00:06.000Z", data)
}

/// Returns an example of `sms.tool_call_result`.
pub(crate) fn tool_call_result() -> Value {
    let data = json!({
        "toolCallId": format!("{CONVERSATION}:1:1"), "turn": 1, "name": "opening_hours", "outcome": "ok",
        "result": "{\"opens\":\"08:00\",\"closes\":\"18:00\"}", "durationMs": 180
    });
    event("sms.tool_call_result", 5, "2026-04-10T14:00:06.180Z", data)
}

/// Returns an example of `sms.turn_failed`.
pub(crate) fn turn_failed() -> Value {
    let data = json!({"turn": 3, "tries": 3, "reason": "the model did not answer in time", "fallback": true});
    event("sms.turn_failed", 6, "2026-04-10T14:02:10.000Z", data)
}

/// Returns an example of `sms.conversation_closed`.
pub(crate) fn conversation_closed() -> Value {
    let data = json!({"endedAt": "2026-04-10T16:30:00.000Z", "endReason": "opted_out", "endedBy": "callee"});
    event("sms.conversation_closed", 9, "2026-04-10T16:30:00.000Z", data)
}

/// Returns an example of `contact.opt_out`, in a conversation.
pub(crate) fn opt_out() -> Value {
    let data = json!({"phoneNumber": ADA, "channel": "sms", "source": "keyword", "keyword": "STOP"});
    event("contact.opt_out", 8, "2026-04-10T16:30:00.000Z", data)
}

/// Returns an example of `contact.opt_in`. The opt-out closed the conversation, so this event belongs to none.
pub(crate) fn opt_in() -> Value {
    json!({
        "id": "evt_7a6b5c4d3e2f1a0b9c8d7e6f", "event": "contact.opt_in", "sequence": null, "mode": "test",
        "timestamp": "2026-04-11T09:00:00.000Z", "conversationId": null, "agentId": null, "clientOrgId": "acme",
        "channel": "sms", "metadata": {},
        "data": {"phoneNumber": ADA, "channel": "sms", "source": "keyword", "keyword": "START"}
    })
}

pub(crate) fn event(name: &str, sequence: u32, at: &str, data: Value) -> Value {
    json!({
        "id": format!("evt_6e5d4c3b2a190817f6e5d4{sequence:02}"), "event": name, "sequence": sequence, "mode": "test",
        "timestamp": at, "conversationId": CONVERSATION, "agentId": AGENT, "clientOrgId": "acme", "channel": "sms",
        "metadata": {"order": 4711}, "data": data
    })
}

//! Examples of an organization's administration.

use serde_json::{Value, json};

use super::{CONVERSATION, one, page, webhook};

const KEY: &str = "key_5d1f0c2b9a8e7d6c5b4a3f2e";
const DELIVERY: &str = "dlv_3337ecb1-268a-8170-ad5a-b292be06b553.2";
const EVENT: &str = "evt_5d1f0c2b9a8e7d6c5b4a3f2e";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// An operation's body.
pub(super) fn request(operation: &str) -> Option<Value> {
    match operation {
        "update-webhook" => Some(json!({"events": ["call.ended"], "isActive": true})),
        "redeliver-webhook" => Some(json!({"since": "2026-04-10T13:00:00.000Z"})),
        "create-api-key" => Some(json!({"name": "backend", "permissions": ["can_initiate_calls"]})),
        "revoke-api-key" => Some(json!({"withDescendants": true})),
        "create-agent" => Some(json!({
            "slug": "front-desk", "channel": "sms", "name": "Front desk",
            "sms": {
                "kind": "custom", "prompt": "You confirm {{firstName}}'s appointment.",
                "opening": {"by": "template", "text": "Hello {{firstName}}, see you on Monday at ten?"},
                "tools": [{"name": "book", "description": "Books an appointment.", "url": "https://example.com/book"}]
            }
        })),
        "update-agent" => Some(json!({"name": "Reception", "sms": {"maxToolCalls": 2, "helpText": null}})),
        "promote-agent" => Some(json!({"number": "+15555550100"})),
        _ => None,
    }
}

/// What an operation answers.
pub(super) fn answer(operation: &str) -> Option<Value> {
    match operation {
        "get-webhook" | "update-webhook" => Some(one(webhook())),
        "rotate-webhook-secret" => {
            let mut rotated = webhook();
            rotated["secret"] = json!(SECRET);
            rotated["signedTwiceUntil"] = json!("2026-04-11T14:00:00.000Z");
            Some(one(rotated))
        }
        "test-webhook" => Some(one(json!({"eventId": EVENT, "deliveryId": DELIVERY}))),
        "list-webhook-deliveries" => Some(page(json!([delivery("exhausted", Value::Null)]))),
        "redeliver-webhook-delivery" => Some(one(delivery("pending", json!("2026-04-14T09:00:00.000Z")))),
        "redeliver-webhook" => Some(one(json!({"redelivered": 12, "hasMore": false, "nextSince": null}))),
        "create-api-key" => {
            let mut made = key();
            made["key"] = json!("rd_test_acme_EXAMPLE.NOT.A.REAL.SECRET.0000");
            Some(one(made))
        }
        "list-api-keys" => Some(page(json!([key()]))),
        "revoke-api-key" => {
            let mut revoked = key();
            for name in ["isActive", "is_active"] {
                revoked[name] = json!(false);
            }
            revoked["revokedAt"] = json!("2026-04-10T15:00:00.000Z");
            Some(one(revoked))
        }
        "create-agent" => {
            let mut made = agent();
            made["toolSecret"] = json!(SECRET);
            Some(one(made))
        }
        "list-agents" => Some(page(json!([agent()]))),
        "get-agent" | "update-agent" => Some(one(agent())),
        "promote-agent" => Some(one(promoted())),
        "rotate-tool-secret" => {
            let mut rotated = agent();
            rotated["version"] = json!(2);
            rotated["toolSecret"] = json!(SECRET);
            Some(one(rotated))
        }
        "list-audit-entries" => Some(page(json!([{
            "at": "2026-04-10T14:00:00.000Z", "actor": {"by": "api_key", "id": KEY}, "action": "webhook.updated",
            "target": webhook()["id"], "mode": "test", "changed": ["events"]
        }]))),
        _ => None,
    }
}

fn delivery(status: &str, next_attempt_at: Value) -> Value {
    json!({
        "id": DELIVERY, "eventId": EVENT, "event": "call.ended", "conversationId": CONVERSATION, "sequence": 2,
        "status": status, "createdAt": "2026-04-10T14:00:05.000Z", "nextAttemptAt": next_attempt_at,
        "attempts": [{
            "at": "2026-04-10T14:00:06.000Z", "durationMs": 118, "status": 503, "error": null, "answer": "try later"
        }]
    })
}

fn key() -> Value {
    json!({
        "id": KEY, "name": "backend", "mode": "test", "permissions": ["can_initiate_calls"], "isActive": true,
        "requestsPerMinute": null, "callsPerDay": null,
        "createdAt": "2026-04-10T14:00:00.000Z", "expiresAt": null, "madeWith": null, "revokedAt": null,
        "lastUsedAt": null,
        "is_active": true, "created_at": "2026-04-10T14:00:00.000Z", "expires_at": null, "last_used_at": null
    })
}

fn agent() -> Value {
    json!({
        "id": "c1f7a3d2-4b5e-8f60-a1b2-c3d4e5f60718", "mode": "test", "slug": "front-desk", "channel": "sms", "version": 1,
        "name": "Front desk", "provider": "simulator", "number": null, "externalId": null, "prompt": null, "requiredVariables": [], "limits": null,
        "sms": {
            "kind": "custom", "prompt": "You confirm {{firstName}}'s appointment.",
            "opening": {"by": "template", "text": "Hello {{firstName}}, see you on Monday at ten?"}, "model": null,
            "tools": [{
                "name": "book", "description": "Books an appointment.", "parameters": {"type": "object", "properties": {}},
                "url": "https://example.com/book"
            }],
            "maxToolCalls": 5, "providerAgentId": null, "answers": true, "gatheringMs": 2000, "inactivitySeconds": 86400, "maxTurns": 100,
            "maxMessagesPerHour": 30, "helpText": null,
            "optOutText": null, "fallbackText": null
        }
    })
}

fn promoted() -> Value {
    let mut live = agent();
    live["mode"] = json!("live");
    live["number"] = json!("+15555550100");
    live["sms"]["model"] = json!({
        "baseUrl": "https://api.openai.com/v1", "model": "gpt-4.1-mini", "keyName": "openai", "temperature": null,
        "maxOutputTokens": 500
    });
    live
}

/// `endpoint.disabled`.
pub(in crate::openapi) fn endpoint_disabled() -> Value {
    notice(
        "endpoint.disabled",
        &json!({
            "endpointId": webhook()["id"], "url": "https://example.com/hooks", "reason": "the endpoint answered 410 Gone",
            "disabledAt": "2026-04-10T14:00:06.000Z"
        }),
    )
}

/// `webhook.test`.
pub(in crate::openapi) fn webhook_test() -> Value {
    notice("webhook.test", &json!({"endpointId": webhook()["id"], "requestedAt": "2026-04-10T14:00:06.000Z"}))
}

fn notice(name: &str, data: &Value) -> Value {
    json!({
        "id": EVENT, "event": name, "sequence": null, "mode": "test", "timestamp": "2026-04-10T14:00:06.000Z",
        "conversationId": null, "agentId": null, "clientOrgId": "acme", "channel": null, "metadata": {}, "data": data
    })
}

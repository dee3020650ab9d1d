//! Examples of bodies for the administration of an organization.

use serde_json::{Value, json};

use super::{CONVERSATION, webhook};

pub(crate) const KEY: &str = "key_5d1f0c2b9a8e7d6c5b4a3f2e";
pub(crate) const DELIVERY: &str = "dlv_3337ecb1-268a-8170-ad5a-b292be06b553.2";
pub(crate) const EVENT: &str = "evt_5d1f0c2b9a8e7d6c5b4a3f2e";
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) fn delivery(status: &str, next_attempt_at: Value) -> Value {
    json!({
        "id": DELIVERY, "eventId": EVENT, "event": "call.ended", "conversationId": CONVERSATION, "sequence": 2,
        "status": status, "createdAt": "2026-04-10T14:00:05.000Z", "nextAttemptAt": next_attempt_at,
        "attempts": [{
            "at": "2026-04-10T14:00:06.000Z", "durationMs": 118, "status": 503, "error": null, "answer": "try later"
        }]
    })
}

pub(crate) fn key() -> Value {
    json!({
        "id": KEY, "name": "backend", "mode": "test", "permissions": ["can_initiate_calls"], "isActive": true,
        "requestsPerMinute": null, "callsPerDay": null,
        "createdAt": "2026-04-10T14:00:00.000Z", "expiresAt": null, "madeWith": null, "revokedAt": null,
        "lastUsedAt": null,
        "is_active": true, "created_at": "2026-04-10T14:00:00.000Z", "expires_at": null, "last_used_at": null
    })
}

pub(crate) fn agent() -> Value {
    json!({
        "id": "c1f7a3d2-4b5e-8f60-a1b2-c3d4e5f60718", "mode": "test", "slug": "front-desk", "channel": "sms", "version": 1,
        "name": "Front desk", "provider": "simulator", "number": null, "externalId": null, "prompt": null, "requiredVariables": [], "limits": null, "retentionDays": null, "voice": null,
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

pub(crate) fn promoted() -> Value {
    let mut live = agent();
    live["mode"] = json!("live");
    live["number"] = json!("+15555550100");
    live["sms"]["model"] = json!({
        "baseUrl": "https://api.openai.com/v1", "model": "gpt-4.1-mini", "keyName": "openai", "temperature": null,
        "maxOutputTokens": 500
    });
    live
}

/// Returns an example of `endpoint.disabled`.
pub(crate) fn endpoint_disabled() -> Value {
    notice(
        "endpoint.disabled",
        &json!({
            "endpointId": webhook()["id"], "url": "https://example.com/hooks", "reason": "the endpoint answered 410 Gone",
            "disabledAt": "2026-04-10T14:00:06.000Z"
        }),
    )
}

/// Returns an example of `webhook.test`.
pub(crate) fn webhook_test() -> Value {
    notice("webhook.test", &json!({"endpointId": webhook()["id"], "requestedAt": "2026-04-10T14:00:06.000Z"}))
}

pub(crate) fn notice(name: &str, data: &Value) -> Value {
    json!({
        "id": EVENT, "event": name, "sequence": null, "mode": "test", "timestamp": "2026-04-10T14:00:06.000Z",
        "conversationId": null, "agentId": null, "clientOrgId": "acme", "channel": null, "metadata": {}, "data": data
    })
}

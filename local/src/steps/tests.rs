use domain::call::Call;
use domain::delivery::{Attempt, Delivery, Verdict};
use domain::ids::{ConversationId, EndpointId};
use domain::log::{Entry, LogEntry};
use domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::{About, Line, Told, call, sms, webhook};

const ID: &str = "3337ecb1-268a-8170-ad5a-b292be06b553";
const CREATED: &str = "2026-12-01T12:00:00.000Z";

fn created() -> Timestamp {
    serde_json::from_value(json!(CREATED)).expect("a moment")
}

/// Returns a call with some of its fields changed.
fn call_with(changes: &Value) -> Call {
    let mut call = json!({
        "id": ID, "scope": { "organization": "dev", "mode": "test" },
        "fingerprint": "1", "agent": { "id": "7337ecb1-268a-8170-ad5a-b292be06b553", "slug": "demo-voice", "version": 1 },
        "provider": "simulator", "to": "+15555550123", "from": "+15555550110",
        "window": { "notBefore": CREATED, "notAfter": CREATED },
        "limits": { "ringSeconds": 45, "maxDurationSeconds": 1800 }, "createdAt": CREATED, "status": "queued",
        "startedAt": null, "endedAt": null, "endReason": null, "attempt": 1, "dispatch": { "state": "settled" },
        "providerCallId": null, "strays": [], "closing": { "state": "open" }, "sequence": 0, "logLength": 0,
        "facts": {
            "answeredBy": null, "durationSeconds": null, "transcript": "absent", "recording": null, "analysis": null,
            "analysisAnnounced": false, "cost": null,
        },
    });
    for (name, value) in changes.as_object().expect("an object") {
        call[name] = value.clone();
    }
    serde_json::from_value(call).expect("a call")
}

/// Returns steps as they are printed, without what stands before them in their lines.
fn words(steps: impl IntoIterator<Item = Told>) -> Vec<String> {
    steps.into_iter().map(|told| format!("{} | {}", told.name, told.detail)).collect()
}

fn entry(entry: Entry) -> LogEntry {
    LogEntry { number: 1, at: created(), entry }
}

fn event(name: &str, data: &Value) -> LogEntry {
    let event = serde_json::from_value(json!({ "event": name, "data": data })).expect("an event");
    entry(Entry::Event { sequence: 1, event })
}

#[test]
fn a_line_names_its_conversation_and_counts_from_its_creation() {
    let about = About::call(call_with(&json!({})).id, created());
    let line = |name: &str, detail: &str, after| {
        let line = Line { about, told: Told::new(name, detail) }.at(created() + Span::milliseconds(after)).to_string();
        anstream::adapter::strip_str(&line).to_string()
    };
    assert_eq!(line("ringing", "", 1_234), "call 3337ecb1    1.2 s  ringing");
    assert_eq!(line("ended", "busy", 61_900), "call 3337ecb1   61.9 s  ended            busy");
}

#[test]
fn a_call_is_accepted_rings_is_answered_and_ends() {
    let queued = call_with(&json!({}));
    assert_eq!(words([call::accepted(&queued)]), ["accepted | demo-voice calls …0123"]);
    let live = call_with(&json!({ "scope": { "organization": "dev", "mode": "live" } }));
    assert_eq!(words([call::accepted(&live)]), ["accepted | demo-voice calls +…23"]);

    let dialling = call_with(&json!({ "status": "dispatching" }));
    let ringing = call_with(&json!({ "status": "ringing" }));
    let answered = call_with(&json!({ "status": "in_progress", "startedAt": CREATED }));
    let ended = json!({ "status": "ended", "startedAt": CREATED, "endedAt": CREATED, "endReason": "completed" });
    let ended = call_with(&ended);
    let busy = call_with(&json!({ "status": "ended", "endedAt": CREATED, "endReason": "busy" }));
    for (before, after, expected) in [
        (&queued, &dialling, &["dialling | attempt 1 at simulator"] as &[&str]),
        (&dialling, &ringing, &["ringing | "]),
        (&ringing, &answered, &["answered | "]),
        (&answered, &ended, &["ended | completed after 0 s"]),
        (&dialling, &ended, &["answered | ", "ended | completed after 0 s"]),
        (&ringing, &busy, &["ended | busy"]),
        (&ended, &ended, &[]),
    ] {
        assert_eq!(words(call::changed(before, after, &[])), expected);
    }
}

#[test]
fn an_unknown_outcome_is_told_with_its_reason() {
    let note = json!({ "note": "outcome_unknown", "attempt": 1, "why": "no answer in 10 s" });
    let log = [entry(Entry::Note { note: serde_json::from_value(note).expect("a note") })];
    let call = call_with(&json!({ "status": "dispatching" }));
    assert_eq!(words(call::changed(&call, &call, &log)), ["outcome unknown | no answer in 10 s"]);
}

#[test]
fn texts_are_told_by_their_number_and_length_and_never_quoted() {
    let message = |number: u32, author: &str| {
        json!({
            "messageId": ID, "providerMessageId": "p", "sequenceNumber": number, "from": "+15555550110",
            "to": "+15555550102", "content": "Grüß Gott!", "direction": "outbound", "sentAt": CREATED, "author": author,
        })
    };
    let result = json!({
        "toolCallId": "t", "turn": 1, "name": "opening_hours", "outcome": "ok", "result": "8 to 18", "durationMs": 12
    });
    let log = [
        event("sms.message_sent", &message(1, "agent")),
        event("sms.message_received", &message(2, "customer")),
        event("sms.tool_call_result", &result),
        event("sms.message_sent", &message(3, "agent")),
        event("sms.message_sent", &message(4, "person")),
        event("sms.turn_failed", &json!({ "turn": 2, "tries": 3, "reason": "a secret", "fallback": false })),
        event("sms.conversation_closed", &json!({ "endedAt": CREATED, "endReason": "opted_out" })),
    ];
    let told = words(sms::logged(None, &log));
    let expected = [
        "text sent | text 1, 10 characters",
        "customer's text | text 2, 10 characters, belongs to no open conversation",
        "tool answer | opening_hours: ok in 12 ms",
        "answer | text 3, 10 characters",
        "text sent | text 4, 10 characters, by a person",
        "no answer | after 3 tries",
        "closed | opted_out",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_webhook_is_told_with_host_status_and_duration() {
    let attempt = |status: Option<u16>, error: Option<&str>| Attempt {
        at: created(),
        duration_ms: 3,
        status,
        error: error.map(str::to_owned),
        answer: String::new(),
    };
    let (conversation, endpoint) = (ConversationId::random([1; 16]), EndpointId::random([2; 16]));
    let delivery = || Delivery::new(conversation, 1, 1, endpoint, created());
    let failed = Verdict::Failed { retry_after: None };
    let delivered = delivery().after(attempt(Some(200), None), Verdict::Delivered, created(), 0);
    let refused = delivery().after(attempt(Some(500), None), failed, created(), 0);
    let unreachable = delivery().after(attempt(None, Some("no connection")), failed, created(), 0);
    let gone = delivery().after(attempt(Some(410), None), Verdict::Gone, created(), 0);
    for (delivery, expected) in [
        (delivered, "200 in 3 ms"),
        (refused, "500 in 3 ms, again in 5 s"),
        (unreachable, "failed after 3 ms, no connection, again in 5 s"),
        (gone, "410 in 3 ms, given up"),
    ] {
        let told = words(webhook::last_attempt("call.ended", "example.com", &delivery));
        assert_eq!(told, [format!("webhook | call.ended to example.com: {expected}")]);
    }
    assert_eq!(webhook::host("https://user@example.com/hooks/secret?key=1").as_deref(), Some("example.com"));
    assert_eq!(webhook::host("http://127.0.0.1:8080/hooks").as_deref(), Some("127.0.0.1:8080"));
}

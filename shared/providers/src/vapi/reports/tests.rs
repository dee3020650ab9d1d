use domain::call::{Analysis, AnsweredBy, Cost, Report, Role, Utterance};
use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;
use domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::super::wire::{ServerMessage, VapiCall};
use super::reports;

const BEGAN: Timestamp = Timestamp::from_milliseconds(1_775_829_600_000);

fn now() -> Timestamp {
    BEGAN + Span::minutes(3)
}

fn message(kind: &str, fields: Value) -> Option<VapiCall> {
    let mut message = json!({ "type": kind, "timestamp": 1, "call": { "id": "call-1", "status": "queued" } });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let message: ServerMessage = serde_json::from_value(json!({ "message": message })).unwrap();
    message.into_call()
}

fn said(kind: &str, fields: Value) -> Vec<Report> {
    reports(&message(kind, fields).unwrap(), now())
}

fn report() -> Value {
    json!({
        "endedReason": "customer-ended-call",
        "startedAt": "2026-04-10T14:00:00.000Z",
        "endedAt": "2026-04-10T14:00:53.900Z",
        "cost": 0.071,
        "artifact": {
            "recordingUrl": "https://storage.vapi.example/1.wav",
            "messages": [
                { "role": "system", "message": "Be kind.", "time": 1_775_829_600_000_i64 },
                { "role": "bot", "message": "Hello.", "time": 1_775_829_600_500_i64, "endTime": 1, "secondsFromStart": 0.5 },
                { "role": "user", "message": "Yes?", "time": 1_775_829_601_750_i64 },
                { "role": "tool_calls", "toolCalls": [] },
                { "role": "user", "message": "Hello?" },
            ],
        },
        "analysis": { "summary": "They talked.", "successEvaluation": "true", "structuredData": { "opt_out": true } },
    })
}

#[test]
fn each_status_is_told() {
    let told = |status: &str| said("status-update", json!({ "status": status }));
    for status in ["scheduled", "queued", "not-found", "deletion-failed", "levitating"] {
        assert_eq!(told(status), [], "{status}");
    }
    assert_eq!(told("ringing"), [Report::Ringing]);
    assert_eq!(told("in-progress"), [Report::Answered { at: now(), by: None }]);
    let forwarding = json!({ "status": "forwarding", "startedAt": "2026-04-10T14:00:00Z" });
    assert_eq!(said("status-update", forwarding), [Report::Answered { at: BEGAN, by: None }]);
}

#[test]
fn the_end_alone_leaves_the_transcript_to_come() {
    let ended = json!({ "status": "ended", "endedReason": "customer-busy", "endedAt": "2026-04-10T14:00:10Z" });
    assert_eq!(
        said("status-update", ended),
        [Report::Ended {
            at: BEGAN + Span::seconds(10),
            reason: EndReason::BUSY,
            started_at: None,
            answered_by: None,
            duration_seconds: Some(0),
            ended_by: None
        }]
    );
    let ended = said("status-update", json!({ "status": "ended", "endedReason": "customer-ended-call" }));
    assert_eq!(ended.len(), 1, "{ended:?}");
}

#[test]
fn the_report_says_everything() {
    let say = |role, content: &str, after| Utterance {
        role,
        content: content.to_owned(),
        at: BEGAN + Span::milliseconds(after),
    };
    let custom = json!({ "opt_out": true }).as_object().unwrap().clone();
    assert_eq!(
        said("end-of-call-report", report()),
        [
            Report::Ended {
                at: BEGAN + Span::milliseconds(53_900),
                reason: EndReason::COMPLETED,
                started_at: Some(BEGAN),
                answered_by: None,
                duration_seconds: Some(53),
                ended_by: Some(EndedBy::Callee),
            },
            Report::Transcript {
                utterances: vec![
                    say(Role::Agent, "Hello.", 500),
                    say(Role::Customer, "Yes?", 1_750),
                    say(Role::Customer, "Hello?", 1_750),
                ],
            },
            Report::Recording { reference: "call-1".to_owned() },
            Report::Cost { cost: Cost { amount_minor: 8, currency: "USD".to_owned() } },
            Report::Analysis {
                analysis: Analysis {
                    summary: "They talked.".to_owned(),
                    successful: Some(true),
                    sentiment: None,
                    opt_out: Some(true),
                    custom,
                },
            },
        ]
    );
}

#[test]
fn a_report_of_a_call_that_reached_nobody_has_no_beginning() {
    let mut unanswered = report();
    unanswered["endedReason"] = json!("customer-did-not-answer");
    unanswered["analysis"] = json!({ "summary": "", "successEvaluation": "Pass" });
    let told = said("end-of-call-report", unanswered);
    assert!(matches!(&told[0], Report::Ended { started_at: None, duration_seconds: Some(0), .. }), "{told:?}");
    assert_eq!(told.len(), 2, "the end and the cost: {told:?}");
}

#[test]
fn a_fault_tells_by_what_was_said_whether_anybody_had_answered() {
    let mut fault = report();
    fault["endedReason"] = json!("call.in-progress.error-vapifault-worker-died");
    assert!(matches!(said("end-of-call-report", fault.clone())[0], Report::Ended { started_at: Some(_), .. }));
    fault["artifact"] = json!({ "messages": [{ "role": "bot", "message": "Hello." }] });
    assert!(matches!(said("end-of-call-report", fault)[0], Report::Ended { started_at: None, .. }));
}

#[test]
fn a_voicemail_box_is_a_machine() {
    let mut voicemail = report();
    voicemail["endedReason"] = json!("voicemail");
    let told = said("end-of-call-report", voicemail);
    assert!(matches!(told[0], Report::Ended { answered_by: Some(AnsweredBy::Machine), .. }), "{told:?}");
}

#[test]
fn a_message_that_tells_nothing_of_a_calls_life_is_passed_over() {
    for kind in ["speech-update", "transcript", "tool-calls", "conversation-update", ""] {
        assert_eq!(message(kind, json!({ "status": "ended" })), None, "{kind}");
    }
    for body in [json!({}), json!({ "message": 7 }), json!({ "message": { "type": "status-update", "call": {} } })] {
        assert_eq!(serde_json::from_value::<ServerMessage>(body).unwrap().into_call(), None);
    }
}

#[test]
fn whatever_is_not_as_documented_is_left_out() {
    let odd = json!({
        "endedReason": 7, "startedAt": "yesterday", "endedAt": 5, "cost": "much",
        "artifact": { "messages": "none", "recordingUrl": {} }, "analysis": [],
    });
    let told = said("end-of-call-report", odd);
    let reason = EndReason::unknown_at_provider("unspecified");
    let ended = Report::Ended {
        at: now(),
        reason,
        started_at: None,
        answered_by: None,
        duration_seconds: Some(0),
        ended_by: None,
    };
    assert_eq!(told, [ended]);
}

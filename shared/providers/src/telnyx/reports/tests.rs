use domain::call::{AnsweredBy, Report};
use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;
use domain::ids::{ConversationId, OrganizationId};
use domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::super::wire::{CallEvent, TelnyxCall, Webhook, client_state};
use super::reports;
use crate::attempt::Attempt;

const BEGAN: Timestamp = Timestamp::from_milliseconds(1_775_829_600_000);

fn now() -> Timestamp {
    BEGAN + Span::minutes(3)
}

fn attempt() -> Attempt {
    let organization = OrganizationId::parse("acme").unwrap();
    Attempt { organization, conversation: ConversationId::random([7; 16]), number: 1 }
}

fn event(kind: &str, fields: Value) -> CallEvent {
    let mut payload = json!({
        "call_control_id": "v3:abc",
        "call_leg_id": "leg",
        "call_session_id": "session",
        "client_state": client_state(&attempt()),
        "from": "+15555550100",
        "to": "+15555550123",
        "start_time": "2026-04-10T14:00:00.000000Z",
    });
    payload.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let webhook = json!({
        "data": {
            "record_type": "event", "event_type": kind, "id": "id", "occurred_at": "2026-04-10T14:00:30.000000Z",
            "payload": payload,
        },
        "meta": { "attempt": 1, "delivered_to": "https://calls.example" },
    });
    serde_json::from_value::<Webhook>(webhook).unwrap().data.unwrap()
}

fn said(kind: &str, fields: Value) -> Vec<Report> {
    reports(&event(kind, fields), now())
}

fn at() -> Timestamp {
    BEGAN + Span::seconds(30)
}

#[test]
fn an_event_bears_our_attempt_and_the_call() {
    let event = event("call.initiated", json!({}));
    assert_eq!(event.attempt(), Some(attempt()));
    assert_eq!(event.call_id(), Some("v3:abc"));
}

#[test]
fn what_is_marked_by_somebody_else_bears_no_attempt_of_ours() {
    for state in [json!(null), json!(""), json!("????"), json!("aGVsbG8="), json!("/w=="), json!(7)] {
        assert_eq!(event("call.initiated", json!({ "client_state": state })).attempt(), None, "{state}");
    }
    assert_eq!(event("call.recording.saved", json!({ "call_control_id": null })).call_id(), None);
}

#[test]
fn each_event_says_one_thing() {
    assert_eq!(said("call.initiated", json!({})), [Report::Ringing]);
    assert_eq!(said("call.answered", json!({})), [Report::Answered { at: at(), by: None }]);
    assert_eq!(
        said("call.recording.saved", json!({ "recording_urls": { "mp3": "https://r.example" } })),
        [Report::Recording { reference: "session".to_owned() }]
    );
    for kind in ["call.bridged", "call.speak.ended", "streaming.started", "call.cost", ""] {
        assert_eq!(said(kind, json!({})), [], "{kind}");
    }
}

#[test]
fn the_detection_of_a_machine_says_who_answered() {
    for (kind, result, by) in [
        ("call.machine.detection.ended", "human", Some(AnsweredBy::Human)),
        ("call.machine.detection.ended", "machine", Some(AnsweredBy::Machine)),
        ("call.machine.detection.ended", "not_sure", None),
        ("call.machine.premium.detection.ended", "human_residence", Some(AnsweredBy::Human)),
        ("call.machine.premium.detection.ended", "human_business", Some(AnsweredBy::Human)),
        ("call.machine.premium.detection.ended", "machine", Some(AnsweredBy::Machine)),
        ("call.machine.premium.detection.ended", "fax_detected", Some(AnsweredBy::Machine)),
        ("call.machine.premium.detection.ended", "silence", None),
    ] {
        assert_eq!(said(kind, json!({ "result": result })), [Report::Answered { at: at(), by }], "{result}");
    }
}

#[test]
fn a_hangup_says_why_and_whether_anybody_had_answered() {
    let over = |cause: &str, sip: &str| match &said(
        "call.hangup",
        json!({ "hangup_cause": cause, "sip_hangup_cause": sip }),
    )[..]
    {
        [Report::Ended { reason, started_at, .. }] => (reason.to_string(), *started_at),
        other => panic!("{other:?}"),
    };
    assert_eq!(over("normal_clearing", "200"), ("completed".to_owned(), Some(BEGAN)));
    assert_eq!(over("normal_clearing", "unspecified"), ("completed".to_owned(), Some(BEGAN)));
    assert_eq!(over("normal_clearing", "487"), ("completed".to_owned(), None));
    assert_eq!(over("time_limit", "200"), ("max_duration_exceeded".to_owned(), Some(BEGAN)));
    assert_eq!(over("user_busy", "486"), ("busy".to_owned(), None));
    assert_eq!(over("timeout", "487"), ("no_answer".to_owned(), None));
    assert_eq!(over("moon_in_the_way", "500"), ("provider:moon_in_the_way".to_owned(), None));
}

#[test]
fn who_hung_up_is_told_of_a_call_that_was_answered_and_came_to_its_own_end() {
    for (cause, source, by) in [
        ("normal_clearing", "callee", Some(EndedBy::Callee)),
        ("normal_clearing", "caller", Some(EndedBy::Agent)),
        ("normal_clearing", "unknown", None),
        ("time_limit", "caller", None),
        ("user_busy", "callee", None),
    ] {
        let told =
            said("call.hangup", json!({ "hangup_cause": cause, "hangup_source": source, "sip_hangup_cause": "200" }));
        assert!(matches!(told[..], [Report::Ended { ended_by, .. }] if ended_by == by), "{cause} {source}: {told:?}");
    }
}

#[test]
fn whatever_is_not_as_documented_is_left_out() {
    let odd = json!({ "data": { "event_type": "call.hangup", "occurred_at": 5, "payload": { "hangup_cause": [] } } });
    let odd: Webhook = serde_json::from_value(odd).unwrap();
    let reason = EndReason::unknown_at_provider("unspecified");
    let ended = Report::Ended {
        at: now(),
        reason,
        started_at: None,
        answered_by: None,
        duration_seconds: None,
        ended_by: None,
    };
    assert_eq!(reports(&odd.data.unwrap(), now()), [ended]);
    for body in [json!({}), json!({ "data": 7 }), json!({ "data": { "event_type": 7 } })] {
        assert!(serde_json::from_value::<Webhook>(body).unwrap().data.is_none());
    }
    let bare = serde_json::from_value::<Webhook>(json!({ "data": { "event_type": "call.hangup" } })).unwrap();
    assert_eq!(reports(&bare.data.unwrap(), now()), []);
}

#[test]
fn a_call_that_is_only_being_dialled_is_not_over() {
    let call = |fields: Value| serde_json::from_value::<TelnyxCall>(fields).unwrap();
    assert!(!call(json!({ "call_control_id": "c", "is_alive": false })).is_over());
    assert!(!call(json!({ "call_control_id": "c", "is_alive": true })).is_over());
    assert!(call(json!({ "call_control_id": "c", "is_alive": false, "end_time": "2026-04-10T14:00:30Z" })).is_over());
}

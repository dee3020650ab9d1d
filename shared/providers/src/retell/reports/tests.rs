use domain::call::{Analysis, AnsweredBy, Cost, Report, Role, Utterance};
use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;
use domain::time::{Span, Timestamp};
use serde_json::{Map, Value, json};

use super::super::wire::RetellCall;
use super::reports;

const BEGAN: Timestamp = Timestamp::from_milliseconds(1_775_829_600_000);

fn now() -> Timestamp {
    BEGAN + Span::minutes(3)
}

fn call(fields: Value) -> RetellCall {
    let mut call = json!({ "call_id": "call_1", "agent_id": "agent_1", "call_type": "phone_call" });
    call.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(call).unwrap()
}

fn completed() -> Value {
    json!({
        "call_status": "ended",
        "disconnection_reason": "user_hangup",
        "start_timestamp": 1_775_829_600_000_i64,
        "end_timestamp": 1_775_829_653_900_i64,
        "duration_ms": 53_900,
        "transcript": "Agent: Hello.\nUser: Yes?\n",
        "transcript_object": [
            { "role": "agent", "content": "Hello.", "words": [{ "word": "Hello.", "start": 0.5, "end": 0.9 }] },
            { "role": "user", "content": "Yes?", "words": [{ "word": "Yes?", "start": 1.75, "end": 2.0 }] },
            { "role": "robot", "content": "nobody knows" },
            { "role": "user", "content": "Hello?", "words": [] },
        ],
        "recording_url": "https://recordings.example/1.wav",
        "call_cost": { "combined_cost": 70.2, "total_duration_seconds": 54, "product_costs": [] },
    })
}

#[test]
fn a_call_that_is_being_placed_says_nothing() {
    assert_eq!(reports(&call(json!({ "call_status": "registered" })), true, now()), []);
    assert_eq!(reports(&call(json!({})), true, now()), []);
    assert_eq!(reports(&call(json!({ "call_status": "levitating" })), true, now()), []);
}

#[test]
fn a_call_that_is_ongoing_was_answered() {
    let ongoing = call(json!({ "call_status": "ongoing", "start_timestamp": 1_775_829_600_000_i64 }));
    assert_eq!(reports(&ongoing, true, now()), [Report::Answered { at: BEGAN, by: None }]);
    let unstarted = call(json!({ "call_status": "ongoing", "start_timestamp": "yesterday" }));
    assert_eq!(reports(&unstarted, true, now()), [Report::Answered { at: now(), by: None }]);
}

#[test]
fn a_call_that_ended_says_everything_but_its_analysis() {
    let say = |role, content: &str, after| Utterance {
        role,
        content: content.to_owned(),
        at: BEGAN + Span::milliseconds(after),
    };
    assert_eq!(
        reports(&call(completed()), true, now()),
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
            Report::Recording { reference: "call_1".to_owned() },
            Report::Cost { cost: Cost { amount_minor: 71, currency: "USD".to_owned() } },
        ]
    );
}

#[test]
fn a_call_that_never_connected_has_no_beginning_and_no_transcript() {
    let unanswered = call(json!({
        "call_status": "not_connected",
        "disconnection_reason": "dial_no_answer",
        "start_timestamp": 1_775_829_600_000_i64,
        "end_timestamp": 1_775_829_630_000_i64,
        "duration_ms": 30_000,
        "transcript_object": [],
    }));
    assert_eq!(
        reports(&unanswered, true, now()),
        [Report::Ended {
            at: BEGAN + Span::seconds(30),
            reason: EndReason::NO_ANSWER,
            started_at: None,
            answered_by: None,
            duration_seconds: Some(0),
            ended_by: None
        }]
    );
}

#[test]
fn a_fault_may_come_before_or_after_the_answer() {
    let started = |fields: Value| {
        let mut all = json!({ "call_status": "error", "disconnection_reason": "error_retell" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        match &reports(&call(all), true, now())[0] {
            Report::Ended { reason, started_at, .. } => {
                assert_eq!(reason.as_str(), "provider:error_retell");
                started_at.is_some()
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(!started(json!({})));
    assert!(!started(json!({ "duration_ms": 0 })));
    assert!(started(json!({ "duration_ms": 1_200 })));
    assert!(started(json!({ "transcript_object": [{ "role": "user", "content": "Hello?" }] })));
}

#[test]
fn a_voicemail_box_is_a_machine() {
    let answered_by = |fields: Value| {
        let mut all = completed();
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        match &reports(&call(all), true, now())[0] {
            Report::Ended { answered_by, .. } => *answered_by,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(answered_by(json!({})), None);
    assert_eq!(answered_by(json!({ "disconnection_reason": "voicemail_reached" })), Some(AnsweredBy::Machine));
    assert_eq!(answered_by(json!({ "call_analysis": { "in_voicemail": true } })), Some(AnsweredBy::Machine));
}

#[test]
fn a_transcript_is_only_given_up_where_none_will_come() {
    let mut bare = completed();
    bare.as_object_mut().unwrap().remove("transcript_object");
    let transcripts = |complete| {
        let said = reports(&call(bare.clone()), complete, now());
        said.into_iter().filter(|report| matches!(report, Report::Transcript { .. })).count()
    };
    assert_eq!((transcripts(true), transcripts(false)), (1, 0));
}

#[test]
fn an_analysis_is_told_where_there_is_one() {
    let analysed = |analysis: Value| {
        let mut all = completed();
        all["call_analysis"] = analysis;
        reports(&call(all), true, now()).into_iter().find_map(|report| match report {
            Report::Analysis { analysis } => Some(analysis),
            _ => None,
        })
    };
    let full = analysed(json!({
        "call_summary": "They talked.",
        "call_successful": true,
        "user_sentiment": "Positive",
        "in_voicemail": false,
        "custom_analysis_data": { "opt_out": true, "budget": 5 },
    }));
    let custom = json!({ "opt_out": true, "budget": 5 }).as_object().unwrap().clone();
    assert_eq!(
        full,
        Some(Analysis {
            summary: "They talked.".to_owned(),
            successful: Some(true),
            sentiment: Some("positive".to_owned()),
            opt_out: Some(true),
            custom,
        })
    );
    let bare = analysed(json!({ "call_summary": "They talked.", "user_sentiment": "Unknown" })).unwrap();
    assert_eq!((bare.sentiment, bare.opt_out, bare.custom), (None, None, Map::new()));
    assert_eq!(analysed(json!({ "custom_analysis_data": { "optOut": false } })).unwrap().opt_out, Some(false));
    assert_eq!(analysed(json!({ "call_summary": "", "user_sentiment": "Unknown", "custom_analysis_data": {} })), None);
    assert_eq!(analysed(json!("none")), None);
}

#[test]
fn whatever_is_not_as_documented_is_left_out() {
    let odd = call(json!({
        "call_status": "ended",
        "disconnection_reason": 7,
        "start_timestamp": 1e300,
        "end_timestamp": -5,
        "duration_ms": "long",
        "transcript_object": "nothing",
        "recording_url": { "url": "x" },
        "call_cost": { "combined_cost": "much" },
        "metadata": "ours",
    }));
    assert_eq!(odd.attempt(), None);
    assert_eq!(
        reports(&odd, false, now()),
        [Report::Ended {
            at: now(),
            reason: EndReason::unknown_at_provider("unspecified"),
            started_at: Some(now()),
            answered_by: None,
            duration_seconds: None,
            ended_by: None
        }]
    );
}

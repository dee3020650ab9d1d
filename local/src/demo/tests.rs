use domain::signature::{SECRET_BYTES, Secret, sign};
use serde_json::{Value, json};
use store::clock::Clock;

use super::heard::{Arrived, Heard};
use super::timeline::{Awaited, Timeline};
use super::{call, sms};
use crate::Error;
use crate::receiver::Webhook;

const CONVERSATION: &str = "3337ecb1-268a-8170-ad5a-b292be06b553";

fn timeline() -> Timeline<Vec<u8>> {
    Timeline::new(Vec::new(), Clock::system())
}

fn secret() -> Secret {
    Secret::new([7; SECRET_BYTES])
}

fn webhook(name: &str, sequence: u64, data: &Value) -> Webhook {
    let body = json!({ "event": name, "sequence": sequence, "conversationId": CONVERSATION, "data": data }).to_string();
    let now = Clock::system().now();
    let signature = sign(&[secret()], "evt_1", now, body.as_bytes());
    Webhook { id: "evt_1".to_owned(), timestamp: now.as_seconds().to_string(), signature, body: body.into() }
}

fn hear(
    timeline: &mut Timeline<Vec<u8>>,
    heard: &mut Heard,
    webhook: &Webhook,
    conversation: &str,
) -> Result<(), Error> {
    let awaited = Awaited { secret: secret(), conversation: conversation.to_owned(), last: call::LAST };
    timeline.hear(webhook, &awaited, heard)
}

fn printed(timeline: Timeline<Vec<u8>>) -> String {
    anstream::adapter::strip_str(&String::from_utf8(timeline.out).expect("it is text")).to_string()
}

#[test]
fn an_event_is_told_once_and_its_repetition_is_named_as_one() {
    let (mut timeline, mut heard) = (timeline(), Heard::default());
    let analysed = webhook(call::LAST, 1, &json!({ "summary": "All is well." }));
    hear(&mut timeline, &mut heard, &analysed, CONVERSATION).expect("it is good");
    let told = heard.next().expect("it is the first");
    assert_eq!((told.name.as_str(), &told.data["summary"]), (call::LAST, &json!("All is well.")));
    assert!(heard.is_told());
    hear(&mut timeline, &mut heard, &analysed, CONVERSATION).expect("it is as good");
    assert_eq!(heard.next(), None);
    let text = printed(timeline);
    assert!(text.contains("once more") && text.contains("signature verified"), "{text}");
}

#[test]
fn a_call_is_told_in_a_few_words() {
    for (name, data, told) in [
        ("call.started", json!({ "to": "+15555550123", "answeredBy": "human" }), "+15555550123 answered by a human"),
        ("call.started", json!({ "to": "+15555550123" }), "+15555550123 answered"),
        ("call.analyzed", json!({ "summary": "All is well." }), "All is well."),
    ] {
        assert_eq!(lines_of_call(name, data), [told]);
    }
}

#[test]
fn the_transcript_of_a_call_says_who_said_what() {
    let transcript = json!([{ "role": "agent", "content": "Hello!" }, { "role": "customer", "content": "Hi." }]);
    let ended = json!({ "endReason": "completed", "durationSeconds": 3, "transcript": transcript });
    let told = lines_of_call("call.ended", ended);
    assert_eq!(told, ["completed after 3 s, 2 lines of transcript", "agent    “Hello!”", "customer “Hi.”"]);
}

/// Returns the output for an event of a call: its description, then the lines below it.
fn lines_of_call(name: &str, data: Value) -> Vec<String> {
    let mut timeline = timeline();
    call::tell(&mut timeline, &Arrived { name: name.to_owned(), data }).expect("a buffer takes all");
    let text = printed(timeline);
    let lines = text.lines().map(|line| line.split(name).last().unwrap_or(line));
    lines.map(|line| line.trim_end_matches("signature verified").trim().to_owned()).collect()
}

/// Returns the output for an event of an SMS conversation, and the result of its check.
fn told(name: &str, data: Value) -> (String, Result<(), String>) {
    let mut timeline = timeline();
    let result = sms::tell(&mut timeline, &Arrived { name: name.to_owned(), data });
    (printed(timeline), result.map_err(|error| error.to_string()))
}

#[test]
fn a_text_is_quoted_with_its_number_and_whom_it_is_for() {
    let data = json!({ "sequenceNumber": 3, "to": sms::CUSTOMER, "content": "We open at 8." });
    let (text, result) = told("sms.message_sent", data);
    assert_eq!(result, Ok(()));
    assert!(text.contains("text 3 to +15555550102") && text.contains("“We open at 8.”"), "{text}");
    let (text, _) = told("sms.message_delivery_updated", json!({ "status": "sent", "previousStatus": "queued" }));
    assert!(text.contains("sent, was queued"), "{text}");
}

#[test]
fn what_the_demo_is_not_to_show_ends_it() {
    for (name, data, expected) in [
        ("sms.turn_failed", json!({ "reason": "no model" }), "demo: the agent did not answer: \"no model\""),
        ("sms.tool_call_result", json!({ "outcome": "unknown" }), "demo: the tool did not answer: null"),
        (sms::LAST, json!({ "endReason": "admin" }), "demo: the conversation was closed as \"admin\""),
    ] {
        assert_eq!(told(name, data).1, Err(expected.to_owned()));
    }
    assert_eq!(told(sms::LAST, json!({ "endReason": "opted_out" })).1, Ok(()));
}

#[test]
fn a_webhook_that_is_forged_or_of_another_conversation_ends_the_demo() {
    let mut forged = webhook("call.ended", 1, &json!({}));
    forged.body = forged.body.iter().map(|byte| if *byte == b'1' { b'2' } else { *byte }).collect();
    let error = hear(&mut timeline(), &mut Heard::default(), &forged, CONVERSATION).expect_err("it is forged");
    assert_eq!(error.to_string(), "demo: the signature of call.ended does not verify: no signature matches");
    let foreign = webhook("call.ended", 1, &json!({}));
    let error = hear(&mut timeline(), &mut Heard::default(), &foreign, "another").expect_err("it is foreign");
    assert_eq!(error.to_string(), "demo: call.ended belongs to another conversation");
}

use domain::signature::{SECRET_BYTES, sign};

use super::*;

const CONVERSATION: &str = "3337ecb1-268a-8170-ad5a-b292be06b553";

fn demo() -> Demo<Vec<u8>> {
    let clock = Clock::system();
    Demo { out: Vec::new(), began: clock.now(), clock }
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

fn hear(demo: &mut Demo<Vec<u8>>, heard: &mut Heard, webhook: &Webhook) -> Result<(), Error> {
    demo.hear(webhook, &secret(), CONVERSATION, heard)
}

fn printed(demo: Demo<Vec<u8>>) -> String {
    anstream::adapter::strip_str(&String::from_utf8(demo.out).expect("it is text")).to_string()
}

#[test]
fn the_timeline_is_complete_once_every_event_up_to_the_analysis_arrived_in_whatever_order() {
    let (mut demo, mut heard) = (demo(), Heard::default());
    let ended = json!({ "endReason": "completed", "durationSeconds": 3, "transcript": [{}, {}] });
    for (name, sequence, data) in [
        ("call.started", 1, json!({ "to": NUMBER, "answeredBy": "human" })),
        ("call.analyzed", 3, json!({ "summary": "All is well." })),
        ("call.analyzed", 3, json!({ "summary": "All is well." })),
        ("call.ended", 2, ended),
    ] {
        assert!(!heard.is_complete());
        hear(&mut demo, &mut heard, &webhook(name, sequence, &data)).expect("the webhook is good");
    }
    assert!(heard.is_complete());
    let text = printed(demo);
    assert!(text.contains("+15555550123 answered by a human"), "{text}");
    assert!(text.contains("completed after 3 s, 2 lines of transcript"), "{text}");
    assert_eq!(text.matches("signature verified").count(), 4, "{text}");
}

#[test]
fn a_gap_and_a_missing_analysis_are_told_apart() {
    let heard = Heard { sequences: BTreeSet::from([1, 3]), last: Some(3) };
    assert!(!heard.is_complete());
    assert_eq!(heard.missing(), "event 2 is missing after 45 s: there is a gap in the sequence");
    let heard = Heard { sequences: BTreeSet::from([1, 2]), last: None };
    assert_eq!(heard.missing(), "the call is not analysed after 45 s");
}

#[test]
fn a_signature_that_does_not_verify_ends_the_demo() {
    let mut forged = webhook("call.ended", 1, &json!({}));
    forged.body = forged.body.iter().map(|byte| if *byte == b'1' { b'2' } else { *byte }).collect();
    let error = hear(&mut demo(), &mut Heard::default(), &forged).expect_err("it is forged");
    assert_eq!(error.to_string(), "demo: the signature of call.ended does not verify: no signature matches");
}

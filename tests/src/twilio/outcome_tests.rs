//! The table of outcomes (`providers::twilio`), row by row: what happens on the wire, and what that makes of the attempt.

use domain::call::{Dispatch, Status};
use domain::end_reason::EndReason;

use super::fake::Fault;
use super::{Door, LiveWorld};
use crate::world::simulate;

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    NotPlaced,
    Refused(&'static str),
    Unknown,
}

fn outcome(live: &LiveWorld, id: domain::ids::ConversationId) -> Outcome {
    let call = live.call(id);
    match (&call.dispatch, call.status) {
        (Dispatch::Live { .. }, _) => Outcome::Accepted,
        (Dispatch::Waiting { failures: 1, .. }, Status::Queued) => Outcome::NotPlaced,
        (Dispatch::Unknown { .. }, Status::Dispatching) => Outcome::Unknown,
        (Dispatch::Settled, Status::Ended) => {
            let reason = call.end_reason.unwrap();
            let named = EndReason::NAMED.iter().find(|named| **named == reason);
            Outcome::Refused(named.expect("it is one of ours").as_str().to_owned().leak())
        }
        (dispatch, status) => panic!("{dispatch:?} {status:?}"),
    }
}

/// What Twilio answers, and what that means; whether it made the call.
fn answered() -> Vec<(Option<Fault>, Outcome, usize)> {
    let refusal = |status, body, reason| (Some(Fault::Answers(status, "", body)), Outcome::Refused(reason), 0);
    let unknown = |status| (Some(Fault::Answers(status, "", "{\"code\": 20500}")), Outcome::Unknown, 0);
    let mut rows = vec![
        (None, Outcome::Accepted, 1),
        (Some(Fault::ResetBefore), Outcome::Unknown, 0),
        (Some(Fault::ResetAfter), Outcome::Unknown, 1),
        (Some(Fault::HalfAnswer), Outcome::Unknown, 1),
        (Some(Fault::Html), Outcome::Unknown, 1),
        (Some(Fault::Answers(201, "", "{}")), Outcome::Unknown, 0),
        (Some(Fault::Answers(200, "", "{\"sid\": \"nonsense\", \"status\": \"queued\"}")), Outcome::Unknown, 0),
        (Some(Fault::Answers(302, "Location: https://example.com/", "")), Outcome::Unknown, 0),
        (Some(Fault::Answers(429, "", "{\"code\": 20429}")), Outcome::NotPlaced, 0),
        (Some(Fault::Answers(429, "Retry-After: 7", "{\"code\": 20429}")), Outcome::NotPlaced, 0),
        refusal(401, "{\"code\": 20003}", "provider_unavailable"),
        refusal(403, "<html>", "provider_unavailable"),
        refusal(404, "{\"code\": 20404}", "rejected"),
        refusal(400, "no JSON", "rejected"),
        refusal(400, "{\"code\": 99999}", "rejected"),
    ];
    rows.extend([408, 409, 425, 500, 502, 503, 504].map(unknown));
    for (body, reason) in [
        ("{\"code\": 21211}", "invalid_destination"),
        ("{\"code\": 13224}", "invalid_destination"),
        ("{\"code\": 21217}", "invalid_destination"),
        ("{\"code\": 21210}", "invalid_sender"),
        ("{\"code\": 21212}", "invalid_sender"),
        ("{\"code\": 21215}", "destination_not_allowed"),
        ("{\"code\": 21216}", "destination_not_allowed"),
        ("{\"code\": 21219}", "destination_not_allowed"),
    ] {
        rows.push(refusal(400, body, reason));
    }
    rows
}

#[tokio::test]
async fn every_answer_over_the_wire_means_what_the_table_says() {
    for (fault, expected, made) in answered() {
        let live = LiveWorld::new(1, async |fake| Door::Network(fake.serves().await)).await;
        live.fake.fails(fault.clone());
        let id = live.dials("one").await;
        assert_eq!(outcome(&live, id), expected, "{fault:?}");
        assert_eq!((live.fake.calls().len(), live.fake.asked("POST", "Calls.json")), (made, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn what_provably_never_left_is_not_placed() {
    let refused = tokio::net::TcpSocket::new_v4().unwrap();
    refused.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refused_at = format!("http://{}/", refused.local_addr().unwrap());
    // A name that means nothing, by RFC 6761.
    for address in [refused_at.as_str(), "http://twilio.invalid:9/"] {
        let live = LiveWorld::new(1, async |_| Door::Network(address.parse().unwrap())).await;
        let id = live.dials("one").await;
        assert_eq!(outcome(&live, id), Outcome::NotPlaced, "{address}");
    }
    // It speaks, but no TLS.
    let plain = LiveWorld::new(1, async |fake| {
        let url = fake.serves().await.to_string().replace("http:", "https:");
        Door::Network(url.parse().unwrap())
    });
    let live = plain.await;
    let id = live.dials("one").await;
    assert_eq!(outcome(&live, id), Outcome::NotPlaced);
    assert_eq!(live.fake.asked("POST", ""), 0);
}

#[test]
fn an_answer_that_does_not_come_is_unknown_whether_or_not_the_call_was_made() {
    for (fault, made) in [(Fault::HangsBefore, 0), (Fault::HangsAfter, 1)] {
        simulate(async {
            let live = LiveWorld::virtually(1).await;
            live.fake.fails([fault.clone()]);
            let id = live.dials("one").await;
            assert_eq!((outcome(&live, id), live.fake.calls().len()), (Outcome::Unknown, made), "{fault:?}");
        });
    }
}

#[test]
fn retry_after_is_waited_for() {
    simulate(async {
        let live = LiveWorld::virtually(1).await;
        live.fake.fails([Fault::Answers(429, "Retry-After: 40", "{}")]);
        let id = live.dials("one").await;
        let Dispatch::Waiting { since, from, .. } = live.call(id).dispatch else { panic!("it waits") };
        assert_eq!(from.since(since).as_seconds(), 40);
    });
}

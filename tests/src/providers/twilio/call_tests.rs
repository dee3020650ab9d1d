//! Tests of calls through Twilio, from the request to the end, with Twilio's callbacks.

use domain::call::{AnsweredBy, Dispatch, Status};
use domain::ids::{ConversationId, Mode, Scope};
use domain::key::RawKey;
use domain::provider::Provider;
use local::events::HttpAnswer;
use serde_json::json;

use super::{ACCOUNT, CUSTOMER, LiveWorld, OURS, PUBLIC_URL};
use crate::harness::world::simulate;
use crate::providers::every::REQUEST_ID;

#[test]
fn a_live_call_is_asked_for_as_twilio_wants_it_and_completes_by_its_callbacks() {
    simulate(async {
        let live = LiveWorld::virtually(1).await;
        live.runs(async {}).await;
        let id = live.dials("one").await;
        let made = live.fake.calls()[0].clone();
        let base = format!("{PUBLIC_URL}/inbound/twilio/acme/calls/{id}/1");
        let behind = format!("?request_id={REQUEST_ID}#rc=4&rp=all");
        let status = format!("{base}/status{behind}");
        for (name, value) in [
            ("To", CUSTOMER),
            ("From", OURS),
            ("Url", format!("{base}/answer{behind}").as_str()),
            ("StatusCallback", &status),
            ("Timeout", "45"),
            ("TimeLimit", "1800"),
            ("MachineDetection", "Enable"),
            ("AsyncAmdStatusCallback", &status),
            ("Record", "true"),
            ("RecordingStatusCallback", &status),
        ] {
            assert_eq!(made.field(name), Some(value), "{name}");
        }
        assert_eq!(made.asked["StatusCallbackEvent"], json!(["initiated", "ringing", "answered", "completed"]));

        assert_eq!(live.tells(0, "initiated", &[]).await, 200);
        assert_eq!(live.tells(0, "ringing", &[]).await, 200);
        assert_eq!(live.call(id).status, Status::Ringing);
        let answer = [("CallSid", made.id.as_str()), ("AccountSid", ACCOUNT), ("CallStatus", "in-progress")];
        let (code, said) = live.calls_back(made.field("Url").unwrap(), &answer).await;
        assert_eq!(code, 200);
        assert!(said.ends_with("<Response><Say>Hello Ada, fish &amp; chips?</Say></Response>"), "{said}");
        assert_eq!(live.call(id).status, Status::InProgress);
        assert_eq!(live.tells(0, "in-progress", &[]).await, 200);
        // The callback of the machine detection has no state of the call.
        let detected = [("CallSid", made.id.as_str()), ("AnsweredBy", "human")];
        assert_eq!(live.calls_back(&status, &detected).await.0, 200);
        live.world.after_seconds(10).await;
        assert_eq!(live.tells(0, "completed", &[("CallDuration", "9"), ("Duration", "1")]).await, 200);
        let recorded = [("CallSid", made.id.as_str()), ("RecordingSid", "RE01"), ("RecordingStatus", "completed")];
        assert_eq!(live.calls_back(&status, &recorded).await.0, 200);
        live.runs(async {}).await;

        let call = live.call(id);
        assert_eq!(call.end_reason.as_ref().map(|reason| reason.as_str()), Some("completed"));
        assert_eq!((call.facts.duration_seconds, call.facts.answered_by), (Some(9), Some(AnsweredBy::Human)));
        assert_eq!(call.facts.recording.as_deref(), Some("RE01"));
        assert_eq!(
            (call.dispatch, live.events(id).await),
            (Dispatch::Settled, vec!["call.started".to_owned(), "call.ended".to_owned()])
        );
        assert_eq!(live.fake.calls().len(), 1);
    });
}

#[test]
fn callbacks_that_come_reversed_twice_and_long_after_end_the_call_once() {
    simulate(async {
        let live = LiveWorld::virtually(2).await;
        let id = live.dials("one").await;
        let states = [("completed", "12"), ("in-progress", ""), ("ringing", ""), ("initiated", "")];
        for (status, duration) in states.iter().chain(states.iter().rev()) {
            assert_eq!(live.tells(0, status, &[("CallDuration", *duration)]).await, 200);
        }
        assert!(live.call(id).ended_at.is_some(), "that it is over is known at once");
        assert_eq!(live.events(id).await, ["call.started"], "a machine may still be told of");
        live.runs(async {}).await;
        let ended = live.call(id);
        assert_eq!(live.events(id).await, ["call.started", "call.ended"]);
        live.world.after_seconds(86_400).await;
        // A captured request can be sent again at any later time.
        assert_eq!(live.tells(0, "in-progress", &[]).await, 200);
        assert_eq!(live.tells(0, "busy", &[]).await, 200);
        assert_eq!(live.call(id), ended);
        assert_eq!(live.events(id).await, ["call.started", "call.ended"]);
    });
}

#[test]
fn a_callbacks_line_names_the_request_that_it_follows_from_once_its_signature_holds() {
    simulate(async {
        let live = LiveWorld::virtually(2).await;
        live.dials("one").await;
        let (made, before) = (live.fake.calls()[0].clone(), live.world.logs.text().len());
        // This callback measures most: the time until the ringing.
        assert_eq!(live.tells(0, "ringing", &[]).await, 200);
        let forged = format!("{}&x=1", made.field("StatusCallback").unwrap().split('#').next().unwrap());
        assert_eq!(live.calls_back_signed(&forged, &[("CallSid", "CA1")], "").await.0, 403);
        let logged = live.world.logs.text()[before..].to_owned();
        let lines: Vec<&str> = logged.lines().collect();
        let [taken, refused] = lines[..] else { panic!("two lines: {logged}") };
        assert!(taken.len() <= 300, "{} bytes: {taken}", taken.len());
        let [taken, refused] = [taken, refused].map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        assert_eq!((&taken["request_id"], &taken["about"]), (&json!("req_ProvidersAnswer"), &json!(REQUEST_ID)));
        assert!(taken["TimeToRing"].is_number(), "{taken}");
        assert_eq!((&refused["status"], refused.get("about")), (&json!(403), None));
    });
}

#[test]
fn every_end_that_twilio_knows_has_a_reason() {
    for (status, more, reason) in [
        ("busy", &[][..], "busy"),
        ("no-answer", &[], "no_answer"),
        ("failed", &[], "invalid_destination"),
        ("failed", &[("SipResponseCode", "503")], "provider_unavailable"),
        ("failed", &[("SipResponseCode", "603")], "rejected"),
        ("failed", &[("SipResponseCode", "486")], "busy"),
        ("canceled", &[], "admin_closed"),
        ("completed", &[("AnsweredBy", "machine_start"), ("CallDuration", "4")], "voicemail"),
        ("completed", &[("AnsweredBy", "human"), ("CallDuration", "4")], "completed"),
    ] {
        simulate(async {
            let live = LiveWorld::virtually(3).await;
            let id = live.dials("one").await;
            assert_eq!(live.tells(0, status, more).await, 200);
            let call = live.call(id);
            assert_eq!(call.end_reason.as_ref().map(|reason| reason.as_str()), Some(reason), "{status} {more:?}");
            let connected = status == "completed";
            assert_eq!((call.started_at.is_some(), call.dispatch), (connected, Dispatch::Settled), "{status}");
        });
    }
}

#[test]
fn a_call_that_is_closed_is_hung_up_and_not_spoken_on() {
    for state in ["queued", "ringing", "in-progress", "completed"] {
        simulate(async {
            let live = LiveWorld::virtually(4).await;
            let id = live.dials("one").await;
            let made = live.fake.calls()[0].clone();
            live.call_becomes(&made.id, state);
            live.closes(id).await;
            let answer = [("CallSid", made.id.as_str()), ("CallStatus", "in-progress")];
            let (_, said) = live.calls_back(made.field("Url").unwrap(), &answer).await;
            assert!(said.contains("<Hangup/>"), "{said}");
            live.runs(async {}).await;
            assert_eq!(live.call(id).dispatch, Dispatch::Settled, "{state}");
            assert_eq!(live.fake.calls()[0].shown["status"], "completed", "{state}");
        });
    }
}

#[test]
fn a_call_that_is_not_heard_of_is_asked_for() {
    simulate(async {
        let live = LiveWorld::virtually(5).await;
        let id = live.dials("one").await;
        let sid = live.fake.calls()[0].id.clone();
        live.call_becomes(&sid, "no-answer");
        live.runs(async {}).await;
        let call = live.call(id);
        assert_eq!(call.end_reason.map(|reason| reason.to_string()).as_deref(), Some("no_answer"));
        assert!(live.fake.asked("GET", &format!("Calls/{sid}")) > 0);
    });
}

#[test]
fn a_recording_is_fetched_with_our_credentials_and_handed_on() {
    simulate(async {
        let live = LiveWorld::virtually(6).await;
        let id = live.is_recorded("ID3 and sound").await;
        let answer = live.fetches_recording(id, None).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ID3 and sound"[..]));
        for header in [("content-type", "audio/mpeg"), ("accept-ranges", "bytes")] {
            assert!(answer.headers.contains(&(header.0.to_owned(), header.1.to_owned())), "{:?}", answer.headers);
        }
        // A range that is invalid or not in bytes is ignored.
        for range in ["bytes=5-2", "bytes=0-1,3-4", "seconds=1-2"] {
            assert_eq!(live.fetches_recording(id, Some(range)).await.status, 200, "{range}");
        }
    });
}

#[tokio::test]
async fn a_recording_that_is_too_large_for_one_answer_is_had_part_by_part() {
    let live = LiveWorld::over_a_socket(8).await;
    let content = "0123456789abcdef".repeat(600_000);
    let id = live.is_recorded(&content).await;
    let whole = live.fetches_recording(id, None).await;
    let said = String::from_utf8(whole.body).unwrap();
    assert!(whole.status == 502 && said.contains("Range: bytes=0-4194303"), "{} {said}", whole.status);
    let mut had = Vec::new();
    while had.len() < content.len() {
        let part = live.fetches_recording(id, Some(&format!("bytes={}-", had.len()))).await;
        assert_eq!(part.status, 206);
        let range = format!("bytes {}-{}/{}", had.len(), had.len() + part.body.len() - 1, content.len());
        assert!(part.headers.contains(&("content-range".to_owned(), range)), "{:?}", part.headers);
        had.extend(part.body);
    }
    assert!(had == content.as_bytes());
    let end = live.fetches_recording(id, Some("bytes=-4")).await;
    assert_eq!((end.status, end.body.as_slice()), (206, &b"cdef"[..]));
    assert_eq!(live.fetches_recording(id, Some(&format!("bytes={}-", content.len()))).await.status, 416);
}

impl LiveWorld {
    /// Places a call with this recording and returns its id.
    async fn is_recorded(&self, content: &str) -> ConversationId {
        let id = self.dials("one").await;
        self.fake.keeps_recording("RE01", content);
        assert_eq!(self.tells(0, "completed", &[("CallDuration", "4"), ("RecordingSid", "RE01")]).await, 200);
        id
    }

    /// Asks for a call's recording, or for a part of it.
    async fn fetches_recording(&self, id: ConversationId, range: Option<&str>) -> HttpAnswer {
        let path = format!("/v1/calls/{id}/recording");
        let mut headers = http::HeaderMap::new();
        let authorization = format!("Bearer {}", self.key.reveal());
        headers.insert(http::header::AUTHORIZATION, http::HeaderValue::from_str(&authorization).unwrap());
        headers.extend(range.map(|range| (http::header::RANGE, http::HeaderValue::from_str(range).unwrap())));
        let parameters = [("id".to_owned(), id.to_string())].into();
        self.answers("get-call-recording", &path, headers, &parameters, b"").await
    }
}

#[test]
fn a_test_key_of_the_same_organization_reaches_no_phone() {
    simulate(async {
        let mut live = LiveWorld::virtually(7).await;
        let scope = Scope { mode: Mode::Test, ..live.scope.clone() };
        live.add_key(RawKey::new(scope, [8; 24])).await;
        let id = live.calls("one").await;
        live.runs(async {}).await;
        let call = live.call(id);
        assert_eq!((call.provider, call.end_reason.unwrap().as_str()), (Provider::Simulator, "completed"));
        assert_eq!((live.fake.calls().len(), live.fake.asked("POST", "")), (0, 0));
    });
}

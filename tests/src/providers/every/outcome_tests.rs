//! Tests of the outcome tables in each adapter's folder, row by row and for every provider. Each row maps an answer on
//! the wire to the outcome of the attempt.

use std::time::Duration;

use domain::call::{Dispatch, Status};
use domain::end_reason::EndReason;
use domain::ids::ConversationId;
use futures::future::join_all;

use super::{Door, LiveWorld, for_each_provider};
use crate::harness::fakes::retell::Retell;
use crate::harness::fakes::script::{Create, Script};
use crate::harness::fakes::server::Reaction;
use crate::harness::fakes::telnyx::Telnyx;
use crate::harness::fakes::twilio::Twilio;
use crate::harness::fakes::vapi::Vapi;
use crate::harness::fakes::vendor::Vendor;
use crate::harness::world::simulate;

/// Result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    NotPlaced,
    Refused(&'static str),
    Unknown,
}

fn outcome<V: Vendor>(live: &LiveWorld<V>, id: ConversationId) -> Outcome {
    let call = live.call(id);
    match (&call.dispatch, call.status) {
        (Dispatch::Live { .. }, _) => Outcome::Accepted,
        (Dispatch::Waiting { failures: 1, .. }, Status::Queued) => Outcome::NotPlaced,
        (Dispatch::Unknown(_), Status::Dispatching) => Outcome::Unknown,
        (Dispatch::Settled, Status::Ended) => {
            let reason = call.end_reason.unwrap();
            let named = EndReason::NAMED.iter().find(|named| **named == reason);
            Outcome::Refused(named.expect("it is one of ours").as_str().to_owned().leak())
        }
        (dispatch, status) => panic!("{dispatch:?} {status:?}"),
    }
}

/// Answer of the provider, expected outcome, and number of calls that were made.
type Row = (Create, Outcome, usize);

fn refused(status: u16, body: &str, reason: &'static str) -> Row {
    (Create::Refuses(Reaction::text(status, body)), Outcome::Refused(reason), 0)
}

/// Returns the rows that hold for every provider.
fn rows_of_all() -> Vec<Row> {
    let lost = |reaction: Reaction| {
        [(Create::Refuses(reaction.clone()), Outcome::Unknown, 0), (Create::MakesAnd(reaction), Outcome::Unknown, 1)]
    };
    let half =
        || "{\"data\": {\"call_control_id\": \"v3:1\", \"call_id\": \"1\", \"id\": \"1\", \"sid\": \"CA1".to_owned();
    let mut rows = vec![
        (Create::Accepts, Outcome::Accepted, 1),
        (Create::Refuses(Reaction::with_header(302, "Location", "https://example.com/", "")), Outcome::Unknown, 0),
        (Create::Refuses(Reaction::text(429, "{}")), Outcome::NotPlaced, 0),
        (Create::Refuses(Reaction::with_header(429, "Retry-After", "7", "{}")), Outcome::NotPlaced, 0),
        refused(400, "no JSON", "rejected"),
        refused(400, "{}", "rejected"),
        refused(401, "{}", "provider_unavailable"),
        refused(402, "{}", "provider_unavailable"),
        refused(403, "<html>", "provider_unavailable"),
        refused(404, "[]", "rejected"),
        refused(413, "", "rejected"),
        refused(422, "{\"errors\": [7, {}]}", "rejected"),
    ];
    for reaction in [
        Reaction::Close,
        Reaction::Reset,
        Reaction::Silence,
        Reaction::Stalls { status: 200, body: half() },
        Reaction::Half { status: 200, body: half() },
        Reaction::Half { status: 201, body: half() },
        Reaction::text(200, "<html>"),
        Reaction::text(201, "created"),
        Reaction::text(200, "{}"),
        Reaction::text(201, "[]"),
        Reaction::text(200, ""),
        Reaction::text(204, ""),
    ] {
        rows.extend(lost(reaction));
    }
    for status in [408, 409, 425, 500, 501, 502, 503, 504] {
        rows.extend(lost(Reaction::text(status, "{}")));
    }
    rows
}

/// Vendor with error codes of its own.
trait Codes: Vendor {
    fn rows() -> Vec<Row>;
}

impl Codes for Twilio {
    fn rows() -> Vec<Row> {
        let mut rows = vec![
            (
                Create::Refuses(Reaction::text(200, "{\"sid\": \"nonsense\", \"status\": \"queued\"}")),
                Outcome::Unknown,
                0,
            ),
            (Create::Refuses(Reaction::text(429, "{\"code\": 20429}")), Outcome::NotPlaced, 0),
            (Create::Refuses(Reaction::text(500, "{\"code\": 20500}")), Outcome::Unknown, 0),
            refused(401, "{\"code\": 20003}", "provider_unavailable"),
            refused(404, "{\"code\": 20404}", "rejected"),
            refused(400, "{\"code\": 99999}", "rejected"),
        ];
        for (code, reason) in [
            (21_211, "invalid_destination"),
            (13_224, "invalid_destination"),
            (21_217, "invalid_destination"),
            (21_210, "invalid_sender"),
            (21_212, "invalid_sender"),
            (21_215, "destination_not_allowed"),
            (21_216, "destination_not_allowed"),
            (21_219, "destination_not_allowed"),
        ] {
            rows.push(refused(400, &format!("{{\"code\": {code}}}"), reason));
        }
        rows
    }
}

impl Codes for Retell {
    /// Returns rows for statuses only. Retell's reference documents no codes.
    fn rows() -> Vec<Row> {
        let body = "{\"status\": \"error\", \"message\": \"no\"}";
        vec![
            refused(400, body, "rejected"),
            refused(401, body, "provider_unavailable"),
            refused(402, body, "provider_unavailable"),
            refused(422, body, "rejected"),
            (Create::Refuses(Reaction::text(429, body)), Outcome::NotPlaced, 0),
            (Create::Refuses(Reaction::text(500, body)), Outcome::Unknown, 0),
            (Create::Refuses(Reaction::text(201, "{\"call_id\": \"\"}")), Outcome::Unknown, 0),
        ]
    }
}

impl Codes for Telnyx {
    fn rows() -> Vec<Row> {
        let error = |code: &str, pointer: &str| {
            format!("{{\"errors\": [{{\"code\": \"{code}\", \"source\": {{\"pointer\": \"{pointer}\"}}}}]}}")
        };
        vec![
            refused(400, &error("10015", "/connection_id"), "rejected"),
            refused(401, &error("10009", ""), "provider_unavailable"),
            refused(403, &error("10010", ""), "provider_unavailable"),
            refused(404, &error("10005", ""), "rejected"),
            refused(422, &error("10002", "/to"), "invalid_destination"),
            refused(422, &error("10016", "/to"), "invalid_destination"),
            refused(422, &error("10016", "/from"), "rejected"),
            (Create::Refuses(Reaction::text(429, &error("10011", ""))), Outcome::NotPlaced, 0),
            (Create::Refuses(Reaction::text(500, &error("10007", ""))), Outcome::Unknown, 0),
            (Create::Refuses(Reaction::text(200, "{\"data\": {\"call_control_id\": 1}}")), Outcome::Unknown, 0),
        ]
    }
}

impl Codes for Vapi {
    fn rows() -> Vec<Row> {
        let body = "{\"message\": [\"customer.number must be a valid phone number\"], \"error\": \"Bad Request\"}";
        vec![
            refused(400, body, "rejected"),
            (Create::Refuses(Reaction::text(500, body)), Outcome::Unknown, 0),
            // This is the answer to a request for several calls.
            (Create::Refuses(Reaction::text(201, "{\"results\": [], \"errors\": []}")), Outcome::Unknown, 0),
        ]
    }
}

async fn comes_to<V: Vendor>((create, expected, made): Row) {
    let live = LiveWorld::<V>::over_a_socket(1).await;
    live.fake.fails([create.clone()]);
    let id = live.dials("one").await;
    assert_eq!(outcome(&live, id), expected, "{create:?}");
    assert_eq!((live.fake.calls().len(), live.asked_for_calls()), (made, 1), "{create:?}");
    assert_eq!(live.fake.violations(), Vec::<String>::new(), "{create:?}");
}

fn sockets() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Plays all rows at once, because two of them wait for the client's deadline.
fn every_answer_over_the_wire_means_what_the_table_says<V: Codes>() {
    let rows = rows_of_all().into_iter().chain(V::rows());
    sockets().block_on(join_all(rows.map(comes_to::<V>)));
}

fn what_provably_never_left_is_not_placed<V: Vendor>() {
    let refused = tokio::net::TcpSocket::new_v4();
    let not_placed = async |url: String| {
        let live = LiveWorld::<V>::new(1, Script::SILENT, async || Some(Door::Network(url.parse().unwrap()))).await;
        let id = live.dials("one").await;
        assert_eq!(outcome(&live, id), Outcome::NotPlaced, "{url}");
    };
    sockets().block_on(async {
        let refused = refused.unwrap();
        refused.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        not_placed(format!("http://{}/", refused.local_addr().unwrap())).await;
        // A name that never resolves, by RFC 6761.
        not_placed("http://provider.invalid:9/".to_owned()).await;
        // This server does not speak TLS.
        let plain = LiveWorld::<V>::over_a_socket(1).await;
        let served = plain.fake.serves().await;
        not_placed(served.url.replace("http:", "https:")).await;
        assert_eq!(plain.fake.asked("POST", ""), 0);
    });
}

fn an_answer_that_does_not_come_is_unknown_whether_or_not_the_call_was_made<V: Vendor>() {
    for (create, made) in [(Create::Refuses(Reaction::Silence), 0), (Create::MakesAnd(Reaction::Silence), 1)] {
        simulate(async {
            let live = LiveWorld::<V>::virtually(1).await;
            live.fake.fails([create.clone()]);
            let began = live.world.aws.clock.elapsed();
            let id = live.dials("one").await;
            assert_eq!((outcome(&live, id), live.fake.calls().len()), (Outcome::Unknown, made), "{create:?}");
            assert!(live.world.aws.clock.elapsed() - began < Duration::from_secs(30));
        });
    }
}

fn retry_after_is_waited_for<V: Vendor>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(1).await;
        live.fake.fails([Create::Refuses(Reaction::with_header(429, "Retry-After", "40", "{}"))]);
        let id = live.dials("one").await;
        let Dispatch::Waiting { since, from, .. } = live.call(id).dispatch else { panic!("it waits") };
        assert_eq!(from.since(since).as_seconds(), 40);
    });
}

/// Checks that a key which was just rotated is read again once, and that the call is placed with the new one.
fn a_key_that_was_rotated_is_read_anew_and_refuses_no_call<V: Vendor>() {
    simulate(async {
        let live = LiveWorld::<V>::new(1, Script::SILENT, async || Some(Door::InProcess)).await;
        live.has_rotated(true);
        let refused = live.dials("a-wrong-key").await;
        assert_eq!(outcome(&live, refused), Outcome::Refused("provider_unavailable"), "there is no other one");
        live.has_rotated(false);
        live.world.after_seconds(2).await;
        let placed = live.dials("the-old-key-first").await;
        assert_eq!(outcome(&live, placed), Outcome::Accepted);
        assert_eq!(live.fake.calls().len(), 1);
    });
}

for_each_provider! {
    every_answer_over_the_wire_means_what_the_table_says,
    what_provably_never_left_is_not_placed,
    an_answer_that_does_not_come_is_unknown_whether_or_not_the_call_was_made,
    retry_after_is_waited_for,
    a_key_that_was_rotated_is_read_anew_and_refuses_no_call,
}

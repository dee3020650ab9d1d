//! Tests of tool calls and their outcomes.

use std::net::Ipv4Addr;
use std::sync::Arc;

use domain::ids::ConversationId;
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::signature::{Secret, Signed, verify};
use domain::time::Timestamp;
use domain::tool::{LONGEST_RESULT, Tool, ToolCallKey, ToolOutcome};
use futures::FutureExt as _;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::clock::Clock;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;

use super::{CUT_MARK, Context, KEEP_BYTES, TOOL_TIMEOUT, call, check};
use crate::egress::{Answer, Egress, EgressError, EgressPolicy, Exchange, OutboundRequest};
use crate::socket::{Arrived, answer, arrived, http, listen, local_egress};

const NOW: Timestamp = Timestamp::from_milliseconds(1_775_829_600_000);

fn tool(url: &str) -> Tool {
    let parameters = json!({
        "type": "object",
        "properties": {"make": {"type": "string", "maxLength": 10}, "year": {"type": "integer"}},
        "required": ["make"],
        "additionalProperties": false,
    });
    let (name, description) = ("find_car".to_owned(), "Finds a car.".to_owned());
    Tool { name, description, parameters, url: url.to_owned() }
}

fn arguments() -> Value {
    json!({"make": "Saab", "year": 1999})
}

fn key() -> ToolCallKey {
    let conversation = ConversationId::parse("2c4a1e72-0000-4000-8000-000000000000").unwrap();
    ToolCallKey { conversation, turn: 3, index: 1 }
}

fn secret() -> Secret {
    Secret::new([7; 32])
}

async fn called(egress: &Egress, url: &str) -> ToolOutcome {
    let (tools, arguments) = ([tool(url)], arguments());
    let checked = check(&tools, "find_car", &arguments).unwrap();
    let customer = PhoneNumber::parse("+15555550123").unwrap();
    let variables = json!({"name": "Ada"}).as_object().unwrap().clone();
    let metadata = RawValue::from_string("{\"lead\": 1e29}".to_owned()).ok();
    let content = Content { dynamic_variables: variables, metadata, ..Content::default() };
    let context = Context { customer: &customer, content: &content, request_id: Some("req_abc") };
    call(egress, &[secret()], checked, "call_x", key(), context, NOW).await
}

/// Calls a tool that answers with these bytes.
async fn answered(bytes: &[u8]) -> (ToolOutcome, Arrived) {
    let (listener, url) = listen().await;
    let egress = local_egress();
    let (outcome, arrived) = tokio::join!(called(&egress, url.as_str()), answer(&listener, bytes));
    assert!(listener.accept().now_or_never().is_none(), "the tool was called a second time");
    (outcome, arrived)
}

fn through(exchange: Exchange) -> Egress {
    Egress::through(EgressPolicy::default(), exchange)
}

#[tokio::test]
async fn a_call_arrives_signed_and_under_its_key_and_its_answer_is_the_result() {
    let (outcome, arrived) = answered(&http(200, "", "{\"cars\": 2}")).await;
    assert!(outcome == ToolOutcome::Ok("{\"cars\": 2}".to_owned()));
    assert_eq!(arrived.line(), "POST / HTTP/1.1");
    assert_eq!(
        arrived.json(),
        json!({
            "toolCallId": "call_x", "name": "find_car", "arguments": arguments(),
            "conversationId": "2c4a1e72-0000-4000-8000-000000000000", "turn": 3,
            "customerNumber": "+15555550123", "dynamicVariables": {"name": "Ada"}, "metadata": {"lead": 1e29},
        })
    );
    // The metadata is passed on verbatim: numbers are not rewritten.
    assert!(String::from_utf8_lossy(&arrived.body).contains("{\"lead\": 1e29}"));
    let id = "2c4a1e72-0000-4000-8000-000000000000:3:1";
    assert_eq!((arrived.header("webhook-id"), arrived.header("idempotency-key")), (id, id));
    assert_eq!((arrived.header("content-type"), arrived.header("x-request-id")), ("application/json", "req_abc"));
    let signed = Signed {
        id,
        timestamp: arrived.header("webhook-timestamp"),
        signature: arrived.header("webhook-signature"),
        body: &arrived.body,
    };
    assert_eq!(verify(&secret(), signed, NOW), Ok(()));
}

#[test]
fn a_call_that_does_not_fit_is_refused_with_what_the_model_needs_to_mend_it() {
    let tools = [tool("https://tools.example.com/"), Tool { name: "book_visit".to_owned(), ..tool("") }];
    for (name, arguments, expected) in [
        ("sell_car", json!({}), "there is no such tool; there are: find_car, book_visit"),
        ("FIND_CAR", json!({}), "there is no such tool; there are: find_car, book_visit"),
        ("find_car", json!({}), "the arguments do not fit: make is required"),
        ("find_car", json!(null), "the arguments do not fit: the value must be of type object"),
        (
            "find_car",
            json!({"make": 1, "year": "new", "x": 1}),
            "the arguments do not fit: make must be of type string; x is not a known property; \
             year must be of type integer",
        ),
    ] {
        let refused = check(&tools, name, &arguments).unwrap_err();
        assert!(refused == ToolOutcome::Error(expected.to_owned()), "{}", refused.for_model());
    }
    let parameters = json!({"type": "object", "pattern": "a"});
    let unchecked = [Tool { parameters, ..tool("https://tools.example.com/") }];
    assert!(matches!(check(&unchecked, "find_car", &json!({})), Err(ToolOutcome::Error(_))));
}

#[tokio::test]
async fn only_a_definite_refusal_says_that_nothing_was_done() {
    for status in [200, 201, 202, 299] {
        assert!(answered(&http(status, "", "yes")).await.0 == ToolOutcome::Ok("yes".to_owned()), "{status}");
    }
    assert!(answered(b"HTTP/1.1 204 No Content\r\n\r\n").await.0 == ToolOutcome::Ok(String::new()));
    for status in [400, 401, 404, 409, 410, 422, 429] {
        let expected = format!("the tool refused the call with status {status}: no");
        assert!(answered(&http(status, "", "no")).await.0 == ToolOutcome::Error(expected), "{status}");
    }
    for status in [301, 303, 307, 408, 425, 500, 502, 503, 504] {
        let (outcome, _) = answered(&http(status, "Location: /other\r\n", "no")).await;
        assert!(outcome == ToolOutcome::Unknown, "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_the_outcome_unknown() {
    let whole = http(200, "", "{\"cars\": 2}");
    for broken in [&whole[..whole.len() - 1], &whole[..12], b"", b"SSH-2.0-OpenSSH_9.2\r\n"] {
        assert!(answered(broken).await.0 == ToolOutcome::Unknown, "{broken:?}");
    }
}

#[tokio::test]
async fn what_was_never_sent_was_not_done() {
    // The port is bound, so that no other process takes it, but nothing listens on it.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    let urls = [url.as_str(), "http://10.0.0.8/", "not a URL", "ftp://127.0.0.1/", "http://user@127.0.0.1/"];
    for url in urls {
        let outcome = called(&local_egress(), url).await;
        let expected = "the tool could not be reached; nothing was done";
        assert!(outcome == ToolOutcome::Error(expected.to_owned()), "{url}: {}", outcome.for_model());
    }
    let deployed = Egress::new(EgressPolicy::default()).unwrap();
    assert!(matches!(called(&deployed, url.as_str()).await, ToolOutcome::Error(_)));
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_takes_too_long_may_have_done_it() {
    let clock = Clock::of_runtime(Timestamp::from_milliseconds(0));
    let silent = through(Arc::new(|_| std::future::pending().boxed()));
    assert!(called(&silent, "https://tools.example.com/").await == ToolOutcome::Unknown);
    assert_eq!(u128::try_from(clock.now().as_milliseconds()).unwrap(), TOOL_TIMEOUT.as_millis());

    let (listener, url) = listen().await;
    let endpoint = tokio::spawn(async move {
        let (mut stream, _) = arrived(&listener).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
        std::future::pending::<()>().await;
    });
    assert!(called(&local_egress(), url.as_str()).await == ToolOutcome::Unknown);
    endpoint.abort();
}

#[tokio::test]
async fn a_result_is_bounded_and_says_that_it_was_cut() {
    for (status, character) in [(200, "x"), (200, "🚗"), (422, "x"), (422, "é")] {
        let whole = character.repeat(KEEP_BYTES / character.len());
        for (body, cut) in [(whole.clone(), false), (format!("{whole}{character}"), true)] {
            let answer = Arc::new(move |request: OutboundRequest| {
                assert_eq!(request.keep_bytes, KEEP_BYTES);
                let answer = Answer { status, retry_after: None, body: body.clone(), cut: false };
                std::future::ready(Ok::<_, EgressError>(answer)).boxed()
            });
            let outcome = called(&through(answer), "https://tools.example.com/").await;
            let result = match outcome {
                ToolOutcome::Ok(result) | ToolOutcome::Error(result) => result,
                ToolOutcome::Unknown => panic!("{status} is known"),
            };
            assert!(result.contains(&whole) && result.len() <= LONGEST_RESULT, "{}", result.len());
            assert_eq!(result.ends_with(CUT_MARK), cut, "{status} {character}");
        }
    }
    let (outcome, _) = answered(&http(200, "", &"x".repeat(100_000))).await;
    assert!(outcome == ToolOutcome::Ok(format!("{}{CUT_MARK}", "x".repeat(KEEP_BYTES))));
}

#[tokio::test]
async fn a_result_is_text_whatever_its_bytes() {
    let (outcome, _) = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na\xff\0{{").await;
    assert!(outcome == ToolOutcome::Ok("a\u{fffd}\0{{".to_owned()));
}

//! Tests of the protocol over a real socket on the loopback address.

use std::sync::Arc;

use domain::time::{Span, Timestamp};
use domain::tool::ToolSpec;
use futures::FutureExt as _;
use serde_json::{Value, json};
use store::clock::Clock;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::{ApiKey, ChatCompletions, ChatSettings, KEEP_BYTES, MODEL_TIMEOUT, NotAKey};
use crate::egress::{Egress, EgressPolicy, RetryAfter};
use crate::model::{BadArguments, Habits, Model as _, ModelError, Prompt, Reply, Said, ToolRequest};
use crate::socket::{Arrived, answer, arrived, http, listen, local_egress};

mod habits;

fn settings(base_url: Url) -> ChatSettings {
    let key = Some(ApiKey::parse("sk-test-4711").unwrap());
    let model = "small".to_owned();
    ChatSettings { base_url, model, key, temperature: None }
}

fn prompt(turns: Vec<Said>) -> Prompt {
    Prompt { system: "Be kind.".to_owned(), turns, tools: Vec::new(), max_output_tokens: 200 }
}

fn question() -> Prompt {
    prompt(vec![Said::Customer("Any Saabs?".to_owned())])
}

/// Asks a model whose server answers with these bytes.
async fn asked(prompt: &Prompt, bytes: &[u8]) -> (Result<Reply, ModelError>, Arrived) {
    asked_by(settings, prompt, bytes).await
}

async fn asked_by(
    settings: impl FnOnce(Url) -> ChatSettings,
    prompt: &Prompt,
    bytes: &[u8],
) -> (Result<Reply, ModelError>, Arrived) {
    let (listener, url) = listen().await;
    let model = ChatCompletions::new(local_egress(), Habits::default(), settings(url.join("v1").unwrap()));
    let (reply, arrived) = tokio::join!(model.complete(prompt), answer(&listener, bytes));
    assert!(listener.accept().now_or_never().is_none(), "it was asked a second time");
    (reply, arrived)
}

async fn reply_to(status: u16, header: &str, body: &str) -> Result<Reply, ModelError> {
    asked(&question(), &http(status, header, body)).await.0
}

fn completion(message: Value, finish_reason: &str) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "small",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21},
    })
    .to_string()
}

async fn reply(message: Value, finish_reason: &str) -> Result<Reply, ModelError> {
    reply_to(200, "", &completion(message, finish_reason)).await
}

/// Returns the tool requests of a reply with these calls, to a prompt that already has a call `call_1`.
async fn requests(calls: Value) -> Result<Vec<ToolRequest>, ModelError> {
    let done = Said::ToolCall {
        id: "call_1".to_owned(),
        name: "find_car".to_owned(),
        arguments: json!({}),
        result: "none".to_owned(),
    };
    let message = json!({"role": "assistant", "content": "Let me look.", "tool_calls": calls});
    let body = completion(message, "tool_calls");
    match asked(&prompt(vec![Said::Customer("Any?".to_owned()), done]), &http(200, "", &body)).await.0? {
        Reply::Tools(requests) => Ok(requests),
        Reply::Text(text) => panic!("said {text}"),
    }
}

fn call(id: Value, arguments: Value) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "find_car", "arguments": arguments}})
}

#[tokio::test]
async fn a_conversation_is_told_in_the_protocols_words() {
    let turns = vec![
        Said::Agent("Hello!".to_owned()),
        Said::Customer("Any Saabs?".to_owned()),
        Said::ToolCall {
            id: "call_a".to_owned(),
            name: "find_car".to_owned(),
            arguments: json!({"make": "Saab"}),
            result: "one".to_owned(),
        },
        Said::ToolCall {
            id: "call_b".to_owned(),
            name: "find_car".to_owned(),
            arguments: Value::Null,
            result: "Error: no".to_owned(),
        },
    ];
    let parameters = json!({"type": "object", "properties": {"make": {"type": "string"}}});
    let find_car = ToolSpec {
        name: "find_car".to_owned(),
        description: "Finds a car.".to_owned(),
        parameters: parameters.clone(),
    };
    let prompt = Prompt { tools: vec![find_car], ..prompt(turns) };
    let bytes = http(200, "", &completion(json!({"role": "assistant", "content": " One.\n"}), "stop"));
    let (reply, arrived) = asked(&prompt, &bytes).await;
    assert!(reply.unwrap() == Reply::Text("One.".to_owned()));
    assert_eq!(arrived.line(), "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(arrived.header("authorization"), "Bearer sk-test-4711");
    assert_eq!(arrived.header("content-type"), "application/json");
    let call = |id, arguments| json!([{"id": id, "type": "function", "function": {"name": "find_car", "arguments": arguments}}]);
    assert_eq!(
        arrived.json(),
        json!({
            "model": "small",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "assistant", "content": "Hello!"},
                {"role": "user", "content": "Any Saabs?"},
                {"role": "assistant", "content": null, "tool_calls": call("call_a", r#"{"make":"Saab"}"#)},
                {"role": "tool", "tool_call_id": "call_a", "content": "one"},
                {"role": "assistant", "content": null, "tool_calls": call("call_b", "{}")},
                {"role": "tool", "tool_call_id": "call_b", "content": "Error: no"},
            ],
            "max_tokens": 200,
            "tools": [{"type": "function", "function": {
                "name": "find_car", "description": "Finds a car.", "parameters": parameters,
            }}],
        })
    );
}

#[tokio::test]
async fn settings_choose_the_address_the_key_and_the_fields() {
    let bytes = http(200, "", &completion(json!({"content": "Yes."}), "stop"));
    let keyless = |url: Url| ChatSettings {
        base_url: url.join("/openai/v1/?version=3").unwrap(),
        key: None,
        temperature: Some(0.25),
        ..settings(url)
    };
    let (reply, arrived) = asked_by(keyless, &prompt(Vec::new()), &bytes).await;
    assert!(reply.is_ok());
    assert_eq!(arrived.line(), "POST /openai/v1/chat/completions?version=3 HTTP/1.1");
    assert_eq!(arrived.header("authorization"), "");
    let messages = json!([{"role": "system", "content": "Be kind."}]);
    let expected = json!({"model": "small", "messages": messages, "temperature": 0.25, "max_tokens": 200});
    assert_eq!(arrived.json(), expected);
}

#[tokio::test]
async fn tools_that_it_wants_called_come_back_with_their_arguments() {
    let calls =
        json!([call(json!("call_x"), json!(r#"{"make": "Saab", "n": 1}"#)), call(json!("call_y"), json!("{}"))]);
    let requests = requests(calls).await.unwrap();
    let told: Vec<_> = requests.iter().map(|request| (request.id.as_str(), request.name.as_str())).collect();
    assert_eq!(told, [("call_x", "find_car"), ("call_y", "find_car")]);
    assert_eq!(requests[0].arguments, Ok(json!({"make": "Saab", "n": 1})));
    assert_eq!(requests[1].arguments, Ok(json!({})));
}

#[tokio::test]
async fn arguments_that_are_no_object_are_an_invalid_call_and_no_failure() {
    for broken in
        [json!("{\"make\": "), json!("Saab"), json!("{}{}"), json!("[1]"), json!("null"), json!(7), json!("\0")]
    {
        let requests = requests(json!([call(json!("x"), broken.clone())])).await.unwrap();
        let Err(BadArguments(why)) = &requests[0].arguments else { panic!("{broken} was taken") };
        assert!(!why.is_empty() && !why.contains("Saab"), "{why}");
    }
    let deep = "[".repeat(100_000);
    assert!(requests(json!([call(json!("x"), json!(deep))])).await.unwrap()[0].arguments.is_err());
    for empty in [json!(""), json!(" "), json!(null), json!({})] {
        assert_eq!(requests(json!([call(json!("x"), empty)])).await.unwrap()[0].arguments, Ok(json!({})));
    }
}

#[tokio::test]
async fn every_call_has_an_id_that_no_other_has() {
    let ids = ["", "call_1", "call_3", "call_3", &"x".repeat(129)].map(|id| call(json!(id), json!("{}")));
    let mut calls = ids.to_vec();
    calls.push(call(json!(null), json!("{}")));
    let requests = requests(json!(calls)).await.unwrap();
    let ids: Vec<&str> = requests.iter().map(|request| request.id.as_str()).collect();
    assert_eq!(ids, ["call_2", "call_3", "call_4", "call_5", "call_6", "call_7"]);
}

#[tokio::test]
async fn a_tool_that_cannot_be_and_too_many_at_once_are_unreadable() {
    for name in ["", "find car", "find.car", &"x".repeat(65)] {
        let calls = json!([{"id": "x", "type": "function", "function": {"name": name, "arguments": "{}"}}]);
        assert!(matches!(requests(calls).await, Err(ModelError::Unreadable(_))), "{name}");
    }
    let many = vec![call(json!(null), json!("{}")); 9];
    assert!(matches!(requests(json!(many)).await, Err(ModelError::Unreadable(_))));
    assert_eq!(requests(json!(many[1..])).await.unwrap().len(), 8);
}

#[tokio::test]
async fn an_answer_that_is_no_whole_text_is_none() {
    let text = json!({"content": "Half of what I wan"});
    assert!(matches!(reply(text.clone(), "length").await, Err(ModelError::CutOff)));
    assert!(matches!(reply(text, "content_filter").await, Err(ModelError::Filtered)));
    let refusal = json!({"content": null, "refusal": "I must not."});
    assert!(matches!(reply(refusal, "stop").await, Err(ModelError::Filtered)));
    let half_a_call = json!({"tool_calls": [call(json!("x"), json!("{\"ma"))]});
    assert!(matches!(reply(half_a_call, "length").await, Err(ModelError::CutOff)));
    for blank in
        [json!({"content": ""}), json!({"content": " \n\t"}), json!({"content": null, "tool_calls": []}), json!({})]
    {
        assert!(matches!(reply(blank, "stop").await, Err(ModelError::Empty)));
    }
    // An unknown finish reason is no reason to drop a text.
    assert!(reply(json!({"content": "Yes."}), "eos").await.unwrap() == Reply::Text("Yes.".to_owned()));
}

#[tokio::test]
async fn what_is_no_completion_is_unreadable() {
    let secret = json!({"choices": "customer text"}).to_string();
    for garbage in ["", "ok", "<html>", "null", "[]", "{}", r#"{"choices": []}"#, r#"{"choices": [{}]}"#, &secret] {
        let error = reply_to(200, "", garbage).await.unwrap_err();
        assert!(matches!(error, ModelError::Unreadable(_)), "{garbage}: {error:?}");
        assert!(error.is_retryable() && !format!("{error:?} {error}").contains("customer"), "{error:?}");
    }
    let endless = completion(json!({"content": "x".repeat(KEEP_BYTES)}), "stop");
    assert!(matches!(reply_to(200, "", &endless).await, Err(ModelError::Unreadable(_))));
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\xff\xfe{\"cho\x80}";
    assert!(matches!(asked(&question(), bytes).await.0, Err(ModelError::Unreadable(_))));
}

#[tokio::test]
async fn a_refusal_says_whether_asking_again_may_help() {
    let prose = r#"{"error": {"message": "Wrong key: sk-test-4711", "type": "invalid_request_error", "code": "invalid_api_key"}}"#;
    for (status, retryable) in [
        (429, true),
        (500, true),
        (503, true),
        (529, true),
        (408, true),
        (409, true),
        (425, true),
        (400, false),
        (401, false),
        (404, false),
        (422, false),
        (301, false),
    ] {
        let error = reply_to(status, "Retry-After: 7\r\n", prose).await.unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{status}");
        let wait = retryable.then_some(RetryAfter::Wait(Span::seconds(7)));
        assert_eq!(error.retry_after(), wait, "{status}");
        let told = format!("{error:?} {error}");
        assert!(told.contains(&status.to_string()), "{told}");
        assert!(!told.contains("sk-test"), "{told}");
    }
    let error = reply_to(401, "", prose).await.unwrap_err();
    assert_eq!(error.to_string(), "the model answered 401 (invalid_api_key)");
    let typed = r#"{"error": {"message": "no", "type": "insufficient_quota", "code": 4711}}"#;
    let error = reply_to(429, "", typed).await.unwrap_err();
    assert_eq!(error.to_string(), "the model answered 429 (insufficient_quota)");
    for other in ["", "no", "[]", r#"{"error": "no"}"#, r#"{"error": {"code": "the customer wrote"}}"#] {
        assert_eq!(reply_to(404, "", other).await.unwrap_err().to_string(), "the model answered 404");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_may_be_asked_for_again() {
    let whole = http(200, "", &completion(json!({"content": "Yes."}), "stop"));
    for broken in [&whole[..whole.len() - 1], &whole[..30], b""] {
        let error = asked(&question(), broken).await.0.unwrap_err();
        assert!(matches!(error, ModelError::Connection(_)) && error.is_retryable(), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_is_not_waited_for_longer_than_it_is_given() {
    let clock = Clock::of_runtime(Timestamp::from_milliseconds(0));
    let silent = Egress::through(EgressPolicy::default(), Arc::new(|_| std::future::pending().boxed()));
    let model =
        ChatCompletions::new(silent, Habits::default(), settings("https://models.example.com/v1".parse().unwrap()));
    let error = model.complete(&question()).await.unwrap_err();
    assert!(matches!(error, ModelError::Timeout) && error.is_retryable());
    assert_eq!(u128::try_from(clock.now().as_milliseconds()).unwrap(), MODEL_TIMEOUT.as_millis());
}

#[tokio::test(start_paused = true)]
async fn half_a_body_and_then_silence_runs_into_the_deadline() {
    let (listener, url) = listen().await;
    let endpoint = tokio::spawn(async move {
        let (mut stream, _) = arrived(&listener).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"choices\": [").await.unwrap();
        std::future::pending::<()>().await;
    });
    let error =
        ChatCompletions::new(local_egress(), Habits::default(), settings(url)).complete(&question()).await.unwrap_err();
    assert!(matches!(error, ModelError::Timeout), "{error:?}");
    endpoint.abort();
}

#[tokio::test]
async fn an_address_that_is_not_public_is_not_connected_to() {
    let egress = Egress::new(EgressPolicy::default()).unwrap();
    for url in ["https://169.254.169.254/latest", "http://models.example.com/v1", "https://10.0.0.8/v1"] {
        let error = ChatCompletions::new(egress.clone(), Habits::default(), settings(url.parse().unwrap()))
            .complete(&question())
            .await;
        let error = error.unwrap_err();
        assert!(matches!(error, ModelError::Unreachable(_)) && !error.is_retryable(), "{url}: {error:?}");
    }
}

#[test]
fn neither_a_key_nor_a_text_reaches_a_log() {
    for bad in ["", "a b", "a\nb", "schlüssel", "a\0"] {
        assert_eq!(ApiKey::parse(bad), Err(NotAKey));
    }
    let settings = settings("https://models.example.com/token-4711/v1".parse().unwrap());
    let model = ChatCompletions::new(local_egress(), Habits::default(), settings);
    let said = Said::ToolCall {
        id: "1".to_owned(),
        name: "find_car".to_owned(),
        arguments: json!("4711"),
        result: "4711".to_owned(),
    };
    let prompt = prompt(vec![Said::Customer("4711".to_owned()), Said::Agent("4711".to_owned()), said]);
    let told = format!("{model:?} {prompt:?} {:?}", Reply::Text("4711".to_owned()));
    assert!(!told.contains("4711") && told.contains("models.example.com"), "{told}");
}

//! Tests of bad input: the refused fields, the words of the refusal, and that it reports all errors at once.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::stack::api::answer;
use crate::harness::stack::local_stack::{LocalStack, call_to, dev, invoke_http};

/// Returns the request for a call with some fields changed. A null removes the field.
fn changed(changes: &Value) -> Value {
    let mut body = call_to("+15555550011");
    for (name, value) in changes.as_object().expect("an object") {
        body[name.as_str()] = value.clone();
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_is_named() {
    let world = LocalStack::start().await;
    let many: Map<String, Value> = (0..101).map(|number| (format!("v{number}"), json!("x"))).collect();
    let agent = "4c9b6d5d-891c-8788-8cd6-acc5fee14962";
    for (changes, expected) in [
        (json!({ "agentId": agent }), vec!["agentId", "agentSlug"]),
        (json!({ "agentSlug": null }), vec!["agentId"]),
        (json!({ "agentSlug": null, "agentId": "demo-voice" }), vec!["agentId"]),
        (json!({ "agentSlug": 1 }), vec!["agentSlug"]),
        (json!({ "agentSlug": "" }), vec!["agentSlug"]),
        (json!({ "toNumber": null }), vec!["toNumber"]),
        (json!({ "toNumber": 15_555_550_123_u64 }), vec!["toNumber"]),
        (json!({ "toNumber": "15555550123" }), vec!["toNumber"]),
        (json!({ "toNumber": "+123456" }), vec!["toNumber"]),
        (json!({ "toNumber": "+1234567890123456" }), vec!["toNumber"]),
        (json!({ "toNumber": "+1 555 555 0123" }), vec!["toNumber"]),
        (json!({ "toNumber": "+1555555012\u{0663}" }), vec!["toNumber"]),
        (json!({ "fromNumber": "nobody" }), vec!["fromNumber"]),
        (json!({ "dynamicVariables": ["x"] }), vec!["dynamicVariables"]),
        (
            json!({ "dynamicVariables": { "n": 1, "ok": "x", "o": {} } }),
            vec!["dynamicVariables.n", "dynamicVariables.o"],
        ),
        (json!({ "dynamicVariables": many }), vec!["dynamicVariables"]),
        (json!({ "dynamicVariables": { "x": "y".repeat(64 * 1024) } }), vec!["dynamicVariables"]),
        (json!({ "metadata": "x" }), vec!["metadata"]),
        (json!({ "metadata": [] }), vec!["metadata"]),
        (json!({ "metadata": { "x": "y".repeat(16 * 1024) } }), vec!["metadata"]),
        (json!({ "notBefore": "tomorrow" }), vec!["notBefore"]),
        (json!({ "notAfter": "2020-01-01T00:00:00.000Z" }), vec!["notAfter"]),
        (json!({ "notBefore": "2099-01-02T00:00:00.000Z", "notAfter": "2099-01-02T00:00:00.000Z" }), vec!["notAfter"]),
        (json!({ "clientOrgId": "acme" }), vec!["clientOrgId"]),
        (json!({ "toNumbers": [], "agent": 1 }), vec!["agent", "toNumbers"]),
    ] {
        let answer = world.api.post_once("/v1/calls", "k", &changed(&changes)).await;
        assert_eq!(answer.wrong_fields(), expected, "{changes}");
    }
    let refused = world.api.post_once("/v1/calls", "k", &changed(&json!({ "clientOrgId": "acme" }))).await;
    assert!(refused.text().contains("the API key determines the organization"), "{}", refused.text());
    assert_eq!(world.api.get("/v1/calls").await.data(200), &json!([]), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_is_said_in_one_answer() {
    let world = LocalStack::start().await;
    let body = json!({
        "agentId": "x", "agentSlug": "y", "toNumber": "0123", "fromNumber": 5, "dynamicVariables": { "a": true },
        "metadata": 1, "notBefore": "x", "notAfter": "2001-01-01T00:00:00Z", "clientOrgId": "acme", "typo": 1,
    });
    let answer = world.api.post("/v1/calls", &body).await;
    let expected = [
        "Idempotency-Key",
        "agentId",
        "agentSlug",
        "clientOrgId",
        "dynamicVariables.a",
        "fromNumber",
        "metadata",
        "notAfter",
        "notBefore",
        "toNumber",
        "typo",
    ];
    assert_eq!(answer.wrong_fields(), expected);

    world.agent(&dev(), "needy", |agent| agent.required_variables = vec!["firstName".into(), "plan".into()]).await;
    let body = json!({ "agentSlug": "needy", "toNumber": "+15555550011", "notAfter": "2001-01-01T00:00:00Z",
        "dynamicVariables": { "plan": "x" } });
    let answer = world.api.post_once("/v1/calls", "k", &body).await;
    assert_eq!(answer.wrong_fields(), ["dynamicVariables.firstName", "fromNumber", "notAfter"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_required_and_has_a_form() {
    let world = LocalStack::start().await;
    let body = call_to("+15555550011");
    assert_eq!(world.api.post("/v1/calls", &body).await.wrong_fields(), ["Idempotency-Key"]);
    let long = "x".repeat(256);
    for key in ["", "two words", "\"\"", long.as_str()] {
        let answer = world.api.post_once("/v1/calls", key, &body).await;
        assert_eq!(answer.wrong_fields(), ["Idempotency-Key"], "{key}");
    }
    world.api.post_once("/v1/calls", &long[..255], &body).await.accepted();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_small_json_object_is_refused() {
    let world = LocalStack::start().await;
    let send = |content_type: &'static str, body: String| {
        let request = world.api.request(Method::POST, "/v1/calls").header("idempotency-key", "k");
        answer(request.header(CONTENT_TYPE, content_type).body(body))
    };
    let json = "application/json";
    let good = call_to("+15555550011").to_string();
    for body in ["", " ", "{", "nul", "{\"agentSlug\": \"demo-voice\",}", "[]", "\"text\"", "null", "1", "{} {}"] {
        assert_eq!(send(json, body.to_owned()).await.wrong_fields(), ["body"], "{body}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(send(json, deep).await.wrong_fields(), ["body"], "too deep for the parser, and for us");
    let padded = |bytes: usize| format!("{good}{}", " ".repeat(bytes - good.len()));
    assert_eq!(send(json, padded(256 * 1024 + 1)).await.refusal(413), "payload_too_large");
    assert_eq!(send("text/plain", good.clone()).await.refusal(415), "unsupported_media_type");
    assert_eq!(send("application/x-www-form-urlencoded", good.clone()).await.refusal(415), "unsupported_media_type");
    let accepted = send("Application/JSON; charset=utf-8", padded(256 * 1024)).await;
    accepted.accepted();
    let twice = r#"{"agentSlug":"demo-voice","toNumber":"+15555550011","metadata":{"a":1},"metadata":{"b":2}}"#;
    let twice = world.api.post_text("/v1/calls", "twice", twice.to_owned()).await;
    assert_eq!(twice.wrong_fields(), ["metadata"]);
    let broken = world.api.post_text("/v1/calls", "broken", "{\n  \"agentSlug\": \"x\",\n  oops\n}".to_owned()).await;
    assert!(broken.text().contains("line 3 column 3"), "{}", broken.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_headers_of_one_name_are_no_key() {
    let world = LocalStack::start().await;
    let body = call_to("+15555550011").to_string();
    let request =
        || world.api.request(Method::POST, "/v1/calls").header(CONTENT_TYPE, "application/json").body(body.clone());
    let twice = answer(request().header("idempotency-key", "a").header("idempotency-key", "b")).await;
    assert_eq!(twice.wrong_fields(), ["Idempotency-Key"]);
    let quoted = answer(request().header("idempotency-key", "\"a\"").header("idempotency-key", "\"b\"")).await;
    assert_eq!(quoted.wrong_fields(), ["Idempotency-Key"]);
    let stranger = answer(request().header("idempotency-key", "a").header("authorization", "Bearer another")).await;
    assert_eq!(stranger.refusal(401), "unauthorized", "two keys are none");
    let with_comma = answer(request().header("idempotency-key", "\"a,b\"")).await;
    with_comma.accepted();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_without_that_method_says_which_ones_it_has() {
    let world = LocalStack::start().await;
    let refused = world.api.delete("/v1/calls").await;
    assert_eq!(
        (refused.status, refused.headers["allow"].to_str().ok()),
        (405, Some("GET, POST")),
        "{}",
        refused.text()
    );
    let refused = world.api.put("/v1/webhooks/7").await;
    assert_eq!((refused.status, refused.headers["allow"].to_str().ok()), (405, Some("DELETE, GET, PATCH")));
    let unknown = world.api.get("/v1/nothing").await;
    assert_eq!((unknown.status, unknown.headers.contains_key("allow")), (404, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_shows_nothing_is_blank() {
    let world = LocalStack::start().await;
    for nothing in ["\u{200b}\u{feff}", " \u{2060}\t", "\u{0}\u{7f}", "\u{3164}"] {
        let texts = json!({"agentSlug": "demo-sms", "toNumber": "+15555550011", "fromNumber": "+15555550101", "welcomeMessage": nothing});
        assert_eq!(world.api.post("/v1/sms-conversations", &texts).await.wrong_fields(), ["welcomeMessage"]);
        assert_eq!(world.api.post("/v1/api-keys", &json!({"name": nothing})).await.wrong_fields(), ["name"]);
        let mut call = call_to("+15555550011");
        call["agentSlug"] = json!(nothing);
        assert_eq!(world.api.post_once("/v1/calls", "k", &call).await.wrong_fields(), ["agentSlug"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_unknown_foreign_or_of_the_other_channel_is_not_found() {
    let world = LocalStack::start().await;
    world.organization("other").await;
    let foreign = domain::ids::AgentId::for_slug(&domain::ids::OrganizationId::parse("other").expect("an id"), "voice");
    for agent in [
        json!({ "agentSlug": "nobody" }),
        json!({ "agentSlug": "demo-sms" }),
        json!({ "agentSlug": "voice" }),
        json!({ "agentId": foreign, "agentSlug": null }),
        json!({ "agentId": "4c9b6d5d-0000-4000-8000-acc5fee14962", "agentSlug": null }),
    ] {
        let answer = world.api.post_once("/v1/calls", "k", &changed(&agent)).await;
        assert_eq!(answer.refusal(404), "not_found", "{agent}");
    }
}

/// Sends a request with this target unchanged, which a well-behaved client would not do. Returns the status and the
/// body.
async fn raw_get(world: &LocalStack, key: &str, target: &str) -> (u16, Value) {
    let address = world.stack.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the stack listens");
    let head =
        format!("GET {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_is_misread_and_none_panics() {
    let world = LocalStack::start().await;
    let key = world.key(&dev(), |_| {}).await;
    let id = world.place("k", "+15555550011").await;
    for target in ["/v1/calls?toNumber=+15555550011", "/v1/calls?toNumber=%2B15555550011", "/v1/calls?&limit=1&"] {
        let (status, body) = raw_get(&world, &key, target).await;
        assert_eq!((status, &body["data"][0]["conversationId"]), (200, &json!(id)), "{target}");
    }
    for (target, field) in [
        ("/v1/calls?toNumber=%22x%22", "toNumber"),
        ("/v1/calls?toNumber=%3Cscript%3E", "toNumber"),
        ("/v1/calls?toNumber=+1%20555", "toNumber"),
        ("/v1/calls?toNumber=%zz", "query"),
        ("/v1/calls?toNumber=%", "query"),
        ("/v1/calls?%ff=1", "query"),
        ("/v1/calls?limit=0", "limit"),
        ("/v1/calls?limit=101", "limit"),
        ("/v1/calls?limit=-1", "limit"),
        ("/v1/calls?limit=", "limit"),
        ("/v1/calls?status=done", "status"),
        ("/v1/calls?agentId=demo-voice", "agentId"),
        ("/v1/calls?createdAfter=yesterday", "createdAfter"),
        ("/v1/calls?tonumber=+15555550011", "tonumber"),
    ] {
        let (status, body) = raw_get(&world, &key, target).await;
        assert_eq!((status, &body["error"]["details"][0]["field"]), (400, &json!(field)), "{target}: {body}");
    }
    // The server refuses characters that no target may contain. API Gateway passes some of them on.
    for query in ["toNumber=+1 555", "toNumber=\"x\"", "toNumber=<script>"] {
        assert_eq!(raw_get(&world, &key, &format!("/v1/calls?{query}")).await.0, 400, "{query}");
        let event = json!({
            "rawQueryString": query,
            "headers": { "authorization": format!("Bearer {key}") },
            "requestContext": { "requestId": "r" },
        });
        let (status, body) = invoke_http(&world, "list-calls", false, event).await;
        assert_eq!((status, &body["error"]["details"][0]["field"]), (400, &json!("toNumber")), "{query}");
    }
}

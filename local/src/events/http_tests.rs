use hyper::header::{HeaderName, HeaderValue};

use super::*;

fn sent(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = headers.iter();
    pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

fn event_of(path: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Value {
    let parameters = BTreeMap::from([("id".to_owned(), "a b".to_owned())]);
    http_event(&HttpRequest {
        method: "POST",
        path,
        query,
        headers,
        body,
        source_ip: "127.0.0.1",
        route_key: "POST /items/{id}",
        parameters: &parameters,
        request_id: "request-1",
        now_ms: 1_583_348_638_390,
    })
}

#[test]
fn an_event_has_payload_2_0s_every_field() {
    let headers = sent(&[
        ("host", "localhost:3000"),
        ("user-agent", "test/1"),
        ("content-type", "application/json; charset=utf-8"),
        ("x-twice", "one"),
        ("x-twice", "two"),
        ("cookie", "a=1; b=2"),
    ]);
    let event = event_of("/items/a%20b", "x=1&x=2&y=%2B1", &headers, b"{}");
    assert_eq!(
        event,
        json!({
            "version": "2.0",
            "routeKey": "POST /items/{id}",
            "rawPath": "/items/a b",
            "rawQueryString": "x=1&x=2&y=%2B1",
            "cookies": ["a=1", "b=2"],
            "headers": {
                "host": "localhost:3000",
                "user-agent": "test/1",
                "content-type": "application/json; charset=utf-8",
                "x-twice": "one,two",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-proto": "http",
            },
            "queryStringParameters": { "x": "1,2", "y": "+1" },
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": "localhost",
                "domainPrefix": "localhost",
                "http": {
                    "method": "POST",
                    "path": "/items/a b",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "test/1",
                },
                "requestId": "request-1",
                "routeKey": "POST /items/{id}",
                "stage": "$default",
                "time": "04/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_583_348_638_390_i64,
            },
            "pathParameters": { "id": "a b" },
            "body": "{}",
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn what_is_empty_is_left_out() {
    let event = event_of("/items/1", "", &HeaderMap::new(), b"");
    for absent in ["body", "cookies", "queryStringParameters"] {
        assert!(event.get(absent).is_none(), "{absent}");
    }
    assert_eq!(event["rawQueryString"], "");
}

#[test]
fn bodies_that_are_no_text_come_in_base64() {
    let encoded = |kind: &'static str, body: &[u8]| {
        let event = event_of("/items/1", "", &sent(&[("content-type", kind)]), body);
        event["isBase64Encoded"].as_bool().expect("a flag")
    };
    assert!(encoded("application/x-www-form-urlencoded", b"a=1"));
    assert!(encoded("application/json", b"\xff"));
    assert!(!encoded("application/json", b"{}"));
    assert!(!encoded("text/plain", b"hi"));
    let event = event_of("/items/1", "", &sent(&[("content-type", "image/png")]), b"abc");
    assert_eq!(event["body"], "YWJj");
}

#[test]
fn answers_become_responses() {
    let answer = http_answer(&json!({
        "statusCode": 202,
        "headers": { "Content-Type": "application/json", "retry-after": 3 },
        "cookies": ["a=1"],
        "body": "{}",
        "isBase64Encoded": false,
    }));
    let headers = [("content-type", "application/json"), ("retry-after", "3"), ("set-cookie", "a=1")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(answer, Some(HttpAnswer { status: 202, headers, body: b"{}".to_vec() }));
}

#[test]
fn answers_that_say_less_are_completed_as_api_gateway_does() {
    let plain = http_answer(&json!({ "hello": 1 })).expect("an answer without a status is a body");
    assert_eq!((plain.status, plain.body.as_slice()), (200, &b"{\"hello\":1}"[..]));
    let encoded = http_answer(&json!({ "statusCode": 200, "body": "YWJj", "isBase64Encoded": true }));
    assert_eq!(encoded.expect("base64 is decoded").body, b"abc");
    let bare = http_answer(&json!({ "statusCode": 204 })).expect("a status is enough");
    assert_eq!(bare.headers, [("content-type".to_owned(), "text/plain;charset=UTF-8".to_owned())]);
    for malformed in [
        json!({ "statusCode": "yes" }),
        json!({ "statusCode": 200, "headers": { "a": {} } }),
        json!({ "statusCode": 200, "body": "?", "isBase64Encoded": true }),
    ] {
        assert_eq!(http_answer(&malformed), None, "{malformed}");
    }
}

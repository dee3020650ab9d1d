//! Events of API Gateway's HTTP API, payload format 2.0.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::{HeaderMap, header};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::moment;
use crate::routes::decode;
use crate::template::ACCOUNT_ID;

/// HTTP request, with the route that it matches.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// Upper-case method.
    pub method: &'a str,
    /// Path as it was sent.
    pub path: &'a str,
    /// Query as it was sent, without the question mark.
    pub query: &'a str,
    /// Headers as they were sent.
    pub headers: &'a HeaderMap,
    /// Complete body.
    pub body: &'a [u8],
    /// Address of the client.
    pub source_ip: &'a str,
    /// Route key, such as `GET /v1/calls/{id}`.
    pub route_key: &'a str,
    /// Decoded values of the path's parameters.
    pub parameters: &'a BTreeMap<String, String>,
    /// Id of this request.
    pub request_id: &'a str,
    /// Time of arrival, in milliseconds since 1970.
    pub now_ms: i64,
}

/// Builds the event for a request.
pub fn http_event(request: &HttpRequest<'_>) -> Value {
    // HTTP APIs pass the path decoded, unlike REST APIs and function URLs.
    let path = decode(request.path);
    let mut event = Map::new();
    event.insert("version".into(), json!("2.0"));
    event.insert("routeKey".into(), json!(request.route_key));
    event.insert("rawPath".into(), json!(path));
    event.insert("rawQueryString".into(), json!(request.query));
    let cookies = cookies(request.headers);
    if !cookies.is_empty() {
        event.insert("cookies".into(), json!(cookies));
    }
    event.insert("headers".into(), json!(headers(request)));
    let parameters = query_parameters(request.query);
    if !parameters.is_empty() {
        event.insert("queryStringParameters".into(), json!(parameters));
    }
    event.insert("requestContext".into(), context(request, &path));
    if !request.parameters.is_empty() {
        event.insert("pathParameters".into(), json!(request.parameters));
    }
    let (body, encoded) = body(request);
    if let Some(body) = body {
        event.insert("body".into(), json!(body));
    }
    event.insert("isBase64Encoded".into(), json!(encoded));
    Value::Object(event)
}

fn context(request: &HttpRequest<'_>, path: &str) -> Value {
    let host = request.headers.get(header::HOST).map(header_text).unwrap_or_default();
    let domain = host.rsplit_once(':').map_or(host.as_str(), |(name, _port)| name);
    let agent = request.headers.get(header::USER_AGENT).map(header_text).unwrap_or_default();
    json!({
        "accountId": ACCOUNT_ID,
        "apiId": "local",
        "domainName": domain,
        "domainPrefix": domain.split('.').next().unwrap_or_default(),
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": agent,
        },
        "requestId": request.request_id,
        "routeKey": request.route_key,
        "stage": "$default",
        "time": clf_time(request.now_ms),
        "timeEpoch": request.now_ms,
    })
}

/// Formats a time as `12/Mar/2026:19:03:58 +0000`.
fn clf_time(now_ms: i64) -> String {
    let now = moment(now_ms);
    let (day, month, year) = (now.day(), now.month().to_string(), now.year());
    let month = month.get(..3).unwrap_or_default();
    format!("{day:02}/{month}/{year}:{:02}:{:02}:{:02} +0000", now.hour(), now.minute(), now.second())
}

/// Returns the headers with lower-case names, repeated ones joined by commas, and without cookies. Adds the headers
/// that API Gateway adds.
fn headers(request: &HttpRequest<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for name in request.headers.keys().filter(|name| *name != header::COOKIE) {
        let values: Vec<String> = request.headers.get_all(name).iter().map(header_text).collect();
        headers.insert(name.as_str().to_owned(), values.join(","));
    }
    headers.insert("x-forwarded-for".to_owned(), request.source_ip.to_owned());
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let sent = headers.get_all(header::COOKIE).iter().map(header_text);
    let split = sent.flat_map(|line| line.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>());
    split.filter(|cookie| !cookie.is_empty()).collect()
}

fn header_text(value: &header::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Returns the decoded parameters. Values of a repeated name are joined by a comma.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match parameters.get_mut(name.as_ref()) {
            Some(values) => {
                values.push(',');
                values.push_str(&value);
            }
            None => drop(parameters.insert(name.into_owned(), value.into_owned())),
        }
    }
    parameters
}

/// Returns the body as text if its type is a text type, otherwise in base64. Also reports if it is base64. An empty
/// body is left out.
fn body(request: &HttpRequest<'_>) -> (Option<String>, bool) {
    if request.body.is_empty() {
        return (None, false);
    }
    let kind = request.headers.get(header::CONTENT_TYPE).map(header_text);
    match std::str::from_utf8(request.body) {
        Ok(text) if kind.as_deref().is_none_or(is_text) => (Some(text.to_owned()), false),
        _ => (Some(BASE64_STANDARD.encode(request.body)), true),
    }
}

/// Returns `true` for types that HTTP APIs pass unchanged: text, JSON, XML and JavaScript. All others, such as forms,
/// are passed in base64.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(&kind.as_str())
}

/// HTTP response that a function's answer describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// Headers with lower-case names, including one per cookie.
    pub headers: Vec<(String, String)>,
    /// Body, decoded from base64 if necessary.
    pub body: Vec<u8>,
}

/// Reads a function's answer. Returns `None` if API Gateway would not understand it.
pub fn http_answer(answer: &Value) -> Option<HttpAnswer> {
    let Some(status) = answer.get("statusCode") else {
        // Without a status code, the whole answer is the body.
        let body = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        return Some(HttpAnswer { status: 200, headers, body: body.into_bytes() });
    };
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    let mut headers = Vec::new();
    if let Some(map) = answer.get("headers").and_then(Value::as_object) {
        for (name, value) in map {
            headers.push((name.to_ascii_lowercase(), scalar(value)?));
        }
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.push(("set-cookie".to_owned(), cookie.as_str()?.to_owned()));
    }
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "text/plain;charset=UTF-8".to_owned()));
    }
    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if answer.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            BASE64_STANDARD.decode(text).ok()?
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(other) => other.to_string().into_bytes(),
    };
    Some(HttpAnswer { status: u16::try_from(status).ok()?, headers, body })
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;

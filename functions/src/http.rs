//! Requests and answers, as API Gateway's HTTP API (payload 2.0) hands them over.
//!
//! The event is read by a type of our own: `lambda_http`'s conversion into an `http::Request` panics on a raw query with
//! a space, a quote or `<`, and reads the `+` of `?toNumber=+1555…` as a space.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::fingerprint::Fingerprint;
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use lambda_http::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use store::unreadable::{self, Unreadable};

use crate::error::ApiError;
use crate::query::{self, Query};

/// The largest body that is taken, unless a route says otherwise.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    path_parameters: Option<BTreeMap<String, String>>,
    request_context: Context,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    #[serde(default)]
    request_id: String,
}

/// A request.
#[derive(Debug)]
pub struct Request {
    /// Names the request in its answer and in the log.
    pub request_id: String,
    headers: BTreeMap<String, String>,
    path: BTreeMap<String, String>,
    raw_query: String,
    body: Vec<u8>,
    max_body_bytes: usize,
    json: OnceLock<Result<Value, String>>,
    fingerprint: OnceLock<Fingerprint>,
    generated_key: Option<String>,
}

impl Request {
    /// The request, where its route takes bodies of this size.
    pub(crate) fn taking(self, max_body_bytes: usize) -> Self {
        Self { max_body_bytes, ..self }
    }

    /// Reads API Gateway's event.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_event(event: Value) -> Result<Self, serde_json::Error> {
        let event: Event = serde_json::from_value(event)?;
        let text = event.body.unwrap_or_default();
        // What claims to be Base64 and is none comes out as no JSON, and is refused as that.
        let body = if event.is_base64_encoded { STANDARD.decode(&text).unwrap_or_default() } else { text.into_bytes() };
        let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
        Ok(Self {
            request_id: format!("req_{}", event.request_context.request_id.trim_end_matches('=')),
            headers: event.headers.into_iter().map(lower).collect(),
            path: event.path_parameters.unwrap_or_default(),
            raw_query: event.raw_query_string,
            body,
            max_body_bytes: MAX_BODY_BYTES,
            json: OnceLock::new(),
            fingerprint: OnceLock::new(),
            generated_key: None,
        })
    }

    /// A header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The address that the client reached the API at, without a path.
    pub(crate) fn origin(&self) -> String {
        let scheme = self.header("x-forwarded-proto").unwrap_or("https");
        format!("{scheme}://{}", self.header("host").unwrap_or_default())
    }

    /// Where the request was sent, below the deployment's public URL: by its route, its path's parameters, and its query
    /// to the letter. What it says of its own host does not count.
    pub(crate) fn address(&self, public_url: &str, route: &str) -> String {
        let fill = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => self.path(name).to_owned(),
            None => part.to_owned(),
        };
        let path: Vec<String> = route.split('/').map(fill).collect();
        let query = if self.raw_query.is_empty() { String::new() } else { format!("?{}", self.raw_query) };
        format!("{}{}{query}", public_url.trim_end_matches('/'), path.join("/"))
    }

    /// A parameter of the path.
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The query's parameters.
    ///
    /// # Errors
    /// `Undecodable` where the query cannot be decoded.
    pub fn query(&self) -> Result<Query, query::Undecodable> {
        Query::parse(&self.raw_query)
    }

    /// The body as it came.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether the body is larger than is taken.
    pub fn is_too_large(&self) -> bool {
        self.body.len() > self.max_body_bytes
    }

    /// The refusal of a body that is larger than its route takes.
    pub(crate) fn too_large(&self) -> ApiError {
        ApiError::PayloadTooLarge(self.max_body_bytes)
    }

    /// Whether the body is said to be JSON, or not said to be anything.
    pub(crate) fn is_json(&self) -> bool {
        let content_type = self.header("content-type").unwrap_or("application/json");
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    /// A field of the body to the letter, as it came. `None` where it is not there; an error where it is there twice.
    pub(crate) fn raw_metadata(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        raw_metadata(&self.body)
    }

    /// The body as JSON; `None` where it is none, or too large to be looked at.
    pub fn json(&self) -> Option<&Value> {
        self.parsed().as_ref().ok()
    }

    /// Why the body is no JSON, with the line and the column. Empty where it is JSON.
    pub(crate) fn json_error(&self) -> &str {
        self.parsed().as_ref().err().map_or("", String::as_str)
    }

    fn parsed(&self) -> &Result<Value, String> {
        self.json.get_or_init(|| {
            if self.is_too_large() {
                return Err("too large to be read".to_owned());
            }
            serde_json::from_slice(&self.body).map_err(|error| error.to_string())
        })
    }

    /// The fingerprint of the body. All that is no JSON has the same one.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let compute = || {
            let text = std::str::from_utf8(&self.body).ok();
            text.zip(self.json()).map(|(text, value)| Fingerprint::of(text, value)).unwrap_or_default()
        };
        self.fingerprint.get_or_init(compute).clone()
    }

    /// The same request under an idempotency key that it did not bring.
    pub(crate) fn under(mut self, key: String) -> Self {
        self.generated_key = Some(key);
        self
    }

    /// The idempotency key that was made for it, where it brought none.
    pub(crate) fn generated_key(&self) -> Option<&str> {
        self.generated_key.as_deref()
    }
}

/// The field `metadata` of an object to the letter. `None` where it is not there; an error where it is there twice.
pub(crate) fn raw_metadata(object: &[u8]) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Raw {
        metadata: Option<Box<RawValue>>,
    }

    serde_json::from_slice::<Raw>(object).map(|raw| raw.metadata)
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    body: Body,
    base64: bool,
}

#[derive(Serialize)]
struct Meta<'a> {
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<Unreadable>,
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pagination {
    /// To be sent as `?cursor=` for the next page.
    pub cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

#[derive(Serialize)]
struct Success<'a, T> {
    data: T,
    meta: Meta<'a>,
}

impl Response {
    fn new(status: StatusCode, content_type: &'static str, body: Body) -> Self {
        let base64 = matches!(body, Body::Binary(_));
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status, headers, body, base64 }
    }

    /// Any JSON.
    ///
    /// # Errors
    /// Where the body cannot be written as JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::new(status, "application/json", Body::Text(serde_json::to_string(body)?)))
    }

    /// JSON that is at hand as text.
    pub fn json_text(body: String) -> Self {
        Self::new(StatusCode::OK, "application/json", Body::Text(body))
    }

    /// `{"data": …, "meta": {"request_id"}}`.
    ///
    /// # Errors
    /// Where the data cannot be written as JSON.
    pub fn data(status: StatusCode, request: &Request, data: impl Serialize) -> Result<Self, serde_json::Error> {
        let meta = Meta { request_id: &request.request_id, pagination: None, unreadable: Vec::new() };
        Self::json(status, &Success { data, meta })
    }

    /// A page of a list. What of it could not be read is named beside it.
    ///
    /// # Errors
    /// Where the data cannot be written as JSON.
    pub fn page(request: &Request, data: impl Serialize, cursor: Option<String>) -> Result<Self, serde_json::Error> {
        let pagination = Some(Pagination { has_more: cursor.is_some(), cursor });
        let meta = Meta { request_id: &request.request_id, pagination, unreadable: unreadable::gathered() };
        Self::json(StatusCode::OK, &Success { data, meta })
    }

    /// Nothing but a status.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Empty, base64: false }
    }

    /// Bytes.
    pub fn bytes(content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self::new(StatusCode::OK, content_type, Body::Binary(bytes))
    }

    /// Of which parts can be had; where this is one, with which of how much.
    pub(crate) fn part(mut self, range: Option<String>) -> Self {
        self.headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
            self.status = StatusCode::PARTIAL_CONTENT;
            self.headers.insert(CONTENT_RANGE, range);
        }
        self
    }

    /// XML.
    pub fn xml(body: String) -> Self {
        Self::new(StatusCode::OK, "text/xml", Body::Text(body))
    }

    /// A redirect. `None` where the address cannot stand in a header.
    pub fn redirect(url: &str) -> Option<Self> {
        let mut response = Self::empty(StatusCode::FOUND);
        response.headers.insert(LOCATION, HeaderValue::from_str(url).ok()?);
        Some(response)
    }

    /// With `Retry-After`, in seconds.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        self
    }

    /// With `RateLimit-Policy` and `RateLimit`. What cannot stand in a header is left out.
    pub(crate) fn rate_limits(mut self, policy: &str, left: &str) -> Self {
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                self.headers.insert(HeaderName::from_static(name), value);
            }
        }
        self
    }

    /// With `Idempotent-Replayed: true`.
    pub fn replayed(mut self) -> Self {
        self.headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
        self
    }

    /// With the idempotency key that was made for its request.
    pub(crate) fn under_generated(mut self, key: &str) -> Self {
        if let Ok(key) = HeaderValue::from_str(key) {
            self.headers.insert(HeaderName::from_static("idempotency-key-generated"), key);
        }
        self
    }

    /// The body, for the document's examples.
    #[cfg(feature = "openapi")]
    pub(crate) fn body_as_json(&self) -> Value {
        match &self.body {
            Body::Text(text) => serde_json::from_str(text).unwrap_or_default(),
            _ => Value::Null,
        }
    }

    /// The answer as API Gateway takes it.
    ///
    /// # Errors
    /// Where it cannot be written as JSON.
    pub fn into_event(self) -> Result<Value, serde_json::Error> {
        let mut answer = ApiGatewayV2httpResponse::default();
        answer.status_code = i64::from(self.status.as_u16());
        answer.headers = self.headers;
        answer.is_base64_encoded = self.base64;
        answer.body = Some(self.body);
        serde_json::to_value(answer)
    }
}

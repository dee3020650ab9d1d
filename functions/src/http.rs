//! Requests and responses of API Gateway's HTTP API (payload format 2.0).
//!
//! The event is parsed into a type of our own, because `lambda_http`'s conversion into an `http::Request` has two faults. It
//! panics on a raw query with a space, a quote or `<`, and it reads the `+` of `?toNumber=+1555…` as a space.

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

/// Largest accepted body, in bytes, unless the route sets another limit.
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

/// Request that API Gateway has received.
#[derive(Debug)]
pub struct Request {
    /// Id of the request, for its response and for the log.
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
    /// Returns the request with its route's limit on bodies, in bytes.
    pub(crate) fn taking(self, max_body_bytes: usize) -> Self {
        Self { max_body_bytes, ..self }
    }

    /// Reads a request from API Gateway's event.
    ///
    /// # Errors
    /// If the event is not one of API Gateway.
    pub fn from_event(event: Value) -> Result<Self, serde_json::Error> {
        let event: Event = serde_json::from_value(event)?;
        let text = event.body.unwrap_or_default();
        // A body that is marked as Base64 but is not becomes empty. It is refused as invalid JSON.
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

    /// Returns the header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the URL by which the client reached the API, without a path.
    pub(crate) fn origin(&self) -> String {
        let scheme = self.header("x-forwarded-proto").unwrap_or("https");
        format!("{scheme}://{}", self.header("host").unwrap_or_default())
    }

    /// Returns the URL that the request was sent to, below the deployment's public URL. It is built from the route, the
    /// parameters of the path, and the unchanged query. The request's own statement of its host is ignored.
    pub(crate) fn address(&self, public_url: &str, route: &str) -> String {
        let fill = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => self.path(name).to_owned(),
            None => part.to_owned(),
        };
        let path: Vec<String> = route.split('/').map(fill).collect();
        let query = if self.raw_query.is_empty() { String::new() } else { format!("?{}", self.raw_query) };
        format!("{}{}{query}", public_url.trim_end_matches('/'), path.join("/"))
    }

    /// Returns a parameter of the path. Empty if the path has no such parameter.
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// Parses the query.
    ///
    /// # Errors
    /// `Undecodable` if the query cannot be decoded.
    pub fn query(&self) -> Result<Query, query::Undecodable> {
        Query::parse(&self.raw_query)
    }

    /// Returns the body as it was received.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns `true` if the body is larger than the route's limit.
    pub fn is_too_large(&self) -> bool {
        self.body.len() > self.max_body_bytes
    }

    /// Returns the error for a body that is larger than the route's limit.
    pub(crate) fn too_large(&self) -> ApiError {
        ApiError::PayloadTooLarge(self.max_body_bytes)
    }

    /// Returns `true` if the body is declared as JSON, or has no declared type.
    pub(crate) fn is_json(&self) -> bool {
        let content_type = self.header("content-type").unwrap_or("application/json");
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    /// Returns the field `metadata` of the body exactly as it was sent. `None` if it is missing, an error if it occurs twice.
    pub(crate) fn raw_metadata(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        raw_metadata(&self.body)
    }

    /// Returns the body as JSON. `None` if it is not JSON, or too large to be parsed.
    pub fn json(&self) -> Option<&Value> {
        self.parsed().as_ref().ok()
    }

    /// Returns the parser's message if the body is not JSON, with line and column. Empty if the body is JSON.
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

    /// Returns the fingerprint of the body. All bodies that are not JSON have the same one.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let compute = || {
            let text = std::str::from_utf8(&self.body).ok();
            text.zip(self.json()).map(|(text, value)| Fingerprint::of(text, value)).unwrap_or_default()
        };
        self.fingerprint.get_or_init(compute).clone()
    }

    /// Returns the same request with a generated idempotency key.
    pub(crate) fn under(mut self, key: String) -> Self {
        self.generated_key = Some(key);
        self
    }

    /// Returns the idempotency key that was generated for the request, if the client sent none.
    pub(crate) fn generated_key(&self) -> Option<&str> {
        self.generated_key.as_deref()
    }
}

/// Returns the field `metadata` of an object exactly as it was sent. `None` if it is missing, an error if it occurs twice.
pub(crate) fn raw_metadata(object: &[u8]) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Raw {
        metadata: Option<Box<RawValue>>,
    }

    serde_json::from_slice::<Raw>(object).map(|raw| raw.metadata)
}

/// Response that API Gateway returns.
#[derive(Debug)]
pub struct Response {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers of the response.
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

/// Position of the next page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pagination {
    /// Value of `?cursor=` for the next page. `null` on the last page.
    pub cursor: Option<String>,
    /// `true` if there is a next page.
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

    /// Returns a JSON response.
    ///
    /// # Errors
    /// If the body cannot be written as JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::new(status, "application/json", Body::Text(serde_json::to_string(body)?)))
    }

    /// Returns a 200 response from JSON text.
    pub fn json_text(body: String) -> Self {
        Self::new(StatusCode::OK, "application/json", Body::Text(body))
    }

    /// Returns a response of the form `{"data": …, "meta": {"request_id"}}`.
    ///
    /// # Errors
    /// If the data cannot be written as JSON.
    pub fn data(status: StatusCode, request: &Request, data: impl Serialize) -> Result<Self, serde_json::Error> {
        let meta = Meta { request_id: &request.request_id, pagination: None, unreadable: Vec::new() };
        Self::json(status, &Success { data, meta })
    }

    /// Returns a page of a list. Items that could not be read are left out and named in `meta.unreadable`.
    ///
    /// # Errors
    /// If the data cannot be written as JSON.
    pub fn page(request: &Request, data: impl Serialize, cursor: Option<String>) -> Result<Self, serde_json::Error> {
        let pagination = Some(Pagination { has_more: cursor.is_some(), cursor });
        let meta = Meta { request_id: &request.request_id, pagination, unreadable: unreadable::gathered() };
        Self::json(StatusCode::OK, &Success { data, meta })
    }

    /// Returns a response without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Empty, base64: false }
    }

    /// Returns a 200 response with a binary body.
    pub fn bytes(content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self::new(StatusCode::OK, content_type, Body::Binary(bytes))
    }

    /// Adds the header that announces support for ranges. A response with a `range` becomes a 206 with that `Content-Range`.
    pub(crate) fn part(mut self, range: Option<String>) -> Self {
        self.headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
            self.status = StatusCode::PARTIAL_CONTENT;
            self.headers.insert(CONTENT_RANGE, range);
        }
        self
    }

    /// Returns a 200 response with XML.
    pub fn xml(body: String) -> Self {
        Self::new(StatusCode::OK, "text/xml", Body::Text(body))
    }

    /// Returns a redirect. `None` if the URL is not a valid header value.
    pub fn redirect(url: &str) -> Option<Self> {
        let mut response = Self::empty(StatusCode::FOUND);
        response.headers.insert(LOCATION, HeaderValue::from_str(url).ok()?);
        Some(response)
    }

    /// Adds `Retry-After`, in seconds.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        self
    }

    /// Adds `RateLimit-Policy` and `RateLimit`. A value that is not valid in a header is left out.
    pub(crate) fn rate_limits(mut self, policy: &str, left: &str) -> Self {
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                self.headers.insert(HeaderName::from_static(name), value);
            }
        }
        self
    }

    /// Adds `Idempotent-Replayed: true`.
    pub fn replayed(mut self) -> Self {
        self.headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
        self
    }

    /// Adds the idempotency key that was generated for the request.
    pub(crate) fn under_generated(mut self, key: &str) -> Self {
        if let Ok(key) = HeaderValue::from_str(key) {
            self.headers.insert(HeaderName::from_static("idempotency-key-generated"), key);
        }
        self
    }

    /// Returns the body as JSON, for the examples in the OpenAPI document.
    #[cfg(feature = "openapi")]
    pub(crate) fn body_as_json(&self) -> Value {
        match &self.body {
            Body::Text(text) => serde_json::from_str(text).unwrap_or_default(),
            _ => Value::Null,
        }
    }

    /// Converts the response into the format that API Gateway expects.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn into_event(self) -> Result<Value, serde_json::Error> {
        let mut answer = ApiGatewayV2httpResponse::default();
        answer.status_code = i64::from(self.status.as_u16());
        answer.headers = self.headers;
        answer.is_base64_encoded = self.base64;
        answer.body = Some(self.body);
        serde_json::to_value(answer)
    }
}

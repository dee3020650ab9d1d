//! HTTP API. It turns requests into events for the functions of the template's routes, and answers into responses.
//! Requests that API Gateway itself would refuse are refused here.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::Service;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::Error;
use crate::events::{HttpAnswer, HttpRequest, http_answer, http_event};
use crate::lambda::Runner;
use crate::routes::{Match, Routes};
use crate::template::{Template, Trigger};

/// API Gateway's limit for a request's body, in bytes.
const BODY_MAX_BYTES: usize = 10 * 1024 * 1024;
/// Limit up to which a body that is too large is read before it is refused, in bytes. Closing the connection of a
/// client that still sends would lose the answer.
const DRAIN_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Lambda's limit for an answer, in bytes.
const ANSWER_MAX_BYTES: usize = 6 * 1024 * 1024;
/// Address of every client, because the stack serves on loopback only.
const SOURCE_IP: &str = "127.0.0.1";

/// Request to a local-only route.
#[derive(Debug, Clone)]
pub struct LocalRequest {
    /// Decoded values of the path's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Decoded parameters of the query.
    pub query: BTreeMap<String, String>,
    /// Complete body.
    pub body: Vec<u8>,
}

/// Answer of a local-only route.
#[derive(Debug, Clone)]
pub struct LocalAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body, which is sent as JSON.
    pub body: Value,
}

/// Handler of a local-only route.
pub type LocalHandler = Arc<dyn Fn(LocalRequest) -> BoxFuture<'static, LocalAnswer> + Send + Sync>;

/// Route that only the local stack has, under `/_local/`.
#[derive(Clone)]
pub struct LocalRoute {
    /// Upper-case method.
    pub method: &'static str,
    /// Path with `{parameters}`.
    pub path: &'static str,
    /// Handler of the route.
    pub handler: LocalHandler,
}

/// Target of a route.
#[derive(Clone)]
enum Target {
    Function(String),
    Local(LocalHandler),
}

/// API as a hyper service.
#[derive(Clone)]
pub(crate) struct Api {
    routes: Arc<Routes<Target>>,
    runner: Runner,
}

impl Api {
    /// Creates the API of a template's routes and of the local-only ones.
    ///
    /// # Errors
    /// [`Error::Template`] or [`Error::Wiring`] if a route is malformed, or if two routes match the same requests.
    pub(crate) fn new(template: &Template, local: Vec<LocalRoute>, runner: Runner) -> Result<Self, Error> {
        let mut routes = Routes::default();
        for function in &template.functions {
            for trigger in &function.triggers {
                if let Trigger::Http(route) = trigger {
                    let target = Target::Function(function.handler.clone());
                    let added = routes.add(&route.method, &route.path, target);
                    added.map_err(|error| Error::template(&function.id, "Events", error.to_string()))?;
                }
            }
        }
        for route in local {
            let added = routes.add(route.method, route.path, Target::Local(route.handler));
            added.map_err(|error| Error::Wiring(format!("{}: {error}", route.path)))?;
        }
        Ok(Self { routes: Arc::new(routes), runner })
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let Some(found) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return unrouted(&self.routes.methods(parts.uri.path()));
        };
        let body = match read_body(body).await {
            Ok(body) => body,
            Err(refusal) => return *refusal,
        };
        match found.target {
            Target::Function(function) => self.function(function, &parts, &found, &body).await,
            Target::Local(handler) => {
                let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
                let query = query.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
                let answer = handler(LocalRequest { parameters: found.parameters, query, body }).await;
                let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                json_response(status, &answer.body)
            }
        }
    }

    async fn function(
        &self,
        function: &str,
        parts: &hyper::http::request::Parts,
        found: &Match<'_, Target>,
        body: &[u8],
    ) -> Response<Full<Bytes>> {
        let request_id = self.runner.next_id();
        let event = http_event(&HttpRequest {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body,
            source_ip: SOURCE_IP,
            route_key: &found.key,
            parameters: &found.parameters,
            request_id: &request_id,
            now_ms: self.runner.now_ms(),
        });
        let mut response = match self.runner.run(function, event).await {
            Ok(answer) => http_answer(&answer).and_then(response).unwrap_or_else(|| {
                tracing::error!(function, request_id, "the function's answer is malformed");
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }),
            Err(error) => {
                tracing::error!(function, request_id, error, "the function failed");
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        };
        let status = response.status();
        if status.is_client_error() {
            tracing::info!(route = found.key, status = status.as_u16(), "refused");
        }
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(HeaderName::from_static("apigw-requestid"), id);
        }
        response
    }
}

impl Service<Request<Incoming>> for Api {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let api = self.clone();
        async move { Ok(api.respond(request).await) }.boxed()
    }
}

/// Reads the body, or returns the response with which to refuse it.
async fn read_body<B>(mut body: B) -> Result<Vec<u8>, Box<Response<Full<Bytes>>>>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut kept = Vec::new();
    let mut read_bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Box::new(message(StatusCode::BAD_REQUEST, "Bad Request")));
        };
        let Ok(data) = frame.into_data() else { continue };
        read_bytes += data.len();
        if read_bytes <= BODY_MAX_BYTES {
            kept.extend_from_slice(&data);
        } else if read_bytes > DRAIN_MAX_BYTES {
            break;
        }
    }
    if read_bytes > BODY_MAX_BYTES {
        return Err(Box::new(message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")));
    }
    Ok(kept)
}

fn response(answer: HttpAnswer) -> Option<Response<Full<Bytes>>> {
    if answer.body.len() > ANSWER_MAX_BYTES {
        return None;
    }
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).ok()?;
    for (name, value) in &answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        // The server sets these headers itself.
        if name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING || name == header::CONNECTION {
            continue;
        }
        response.headers_mut().append(name, HeaderValue::from_str(value).ok()?);
    }
    Some(response)
}

/// Returns the response if no route matches. If the path has other methods, the response is 405 and names them, although
/// API Gateway answers 404 in both cases.
fn unrouted(methods: &[&str]) -> Response<Full<Bytes>> {
    let allowed = HeaderValue::from_str(&methods.join(", ")).ok().filter(|_| !methods.is_empty());
    let Some(allowed) = allowed else { return message(StatusCode::NOT_FOUND, "Not Found") };
    let mut response = message(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

/// Returns a refusal with API Gateway's own message.
fn message(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    json_response(status, &json!({ "message": text }))
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

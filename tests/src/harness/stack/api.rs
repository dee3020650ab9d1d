//! Plain HTTP client of the API.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// API with a key or without one.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    url: String,
    key: Option<String>,
}

/// Complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn new(url: &str, key: &str) -> Self {
        // Another test may have installed the same provider already.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.build().expect("a client needs nothing");
        Self { http, url: url.to_owned(), key: Some(key.to_owned()) }
    }

    /// Returns the same API with this key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// Returns the same API without a key.
    pub(crate) fn without_key(&self) -> Self {
        Self { key: None, ..self.clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.header(AUTHORIZATION, format!("Bearer {key}")),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        answer(self.request(Method::PUT, path)).await
    }

    /// Sends a change.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, body).await
    }

    /// Sends JSON by any method, without an idempotency key.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header(CONTENT_TYPE, "application/json");
        answer(request.body(body.to_string())).await
    }

    /// Sends JSON without an idempotency key.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.json(path, body.to_string())).await
    }

    /// Sends JSON under an idempotency key.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.post_text(path, key, body.to_string()).await
    }

    /// Sends a string as JSON, unchanged, under an idempotency key.
    pub(crate) async fn post_text(&self, path: &str, key: &str, body: String) -> Answer {
        answer(self.json(path, body).header("idempotency-key", key)).await
    }

    fn json(&self, path: &str, body: String) -> RequestBuilder {
        self.request(Method::POST, path).header(CONTENT_TYPE, "application/json").body(body)
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the API answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.expect("the answer is complete").to_vec();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Answer { status, headers, bytes, body }
}

impl Answer {
    /// Returns the data. Panics if the answer has another status.
    #[track_caller]
    pub(crate) fn data(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert!(self.body["meta"]["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{}", self.text());
        &self.body["data"]
    }

    /// Returns the conversation's id. Panics if the call was not accepted.
    #[track_caller]
    pub(crate) fn accepted(&self) -> String {
        self.data(202)["conversationId"].as_str().expect("a conversation").to_owned()
    }

    /// Returns the error's code. Panics if the answer is not a complete refusal with this status.
    #[track_caller]
    pub(crate) fn refusal(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text());
        assert!(self.body["data"].is_null(), "{}", self.text());
        assert!(self.body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{}", self.text());
        assert!(self.body["error"]["details"].is_array(), "{}", self.text());
        assert!(self.body["meta"]["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{}", self.text());
        self.body["error"]["code"].as_str().expect("a code")
    }

    /// Returns the fields that a 400 names, sorted.
    #[track_caller]
    pub(crate) fn wrong_fields(&self) -> Vec<&str> {
        assert_eq!(self.refusal(400), "validation_error");
        let details = self.body["error"]["details"].as_array().expect("details");
        let mut fields: Vec<&str> = details.iter().filter_map(|detail| detail["field"].as_str()).collect();
        fields.sort_unstable();
        fields
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

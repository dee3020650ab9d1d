//! An API that takes and gives JSON and knows us by a bearer token, as those of Retell, Telnyx and Vapi do.

use std::fmt;

use domain::dispatch::Outcome;
use domain::end_reason::EndReason;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;
use url::Url;

use crate::client::{KEEP_BYTES, NoReply, ProviderClient, Question, Reply};
use crate::egress::{EgressError, UrlError};
use crate::secrets::Secret;
use crate::voice::ProviderError;

/// What is asked of an API.
pub(crate) struct Request<'a> {
    /// The method.
    pub(crate) method: Method,
    /// The path, segment by segment, each as it is.
    pub(crate) path: &'a [&'a str],
    /// The body, as JSON.
    pub(crate) body: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    /// A question.
    pub(crate) fn get(path: &'a [&'a str]) -> Self {
        Self { method: Method::GET, path, body: None }
    }

    /// A demand.
    pub(crate) fn post(path: &'a [&'a str]) -> Self {
        Self { method: Method::POST, path, body: None }
    }

    /// With this body.
    pub(crate) fn with_body(self, body: &impl Serialize) -> Self {
        // What is made of texts, numbers and maps can always be written.
        Self { body: Some(serde_json::to_vec(body).unwrap_or_default()), ..self }
    }
}

/// An API. Cheap to clone.
#[derive(Clone)]
pub(crate) struct JsonApi {
    client: ProviderClient,
    base: String,
}

impl fmt::Debug for JsonApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonApi").field("base", &self.base).finish_non_exhaustive()
    }
}

impl JsonApi {
    /// The API at this address, or where else it is to be had.
    pub(crate) fn new(client: ProviderClient, base: &str, instead: Option<&Url>) -> Self {
        Self { client, base: instead.map_or(base, Url::as_str).to_owned() }
    }

    /// What reaches it.
    pub(crate) fn client(&self) -> &ProviderClient {
        &self.client
    }

    /// Asks, once.
    ///
    /// # Errors
    /// [`NoReply`] where no complete answer came back.
    pub(crate) async fn ask(&self, key: &Secret, request: Request<'_>) -> Result<Reply, NoReply> {
        let malformed = |error| NoReply::NotSent(EgressError::Refused(UrlError::Malformed(error)));
        let mut url: Url = self.base.parse().map_err(malformed)?;
        url.path_segments_mut()
            .map_err(|()| malformed(url::ParseError::RelativeUrlWithoutBase))?
            .pop_if_empty()
            .extend(request.path);
        let mut headers = HeaderMap::new();
        // A key that is no header's value cannot be the right one: the API says so.
        if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", key.reveal())) {
            bearer.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, bearer);
        }
        self.send(request.method, url, headers, request.body).await
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        mut headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<Reply, NoReply> {
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = body.unwrap_or_default();
        self.client.ask(Question { method, url, headers, body, keep_bytes: KEEP_BYTES }).await
    }
}

/// An answer that says neither yes nor no.
pub(crate) fn unexpected(reply: &Reply) -> ProviderError {
    ProviderError::new(format!("it answered {}", reply.status))
}

/// Nobody was asked, and asking again would be no better.
pub(crate) fn unable<Id>(why: &str) -> Outcome<Id> {
    Outcome::Refused { reason: EndReason::PROVIDER_UNAVAILABLE, why: why.to_owned() }
}

/// Nobody was asked, because what to ask with could not be read just now.
pub(crate) fn unread<Id>() -> Outcome<Id> {
    Outcome::NotPlaced { retry_after: None, why: "the deployment's secrets could not be read".to_owned() }
}

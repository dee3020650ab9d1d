//! An API that takes and gives JSON and knows us by a bearer token, as those of Retell, Telnyx and Vapi do.

use std::fmt;

use domain::call::Call;
use domain::ids::OrganizationId;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::account::{Account, Accounts, Unusable};
use crate::client::{KEEP_BYTES, LONG_CALL_BYTES, NoReply, ProviderClient, Question, Reply, UNAUTHORIZED};
use crate::egress::{EgressError, UrlError};
use crate::secrets::Secrets;
use crate::voice::ProviderError;

/// An account that requests are made for by its API key.
pub(crate) trait Keyed: Account {
    /// The key.
    fn api_key(&self) -> &str;
}

/// What is asked of an API.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    /// The method.
    pub(crate) method: Method,
    /// The path, segment by segment, each as it is.
    pub(crate) path: &'a [&'a str],
    /// The query.
    pub(crate) query: &'a [(&'a str, &'a str)],
    /// The body, as JSON.
    pub(crate) body: Option<Vec<u8>>,
    /// How much of the answer is read.
    pub(crate) keep_bytes: usize,
}

impl<'a> Request<'a> {
    /// A question.
    pub(crate) fn get(path: &'a [&'a str]) -> Self {
        Self { method: Method::GET, path, query: &[], body: None, keep_bytes: LONG_CALL_BYTES }
    }

    /// A demand.
    pub(crate) fn post(path: &'a [&'a str]) -> Self {
        Self { method: Method::POST, path, query: &[], body: None, keep_bytes: KEEP_BYTES }
    }

    /// A change.
    pub(crate) fn patch(path: &'a [&'a str]) -> Self {
        Self { method: Method::PATCH, path, query: &[], body: None, keep_bytes: KEEP_BYTES }
    }

    /// Asks for something that shows long calls.
    pub(crate) fn of_long_calls(self) -> Self {
        Self { keep_bytes: LONG_CALL_BYTES, ..self }
    }

    /// With this query.
    pub(crate) fn with_query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
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
    accounts: Accounts,
    base: String,
}

impl fmt::Debug for JsonApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonApi").field("base", &self.base).finish_non_exhaustive()
    }
}

impl JsonApi {
    /// The API at this address, or where else it is to be had.
    pub(crate) fn new(client: ProviderClient, secrets: Secrets, base: &str, instead: Option<&Url>) -> Self {
        let accounts = Accounts::new(secrets);
        Self { client, accounts, base: instead.map_or(base, Url::as_str).to_owned() }
    }

    /// What reaches it.
    pub(crate) fn client(&self) -> &ProviderClient {
        &self.client
    }

    /// The accounts there.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The account to ask about a call with.
    ///
    /// # Errors
    /// [`Unusable`] where there is none, or it cannot be looked up.
    pub(crate) async fn account_for<A: Account>(&self, call: &Call) -> Result<A, Unusable> {
        self.accounts.of(&call.scope.organization).await
    }

    /// Whether a URL that the API gave leads to the API's own host, or below one of its domain.
    pub(crate) fn is_at_home(&self, url: &Url, domain: &str) -> bool {
        let Ok(base) = Url::parse(&self.base) else { return false };
        let same = url.host_str() == base.host_str() && url.port_or_known_default() == base.port_or_known_default();
        let below =
            url.host_str().is_some_and(|host| host.strip_suffix(domain).is_some_and(|host| host.ends_with('.')));
        (same && url.scheme() == base.scheme()) || (below && url.scheme() == "https")
    }

    /// Asks, once.
    ///
    /// # Errors
    /// [`NoReply`] where no complete answer came back.
    pub(crate) async fn ask(&self, account: &impl Keyed, request: Request<'_>) -> Result<Reply, NoReply> {
        let malformed = |error| NoReply::NotSent(EgressError::Refused(UrlError::Malformed(error)));
        let mut url: Url = self.base.parse().map_err(malformed)?;
        url.path_segments_mut()
            .map_err(|()| malformed(url::ParseError::RelativeUrlWithoutBase))?
            .pop_if_empty()
            .extend(request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let mut headers = HeaderMap::new();
        // A key that is no header's value cannot be the right one: the API says so.
        if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", account.api_key())) {
            bearer.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, bearer);
        }
        self.send(request.method, url, headers, request.body, request.keep_bytes).await
    }

    /// Asks for a call, a chat or a text, once. Where the account is refused, and its key turns out to have been rotated, nothing was
    /// placed, and the API is asked with the new one.
    ///
    /// # Errors
    /// [`NoReply`] where no complete answer came back.
    pub(crate) async fn ask_to_make<A: Keyed>(
        &self,
        organization: &OrganizationId,
        account: &A,
        request: Request<'_>,
    ) -> Result<Reply, NoReply> {
        let reply = self.ask(account, request.clone()).await?;
        if reply.status != UNAUTHORIZED {
            return Ok(reply);
        }
        match self.accounts.changed(organization, account).await {
            Some(account) => self.ask(&account, request).await,
            None => Ok(reply),
        }
    }

    /// Sends JSON to a URL that the API gave, without credentials: the URL is one.
    ///
    /// # Errors
    /// [`NoReply`] where no complete answer came back.
    pub(crate) async fn post_to(&self, url: Url, body: &impl Serialize) -> Result<Reply, NoReply> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.send(Method::POST, url, HeaderMap::new(), Some(body), KEEP_BYTES).await
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        mut headers: HeaderMap,
        body: Option<Vec<u8>>,
        keep_bytes: usize,
    ) -> Result<Reply, NoReply> {
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = body.unwrap_or_default();
        self.client.ask(Question { method, url, headers, body, keep_bytes }).await
    }
}

/// An answer that says neither yes nor no.
pub(crate) fn unexpected(reply: &Reply) -> ProviderError {
    ProviderError::new(format!("it answered {}", reply.status))
}

/// What an answer shows.
///
/// # Errors
/// [`ProviderError`] where it is a refusal, or none that can be read.
pub(crate) fn shown<T: DeserializeOwned>(reply: &Reply) -> Result<T, ProviderError> {
    reply.is_success().then(|| reply.json()).flatten().ok_or_else(|| unexpected(reply))
}

/// What an answer shows; `None` where the provider says that there is no such thing.
///
/// # Errors
/// [`ProviderError`], as [`shown`].
pub(crate) fn shown_if_there<T: DeserializeOwned>(reply: &Reply) -> Result<Option<T>, ProviderError> {
    if reply.status == 404 { Ok(None) } else { shown(reply).map(Some) }
}

/// Whether a call or a chat is over that was asked to end.
///
/// # Errors
/// [`ProviderError`] where that cannot be said.
pub(crate) async fn is_over(
    reply: &Reply,
    shown: impl Future<Output = Result<bool, ProviderError>>,
) -> Result<bool, ProviderError> {
    match reply.status {
        200..=299 | 404 => Ok(true),
        // What is over cannot be ended; whether that is why, it tells by itself.
        400..=499 => shown.await,
        _ => Err(unexpected(reply)),
    }
}

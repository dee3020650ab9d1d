//! Client for JSON APIs with a bearer token: those of Retell, Telnyx and Vapi.

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

/// Account whose API key authenticates requests.
pub(crate) trait Keyed: Account {
    /// Returns the API key.
    fn api_key(&self) -> &str;
}

/// Request to an API.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    /// HTTP method.
    pub(crate) method: Method,
    /// Path segments, not yet percent-encoded.
    pub(crate) path: &'a [&'a str],
    /// Query parameters.
    pub(crate) query: &'a [(&'a str, &'a str)],
    /// Request body, as JSON.
    pub(crate) body: Option<Vec<u8>>,
    /// Number of bytes that are read of the answer.
    pub(crate) keep_bytes: usize,
}

impl<'a> Request<'a> {
    /// Creates a `GET` request.
    pub(crate) fn get(path: &'a [&'a str]) -> Self {
        Self { method: Method::GET, path, query: &[], body: None, keep_bytes: LONG_CALL_BYTES }
    }

    /// Creates a `POST` request.
    pub(crate) fn post(path: &'a [&'a str]) -> Self {
        Self { method: Method::POST, path, query: &[], body: None, keep_bytes: KEEP_BYTES }
    }

    /// Creates a `PATCH` request.
    pub(crate) fn patch(path: &'a [&'a str]) -> Self {
        Self { method: Method::PATCH, path, query: &[], body: None, keep_bytes: KEEP_BYTES }
    }

    /// Raises the answer limit to that of long calls.
    pub(crate) fn of_long_calls(self) -> Self {
        Self { keep_bytes: LONG_CALL_BYTES, ..self }
    }

    /// Sets the query parameters.
    pub(crate) fn with_query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    /// Sets the JSON body.
    pub(crate) fn with_body(self, body: &impl Serialize) -> Self {
        // Serialization cannot fail: the bodies consist of texts, numbers and maps.
        Self { body: Some(serde_json::to_vec(body).unwrap_or_default()), ..self }
    }
}

/// Client for one API. Cheap to clone.
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
    /// Creates a client for the API at `base`, or at `instead` if it is given.
    pub(crate) fn new(client: ProviderClient, secrets: Secrets, base: &str, instead: Option<&Url>) -> Self {
        let accounts = Accounts::new(secrets);
        Self { client, accounts, base: instead.map_or(base, Url::as_str).to_owned() }
    }

    /// Returns the HTTP client.
    pub(crate) fn client(&self) -> &ProviderClient {
        &self.client
    }

    /// Returns the accounts at this provider.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Returns the account of the organization that a call belongs to.
    ///
    /// # Errors
    /// [`Unusable`] if there is no account, or it cannot be read.
    pub(crate) async fn account_for<A: Account>(&self, call: &Call) -> Result<A, Unusable> {
        self.accounts.of(&call.scope.organization).await
    }

    /// Returns `true` if a URL from the API leads to the API's own host, or by https to a host below this domain.
    pub(crate) fn is_at_home(&self, url: &Url, domain: &str) -> bool {
        let Ok(base) = Url::parse(&self.base) else { return false };
        let same = url.host_str() == base.host_str() && url.port_or_known_default() == base.port_or_known_default();
        let below =
            url.host_str().is_some_and(|host| host.strip_suffix(domain).is_some_and(|host| host.ends_with('.')));
        (same && url.scheme() == base.scheme()) || (below && url.scheme() == "https")
    }

    /// Sends a request, once.
    ///
    /// # Errors
    /// [`NoReply`] if no complete answer came back.
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
        // A key that cannot stand in a header cannot be the right one. The request is sent without it, and the API refuses it.
        if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", account.api_key())) {
            bearer.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, bearer);
        }
        self.send(request.method, url, headers, request.body, request.keep_bytes).await
    }

    /// Sends a request that creates a call, a chat or an SMS message. If the API refuses the account and its key was rotated,
    /// the request is sent once more with the new key. The refused request has created nothing.
    ///
    /// # Errors
    /// [`NoReply`] if no complete answer came back.
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

    /// Sends JSON to a URL that the API gave. The request carries no credentials, because the URL itself is one.
    ///
    /// # Errors
    /// [`NoReply`] if no complete answer came back.
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

/// Creates the error for an answer with an unexpected status or body.
pub(crate) fn unexpected(reply: &Reply) -> ProviderError {
    ProviderError::new(format!("it answered {}", reply.status))
}

/// Parses the body of a successful answer.
///
/// # Errors
/// [`ProviderError`] if the answer is a refusal, or cannot be read.
pub(crate) fn shown<T: DeserializeOwned>(reply: &Reply) -> Result<T, ProviderError> {
    reply.is_success().then(|| reply.json()).flatten().ok_or_else(|| unexpected(reply))
}

/// Parses the body of a successful answer. Returns `None` for a 404: the provider knows no such item.
///
/// # Errors
/// [`ProviderError`], as for [`shown`].
pub(crate) fn shown_if_there<T: DeserializeOwned>(reply: &Reply) -> Result<Option<T>, ProviderError> {
    if reply.status == 404 { Ok(None) } else { shown(reply).map(Some) }
}

/// Returns `true` if a call or chat is over after a request to end it. `shown` reads its state, for an answer that does not
/// tell.
///
/// # Errors
/// [`ProviderError`] if the state cannot be read, or the answer has an unexpected status.
pub(crate) async fn is_over(
    reply: &Reply,
    shown: impl Future<Output = Result<bool, ProviderError>>,
) -> Result<bool, ProviderError> {
    match reply.status {
        200..=299 | 404 => Ok(true),
        // A provider refuses to end what is already over. The state tells if that is the reason for the refusal.
        400..=499 => shown.await,
        _ => Err(unexpected(reply)),
    }
}

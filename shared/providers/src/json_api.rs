//! An API that takes and gives JSON and knows us by a bearer token, as those of Retell, Telnyx and Vapi do; and the accounts
//! that organizations have there.

use std::fmt;

use domain::call::Call;
use domain::dispatch::Outcome;
use domain::end_reason::EndReason;
use domain::ids::OrganizationId;
use domain::organization::Provider;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::client::{KEEP_BYTES, NoReply, ProviderClient, Question, Reply};
use crate::egress::{EgressError, UrlError};
use crate::secrets::{Secret, Secrets, SecretsError};
use crate::voice::ProviderError;

/// The account has to pay first.
const PAYMENT_REQUIRED: u16 = 402;

/// What an account at a provider is known by: the secret's JSON.
pub(crate) trait Account: DeserializeOwned {
    /// The provider.
    const PROVIDER: Provider;
    /// Says that an organization has none there.
    const MISSING: &'static str;

    /// What requests are made with. An account without it is none.
    fn api_key(&self) -> &str;
}

/// What is asked of an API.
pub(crate) struct Request<'a> {
    /// The method.
    pub(crate) method: Method,
    /// The path, segment by segment, each as it is.
    pub(crate) path: &'a [&'a str],
    /// The query.
    pub(crate) query: &'a [(&'a str, &'a str)],
    /// The body, as JSON.
    pub(crate) body: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    /// A question.
    pub(crate) fn get(path: &'a [&'a str]) -> Self {
        Self { method: Method::GET, path, query: &[], body: None }
    }

    /// A demand.
    pub(crate) fn post(path: &'a [&'a str]) -> Self {
        Self { method: Method::POST, path, query: &[], body: None }
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
    secrets: Secrets,
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
        Self { client, secrets, base: instead.map_or(base, Url::as_str).to_owned() }
    }

    /// What reaches it.
    pub(crate) fn client(&self) -> &ProviderClient {
        &self.client
    }

    /// The account that this organization has there, or shares.
    ///
    /// # Errors
    /// [`SecretsError`] where it cannot be looked up.
    pub(crate) async fn account<A: Account>(&self, organization: &OrganizationId) -> Result<Option<A>, SecretsError> {
        let secret = self.secrets.provider(organization, A::PROVIDER).await?;
        Ok(secret.as_ref().and_then(Secret::json::<A>).filter(|account| !account.api_key().is_empty()))
    }

    /// The account to ask about a call with.
    ///
    /// # Errors
    /// [`ProviderError`] where there is none, or it cannot be looked up.
    pub(crate) async fn known<A: Account>(&self, call: &Call) -> Result<A, ProviderError> {
        let account = self.account(&call.scope.organization).await.map_err(ProviderError::new)?;
        account.ok_or_else(|| ProviderError::new(A::MISSING))
    }

    /// The account to place a call with, and the public URL to be called back at.
    ///
    /// # Errors
    /// What asking for the call comes to without them: nobody was asked.
    pub(crate) async fn to_place<A: Account, Id>(&self, call: &Call) -> Result<(A, String), Outcome<Id>> {
        let account = self.account(&call.scope.organization).await;
        match (account, self.secrets.public_url().await) {
            (Ok(Some(account)), Ok(Some(public_url))) => Ok((account, public_url)),
            (Ok(None), _) => Err(unable(A::MISSING)),
            (_, Ok(None)) => Err(unable("the deployment's public URL is not set")),
            (Err(_), _) | (_, Err(_)) => Err(unread()),
        }
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
    pub(crate) async fn ask(&self, account: &impl Account, request: Request<'_>) -> Result<Reply, NoReply> {
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
        self.send(request.method, url, headers, request.body).await
    }

    /// Sends JSON to a URL that the API gave, without credentials: the URL is one.
    ///
    /// # Errors
    /// [`NoReply`] where no complete answer came back.
    pub(crate) async fn post_to(&self, url: Url, body: &impl Serialize) -> Result<Reply, NoReply> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.send(Method::POST, url, HeaderMap::new(), Some(body)).await
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

/// What a refusal means, where its status says more than that it is one.
pub(crate) fn meaning(reply: &Reply) -> Option<EndReason> {
    (reply.status == PAYMENT_REQUIRED).then_some(EndReason::PROVIDER_UNAVAILABLE)
}

/// Nobody was asked, and asking again would be no better.
pub(crate) fn unable<Id>(why: &str) -> Outcome<Id> {
    Outcome::Refused { reason: EndReason::PROVIDER_UNAVAILABLE, why: why.to_owned() }
}

/// Nobody was asked, because what to ask with could not be read just now.
fn unread<Id>() -> Outcome<Id> {
    Outcome::NotPlaced { retry_after: None, why: "the deployment's secrets could not be read".to_owned() }
}

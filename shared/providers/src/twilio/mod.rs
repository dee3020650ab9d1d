//! Adapter for Twilio: Programmable Voice and Messaging, by its REST API of 2010-04-01.
//!
//! Outcomes of placing a call or sending an SMS message:
//!
//! | event | outcome |
//! |---|---|
//! | no address, no connection, no TLS | not placed: nothing was sent |
//! | no answer in time, or the connection breaks | unknown |
//! | 201 with a `sid` | accepted |
//! | any other 2xx: no JSON, half of it, no `sid` | unknown |
//! | 429, code 20429, with or without `Retry-After` | not placed |
//! | 408, 409, 425, any 5xx, code 20500 | unknown: Twilio's own page says that a create is not idempotent |
//! | 401, 403, code 20003 | refused: `provider_unavailable` |
//! | 400 with a code that `errors.rs` knows | refused, with the meaning of the code |
//! | any other 4xx | refused: `rejected` |
//! | no account in the deployment's secrets, or no public URL | refused: `provider_unavailable`; nothing was sent |
//!
//! An unknown outcome is settled by the signed callback, whose address carries conversation and attempt. Without a callback,
//! the list of calls settles it, although it shows neither. A listed call is claimed if it has the same two numbers, was created
//! within the attempt's time, and has no owner yet. The claim waits until an owner must have stored the call.

mod errors;
mod form;
mod report;
mod signature;
mod sms;
mod twiml;
mod voice;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ids::OrganizationId;
use domain::provider::Provider;
use domain::time::{Span, Timestamp};
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use crate::account::{self, Accounts, Unusable};
use crate::callback::Callback;
use crate::client::{KEEP_BYTES, NoReply, ProviderClient, Question, Reply, UNAUTHORIZED};
use crate::secrets::Secrets;
use crate::voice::ProviderError;

pub use form::Form;
pub use report::{answer_callback, call_callback, delivery_of, text_of};
pub use twiml::{hang_up, nothing, speak};

/// Base URL of the API.
const BASE: &str = "https://api.twilio.com";

/// Fragment at the end of every callback address (Twilio's webhook connection overrides). It asks for four retries after any
/// failure. By default, Twilio does not retry after a 5xx of ours. The fragment itself is not sent.
const RETRIES: &str = "#rc=4&rp=all";

/// Tolerance for the creation time of a call, before and after the attempt's beginning. Clocks differ, and Twilio's times are
/// whole seconds.
const BEFORE: Span = Span::seconds(3);
const AFTER: Span = Span::seconds(30);

/// Default number of calls that an account may place in a second ("each account is granted one CPS"). Twilio would queue
/// further calls, and let them ring when the client no longer expects it.
const CALLS_PER_SECOND: u32 = 1;

/// Number of newest calls or SMS messages between two numbers that a search reads.
const PAGE: &str = "50";

/// Account at Twilio, as stored in its secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    /// Account SID: `AC…`.
    account_sid: String,
    /// Primary auth token, which signs callbacks.
    auth_token: String,
    /// SID of an API key (`SK…`) that authenticates requests instead of the token.
    #[serde(default)]
    key_sid: Option<String>,
    /// Secret of the API key.
    #[serde(default)]
    key_secret: Option<String>,
    /// Number of calls that the account may place in a second.
    #[serde(default)]
    calls_per_second: Option<u32>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account")
    }
}

impl account::Account for Account {
    const PROVIDER: Provider = Provider::Twilio;

    fn credential(&self) -> String {
        let key = (self.key_sid.as_deref(), self.key_secret.as_deref());
        format!("{}:{}:{key:?}", self.account_sid, self.auth_token)
    }

    fn is_sound(&self) -> bool {
        let sid = &self.account_sid;
        sid.starts_with("AC") && sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !self.auth_token.is_empty()
    }

    fn name(&self) -> String {
        self.account_sid.clone()
    }

    fn calls_per_second(&self) -> Option<u32> {
        self.calls_per_second.or(Some(CALLS_PER_SECOND))
    }

    fn signed(&self, callback: Callback<'_>, _now: Timestamp) -> bool {
        signature::is_genuine(&self.auth_token, callback)
    }
}

impl Account {
    fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = match (&self.key_sid, &self.key_secret) {
            (Some(sid), Some(secret)) => (sid, secret),
            (None, _) | (_, None) => (&self.account_sid, &self.auth_token),
        };
        let basic = STANDARD.encode(format!("{user}:{password}"));
        let mut value = HeaderValue::from_str(&format!("Basic {basic}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Adapter for Twilio. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Twilio {
    client: ProviderClient,
    accounts: Accounts,
    base: String,
}

impl Twilio {
    /// Creates the adapter for Twilio's API, or for its stand-in at `base`.
    pub fn new(client: ProviderClient, secrets: Secrets, base: Option<&Url>) -> Self {
        let base = base.map_or(BASE, Url::as_str).trim_end_matches('/').to_owned();
        Self { client, accounts: Accounts::new(secrets), base }
    }

    async fn account(&self, organization: &OrganizationId) -> Result<Account, Unusable> {
        self.accounts.of(organization).await
    }

    /// Sends a request below the account's path.
    async fn ask(
        &self,
        account: &Account,
        method: Method,
        path: &str,
        form: Option<Form>,
        keep_bytes: usize,
    ) -> Result<Reply, NoReply> {
        self.client.ask(self.question(account, method, path, form, keep_bytes)?).await
    }

    /// Sends a request that creates a call or an SMS message. If Twilio refuses the account and its credentials were rotated,
    /// the request is sent once more with the new ones. The refused request has created nothing.
    async fn ask_to_make(
        &self,
        organization: &OrganizationId,
        account: &Account,
        path: &str,
        form: Form,
    ) -> Result<Reply, NoReply> {
        let reply = self.ask(account, Method::POST, path, Some(form.clone()), KEEP_BYTES).await?;
        if reply.status != UNAUTHORIZED {
            return Ok(reply);
        }
        match self.accounts.changed(organization, account).await {
            Some(account) => self.ask(&account, Method::POST, path, Some(form), KEEP_BYTES).await,
            None => Ok(reply),
        }
    }

    fn question(
        &self,
        account: &Account,
        method: Method,
        path: &str,
        form: Option<Form>,
        keep_bytes: usize,
    ) -> Result<Question, NoReply> {
        let mut headers = HeaderMap::from_iter(account.authorization().map(|value| (header::AUTHORIZATION, value)));
        let is_post = method == Method::POST;
        let encoded = form.map(|form| form.encoded()).unwrap_or_default();
        let mut url = format!("{}/2010-04-01/Accounts/{}/{path}", self.base, account.account_sid);
        if is_post {
            let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, media_type);
        } else if !encoded.is_empty() {
            url = format!("{url}?{encoded}");
        }
        let url = Url::parse(&url).map_err(|error| {
            NoReply::NotSent(crate::egress::EgressError::Refused(crate::egress::UrlError::Malformed(error)))
        })?;
        let body = if is_post { encoded.into_bytes() } else { Vec::new() };
        Ok(Question { method, url, headers, body, keep_bytes })
    }

    /// Fetches JSON of this shape. Returns `None` for a 404.
    async fn look<T: serde::de::DeserializeOwned>(
        &self,
        account: &Account,
        path: &str,
        query: Option<Form>,
    ) -> Result<Option<T>, ProviderError> {
        let reply = self.ask(account, Method::GET, path, query, KEEP_BYTES).await?;
        match reply.status {
            404 => Ok(None),
            200..=299 => reply.json().map(Some).ok_or_else(|| ProviderError::new("the answer cannot be read")),
            status => Err(ProviderError::new(format!("the provider answered {status}"))),
        }
    }
}

/// Parses a time as Twilio writes it: RFC 2822, in whole seconds.
fn moment(text: &str) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from_milliseconds(at.unix_timestamp().saturating_mul(1_000)))
}

/// Returns the creation time of an item, if the attempt that began at `since` may have created it.
fn made_in_time(made: Option<&str>, since: Timestamp) -> Option<Timestamp> {
    made.and_then(moment).filter(|made| *made + BEFORE >= since && *made <= since + AFTER)
}

/// Returns `true` if a text can be an id of Twilio's: two letters and 32 digits. Every alphanumeric text with a given prefix
/// and at most 64 characters is accepted.
fn is_sid(text: &str, prefixes: &[&str]) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain && text.len() <= 64 && prefixes.iter().any(|prefix| text.starts_with(prefix))
}

//! Twilio: Programmable Voice and Messaging, by its REST API of 2010-04-01.
//!
//! What comes of asking for a call or a text:
//!
//! | what happens | outcome |
//! |---|---|
//! | no name, no connection, no TLS | not placed: nothing was sent |
//! | no answer in time, or the connection breaks | unknown |
//! | 201 with a `sid` | accepted |
//! | any other 2xx: no JSON, half of it, no `sid` | unknown |
//! | 429, code 20429, with or without `Retry-After` | not placed |
//! | 408, 409, 425, any 5xx, code 20500 | unknown: Twilio's own page says that a create is not idempotent |
//! | 401, 403, code 20003 | refused: `provider_unavailable` |
//! | 400 with a code that `errors.rs` knows | refused, with what the code means |
//! | any other 4xx | refused: `rejected` |
//! | no account in the deployment's secrets, or no public URL | refused: `provider_unavailable`; nothing was sent |
//!
//! Unknown is settled by the signed callback, whose address carries conversation and attempt; else by the list of calls,
//! which does not show them: a call with the same two numbers, made in the attempt's time, that no conversation holds by the
//! time at which its owner must have written it down.

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
use domain::organization::Provider;
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
pub use report::{CallCallback, delivery_of, text_of};
pub use twiml::{hang_up, nothing, speak};

/// Where the API is to be had.
const BASE: &str = "https://api.twilio.com";

/// What is appended to every callback's address: retried four times, whatever went wrong (Twilio's webhook connection
/// overrides). By default a 5xx of ours is not retried. It is a fragment, and is not sent.
const RETRIES: &str = "#rc=4&rp=all";

/// How much earlier or later than the attempt a call may say it was made: clocks differ, and Twilio's moments are whole
/// seconds.
const BEFORE: Span = Span::seconds(3);
const AFTER: Span = Span::seconds(30);

/// How many calls an account may ask for in a second where nobody says otherwise ("each account is granted one CPS"). Twilio
/// would queue what is more, and let it ring when nobody expects it any more.
const CALLS_PER_SECOND: u32 = 1;

/// How many of the newest calls or texts between two numbers are looked at.
const PAGE: &str = "50";

/// An account, as it stands in the deployment's secrets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    /// `AC…`.
    account_sid: String,
    /// The primary auth token: it signs callbacks.
    auth_token: String,
    /// An API key's `SK…`, to ask with instead of the token.
    #[serde(default)]
    key_sid: Option<String>,
    /// The API key's secret.
    #[serde(default)]
    key_secret: Option<String>,
    /// How many calls it may ask for in a second.
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

/// Twilio.
#[derive(Clone, Debug)]
pub struct Twilio {
    client: ProviderClient,
    accounts: Accounts,
    base: String,
}

impl Twilio {
    /// Twilio, or what stands in for it at another address.
    pub fn new(client: ProviderClient, secrets: Secrets, base: Option<&Url>) -> Self {
        let base = base.map_or(BASE, Url::as_str).trim_end_matches('/').to_owned();
        Self { client, accounts: Accounts::new(secrets), base }
    }

    async fn account(&self, organization: &OrganizationId) -> Result<Account, Unusable> {
        self.accounts.of(organization).await
    }

    /// Asks for something of an account's.
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

    /// Asks for a call or a text, once. Where Twilio refuses the account, and its credentials turn out to have been rotated, it has
    /// placed nothing, and is asked with the new ones.
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

    /// Asks for JSON of this shape. `None` where there is no such thing.
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

/// A moment as Twilio writes it: RFC 2822, in whole seconds.
fn moment(text: &str) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from_milliseconds(at.unix_timestamp().saturating_mul(1_000)))
}

/// When something was made, where that may have been by the attempt that began then.
fn made_in_time(made: Option<&str>, since: Timestamp) -> Option<Timestamp> {
    made.and_then(moment).filter(|made| *made + BEFORE >= since && *made <= since + AFTER)
}

/// An id of Twilio's: two letters and 32 digits; anything that can stand in a path is taken.
fn is_sid(text: &str, prefixes: &[&str]) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain && text.len() <= 64 && prefixes.iter().any(|prefix| text.starts_with(prefix))
}

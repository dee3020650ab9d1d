//! Accounts at providers, from the deployment's secrets: an organization's own account, or the shared one.

use std::error::Error;

use domain::digest::hex;
use domain::dispatch::Outcome;
use domain::end_reason::EndReason;
use domain::ids::OrganizationId;
use domain::provider::Provider;
use domain::time::{Span, Timestamp};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use store::Pace;

use crate::callback::Callback;
use crate::secrets::{Secret, Secrets, SecretsError};
use crate::voice::ProviderError;

/// Account at a provider, as stored in its secret, in JSON.
pub(crate) trait Account: DeserializeOwned {
    /// Provider of the account.
    const PROVIDER: Provider;

    /// Returns the credential of requests. It leaves this process only in requests.
    fn credential(&self) -> String;

    /// Returns `true` if the account can be used. A secret without request credentials cannot.
    fn is_sound(&self) -> bool;

    /// Returns a name of the account that is not secret. The account's rate limiter is stored under it.
    fn name(&self) -> String;

    /// Returns the number of calls that the provider accepts in a second. `None` if no such limit is known.
    fn calls_per_second(&self) -> Option<u32>;

    /// Returns `true` if the provider signed this callback for this account.
    fn signed(&self, callback: Callback<'_>, now: Timestamp) -> bool;
}

/// Reason why a provider cannot be asked at all.
pub(crate) enum Unusable {
    /// Missing setup: no account, an unusable account, no public URL, or an agent without the settings of this provider.
    NotSetUp(String),
    /// Secrets that cannot be read at the moment, so that it is unknown if an account exists.
    Unread(SecretsError),
}

impl Unusable {
    /// Creates the error for missing setup. Asking again would not help.
    pub(crate) fn not_set_up(why: &str) -> Self {
        Self::NotSetUp(why.to_owned())
    }

    /// Returns the outcome for a call or an SMS message. Nothing was sent.
    pub(crate) fn outcome<Id>(self) -> Outcome<Id> {
        match self {
            Self::NotSetUp(why) => Outcome::Refused { reason: EndReason::PROVIDER_UNAVAILABLE, why },
            Self::Unread(error) => {
                tracing::warn!(error = &error as &dyn Error, "no credentials for the provider");
                let why = "the provider's credentials could not be read".to_owned();
                Outcome::NotPlaced { retry_after: None, why }
            }
        }
    }
}

impl From<Unusable> for ProviderError {
    fn from(error: Unusable) -> Self {
        match error {
            Unusable::NotSetUp(why) => Self::new(why),
            Unusable::Unread(error) => Self::new(error),
        }
    }
}

/// Accounts of all organizations. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Accounts(Secrets);

impl Accounts {
    /// Creates the accounts over these secrets.
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self(secrets)
    }

    /// Returns the organization's account at the provider: its own, or the shared one.
    pub(crate) async fn of<A: Account>(&self, organization: &OrganizationId) -> Result<A, Unusable> {
        let secret = self.0.provider(organization, A::PROVIDER).await.map_err(Unusable::Unread)?;
        let name = A::PROVIDER.as_str();
        let Some(secret) = secret else {
            return Err(Unusable::NotSetUp(format!("the deployment has no account at {name} for the organization")));
        };
        account_of(&secret)
            .ok_or_else(|| Unusable::NotSetUp(format!("the secret of the account at {name} makes no sense")))
    }

    /// Reads the account again, and returns it if its credentials have changed since `known` was read. A provider refuses
    /// rotated credentials, and a refused request has placed nothing.
    pub(crate) async fn changed<A: Account>(&self, organization: &OrganizationId, known: &A) -> Option<A> {
        let secret = self.0.provider_anew(organization, A::PROVIDER).await.ok()??;
        account_of::<A>(&secret).filter(|account| account.credential() != known.credential())
    }

    /// Reads the account and the public URL into the cache, ahead of their use.
    pub(crate) async fn prepare(&self, organization: &OrganizationId, provider: Provider) {
        if let Err(error) = self.0.provider(organization, provider).await {
            tracing::warn!(error = &error as &dyn Error, "no credentials for the provider");
        }
    }

    /// Returns the rate limit of the organization's own or shared account. `None` if the account has no limit.
    pub(crate) async fn pace<A: Account>(&self, organization: &OrganizationId) -> Option<Pace> {
        // Without an account no call is placed; placing it reports why.
        let account: A = self.of(organization).await.ok()?;
        let in_a_second = account.calls_per_second()?.clamp(1, 1_000);
        let account = format!("{}#{}", A::PROVIDER.as_str(), account.name());
        Some(Pace { account, interval: Span::milliseconds(1_000_u32.div_ceil(in_a_second)) })
    }

    /// Returns the public URL of the deployment, which callback addresses begin with.
    pub(crate) async fn public_url(&self) -> Result<String, Unusable> {
        let url = self.0.public_url().await.map_err(Unusable::Unread)?;
        url.ok_or_else(|| Unusable::not_set_up("the deployment has no public URL for callbacks"))
    }
}

/// Returns a name for an account that has only its API key: the first 8 bytes of the key's SHA-256, in hexadecimal.
pub(crate) fn name_of(api_key: &str) -> String {
    hex(&Sha256::digest(api_key.as_bytes())[..8])
}

/// Parses the account in a secret. Returns `None` if the secret is not a usable account.
pub(crate) fn account_of<A: Account>(secret: &Secret) -> Option<A> {
    secret.json().filter(A::is_sound)
}

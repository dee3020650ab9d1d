//! The accounts that organizations have at providers, or share: the deployment's secrets say which.

use std::error::Error;

use domain::dispatch::Outcome;
use domain::end_reason::EndReason;
use domain::ids::{OrganizationId, hex};
use domain::organization::Provider;
use domain::time::{Span, Timestamp};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use store::Pace;

use crate::callback::Callback;
use crate::secrets::{Secret, Secrets, SecretsError};
use crate::voice::ProviderError;
use crate::{retell, telnyx, twilio, vapi};

/// What an account at a provider is known by: the secret's JSON.
pub(crate) trait Account: DeserializeOwned {
    /// The provider.
    const PROVIDER: Provider;

    /// What requests are made with. It leaves this process in requests only.
    fn credential(&self) -> String;

    /// Whether it can be one. A secret without what requests are made with is none.
    fn is_sound(&self) -> bool;

    /// Names the account, and is no secret: its pace is kept under it.
    fn name(&self) -> String;

    /// How many calls the provider lets it ask for in a second; `None` where nothing is known of such a limit.
    fn calls_per_second(&self) -> Option<u32>;

    /// Whether the provider signed this callback, as it does for this account.
    fn signed(&self, callback: Callback<'_>, now: Timestamp) -> bool;
}

/// Why a provider cannot be asked at all.
pub(crate) enum Unusable {
    /// The deployment has no account there, or none that makes sense, or no public URL; or what is to be asked for is not
    /// set up.
    NotSetUp(String),
    /// Whether it has cannot be found out now.
    Unread(SecretsError),
}

impl Unusable {
    /// Something is not set up; asking again would be no better.
    pub(crate) fn not_set_up(why: &str) -> Self {
        Self::NotSetUp(why.to_owned())
    }

    /// What that comes to for a call or a text: nothing was sent.
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

/// The accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Accounts(Secrets);

impl Accounts {
    /// Those that these secrets tell of.
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self(secrets)
    }

    /// The account that this organization has there, or shares.
    pub(crate) async fn of<A: Account>(&self, organization: &OrganizationId) -> Result<A, Unusable> {
        let secret = self.0.provider(organization, A::PROVIDER).await.map_err(Unusable::Unread)?;
        let name = A::PROVIDER.as_str();
        let Some(secret) = secret else {
            return Err(Unusable::NotSetUp(format!("the deployment has no account at {name} for the organization")));
        };
        account_of(&secret)
            .ok_or_else(|| Unusable::NotSetUp(format!("the secret of the account at {name} makes no sense")))
    }

    /// The account, as it is now, where its credentials have changed since this was read: a provider refuses what was rotated,
    /// and a request that was refused for it has placed nothing.
    pub(crate) async fn changed<A: Account>(&self, organization: &OrganizationId, known: &A) -> Option<A> {
        let secret = self.0.provider_anew(organization, A::PROVIDER).await.ok()??;
        account_of::<A>(&secret).filter(|account| account.credential() != known.credential())
    }

    /// Reads the account, and where providers call back, so that both are at hand.
    pub(crate) async fn prepare(&self, organization: &OrganizationId, provider: Provider) {
        if let Err(error) = self.0.provider(organization, provider).await {
            tracing::warn!(error = &error as &dyn Error, "no credentials for the provider");
        }
    }

    /// How fast the account that this organization has, or shares, takes calls; `None` where nobody limits it.
    pub(crate) async fn pace<A: Account>(&self, organization: &OrganizationId) -> Option<Pace> {
        // Without an account nothing is asked for, and asking says why.
        let account: A = self.of(organization).await.ok()?;
        let in_a_second = account.calls_per_second()?.clamp(1, 1_000);
        let account = format!("{}#{}", A::PROVIDER.as_str(), account.name());
        Some(Pace { account, interval: Span::milliseconds(1_000_u32.div_ceil(in_a_second)) })
    }

    /// Where providers call back.
    pub(crate) async fn public_url(&self) -> Result<String, Unusable> {
        let url = self.0.public_url().await.map_err(Unusable::Unread)?;
        url.ok_or_else(|| Unusable::not_set_up("the deployment has no public URL for callbacks"))
    }
}

/// A name for an account that has none but its API key: a part of the key's SHA-256.
pub(crate) fn name_of(api_key: &str) -> String {
    hex(&Sha256::digest(api_key.as_bytes())[..8])
}

/// The account that a secret tells of; `None` where it makes no sense.
fn account_of<A: Account>(secret: &Secret) -> Option<A> {
    secret.json().filter(A::is_sound)
}

/// Whether a callback was signed by this provider, with the account that it knows this organization by.
///
/// # Errors
/// [`SecretsError`] where the account cannot be looked up.
pub async fn is_signed(
    secrets: &Secrets,
    provider: Provider,
    organization: &OrganizationId,
    callback: Callback<'_>,
    now: Timestamp,
) -> Result<bool, SecretsError> {
    if is_signed_by(provider, secrets.provider(organization, provider).await?, callback, now) {
        return Ok(true);
    }
    // What it is signed with may have been changed since it was read.
    Ok(is_signed_by(provider, secrets.provider_now(organization, provider).await?, callback, now))
}

fn is_signed_by(provider: Provider, secret: Option<Secret>, callback: Callback<'_>, now: Timestamp) -> bool {
    let Some(secret) = secret else { return false };
    match provider {
        Provider::Twilio => is_signed_for::<twilio::Account>(&secret, callback, now),
        Provider::Retell => is_signed_for::<retell::Account>(&secret, callback, now),
        Provider::Telnyx => is_signed_for::<telnyx::Account>(&secret, callback, now),
        Provider::Vapi => is_signed_for::<vapi::Account>(&secret, callback, now),
        Provider::Simulator => false,
    }
}

fn is_signed_for<A: Account>(secret: &Secret, callback: Callback<'_>, now: Timestamp) -> bool {
    account_of::<A>(secret).is_some_and(|account| account.signed(callback, now))
}

#[cfg(test)]
mod tests;

//! Signatures of callbacks, checked with the account that an organization has at the provider.

use domain::ids::OrganizationId;
use domain::provider::Provider;
use domain::time::Timestamp;

use crate::account::{Account, account_of};
use crate::callback::Callback;
use crate::secrets::{Secret, Secrets, SecretsError};
use crate::{retell, telnyx, twilio, vapi};

/// Returns `true` if this provider signed the callback for the organization's account.
///
/// # Errors
/// [`SecretsError`] if the account cannot be read.
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
    // The signing secret may have been rotated since it was read.
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

//! Secrets of the deployment: its accounts at providers and its keys for models.
//!
//! A secret is read when it is first needed, and kept for five minutes. If a refresh fails, the known value stays in use.
//! Secrets are in no environment variable, log, item or error.
//!
//! | name | value |
//! |---|---|
//! | `organizations/<organization>/providers/<provider>` | an organization's own account, as JSON |
//! | `providers/<provider>` | the deployment's account, for organizations without their own |
//! | `organizations/<organization>/models/<name>` | an organization's own key for a model, as text, or as below |
//! | `models/<name>` | a model's key with the address that it is for: `{"key", "baseUrl"}`, or `{"key", "vendor"}` |
//! | `public-url` | address of the deployment from outside; not secret, but needed together with a secret |

mod check;
mod file;
mod models;
mod parameter_store;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::OrganizationId;
use domain::provider::Provider;
use domain::time::{Span, Timestamp};
use serde::de::DeserializeOwned;
use store::clock::Clock;

pub use models::{ModelAccess, ModelKeyError};
pub use parameter_store::{ParameterStore, SECRETS_TIMEOUT};

/// Age up to which a value counts as fresh.
const REFRESH_AFTER: Span = Span::minutes(5);

/// Age from which a value may be read again after a signature did not fit. A sender of wrong signatures causes no more reads
/// than that.
const DOUBT_AFTER: Span = Span::seconds(30);

/// Maximum number of names in the cache. Names without a secret count too.
const MOST_KNOWN: usize = 2_000;
/// Age from which a value is read again after a provider has refused it. Several requests that were refused together read it
/// once.
const ANEW_AFTER: Span = Span::seconds(1);

/// Name of the deployment's public URL.
const PUBLIC_URL: &str = "public-url";

/// Secret value. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Creates a secret from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the value, for signing or authenticating with it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Parses the secret as JSON of this shape. Returns `None` if it has another shape. There is no error text: it would show
    /// the secret.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Error of reading secrets.
#[derive(Debug, thiserror::Error)]
#[error("the deployment's secrets could not be read")]
pub struct SecretsError(#[source] Box<dyn Error + Send + Sync>);

impl SecretsError {
    fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Source of the secrets.
#[derive(Debug)]
enum Source {
    /// No secrets.
    Nowhere,
    /// Secrets that the caller gave.
    Given(BTreeMap<String, Secret>),
    /// JSON file, read again for every refresh: for one machine.
    File(PathBuf),
    /// SSM Parameter Store.
    ParameterStore(Box<ParameterStore>),
}

/// Cached value of a name: its secret, or the fact that there is none.
#[derive(Clone, Debug)]
struct Known {
    secret: Option<Secret>,
    read_at: Timestamp,
}

/// Secrets of the deployment. Clones share the cache.
#[derive(Clone, Debug)]
pub struct Secrets {
    inner: Arc<Inner>,
    public_url: Option<String>,
}

#[derive(Debug)]
struct Inner {
    source: Source,
    clock: Clock,
    known: Mutex<BTreeMap<String, Known>>,
}

impl Secrets {
    fn from_source(source: Source, clock: Clock) -> Self {
        Self { inner: Arc::new(Inner { source, clock, known: Mutex::default() }), public_url: None }
    }

    /// Creates a source without secrets.
    pub fn none(clock: Clock) -> Self {
        Self::from_source(Source::Nowhere, clock)
    }

    /// Creates a source of these secrets, by name.
    pub fn given(secrets: BTreeMap<String, Secret>, clock: Clock) -> Self {
        Self::from_source(Source::Given(secrets), clock)
    }

    /// Creates a source from a file: a JSON object whose values are texts or objects.
    pub fn of_file(path: PathBuf, clock: Clock) -> Self {
        Self::from_source(Source::File(path), clock)
    }

    /// Returns the problems of names and shapes in a file of secrets, so that its owner sees them before a secret is needed.
    /// The texts reveal no secret. A missing file contains none.
    ///
    /// # Errors
    /// [`SecretsError`] if the file cannot be read, or is not a JSON object.
    pub fn problems_of_file(path: &Path) -> Result<Vec<String>, SecretsError> {
        check::problems(path)
    }

    /// Creates a source that reads SSM Parameter Store.
    pub fn of_parameter_store(parameters: ParameterStore, clock: Clock) -> Self {
        Self::from_source(Source::ParameterStore(Box::new(parameters)), clock)
    }

    /// Sets the public URL, which then goes before the one in the source.
    pub fn reached_at(self, public_url: &str) -> Self {
        Self { public_url: Some(public_url.to_owned()), ..self }
    }

    /// Returns an organization's credentials at a provider: its own, else the deployment's. `None` if there are neither.
    ///
    /// # Errors
    /// [`SecretsError`] if they cannot be read.
    pub async fn provider(
        &self,
        organization: &OrganizationId,
        provider: Provider,
    ) -> Result<Option<Secret>, SecretsError> {
        self.provider_as_of(organization, provider, REFRESH_AFTER).await
    }

    /// Returns the same credentials, at most half a minute old. A caller uses it if the credentials may have been changed.
    ///
    /// # Errors
    /// [`SecretsError`] if they cannot be read.
    pub async fn provider_now(
        &self,
        organization: &OrganizationId,
        provider: Provider,
    ) -> Result<Option<Secret>, SecretsError> {
        self.provider_as_of(organization, provider, DOUBT_AFTER).await
    }

    /// Returns the same credentials, at most a second old. A caller uses it after the provider has refused the known ones.
    ///
    /// # Errors
    /// [`SecretsError`] if they cannot be read.
    pub async fn provider_anew(
        &self,
        organization: &OrganizationId,
        provider: Provider,
    ) -> Result<Option<Secret>, SecretsError> {
        self.provider_as_of(organization, provider, ANEW_AFTER).await
    }

    async fn provider_as_of(
        &self,
        organization: &OrganizationId,
        provider: Provider,
        oldest: Span,
    ) -> Result<Option<Secret>, SecretsError> {
        let own = format!("organizations/{organization}/providers/{}", provider.as_str());
        let shared = format!("providers/{}", provider.as_str());
        let mut found = self.read(&[&own, &shared, PUBLIC_URL], oldest).await?;
        Ok(found.remove(&own).or_else(|| found.remove(&shared)))
    }

    /// Returns `true` if it is already known, and fresh, which account the organization has at a provider. Reading the account
    /// then asks no other service.
    pub fn knows_provider(&self, organization: &OrganizationId, provider: Provider) -> bool {
        let now = self.inner.clock.now();
        let name = format!("organizations/{organization}/providers/{}", provider.as_str());
        self.known().get(&name).is_some_and(|known| now < known.read_at + REFRESH_AFTER)
    }

    /// Returns the public URL of the deployment. `None` if it is not set.
    ///
    /// # Errors
    /// [`SecretsError`] if it cannot be read.
    pub async fn public_url(&self) -> Result<Option<String>, SecretsError> {
        if let Some(known) = &self.public_url {
            return Ok(Some(known.clone()));
        }
        Ok(self.read(&[PUBLIC_URL], REFRESH_AFTER).await?.remove(PUBLIC_URL).map(|url| url.0))
    }

    /// Reads the secrets with these names. A value older than `oldest` is read again, and stays in use if that fails.
    async fn read(&self, names: &[&str], oldest: Span) -> Result<BTreeMap<String, Secret>, SecretsError> {
        let now = self.inner.clock.now();
        let mut held = BTreeMap::new();
        let mut wanted = Vec::new();
        for name in names {
            match self.known().get(*name).filter(|known| now < known.read_at + oldest) {
                Some(known) => held.extend(known.secret.clone().map(|secret| ((*name).to_owned(), secret))),
                None => wanted.push(*name),
            }
        }
        if wanted.is_empty() {
            return Ok(held);
        }
        let found = match self.ask(&wanted).await {
            Ok(mut found) => wanted.iter().map(|name| ((*name).to_owned(), found.remove(*name))).collect(),
            Err(error) => {
                let known = self.known();
                let old = |name: &&str| Some(((*name).to_owned(), known.get(*name)?.secret.clone()));
                let old: Option<Vec<_>> = wanted.iter().map(old).collect();
                let Some(old) = old else { return Err(error) };
                tracing::warn!(error = &error as &dyn Error, "the secrets are not refreshed");
                held.extend(old.into_iter().filter_map(|(name, secret)| Some((name, secret?))));
                return Ok(held);
            }
        };
        let found: Vec<(String, Option<Secret>)> = found;
        let mut known = self.known();
        for (name, secret) in found {
            held.extend(secret.clone().map(|secret| (name.clone(), secret)));
            known.insert(name, Known { secret, read_at: now });
        }
        forget_some(&mut known);
        Ok(held)
    }

    async fn ask(&self, names: &[&str]) -> Result<BTreeMap<String, Secret>, SecretsError> {
        match &self.inner.source {
            Source::Nowhere => Ok(BTreeMap::new()),
            Source::Given(given) => Ok(given.clone()),
            Source::File(path) => file::read(path),
            Source::ParameterStore(parameters) => parameters.read(names).await,
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the cache within its bound. Names without a secret are dropped first, then the values that were read longest ago.
fn forget_some(known: &mut BTreeMap<String, Known>) {
    while known.len() > MOST_KNOWN {
        let oldest = known.iter().min_by_key(|(_, known)| (known.secret.is_some(), known.read_at));
        let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
        known.remove(&name);
    }
}

#[cfg(test)]
mod tests;

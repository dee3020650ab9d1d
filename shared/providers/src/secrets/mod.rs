//! Secrets: what the deployment is known by at providers and models.
//!
//! They are read when they are first needed, and kept for five minutes; while a refresh fails, what is known goes on being
//! used. They stand in no environment variable, log, item or error.
//!
//! | name | what |
//! |---|---|
//! | `organizations/<organization>/providers/<provider>` | an organization's own account, as JSON |
//! | `providers/<provider>` | the deployment's account, for organizations without their own |
//! | `organizations/<organization>/models/<name>` | an organization's own key for a model, as text, or as below |
//! | `models/<name>` | a model's key with the address it is for: `{"key", "baseUrl"}`, or `{"key", "vendor"}` |
//! | `public-url` | where the deployment is reached from outside; no secret, and needed together with one |

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
use domain::organization::Provider;
use domain::time::{Span, Timestamp};
use serde::de::DeserializeOwned;
use store::clock::Clock;

pub use models::{ModelAccess, ModelKeyError};
pub use parameter_store::{ParameterStore, SECRETS_TIMEOUT};

/// How long what was read counts as fresh.
const REFRESH_AFTER: Span = Span::minutes(5);

/// From what age on what was read may be doubted: whoever sends wrong signatures makes us look no more often than that.
const DOUBT_AFTER: Span = Span::seconds(30);

/// How many names' answers are kept at most, those of names that are not there among them.
const MOST_KNOWN: usize = 2_000;
/// From what age on what a provider has just refused is read again: those who were refused at the same time read it once.
const ANEW_AFTER: Span = Span::seconds(1);

/// The name of the deployment's public URL.
const PUBLIC_URL: &str = "public-url";

/// A secret. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// This secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for whoever signs or authenticates with it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The secret as JSON of this shape; `None` where it is none. What is wrong is not said: it would show the secret.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Secrets could not be read.
#[derive(Debug)]
pub struct SecretsError(Box<dyn Error + Send + Sync>);

impl SecretsError {
    fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl fmt::Display for SecretsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deployment's secrets could not be read")
    }
}

impl Error for SecretsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}

/// Where secrets come from.
#[derive(Debug)]
enum Source {
    /// There are none.
    Nowhere,
    /// These.
    Given(BTreeMap<String, Secret>),
    /// A file of JSON, read anew each time: for one machine.
    File(PathBuf),
    /// SSM Parameter Store.
    ParameterStore(Box<ParameterStore>),
}

/// What is known of a name: its secret, or that there is none.
#[derive(Clone, Debug)]
struct Known {
    secret: Option<Secret>,
    read_at: Timestamp,
}

/// The deployment's secrets. Clones share what they know.
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

    /// No secrets at all.
    pub fn none(clock: Clock) -> Self {
        Self::from_source(Source::Nowhere, clock)
    }

    /// These, by their names.
    pub fn given(secrets: BTreeMap<String, Secret>, clock: Clock) -> Self {
        Self::from_source(Source::Given(secrets), clock)
    }

    /// Those of a file: a JSON object of names, each with a text or an object.
    pub fn of_file(path: PathBuf, clock: Clock) -> Self {
        Self::from_source(Source::File(path), clock)
    }

    /// What is wrong with the names and shapes in a file of secrets, in words that give no secret away: so that its owner hears of it
    /// before anything needs one. A file that is not there holds none.
    ///
    /// # Errors
    /// [`SecretsError`] where it cannot be read, or is no JSON object.
    pub fn problems_of_file(path: &Path) -> Result<Vec<String>, SecretsError> {
        check::problems(path)
    }

    /// Those in SSM Parameter Store.
    pub fn of_parameter_store(parameters: ParameterStore, clock: Clock) -> Self {
        Self::from_source(Source::ParameterStore(Box::new(parameters)), clock)
    }

    /// The same, where the deployment is reached at this address whatever else is said.
    pub fn reached_at(self, public_url: &str) -> Self {
        Self { public_url: Some(public_url.to_owned()), ..self }
    }

    /// An organization's credentials at a provider: its own, else the deployment's. `None` where there are neither.
    ///
    /// # Errors
    /// [`SecretsError`] where that cannot be found out.
    pub async fn provider(
        &self,
        organization: &OrganizationId,
        provider: Provider,
    ) -> Result<Option<Secret>, SecretsError> {
        self.provider_as_of(organization, provider, REFRESH_AFTER).await
    }

    /// The same, no older than half a minute: for whoever has reason to think that they were changed.
    ///
    /// # Errors
    /// [`SecretsError`] where that cannot be found out.
    pub async fn provider_now(
        &self,
        organization: &OrganizationId,
        provider: Provider,
    ) -> Result<Option<Secret>, SecretsError> {
        self.provider_as_of(organization, provider, DOUBT_AFTER).await
    }

    /// The same, as they are now: for whoever was just refused with those that are known.
    ///
    /// # Errors
    /// [`SecretsError`] where that cannot be found out.
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

    /// Whether it is known already, and not for too long, which account the organization has at a provider: so that to find it out
    /// asks nobody.
    pub fn knows_provider(&self, organization: &OrganizationId, provider: Provider) -> bool {
        let now = self.inner.clock.now();
        let name = format!("organizations/{organization}/providers/{}", provider.as_str());
        self.known().get(&name).is_some_and(|known| now < known.read_at + REFRESH_AFTER)
    }

    /// Where the deployment is reached from outside; `None` where nobody said.
    ///
    /// # Errors
    /// [`SecretsError`] where it cannot be found out.
    pub async fn public_url(&self) -> Result<Option<String>, SecretsError> {
        if let Some(known) = &self.public_url {
            return Ok(Some(known.clone()));
        }
        Ok(self.read(&[PUBLIC_URL], REFRESH_AFTER).await?.remove(PUBLIC_URL).map(|url| url.0))
    }

    /// What there is under these names. What was read a while ago is read again, and serves where that fails.
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

/// Keeps what is known within its bound: names that lead to nothing are forgotten first, then what was read longest ago.
fn forget_some(known: &mut BTreeMap<String, Known>) {
    while known.len() > MOST_KNOWN {
        let oldest = known.iter().min_by_key(|(_, known)| (known.secret.is_some(), known.read_at));
        let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
        known.remove(&name);
    }
}

#[cfg(test)]
mod tests;

//! AWS credentials and region of a command, found in the places in which every AWS tool finds them.

use std::time::UNIX_EPOCH;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use domain::time::{Span, Timestamp};
use store::clock::Clock;
use tokio::sync::Mutex;

use crate::error::Error;

/// Time before the expiry of credentials from which on they are fetched anew, so that no request is refused for them.
const FETCHED_BEFORE: Span = Span::minutes(5);

/// Data that requests to AWS need and that the command line does not name.
#[derive(Debug)]
pub(crate) struct Found {
    /// Region to ask.
    pub(crate) region: String,
    /// Provider of credentials, which fetches them anew before they expire.
    pub(crate) credentials: SharedCredentialsProvider,
    /// Endpoint that the environment or the profile names.
    pub(crate) endpoint: Option<String>,
}

/// Finds credentials and region. With a profile's name, no other source of credentials is asked. Without a name, the first of these
/// counts: environment, profile of `AWS_PROFILE`, web identity, container, EC2 instance. A `region` counts before all others.
///
/// # Errors
/// [`Error::Credentials`] if there are no usable credentials. [`Error::Refused`] if no region is known.
pub(crate) async fn find(region: Option<String>, profile: Option<&str>) -> Result<Found, Error> {
    let http = store::aws::http_client();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
    if let Some(profile) = profile {
        // The chain of sources would take the environment's credentials before those of the profile.
        loader = loader.profile_name(profile).no_credentials();
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let config = loader.load().await;
    let found = match profile {
        Some(profile) => {
            let asked = ProviderConfig::without_region().with_http_client(http).with_region(config.region().cloned());
            let provider = ProfileFileCredentialsProvider::builder().configure(&asked).profile_name(profile).build();
            Some(SharedCredentialsProvider::new(provider))
        }
        None => config.credentials_provider(),
    };
    let found = found.ok_or_else(|| Error::refused("there is nothing to find AWS credentials with"))?;
    let credentials = SharedCredentialsProvider::new(Kept::new(found, Clock::system()));
    // Credentials are fetched before the first request, so that missing ones are not reported as a failed request.
    let told = |error| Error::Credentials { advice: advice(&error, profile), source: Box::new(error) };
    credentials.provide_credentials().await.map_err(told)?;
    let no_region = "no AWS region is known: name one by --region, by AWS_REGION, or in the profile";
    let region = config.region().map(ToString::to_string).ok_or_else(|| Error::refused(no_region))?;
    Ok(Found { region, credentials, endpoint: config.endpoint_url().map(str::to_owned) })
}

/// Returns advice for an operator whose credentials cannot be fetched.
fn advice(error: &CredentialsError, profile: Option<&str>) -> String {
    let login = match profile {
        Some(profile) => format!("aws sso login --profile {profile}"),
        None => "aws sso login".to_owned(),
    };
    match (error, profile) {
        (CredentialsError::CredentialsNotLoaded(_), Some(profile)) => format!(
            "no AWS credentials in the profile {profile}: see that it stands in ~/.aws/config or ~/.aws/credentials, and names \
             keys, a role, a process or an SSO session (`aws configure --profile {profile}`)"
        ),
        (CredentialsError::CredentialsNotLoaded(_), None) => format!(
            "no AWS credentials found: sign in by `{login}`, name a profile by --profile or AWS_PROFILE, or set \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ),
        _ => format!(
            "the AWS credentials cannot be used: if they have expired, sign in again (`{login}`); else mend what is told below"
        ),
    }
}

/// Provider that keeps the credentials of another one until they are about to expire. So a process or a sign-in is asked once, and not
/// once for each client.
#[derive(Debug)]
struct Kept {
    source: SharedCredentialsProvider,
    clock: Clock,
    found: Mutex<Option<Credentials>>,
}

impl Kept {
    fn new(source: SharedCredentialsProvider, clock: Clock) -> Self {
        Self { source, clock, found: Mutex::default() }
    }

    async fn credentials(&self) -> provider::Result {
        let mut found = self.found.lock().await;
        if let Some(kept) = found.as_ref().filter(|kept| self.is_good(kept)) {
            return Ok(kept.clone());
        }
        let new = self.source.provide_credentials().await?;
        *found = Some(new.clone());
        Ok(new)
    }

    fn is_good(&self, credentials: &Credentials) -> bool {
        let Some(expiry) = credentials.expiry() else { return true };
        let milliseconds = expiry.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let expires_at = Timestamp::from_milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX));
        self.clock.now() + FETCHED_BEFORE < expires_at
    }
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, UNIX_EPOCH};

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
    use domain::time::Span;
    use store::clock::Clock;

    use super::{Kept, advice};

    /// Provider of credentials that expire after a time. Their access key is the number of the answer.
    #[derive(Debug)]
    struct Source {
        good_for: Option<Span>,
        answers: AtomicU32,
    }

    impl ProvideCredentials for Source {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let until = self.good_for.map(|span| {
                let until = (Clock::system().now() + span).as_milliseconds();
                UNIX_EPOCH + Duration::from_millis(until.unsigned_abs())
            });
            let id = (self.answers.fetch_add(1, Ordering::Relaxed) + 1).to_string();
            future::ProvideCredentials::ready(Ok(Credentials::new(id, "secret", None, until, "test")))
        }
    }

    async fn asked_twice(good_for: Option<Span>) -> [String; 2] {
        let source = Source { good_for, answers: AtomicU32::new(0) };
        let kept = Kept::new(SharedCredentialsProvider::new(source), Clock::system());
        let mut ids = Vec::new();
        for _ in 0..2 {
            ids.push(kept.provide_credentials().await.unwrap().access_key_id().to_owned());
        }
        ids.try_into().unwrap()
    }

    #[tokio::test]
    async fn credentials_are_fetched_once_until_they_are_about_to_expire() {
        assert_eq!(asked_twice(None).await, ["1", "1"]);
        assert_eq!(asked_twice(Some(Span::minutes(6))).await, ["1", "1"]);
        assert_eq!(asked_twice(Some(Span::minutes(4))).await, ["1", "2"]);
        assert_eq!(asked_twice(Some(Span::ZERO)).await, ["1", "2"]);
    }

    #[test]
    fn what_is_missing_is_told_with_its_cure() {
        let missing = CredentialsError::not_loaded_no_source();
        assert!(advice(&missing, None).contains("aws sso login"));
        assert!(advice(&missing, Some("ops")).contains("aws configure --profile ops"));
        let expired = CredentialsError::provider_error("the SSO token has expired");
        assert!(advice(&expired, Some("ops")).contains("aws sso login --profile ops"));
    }
}

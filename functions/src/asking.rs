//! Asking a provider, which may take its time, but not ours.

use std::time::Duration;

use domain::dispatch::Outcome;
use providers::ProviderError;

/// How long a provider may take over a request. Shorter than the timeout of any function that asks, which is shorter than the
/// lease, which is shorter than the queue's visibility timeout.
pub const PROVIDER_TIMEOUT: Duration = Duration::from_secs(10);

/// A provider's answer to a question, within the time it may take.
pub(crate) async fn within<T>(answer: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    tokio::time::timeout(PROVIDER_TIMEOUT, answer).await.unwrap_or_else(|late| Err(ProviderError::new(late)))
}

/// What came of asking a provider to do something. What is not known in time is not known.
pub(crate) async fn outcome<Id>(asked: impl Future<Output = Outcome<Id>>) -> Outcome<Id> {
    let asked = tokio::time::timeout(PROVIDER_TIMEOUT, asked).await;
    asked.unwrap_or_else(|_| Outcome::Unknown { why: "the provider did not answer in time".to_owned() })
}

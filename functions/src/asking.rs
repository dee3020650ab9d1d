//! Deadline of requests to a provider.

use std::time::Duration;

use domain::dispatch::Outcome;
use providers::ProviderError;

/// Longest duration of a request to a provider. The timeout of each function that sends one is longer, the lease is longer than
/// that, and the queue's visibility timeout is the longest.
pub const PROVIDER_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns a provider's answer to a query. An answer that comes after [`PROVIDER_TIMEOUT`] is an error.
pub(crate) async fn within<T>(answer: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    tokio::time::timeout(PROVIDER_TIMEOUT, answer).await.unwrap_or_else(|late| Err(ProviderError::new(late)))
}

/// Returns the outcome of an action at a provider. If it does not come within [`PROVIDER_TIMEOUT`], it is unknown.
pub(crate) async fn outcome<Id>(asked: impl Future<Output = Outcome<Id>>) -> Outcome<Id> {
    let asked = tokio::time::timeout(PROVIDER_TIMEOUT, asked).await;
    asked.unwrap_or_else(|_| Outcome::Unknown { why: "the provider did not answer in time".to_owned() })
}

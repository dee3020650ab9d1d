//! AWS clients over the real SDK. They share one HTTP client, with TLS by ring and Mozilla's roots.
//!
//! Some work has the same result for every request, but the SDK repeats it. Here the endpoint and the day's signing key
//! are cached, and the SDK's headers about itself are left out.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Intercept, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::{disable_interceptor, dyn_dispatch_hint};

use crate::aws_endpoint::IdempotencyRecord;
use crate::aws_http::Connector;
use crate::aws_sign::SigV4;

/// Access data for AWS.
#[derive(Clone, Debug)]
pub struct Access<P = Credentials> {
    /// Region to sign for.
    pub region: String,
    /// Credentials to sign with, or their provider.
    pub credentials: P,
    /// Endpoint of DynamoDB, if it is not the region's own.
    pub dynamodb: Option<String>,
    /// Endpoint of SQS, if it is not the region's own.
    pub sqs: Option<String>,
    /// Time limit for one attempt at a request. The SDK makes three attempts.
    pub attempt_timeout: Option<Duration>,
}

impl<P: ProvideCredentials + Clone + 'static> Access<P> {
    /// Creates the clients of DynamoDB and SQS over one HTTP client, so that the roots are read once.
    pub fn clients(&self) -> (aws_sdk_dynamodb::Client, aws_sdk_sqs::Client) {
        let http = http_client();
        (self.dynamodb_client(http.clone()), self.sqs_client(http))
    }

    fn dynamodb_client(&self, http: SharedHttpClient) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(self.timeouts())
            .endpoint_resolver(IdempotencyRecord::new(aws_sdk_dynamodb::config::endpoint::DefaultResolver::new()))
            .push_auth_scheme(SigV4::new(&self.region, "dynamodb"))
            .interceptor(NoUserAgentHeaders)
            .http_client(http);
        config.set_endpoint_url(self.dynamodb.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    fn sqs_client(&self, http: SharedHttpClient) -> aws_sdk_sqs::Client {
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(self.timeouts())
            .endpoint_resolver(IdempotencyRecord::new(aws_sdk_sqs::config::endpoint::DefaultResolver::new()))
            .push_auth_scheme(SigV4::new(&self.region, "sqs"))
            .interceptor(NoUserAgentHeaders)
            .http_client(http);
        config.set_endpoint_url(self.sqs.clone());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    fn timeouts(&self) -> TimeoutConfig {
        let mut timeouts = TimeoutConfig::builder();
        timeouts.set_operation_attempt_timeout(self.attempt_timeout);
        timeouts.build()
    }
}

/// Returns the HTTP client under the SDK. It uses TLS by ring with Mozilla's roots, and keeps its connections.
pub fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(Connector::new())
}

/// Interceptor that disables the SDK's headers about itself and about its attempts. They are three headers that no
/// receiver of ours reads, built and signed anew for every request. Our HTTP client sets the `User-Agent`.
#[derive(Debug)]
struct NoUserAgentHeaders;

#[dyn_dispatch_hint]
impl Intercept for NoUserAgentHeaders {
    fn name(&self) -> &'static str {
        "Unnamed"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let state = config.interceptor_state();
        state.store_put(disable_interceptor::<UserAgentInterceptor>("the HTTP client says who we are"));
        state.store_put(disable_interceptor::<RequestInfoInterceptor>("nobody asks which attempt it is"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_credential_types::Credentials;

    use super::Access;

    #[test]
    fn the_compiled_in_roots_make_a_client() {
        let access = Access {
            region: "eu-central-1".to_owned(),
            credentials: Credentials::new("id", "secret", None, None, "test"),
            dynamodb: None,
            sqs: None,
            attempt_timeout: Some(Duration::from_secs(3)),
        };
        let config = access.clients().0.config().clone();
        assert_eq!(config.region().map(ToString::to_string).as_deref(), Some("eu-central-1"));
    }
}

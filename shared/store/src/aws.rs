//! The clients of AWS: the real SDK, lean. One HTTP client for all of it, TLS by ring with Mozilla's roots.
//!
//! What the SDK does anew for every request, and always with the same outcome, is done once: finding the endpoint, deriving the
//! day's key, telling what it is itself.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Intercept, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::{disable_interceptor, dyn_dispatch_hint};

use crate::aws_endpoint::Remembered;
use crate::aws_http::Connector;
use crate::aws_sign::SigV4;

/// How to reach AWS.
#[derive(Clone, Debug)]
pub struct Access {
    /// The region to sign for.
    pub region: String,
    /// The credentials to sign with.
    pub credentials: Credentials,
    /// An endpoint of DynamoDB, where it is not the region's own.
    pub dynamodb: Option<String>,
    /// An endpoint of SQS, where it is not the region's own.
    pub sqs: Option<String>,
    /// How long one attempt at a request may take; the SDK makes three.
    pub attempt_timeout: Option<Duration>,
}

impl Access {
    /// The clients of DynamoDB and SQS, over one HTTP client: the roots are read once.
    pub fn clients(&self) -> (aws_sdk_dynamodb::Client, aws_sdk_sqs::Client) {
        let http = SharedHttpClient::new(Connector::new());
        (self.dynamodb_client(http.clone()), self.sqs_client(http))
    }

    fn dynamodb_client(&self, http: SharedHttpClient) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(self.timeouts())
            .endpoint_resolver(Remembered::new(aws_sdk_dynamodb::config::endpoint::DefaultResolver::new()))
            .push_auth_scheme(SigV4::new(&self.region, "dynamodb"))
            .interceptor(Unnamed)
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
            .endpoint_resolver(Remembered::new(aws_sdk_sqs::config::endpoint::DefaultResolver::new()))
            .push_auth_scheme(SigV4::new(&self.region, "sqs"))
            .interceptor(Unnamed)
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

/// Has the SDK not tell of itself and of its attempts: three headers that nobody reads, put together anew and signed for every
/// request. The HTTP client says who we are.
#[derive(Debug)]
struct Unnamed;

#[dyn_dispatch_hint]
impl Intercept for Unnamed {
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

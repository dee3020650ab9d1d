//! The real AWS SDK's clients, pointed at loopback or at any other endpoint.

use std::error::Error;
use std::fmt;

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::{BehaviorVersion, Region, SharedHttpClient, StalledStreamProtectionConfig};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The region everything belongs to here.
pub const REGION: &str = "us-east-1";

/// Another AWS endpoint to use instead of the embedded ones.
#[derive(Clone)]
pub struct External {
    /// `AWS_ENDPOINT_URL`.
    pub url: String,
    /// `AWS_REGION`.
    pub region: String,
    /// Credentials for it.
    pub credentials: Credentials,
}

/// How to reach the table and the queues.
#[derive(Debug, Clone)]
pub struct Access {
    /// Endpoint of DynamoDB.
    pub dynamodb: String,
    /// Endpoint of SQS.
    pub sqs: String,
    /// Region to sign for.
    pub region: String,
    /// Credentials to sign with.
    pub credentials: Credentials,
}

impl Access {
    /// A DynamoDB client.
    pub fn dynamodb_client(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .endpoint_url(&self.dynamodb)
            .credentials_provider(self.credentials.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http_client(&self.dynamodb));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// An SQS client.
    pub fn sqs_client(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .endpoint_url(&self.sqs)
            .credentials_provider(self.credentials.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http_client(&self.sqs));
        aws_sdk_sqs::Client::from_conf(config.build())
    }
}

/// TLS only where the endpoint asks for it: a machine without root certificates can still use the embedded ones.
fn http_client(endpoint: &str) -> SharedHttpClient {
    if endpoint.starts_with("https:") {
        Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    } else {
        Builder::new().build_http()
    }
}

/// Credentials for emulators, which ask for some and check none.
pub(crate) fn any_credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local")
}

/// One line about why a request failed: the service's own words, or what happened to the connection.
pub(crate) fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug,
{
    if let Some(service) = error.as_service_error() {
        let code = service.code().unwrap_or("unknown error");
        return service.message().map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"));
    }
    let mut innermost: &(dyn Error + 'static) = match error {
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(connector) => connector,
            None => return error.to_string(),
        },
        _ => return error.to_string(),
    };
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    format!("{error}: {innermost}")
}

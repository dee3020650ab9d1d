//! Choice of the AWS endpoint, and reasons of failed AWS requests.

use std::error::Error;
use std::fmt;

use aws_credential_types::Credentials;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// Region of all local resources.
pub const REGION: &str = "us-east-1";

/// AWS endpoint to use instead of the embedded emulators.
#[derive(Clone)]
pub struct External {
    /// URL, from `AWS_ENDPOINT_URL`.
    pub url: String,
    /// Region, from `AWS_REGION`.
    pub region: String,
    /// Credentials for the endpoint.
    pub credentials: Credentials,
}

/// Returns credentials for emulators, which require some and check none.
pub(crate) fn any_credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local")
}

/// Returns the reason of a failed request in one line: the service's own message, or the error of the connection.
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

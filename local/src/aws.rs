//! Which AWS the stack uses, and what it says when something fails.

use std::error::Error;
use std::fmt;

use aws_credential_types::Credentials;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

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

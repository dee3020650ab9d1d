//! Headers that prove to a receiver that a request is ours.

use domain::planted::{Bug, is_planted};
use domain::signature::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};
use domain::time::Timestamp;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::error::EgressError;

/// Header with the id of the request that created the conversation, in everything that a client is sent about it.
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Adds the id of the client's request that everything else follows from, if it is known.
pub fn name_request(headers: &mut HeaderMap, request_id: Option<&str>) {
    if let Some(request_id) = request_id.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert(REQUEST_ID_HEADER, request_id);
    }
}

/// Builds the headers of a JSON body that is signed by Standard Webhooks. Each secret signs it: there are several while one is
/// being rotated. An unsigned body is never sent.
///
/// # Errors
/// [`EgressError::Unsigned`] if there is no secret. [`EgressError::Setup`] if the id cannot stand in a header.
pub fn signed_headers(secrets: &[Secret], id: &str, at: Timestamp, body: &[u8]) -> Result<HeaderMap, EgressError> {
    if secrets.is_empty() && !is_planted(Bug::SendUnsigned) {
        return Err(EgressError::Unsigned);
    }
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| EgressError::Setup(error.into()));
    Ok(HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static(ID_HEADER), value(id)?),
        (HeaderName::from_static(TIMESTAMP_HEADER), HeaderValue::from(at.as_seconds())),
        (HeaderName::from_static(SIGNATURE_HEADER), value(&sign(secrets, id, at, body))?),
    ]))
}

//! Idempotency keys in the `Idempotency-Key` header.
//!
//! Every request that creates a resource has a key. If the key is optional and the client sends none, the service generates one
//! and returns it in the header `Idempotency-Key-Generated`. A replay is detected before any part of the request is validated,
//! including the fields of its body.

use domain::digest::hex;
use domain::ids::{Operation, Scope};
use store::entropy::{Entropy, NoEntropy};
use store::{IdempotencyEntry, IdempotencyRecord, Items};

use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::route::{KeyUse, Route};

/// Name of the request header, as the API documents it.
pub(crate) const HEADER: &str = "Idempotency-Key";

/// Name of the response header with the key that was generated for the request.
#[cfg(feature = "openapi")]
pub(crate) const GENERATED: &str = "Idempotency-Key-Generated";

const LONGEST: usize = 255;

/// Idempotency key of a request, as its header gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// No key was sent or generated.
    Missing,
    /// Key that does not have the required form.
    Malformed,
    /// Key of the required form, sent by the client or generated.
    Given(String),
}

/// Description of the problem with a malformed key.
pub(crate) const MALFORMED: &str =
    "must be sent once, as 1 to 255 visible ASCII characters; a key with a comma in it must be in double quotes";

/// Reads the key of a request. The quoted form of the IETF draft means the same key as the bare form.
pub(crate) fn key(request: &Request) -> Key {
    match (request.header("idempotency-key"), request.generated_key()) {
        (Some(header), _) => parse(header.trim()).map_or(Key::Malformed, Key::Given),
        (None, Some(generated)) => Key::Given(generated.to_owned()),
        (None, None) => Key::Missing,
    }
}

/// Parses the header's value. Several headers of one name arrive as one value, joined by commas. A bare key therefore has no
/// comma.
fn parse(header: &str) -> Option<String> {
    let key = match header.strip_prefix('"') {
        Some(quoted) => unquoted(quoted)?,
        None if header.contains(',') => return None,
        None => header.to_owned(),
    };
    let well_formed = (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    well_formed.then_some(key)
}

/// Parses the rest of a quoted key, after the opening quote. `None` if an escape is invalid, or if the closing quote is missing
/// or not the last character.
fn unquoted(rest: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(key),
            '\\' => key.push(characters.next().filter(|escaped| ['"', '\\'].contains(escaped))?),
            other => key.push(other),
        }
    }
}

/// Returns the key of a request, if it has one of the required form.
pub(crate) fn given(request: &Request) -> Option<String> {
    match key(request) {
        Key::Given(key) => Some(key),
        Key::Missing | Key::Malformed => None,
    }
}

/// Returns the request with a generated key, if the client sent none, the route makes the key optional, and the body does not
/// name its resource. Returns any other request unchanged.
///
/// # Errors
/// [`NoEntropy`] if no key can be generated.
pub(crate) fn under_a_key(request: Request, route: &Route, entropy: &Entropy) -> Result<Request, NoEntropy> {
    let brings_one = request.header("idempotency-key").is_some();
    if brings_one || route.key_use != KeyUse::Optional || (route.names_its_resource)(&request) {
        return Ok(request);
    }
    let key = hex(&entropy.bytes::<16>()?);
    Ok(request.under(key))
}

/// Adds the generated key to the response, so that a client that sent none can repeat the request with it. A refusal does not
/// bind a key, so it does not return one.
pub(crate) fn tell_generated(response: Response, request: &Request) -> Response {
    match request.generated_key() {
        Some(key) if response.status.is_success() || response.status.is_server_error() => response.under_generated(key),
        Some(_) | None => response,
    }
}

/// Returns the table key of the idempotency record of a request. It is empty for a request without a key. Used for resources
/// whose own id does not follow from the idempotency key.
pub(crate) fn reads(request: &Request, scope: &Scope, operation: Operation) -> Vec<store::keys::Key> {
    given(request).map(|key| IdempotencyRecord::key(scope, operation, &key)).into_iter().collect()
}

/// Returns the id of the resource that the same request created before, under the same key.
///
/// # Errors
/// [`ApiError::KeyReused`] if the key was used for a different request.
pub(crate) fn made_before(
    request: &Request,
    scope: &Scope,
    operation: Operation,
    items: &Items,
) -> Result<Option<String>, ApiError> {
    let Some(key) = given(request) else { return Ok(None) };
    let Some(IdempotencyEntry { fingerprint: before, target }) = items.remembered(scope, operation, &key)? else {
        return Ok(None);
    };
    same_request(request, &before).map(|()| Some(target))
}

/// Checks that a request has the fingerprint of an earlier one.
///
/// # Errors
/// [`ApiError::KeyReused`] if it has not.
pub(crate) fn same_request(request: &Request, before: &str) -> Result<(), ApiError> {
    if request.fingerprint().is(before) { Ok(()) } else { Err(ApiError::KeyReused) }
}

/// Returns the idempotency record of a request, to be written with the resource that it creates. `target` is the id of the
/// resource.
pub(crate) fn remember(
    request: &Request,
    scope: &Scope,
    operation: Operation,
    target: String,
) -> Option<IdempotencyRecord> {
    let key = given(request)?;
    Some(IdempotencyRecord::new(scope, operation, &key, request.fingerprint().into(), target))
}

/// Records an error if the key does not have the required form.
pub(crate) fn check(request: &Request, fields: &mut Fields<'_>) {
    if key(request) == Key::Malformed {
        fields.refuse(HEADER, MALFORMED);
    }
}

/// Returns the error for a replay whose resource was deleted.
pub(crate) fn gone(what: &str, id: impl std::fmt::Display) -> ApiError {
    ApiError::Gone(format!(
        "the {what} {id}, which was made under this Idempotency-Key, was deleted; use a new key to make another"
    ))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_key_is_the_same_bare_and_in_quotes() {
        for (header, key) in [
            ("order-4711", Some("order-4711")),
            (r#""order-4711""#, Some("order-4711")),
            (r#""a,b""#, Some("a,b")),
            (r#""a\"b\\c""#, Some(r#"a"b\c"#)),
            (r#"a"b"#, Some(r#"a"b"#)),
            ("", None),
            (r#""""#, None),
            ("a b", None),
            ("é", None),
            (r#""a"#, None),
            (r#""a\x""#, None),
        ] {
            assert_eq!(parse(header).as_deref(), key, "{header}");
        }
    }

    #[test]
    fn two_headers_are_no_key() {
        for header in ["a,b", "a, b", "a,a", r#""a","b""#, r#""a", "b""#, r#""a",b"#, "a,"] {
            assert_eq!(parse(header), None, "{header}");
        }
    }
}

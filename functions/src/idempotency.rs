//! The `Idempotency-Key` header.
//!
//! Every request that makes something has a key: its own, or, where the key is optional and it brought none, one that is made for
//! it and told in [`GENERATED`]. A replay is recognised before anything of the request is judged, its body's fields included.

use domain::digest::hex;
use domain::ids::{Operation, Scope};
use store::entropy::{Entropy, NoEntropy};
use store::{Items, Remembered, What};

use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::route::{KeyUse, Route};

/// The header's name, as clients know it.
pub(crate) const HEADER: &str = "Idempotency-Key";

/// The header of an answer that tells the key which was made for its request.
#[cfg(feature = "openapi")]
pub(crate) const GENERATED: &str = "Idempotency-Key-Generated";

const LONGEST: usize = 255;

/// What a request says about its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// There is none.
    Missing,
    /// There is one that has not the form of a key.
    Malformed,
    /// There is one.
    Given(String),
}

/// What is wrong with a malformed key.
pub(crate) const MALFORMED: &str =
    "must be sent once, as 1 to 255 visible ASCII characters; a key with a comma in it must be in double quotes";

/// Reads the header. The IETF draft's quoted form means the same key as the bare one.
pub(crate) fn key(request: &Request) -> Key {
    match (request.header("idempotency-key"), request.generated_key()) {
        (Some(header), _) => parse(header.trim()).map_or(Key::Malformed, Key::Given),
        (None, Some(generated)) => Key::Given(generated.to_owned()),
        (None, None) => Key::Missing,
    }
}

/// A key as it was sent. Several headers of one name arrive as one, with commas between them: so a bare key has no comma.
fn parse(header: &str) -> Option<String> {
    let key = match header.strip_prefix('"') {
        Some(quoted) => unquoted(quoted)?,
        None if header.contains(',') => return None,
        None => header.to_owned(),
    };
    let well_formed = (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    well_formed.then_some(key)
}

/// What stands in quotes, behind the first of them; `None` where it does not end with the only other one.
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

/// A request's key, where it has one of the right form.
pub(crate) fn given(request: &Request) -> Option<String> {
    match key(request) {
        Key::Given(key) => Some(key),
        Key::Missing | Key::Malformed => None,
    }
}

/// The request, under a key that is made for it where it brings none and its route can do without.
///
/// # Errors
/// [`NoEntropy`].
pub(crate) fn under_a_key(request: Request, route: &Route, entropy: &Entropy) -> Result<Request, NoEntropy> {
    let brings_one = request.header("idempotency-key").is_some();
    if brings_one || route.key_use != KeyUse::Optional || (route.names_its_resource)(&request) {
        return Ok(request);
    }
    let key = hex(&entropy.bytes::<16>()?);
    Ok(request.under(key))
}

/// The answer, with the key that was made for its request: whoever did not bring one can send the request again under that. A
/// refusal binds no key.
pub(crate) fn tell_generated(response: Response, request: &Request) -> Response {
    match request.generated_key() {
        Some(key) if response.status.is_success() || response.status.is_server_error() => response.under_generated(key),
        Some(_) | None => response,
    }
}

/// What a request's key stands for, where what it makes is not found by that key itself.
pub(crate) fn reads(request: &Request, scope: &Scope, operation: Operation) -> Vec<store::keys::Key> {
    given(request).map(|key| Remembered::key(scope, operation, &key)).into_iter().collect()
}

/// What was made before under a request's key, by the same request: its id.
///
/// # Errors
/// [`ApiError::KeyReused`] where it was another request.
pub(crate) fn made_before(
    request: &Request,
    scope: &Scope,
    operation: Operation,
    items: &Items,
) -> Result<Option<String>, ApiError> {
    let Some(key) = given(request) else { return Ok(None) };
    let Some(What { fingerprint: before, target }) = items.remembered(scope, operation, &key)? else { return Ok(None) };
    same_request(request, &before).map(|()| Some(target))
}

/// Whether a request is the one of that fingerprint.
///
/// # Errors
/// [`ApiError::KeyReused`] where it is not.
pub(crate) fn same_request(request: &Request, before: &str) -> Result<(), ApiError> {
    if request.fingerprint().is(before) { Ok(()) } else { Err(ApiError::KeyReused) }
}

/// What a request's key is to stand for, once this was made.
pub(crate) fn remember(request: &Request, scope: &Scope, operation: Operation, target: String) -> Option<Remembered> {
    let key = given(request)?;
    Some(Remembered::new(scope, operation, &key, request.fingerprint().into(), target))
}

/// Refuses a key that has not the form of one.
pub(crate) fn check(request: &Request, fields: &mut Fields<'_>) {
    if key(request) == Key::Malformed {
        fields.refuse(HEADER, MALFORMED);
    }
}

/// A replay's answer where what was made is not there any more.
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

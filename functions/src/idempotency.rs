//! The `Idempotency-Key` header.

use domain::fingerprint::fingerprint;
use domain::ids::{Operation, Scope};
use store::{Items, Remembered, What};

use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Request;

/// The header's name, as clients know it.
pub(crate) const HEADER: &str = "Idempotency-Key";

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
pub(crate) const MALFORMED: &str = "must be 1 to 255 visible ASCII characters";

/// Reads the header. The IETF draft's quoted form means the same key as the bare one.
pub(crate) fn key(request: &Request) -> Key {
    let Some(header) = request.header("idempotency-key") else { return Key::Missing };
    let bare = header.trim();
    let quoted = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let key = quoted.map_or_else(|| bare.to_owned(), |inner| inner.replace("\\\"", "\"").replace("\\\\", "\\"));
    let well_formed = (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if well_formed { Key::Given(key) } else { Key::Malformed }
}

/// What a request's key stands for, where what it makes is not found by that key itself.
pub(crate) fn reads(request: &Request, scope: &Scope, operation: Operation) -> Vec<store::keys::Key> {
    match key(request) {
        Key::Given(key) => vec![Remembered::key(scope, operation, &key)],
        Key::Missing | Key::Malformed => Vec::new(),
    }
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
    let Key::Given(key) = key(request) else { return Ok(None) };
    let Some(What { fingerprint: before, target }) = items.remembered(scope, operation, &key)? else { return Ok(None) };
    same_request(request, &before).map(|()| Some(target))
}

/// Whether a request is the one of that fingerprint.
///
/// # Errors
/// [`ApiError::KeyReused`] where it is not.
pub(crate) fn same_request(request: &Request, before: &str) -> Result<(), ApiError> {
    let asked = request.json().map(fingerprint).unwrap_or_default();
    if asked == before { Ok(()) } else { Err(ApiError::KeyReused) }
}

/// What a request's key is to stand for, once this was made.
pub(crate) fn remember(request: &Request, scope: &Scope, operation: Operation, target: String) -> Option<Remembered> {
    let Key::Given(key) = key(request) else { return None };
    let asked = request.json().map(fingerprint).unwrap_or_default();
    Some(Remembered::new(scope, operation, &key, asked, target))
}

/// Refuses a key that has not the form of one.
pub(crate) fn check(request: &Request, fields: &mut Fields<'_>) {
    if key(request) == Key::Malformed {
        fields.refuse(HEADER, MALFORMED);
    }
}

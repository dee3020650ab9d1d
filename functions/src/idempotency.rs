//! The `Idempotency-Key` header.

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

//! Query strings. A `+` is a plus sign and not a space, because phone numbers begin with one.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

/// Parameters of a query, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

/// Error of a query with an invalid escape sequence, or with bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecodable;

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot be decoded: write every special character as % and two hexadecimal digits, in UTF-8")
    }
}

impl std::error::Error for Undecodable {}

impl Query {
    /// Parses a raw query string.
    ///
    /// # Errors
    /// [`Undecodable`] if a name or a value cannot be decoded.
    pub fn parse(raw: &str) -> Result<Self, Undecodable> {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the value of a parameter. If the name occurs several times, the last value counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Returns the parameters of the form `name[…]`: the part in brackets, with the value.
    pub(crate) fn within<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(given, value)| {
            let inner = given.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
            Some((inner, value.as_str()))
        })
    }

    /// Returns the names of the parameters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// Percent-decodes a name or a value.
///
/// # Errors
/// [`Undecodable`]. The decoder itself would leave a broken escape as it is.
fn decode(text: &str) -> Result<String, Undecodable> {
    let is_escape = |behind: &str| {
        behind.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_escape) {
        return Err(Undecodable);
    }
    percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| Undecodable)
}

#[cfg(test)]
mod tests {
    use super::{Query, Undecodable};

    #[test]
    fn a_plus_is_a_plus_and_nothing_panics() {
        let query = Query::parse("toNumber=+15555550100&a=%2B1&b=x y\"<&c&&d==").unwrap();
        assert_eq!(query.get("toNumber"), Some("+15555550100"));
        assert_eq!(query.get("a"), Some("+1"));
        assert_eq!(query.get("b"), Some("x y\"<"));
        assert_eq!((query.get("c"), query.get("d"), query.get("e")), (Some(""), Some("="), None));
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        for raw in ["a=%", "a=%2", "a=%zz", "%ff=1", "a=%C3", "a=%+1", "a=%é1"] {
            assert_eq!(Query::parse(raw), Err(Undecodable), "{raw}");
        }
    }
}

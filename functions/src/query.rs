//! Query strings. A `+` is a plus sign and not a space, because phone numbers begin with one.

use std::fmt;

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

fn decode(text: &str) -> Result<String, Undecodable> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, behind) = rest.split_first_chunk::<2>().ok_or(Undecodable)?;
        let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
        let byte = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok()).ok_or(Undecodable)?;
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8(bytes).map_err(|_| Undecodable)
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

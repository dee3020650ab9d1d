//! A part of a recording, as an HTTP client asks for it: what a browser's player does, and whoever wants more than fits into one
//! answer.

use std::fmt;

/// The part that is asked for, in bytes (RFC 9110, 14.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From one byte on, up to another where one is named, both counted.
    From {
        /// The first; 0 is the recording's.
        first: u64,
        /// The last.
        last: Option<u64>,
    },
    /// So many bytes at its end.
    Last(u64),
}

impl Part {
    /// Reads a `Range` header. `None` where it asks for something else than one part in bytes: it then counts as not sent, as
    /// the standard wants it.
    pub fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        if first.is_empty() {
            return number(last).map(Self::Last);
        }
        let first: u64 = number(first)?;
        let last = if last.is_empty() { None } else { Some(number(last).filter(|last| *last >= first)?) };
        Some(Self::From { first, last })
    }

    /// At most so many bytes of it: a server may send less than was asked for.
    pub(crate) fn at_most(self, bytes: u64) -> Self {
        match self {
            Self::From { first, last } => {
                let most = first.saturating_add(bytes.saturating_sub(1));
                Self::From { first, last: Some(last.map_or(most, |last| last.min(most))) }
            }
            Self::Last(asked) => Self::Last(asked.min(bytes)),
        }
    }
}

/// As a `Range` header says it.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From { first, last: Some(last) } => write!(f, "bytes={first}-{last}"),
            Self::From { first, last: None } => write!(f, "bytes={first}-"),
            Self::Last(bytes) => write!(f, "bytes=-{bytes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn one_part_in_bytes_is_read_as_it_is_written() {
        for text in ["bytes=0-0", "bytes=5-", "bytes=5-99", "bytes=-7", "bytes=0-18446744073709551615"] {
            assert_eq!(Part::parse(text).map(|part| part.to_string()).as_deref(), Some(text));
        }
        for text in
            ["", "bytes", "bytes=", "bytes=-", "bytes=9-5", "bytes=a-", "bytes=+1-2", "bytes=1-2,4-5", "items=1-2"]
        {
            assert_eq!(Part::parse(text), None, "{text}");
        }
        assert_eq!(Part::parse("bytes=0-99999999999999999999"), None, "no number of ours");
    }

    #[test]
    fn a_part_is_no_longer_than_an_answer_can_be() {
        let at_most = |text: &str| Part::parse(text).unwrap().at_most(100).to_string();
        assert_eq!(at_most("bytes=0-"), "bytes=0-99");
        assert_eq!(at_most("bytes=50-60"), "bytes=50-60");
        assert_eq!(at_most("bytes=50-9999"), "bytes=50-149");
        assert_eq!(at_most("bytes=-9999"), "bytes=-100");
        assert_eq!(at_most("bytes=18446744073709551615-"), "bytes=18446744073709551615-18446744073709551615");
    }
}

//! Part of a recording that an HTTP client asks for. Browsers' players ask for parts, and so do clients that want more than
//! fits into one answer.

use std::fmt;

/// Requested range of bytes (RFC 9110, 14.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Range from one byte on, up to the last named byte. Both are included.
    From {
        /// Offset of the first byte. The recording begins at 0.
        first: u64,
        /// Offset of the last byte. `None` means the end of the recording.
        last: Option<u64>,
    },
    /// Number of bytes at the end of the recording.
    Last(u64),
}

impl Part {
    /// Parses a `Range` header. Returns `None` if it asks for anything but one part in bytes. Such a header counts as not sent,
    /// as the standard requires.
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

    /// Limits the part to this number of bytes. A server may send less than was requested.
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

/// Value of a `Range` header.
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

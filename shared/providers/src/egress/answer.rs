//! What came back.

use domain::time::{Span, Timestamp};
use http::{HeaderMap, StatusCode, header};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// What is kept of an answer's body: enough for its owner to recognize an error page in the delivery log.
pub const KEPT_BYTES: usize = 1_024;

/// An answer, of whatever status: what it means is the caller's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// When to come back, where the answer says so.
    pub retry_after: Option<RetryAfter>,
    /// The body's first [`KEPT_BYTES`], as text. What is not kept is not read: the connection is closed instead.
    pub first_kilobyte: String,
}

impl Answer {
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, mut body: Vec<u8>) -> Self {
        let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| RetryAfter::parse(value.to_str().ok()?));
        body.truncate(KEPT_BYTES);
        Self { status: status.as_u16(), retry_after, first_kilobyte: String::from_utf8_lossy(&body).into_owned() }
    }
}

/// A `Retry-After`, in either of its forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// So long after the answer.
    Wait(Span),
    /// At this time.
    At(Timestamp),
}

impl RetryAfter {
    /// Reads a header's value; `None` where it is neither seconds nor a date. (Of a date's three forms only the one that
    /// is still written.)
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Wait(Span::seconds(value.parse().unwrap_or(u32::MAX))));
        }
        let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
        Some(Self::At(Timestamp::from_milliseconds(date.unix_timestamp().saturating_mul(1_000))))
    }

    /// How long that is from now; zero where it is past.
    pub fn from(self, now: Timestamp) -> Span {
        match self {
            Self::Wait(span) => span,
            Self::At(moment) => moment.since(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, KEPT_BYTES, RetryAfter};
    use domain::time::{Span, Timestamp};
    use http::{HeaderMap, StatusCode};

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::parse("1994-11-06T08:49:07Z").unwrap();
        let wait = |value: &str| RetryAfter::parse(value).map(|after| after.from(now));
        assert_eq!(wait("120"), Some(Span::minutes(2)));
        assert_eq!(wait("0"), Some(Span::ZERO));
        assert_eq!(wait("99999999999999999999"), Some(Span::seconds(u32::MAX)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Span::seconds(30)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:40:00 GMT"), Some(Span::ZERO));
        for value in ["", "soon", "-5", "1.5", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(wait(value), None, "{value}");
        }
    }

    #[test]
    fn only_the_first_kilobyte_of_a_body_is_kept_whatever_its_bytes() {
        let answer = Answer::new(StatusCode::OK, &HeaderMap::new(), vec![b'a'; 3 * KEPT_BYTES]);
        assert_eq!(answer.first_kilobyte, "a".repeat(KEPT_BYTES));
        let answer = Answer::new(StatusCode::OK, &HeaderMap::new(), vec![b'o', b'k', 0xff]);
        assert_eq!(answer.first_kilobyte, "ok\u{fffd}");
    }
}

//! Answers of endpoints.

use std::fmt;

use domain::time::{Span, Timestamp};
use http::header;
use http::response::Parts;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::Body;

/// Answer of any status. The caller decides what it means.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Time of the next try that the answer asks for.
    pub retry_after: Option<RetryAfter>,
    /// Body as text, up to the number of bytes that the request keeps.
    pub body: String,
    /// `true` if the body was longer, or broke off.
    pub cut: bool,
}

/// Omits the body: a model's answer is message text.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes{})", self.status, self.body.len(), if self.cut { ", cut" } else { "" })
    }
}

impl Answer {
    pub(super) fn new(head: &Parts, body: &Body) -> Self {
        let retry_after =
            head.headers.get(header::RETRY_AFTER).and_then(|value| RetryAfter::parse(value.to_str().ok()?));
        let text = String::from_utf8_lossy(&body.bytes).into_owned();
        Self { status: head.status.as_u16(), retry_after, body: text, cut: body.broke_off }
    }

    /// Cuts the body to this number of bytes.
    pub(super) fn cut_to(mut self, keep_bytes: usize) -> Self {
        self.cut |= self.body.len() > keep_bytes;
        self.body.truncate(self.body.floor_char_boundary(keep_bytes));
        self
    }
}

/// Answer with its body as bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// Time of the next try that the answer asks for.
    pub retry_after: Option<RetryAfter>,
    /// Media type of the body, if the answer names one.
    pub content_type: Option<String>,
    /// Target of a redirect. The client does not follow it.
    pub location: Option<String>,
    /// Value of `Content-Range`, if the answer is a part: the part and the total size.
    pub content_range: Option<String>,
    /// Answer body, up to the number of bytes that the request keeps.
    pub body: Vec<u8>,
    /// `true` if the body was longer, or broke off.
    pub cut: bool,
}

/// Omits the body: it may be a conversation.
impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes{})", self.status, self.body.len(), if self.cut { ", cut" } else { "" })
    }
}

impl RawAnswer {
    pub(super) fn new(head: &Parts, body: Body) -> Self {
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let retry_after = text(header::RETRY_AFTER).and_then(RetryAfter::parse);
        let content_type = text(header::CONTENT_TYPE).map(str::to_owned);
        let location = text(header::LOCATION).map(str::to_owned);
        let content_range = text(header::CONTENT_RANGE).map(str::to_owned);
        let (status, Body { bytes: body, broke_off: cut }) = (head.status.as_u16(), body);
        Self { status, retry_after, content_type, location, content_range, body, cut }
    }

    /// Cuts the body to this number of bytes.
    pub(super) fn cut_to(mut self, keep_bytes: usize) -> Self {
        self.cut |= self.body.len() > keep_bytes;
        self.body.truncate(keep_bytes);
        self
    }
}

impl From<Answer> for RawAnswer {
    fn from(answer: Answer) -> Self {
        let Answer { status, retry_after, body, cut } = answer;
        let body = body.into_bytes();
        Self { status, retry_after, content_type: None, location: None, content_range: None, body, cut }
    }
}

/// Value of a `Retry-After` header, in either of its forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Wait after the answer.
    Wait(Span),
    /// Time of the next try.
    At(Timestamp),
}

impl RetryAfter {
    /// Parses a header's value. Returns `None` if it is neither a number of seconds nor a date. Of the three date formats, only
    /// the one still in use is read.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Wait(Span::seconds(value.parse().unwrap_or(u32::MAX))));
        }
        let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
        Some(Self::At(Timestamp::from_milliseconds(date.unix_timestamp().saturating_mul(1_000))))
    }

    /// Returns the wait from now on. It is zero for a time in the past.
    pub fn from(self, now: Timestamp) -> Span {
        match self {
            Self::Wait(span) => span,
            Self::At(moment) => moment.since(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Body, RetryAfter};
    use domain::time::{Span, Timestamp};
    use http::Response;

    fn ok(body: &[u8]) -> Answer {
        let (head, body) = Response::new(body.to_vec()).into_parts();
        Answer::new(&head, &Body { bytes: body, broke_off: false })
    }

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
    fn a_body_is_kept_as_text_up_to_a_bound_whatever_its_bytes() {
        let kept = |body: &[u8]| {
            let answer = ok(body).cut_to(6);
            (answer.body, answer.cut)
        };
        assert_eq!(kept(b""), (String::new(), false));
        assert_eq!(kept(b"123456"), ("123456".to_owned(), false));
        assert_eq!(kept(b"1234567"), ("123456".to_owned(), true));
        assert_eq!(kept("12345é".as_bytes()), ("12345".to_owned(), true));
        assert_eq!(kept(b"ok\xff"), ("ok\u{fffd}".to_owned(), false));
        assert_eq!(kept(b"\xff\xff\xff"), ("\u{fffd}\u{fffd}".to_owned(), true));
    }

    #[test]
    fn a_debug_tells_no_body() {
        let answer = ok(b"text").cut_to(3);
        assert_eq!(format!("{answer:?}"), "200 (3 bytes, cut)");
    }
}

//! Timestamps and durations. This module never reads a clock: `now` is always an argument.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Point in time in UTC, in milliseconds since the Unix epoch. It is written as RFC 3339 with milliseconds and `Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(description = "A moment, as RFC 3339.", value_type = String, format = DateTime, example = "2026-04-10T14:00:00.000Z"))]
pub struct Timestamp(i64);

/// Beginning of the year 1.
const EARLIEST: i64 = -62_135_596_800_000;

/// Beginning of the year 9999.
const LATEST: i64 = 253_370_764_800_000;

/// Duration in milliseconds. It is never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

/// Error for a text that is not an RFC 3339 timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an RFC 3339 timestamp such as 2026-04-10T14:00:00.000Z")]
pub struct NotATimestamp;

impl Span {
    /// Duration of zero.
    pub const ZERO: Self = Self(0);

    /// Returns a duration of whole milliseconds.
    pub const fn milliseconds(milliseconds: u32) -> Self {
        Self(milliseconds as i64)
    }

    /// Returns a duration of whole seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self(seconds as i64 * 1_000)
    }

    /// Returns a duration of whole minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self::seconds(minutes * 60)
    }

    /// Returns a duration of whole hours.
    pub const fn hours(hours: u32) -> Self {
        Self::minutes(hours * 60)
    }

    /// Returns a duration of whole days.
    pub const fn days(days: u32) -> Self {
        Self::hours(days * 24)
    }

    /// Returns the duration in milliseconds.
    pub const fn as_milliseconds(self) -> i64 {
        self.0
    }

    /// Returns the duration in seconds, rounded up, so that waiting for it never ends too early.
    pub const fn as_seconds_rounded_up(self) -> i64 {
        (self.0 + 999) / 1_000
    }

    /// Returns the duration in whole seconds, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1_000
    }

    /// Returns half of the duration, rounded down.
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }

    /// Returns `times` the duration. The result saturates instead of overflowing.
    pub const fn times(self, times: u32) -> Self {
        Self(self.0.saturating_mul(times as i64))
    }
}

impl Timestamp {
    /// Returns the timestamp that many milliseconds after the Unix epoch.
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Returns the milliseconds since the Unix epoch.
    pub const fn as_milliseconds(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Parses RFC 3339 with any offset. Digits finer than a millisecond are dropped.
    ///
    /// # Errors
    /// [`NotATimestamp`] if the text has another form. Times near the ends of the four-digit years are refused too, because
    /// times that are computed from them could not be written.
    pub fn parse(text: &str) -> Result<Self, NotATimestamp> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotATimestamp)?;
        let moment = i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).map_err(|_| NotATimestamp)?;
        if (EARLIEST..LATEST).contains(&moment) { Ok(Self(moment)) } else { Err(NotATimestamp) }
    }

    /// Returns the duration from `earlier` to this timestamp; zero if this one is not later.
    pub const fn since(self, earlier: Self) -> Span {
        let difference = self.0.saturating_sub(earlier.0);
        Span(if difference > 0 { difference } else { 0 })
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).map_err(|_| fmt::Error)?;
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second, millisecond) = moment.to_hms_milli();
        let month = u8::from(month);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Timestamp};

    #[test]
    fn a_timestamp_is_written_with_milliseconds_and_z() {
        let moment = Timestamp::parse("2026-04-10T16:00:00.1239+02:00").unwrap();
        assert_eq!(moment.to_string(), "2026-04-10T14:00:00.123Z");
        assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in ["", "2026-04-10", "2026-04-10T14:00:00", "yesterday", "2026-13-10T14:00:00Z"] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn whatever_is_read_can_be_written_a_year_later_too() {
        for text in ["9999-12-31T23:59:59-23:59", "9999-01-01T00:00:00Z", "0000-01-01T00:00:00+23:59"] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        for text in ["9998-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z"] {
            let moment = Timestamp::parse(text).unwrap();
            assert_eq!(moment.to_string(), text);
            assert_eq!((moment + Span::hours(24 * 365)).to_string().len(), text.len());
        }
    }

    #[test]
    fn a_span_before_is_zero_and_seconds_round_up() {
        let moment = Timestamp::from_milliseconds(5_000);
        assert_eq!(moment.since(moment + Span::seconds(1)), Span::ZERO);
        assert_eq!(Span::milliseconds(1_001).as_seconds_rounded_up(), 2);
    }
}

//! Lenient parsing of provider data. A field that is not as documented counts as absent, and does not make the others fail.

use domain::end_reason::EndReason;
use domain::provider::Provider;
use domain::signature::{SignatureError, TOLERANCE};
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Range of plausible times, in milliseconds: from the beginning of the year 2000 to that of 2200. No call is outside it.
const BELIEVABLE_MS: std::ops::Range<f64> = 946_684_800_000.0..7_258_118_400_000.0;

/// Fields of an agent's own analysis by which the callee asks not to be contacted again, if one of them is true.
pub(crate) const OPT_OUT_FIELDS: [&str; 3] = ["optOut", "opt_out", "opted_out"];

/// Parses the values that models write for yes or no: a boolean, a word or a number. Returns `None` for anything else.
pub(crate) fn yes_or_no(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(said) => Some(*said),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(word) => {
            let word = word.trim().trim_end_matches('.').to_ascii_lowercase();
            match word.as_str() {
                "true" | "yes" | "y" | "1" => Some(true),
                "false" | "no" | "n" | "0" | "" => Some(false),
                _ => None,
            }
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Parses the body of a callback as JSON. Logs the provider of a callback that cannot be parsed.
pub(crate) fn callback_json<T: DeserializeOwned>(provider: Provider, body: &[u8]) -> Option<T> {
    let read = serde_json::from_slice(body).ok();
    if read.is_none() {
        tracing::warn!(provider = provider.as_str(), "a callback cannot be read");
    }
    read
}

/// Deserializes a field leniently, for `#[serde(default, deserialize_with = …)]`. A value of another type counts as absent.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// Deserializes a list leniently. Anything but a list is an empty one, and entries of another shape are skipped.
pub(crate) fn lenient_list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let Value::Array(entries) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect())
}

/// Converts milliseconds since the Unix epoch. Returns `None` for a time that no call can have.
pub(crate) fn moment(milliseconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    BELIEVABLE_MS.contains(&milliseconds).then(|| Timestamp::from_milliseconds(milliseconds as i64))
}

/// Parses an RFC 3339 time. Returns `None` for a time that no call can have.
pub(crate) fn moment_of(text: &str) -> Option<Timestamp> {
    let parsed = Timestamp::parse(text).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "it is compared with the ends of centuries")]
    BELIEVABLE_MS.contains(&(parsed.as_milliseconds() as f64)).then_some(parsed)
}

/// Rounds seconds down to whole ones. Returns `None` for a number that is not a duration.
pub(crate) fn whole_seconds(seconds: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    (0.0..f64::from(u32::MAX)).contains(&seconds).then_some(seconds as u32)
}

/// Rounds an amount up to whole minor units. Returns `None` for a number that is not a price.
pub(crate) fn minor_units(amount: f64) -> Option<i64> {
    const MOST: f64 = 1e12;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    (0.0..MOST).contains(&amount).then(|| amount.ceil() as i64)
}

/// Maximum length of a provider's word that is passed through, in characters.
const LONGEST_WORD: usize = 120;

/// Returns the end reason for a provider's word that has no entry in our table.
pub(crate) fn passed_through(word: &str) -> EndReason {
    let word: String = word.chars().filter(|character| character.is_ascii_graphic()).take(LONGEST_WORD).collect();
    EndReason::unknown_at_provider(if word.is_empty() { "unspecified" } else { &word })
}

/// Decodes hexadecimal digits of either case.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Checks the time that a signature covers against the tolerance. That bounds how long a recorded callback can be replayed.
pub(crate) fn check_age(sent: Timestamp, now: Timestamp) -> Result<(), SignatureError> {
    if now.since(sent) > TOLERANCE {
        return Err(SignatureError::TooOld);
    }
    if sent.since(now) > TOLERANCE { Err(SignatureError::FromTheFuture) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use domain::signature::SignatureError;
    use domain::time::{Span, Timestamp};

    use super::{check_age, minor_units, moment, moment_of, passed_through, unhex, whole_seconds, yes_or_no};
    use serde_json::json;

    #[test]
    fn yes_and_no_are_meant_in_many_ways() {
        for yes in
            [json!(true), json!("true"), json!("True"), json!(" yes. "), json!("Y"), json!("1"), json!(1), json!(1.0)]
        {
            assert_eq!(yes_or_no(&yes), Some(true), "{yes}");
        }
        for no in [json!(false), json!("false"), json!("No"), json!("n"), json!("0"), json!(0), json!(""), json!(" ")] {
            assert_eq!(yes_or_no(&no), Some(false), "{no}");
        }
        for nothing in [json!(null), json!("unclear"), json!("yes, but later"), json!([true]), json!({"value": true})] {
            assert_eq!(yes_or_no(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_moment_that_no_call_can_have_is_left_out() {
        assert_eq!(moment(1_700_000_000_000.0), Some(Timestamp::from_milliseconds(1_700_000_000_000)));
        for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1_700_000_000.0] {
            assert_eq!(moment(nonsense), None, "{nonsense}");
        }
        assert!(moment_of("2026-04-10T14:00:00Z").is_some());
        assert_eq!(moment_of("0001-01-01T00:00:00Z"), None);
        assert_eq!(moment_of("soon"), None);
    }

    #[test]
    fn lengths_and_prices_are_whole_and_not_negative() {
        assert_eq!([0.0, 53.9, 1e3].map(whole_seconds), [Some(0), Some(53), Some(1_000)]);
        assert_eq!([-1.0, f64::NAN, 1e12].map(whole_seconds), [None, None, None]);
        assert_eq!([0.0, 70.0, 70.1].map(minor_units), [Some(0), Some(70), Some(71)]);
        assert_eq!([-0.5, f64::NAN, f64::INFINITY].map(minor_units), [None, None, None]);
    }

    #[test]
    fn a_reason_that_passes_through_is_one_short_word() {
        assert_eq!(passed_through("moon_in_the_way").as_str(), "provider:moon_in_the_way");
        assert_eq!(passed_through("a b\n").as_str(), "provider:ab");
        assert_eq!(passed_through("").as_str(), "provider:unspecified");
        assert_eq!(passed_through(&"x".repeat(10_000)).as_str().len(), "provider:".len() + 120);
    }

    #[test]
    fn hexadecimal_is_read_in_either_case() {
        assert_eq!(unhex("00ffA9"), Some(vec![0, 255, 169]));
        assert_eq!(unhex(""), Some(Vec::new()));
        for text in ["0", "0g", "é", "+1"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }

    #[test]
    fn a_callback_is_believed_for_five_minutes_either_way() {
        let sent = Timestamp::from_milliseconds(1_700_000_000_000);
        let (limit, more) = (Span::minutes(5), Span::milliseconds(300_001));
        assert_eq!(check_age(sent, sent + limit), Ok(()));
        assert_eq!(check_age(sent, sent - limit), Ok(()));
        assert_eq!(check_age(sent, sent + more), Err(SignatureError::TooOld));
        assert_eq!(check_age(sent, sent - more), Err(SignatureError::FromTheFuture));
    }
}

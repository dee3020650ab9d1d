//! Signature of Telnyx's webhooks. Source: telnyx-node b9b12ca, `src/lib/webhooks.ts`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::signature::SignatureError;
use domain::time::Timestamp;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::reading::check_age;

/// Header with the signature, in Base64.
pub(super) const SIGNATURE_HEADER: &str = "telnyx-signature-ed25519";

/// Header with the send time, in seconds since the Unix epoch.
pub(super) const TIMESTAMP_HEADER: &str = "telnyx-timestamp";

/// Verifies a webhook: first its age, then its signature, an Ed25519 over `{timestamp}|{body}`. `public_key` is the account's,
/// in Base64, as Telnyx's portal shows it.
///
/// # Errors
/// [`SignatureError`] if the webhook cannot be trusted.
pub(super) fn verify(
    public_key: &str,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), SignatureError> {
    if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SignatureError::MalformedTimestamp);
    }
    let seconds: i64 = timestamp.parse().map_err(|_| SignatureError::MalformedTimestamp)?;
    check_age(Timestamp::from_milliseconds(seconds.saturating_mul(1_000)), now)?;
    let public_key = STANDARD.decode(public_key).map_err(|_| SignatureError::NoMatch)?;
    let signature = STANDARD.decode(signature).map_err(|_| SignatureError::NoMatch)?;
    let signed = [timestamp.as_bytes(), b"|", body].concat();
    UnparsedPublicKey::new(&ED25519, public_key).verify(&signed, &signature).map_err(|_| SignatureError::NoMatch)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use domain::signature::SignatureError;
    use domain::time::{Span, Timestamp};
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::verify;

    const BODY: &[u8] = br#"{"data":{"event_type":"call.hangup"}}"#;
    const SENT: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

    const OPENSSL_KEY: &str = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
    const OPENSSL_SIGNATURE: &str =
        "7Hse7yal6l5HM46RpUPOhDvpncFrTvtNhGNIGfDLDCcXwKf0HDphalMqIhJlYYGw7A5n4z7joFyZgBSkDWuRCQ==";

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    fn key() -> String {
        STANDARD.encode(pair().public_key())
    }

    fn signature(signed: &[u8]) -> String {
        STANDARD.encode(pair().sign(signed))
    }

    fn genuine() -> String {
        signature(&[b"1700000000|".as_slice(), BODY].concat())
    }

    #[test]
    fn what_was_signed_is_trusted_for_five_minutes() {
        let at = |now| verify(&key(), "1700000000", &genuine(), BODY, now);
        assert_eq!(at(SENT), Ok(()));
        assert_eq!(at(SENT + Span::minutes(5)), Ok(()));
        assert_eq!(at(SENT + Span::seconds(301)), Err(SignatureError::TooOld));
        assert_eq!(at(SENT - Span::seconds(301)), Err(SignatureError::FromTheFuture));
    }

    #[test]
    fn a_signature_made_elsewhere_over_the_same_bytes_is_the_same() {
        // Made with OpenSSL from the same seed, over `1700000000|` and the body.
        assert_eq!(genuine(), OPENSSL_SIGNATURE);
        assert_eq!(key(), OPENSSL_KEY);
    }

    #[test]
    fn what_was_changed_is_not() {
        let refused = |key: &str, timestamp: &str, signature: &str, body: &[u8]| {
            verify(key, timestamp, signature, body, SENT).unwrap_err()
        };
        assert_eq!(refused(&key(), "1700000001", &genuine(), BODY), SignatureError::NoMatch);
        assert_eq!(refused(&key(), "1700000000", &genuine(), b"{}"), SignatureError::NoMatch);
        assert_eq!(refused(&key(), "1700000000", &signature(BODY), BODY), SignatureError::NoMatch);
        for signature in ["", "????", "AAAA"] {
            assert_eq!(refused(&key(), "1700000000", signature, BODY), SignatureError::NoMatch, "{signature}");
        }
        for key in ["", "AAAA", &STANDARD.encode([9; 32])] {
            assert_eq!(refused(key, "1700000000", &genuine(), BODY), SignatureError::NoMatch, "{key}");
        }
        for timestamp in ["", "soon", "-1", "+1700000000", "1700000000.5", "99999999999999999999"] {
            assert_eq!(refused(&key(), timestamp, &genuine(), BODY), SignatureError::MalformedTimestamp, "{timestamp}");
        }
    }
}

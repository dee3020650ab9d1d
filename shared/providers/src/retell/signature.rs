//! Signature of Retell's webhooks. Source: retell-typescript-sdk, `src/lib/webhook_auth.ts`.

use domain::signature::SignatureError;
use domain::time::Timestamp;
use ring::hmac;

use crate::reading::{check_age, unhex};

/// Header with the signature: `v=<milliseconds>,d=<hexadecimal>`.
pub(super) const SIGNATURE_HEADER: &str = "x-retell-signature";

/// Verifies a webhook: first its age, then its digest, in constant time. The digest is an HMAC-SHA256 over the body, directly
/// followed by the decimal time. Its key is the API key that the account marks for webhooks.
///
/// # Errors
/// [`SignatureError`] if the webhook cannot be trusted.
pub(super) fn verify(key: &str, signature: &str, body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
    let (sent, digest) = read(signature)?;
    let milliseconds = sent.parse().map_err(|_| SignatureError::MalformedTimestamp)?;
    check_age(Timestamp::from_milliseconds(milliseconds), now)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let signed = [body, sent.as_bytes()].concat();
    hmac::verify(&key, &signed, &digest).map_err(|_| SignatureError::NoMatch)
}

fn read(signature: &str) -> Result<(&str, Vec<u8>), SignatureError> {
    let (sent, digest) = signature.split_once(",d=").ok_or(SignatureError::NoMatch)?;
    let sent = sent.strip_prefix("v=").ok_or(SignatureError::NoMatch)?;
    if sent.is_empty() || !sent.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SignatureError::MalformedTimestamp);
    }
    Ok((sent, unhex(digest).ok_or(SignatureError::NoMatch)?))
}

#[cfg(test)]
mod tests {
    use domain::signature::SignatureError;
    use domain::time::{Span, Timestamp};

    use super::verify;

    const KEY: &str = "test-api-key";
    const BODY: &[u8] = br#"{"event":"call_ended"}"#;
    const SENT: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);
    const DIGEST: &str = "07024cabe7dd8f6d1c6e4a8324ca92c812e6ad4a7ee506c04f7e462e3321823e";

    fn signature() -> String {
        format!("v=1700000000000,d={DIGEST}")
    }

    #[test]
    fn the_vendors_own_vector_verifies() {
        assert_eq!(verify(KEY, &signature(), BODY, SENT), Ok(()));
        assert_eq!(verify(KEY, &signature().replace("07024c", "07024C"), BODY, SENT), Ok(()));
    }

    #[test]
    fn what_was_changed_does_not() {
        let other_body = br#"{"event":"call_started"}"#;
        assert_eq!(verify(KEY, &signature(), other_body, SENT), Err(SignatureError::NoMatch));
        assert_eq!(verify("another key", &signature(), BODY, SENT), Err(SignatureError::NoMatch));
        let later = format!("v=1700000000001,d={DIGEST}");
        assert_eq!(verify(KEY, &later, BODY, SENT), Err(SignatureError::NoMatch));
        // A plain HMAC would be a digest over the body alone.
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY.as_bytes());
        let plain = domain::digest::hex(ring::hmac::sign(&key, BODY).as_ref());
        assert_eq!(verify(KEY, &format!("v=1700000000000,d={plain}"), BODY, SENT), Err(SignatureError::NoMatch));
    }

    #[test]
    fn another_form_is_no_signature() {
        for header in ["", "v=,d=", DIGEST, "v=1700000000000", "v=1700000000000,d=", "v=1700000000000,d=07"] {
            assert!(verify(KEY, header, BODY, SENT).is_err(), "{header}");
        }
        for sent in ["", "soon", "-1", "+1700000000000", "99999999999999999999"] {
            let header = format!("v={sent},d={DIGEST}");
            assert_eq!(verify(KEY, &header, BODY, SENT), Err(SignatureError::MalformedTimestamp), "{header}");
        }
    }

    #[test]
    fn a_recorded_webhook_is_believed_for_five_minutes() {
        let at = |now| verify(KEY, &signature(), BODY, now);
        assert_eq!(at(SENT + Span::minutes(5)), Ok(()));
        assert_eq!(at(SENT + Span::milliseconds(300_001)), Err(SignatureError::TooOld));
        assert_eq!(at(SENT - Span::milliseconds(300_001)), Err(SignatureError::FromTheFuture));
    }
}

//! Signatures of webhooks, by the Standard Webhooks specification: an HMAC-SHA256 over id, time and body.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::time::{Span, Timestamp};

/// Header with the id of the event. It is the same at every attempt, so that a consumer can detect repetitions.
pub const ID_HEADER: &str = "webhook-id";

/// Header with the time of the attempt, in seconds since the Unix epoch.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";

/// Header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// Maximum difference between the time of the attempt and the consumer's clock. It limits the time for which a recorded
/// request can be replayed.
pub const TOLERANCE: Span = Span::minutes(5);

/// Number of random bytes in a secret that is generated here: the length of the digest.
pub const SECRET_BYTES: usize = 32;

/// Number of bytes that a secret may have, by the specification.
const ALLOWED_BYTES: std::ops::RangeInclusive<usize> = 24..=BLOCK_BYTES;

/// Number of bytes in one block of SHA-256: the longest key that HMAC uses unchanged.
const BLOCK_BYTES: usize = 64;

const SECRET_PREFIX: &str = "whsec_";
const VERSION_PREFIX: &str = "v1,";

/// Signing secret that only the endpoint and we know. It is shown once and never logged.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// Error for a text that is not a signing secret. It does not contain the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a signing secret: whsec_ and the base64 of 24 to 64 bytes")]
pub struct NotASecret;

impl Secret {
    /// Creates a secret from random bytes.
    pub fn new(random: [u8; SECRET_BYTES]) -> Self {
        Self(random.to_vec())
    }

    /// Parses a secret.
    ///
    /// # Errors
    /// [`NotASecret`] if the text has another form.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(NotASecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NotASecret)?;
        if ALLOWED_BYTES.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NotASecret) }
    }

    /// Returns the secret as text, to show it once and to store it.
    pub fn reveal(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(&self.0))
    }

    fn digest(&self, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
        // HMAC pads a short key with zeros itself. Padding here leaves no step that could fail.
        let mut key = [0_u8; BLOCK_BYTES];
        for (filled, byte) in key.iter_mut().zip(&self.0) {
            *filled = *byte;
        }
        let mut mac = Hmac::<Sha256>::new(&key.into());
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

/// Returns the value of [`SIGNATURE_HEADER`] for this body, with one signature for each secret. There are several secrets
/// while one is being rotated. `at` is the value of [`TIMESTAMP_HEADER`], in whole seconds.
pub fn sign(secrets: &[Secret], id: &str, at: Timestamp, body: &[u8]) -> String {
    let timestamp = at.as_seconds().to_string();
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| format!("{VERSION_PREFIX}{}", STANDARD.encode(secret.digest(id, &timestamp, body))))
        .collect();
    signatures.join(" ")
}

/// Webhook as it arrived, with its three headers and its body.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// Value of [`ID_HEADER`].
    pub id: &'a str,
    /// Value of [`TIMESTAMP_HEADER`].
    pub timestamp: &'a str,
    /// Value of [`SIGNATURE_HEADER`].
    pub signature: &'a str,
    /// Body, byte for byte as it arrived.
    pub body: &'a [u8],
}

/// Reason why a webhook is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Timestamp is not a number of seconds.
    #[error("the timestamp is no number of seconds")]
    MalformedTimestamp,
    /// Timestamp is more than [`TOLERANCE`] ago.
    #[error("the timestamp is more than five minutes old")]
    TooOld,
    /// Timestamp is more than [`TOLERANCE`] ahead.
    #[error("the timestamp is more than five minutes ahead")]
    FromTheFuture,
    /// No signature was made with this secret over this content.
    #[error("no signature matches")]
    NoMatch,
}

/// Verifies a webhook as its consumer should: first its age, then its signatures. Each signature is compared in constant
/// time.
///
/// # Errors
/// [`SignatureError`] if the webhook is not trusted.
pub fn verify(secret: &Secret, webhook: Signed<'_>, now: Timestamp) -> Result<(), SignatureError> {
    let sent: i64 = webhook.timestamp.parse().map_err(|_| SignatureError::MalformedTimestamp)?;
    // Both sides are in whole seconds, because the header has no fractions.
    let age = now.as_seconds().saturating_sub(sent);
    if age > TOLERANCE.as_seconds() {
        return Err(SignatureError::TooOld);
    }
    if age < -TOLERANCE.as_seconds() {
        return Err(SignatureError::FromTheFuture);
    }
    let expected = secret.digest(webhook.id, webhook.timestamp, webhook.body);
    let matches = webhook
        .signature
        .split(' ')
        .filter_map(|signature| signature.strip_prefix(VERSION_PREFIX))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .any(|given| given.ct_eq(&expected).into());
    if matches { Ok(()) } else { Err(SignatureError::NoMatch) }
}

#[cfg(test)]
mod tests {
    use super::{NotASecret, SECRET_BYTES, Secret, SignatureError, Signed, sign, verify};
    use crate::time::{Span, Timestamp};

    /// Example with which the specification's own libraries are tested.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const SENT: Timestamp = Timestamp::from_milliseconds(1_614_265_330_000);

    fn secret() -> Secret {
        Secret::parse(SECRET).unwrap()
    }

    fn example(signature: &str) -> Signed<'_> {
        Signed { id: ID, timestamp: "1614265330", signature, body: BODY }
    }

    #[test]
    fn the_published_examples_are_signed_alike() {
        assert_eq!(sign(&[secret()], ID, SENT, BODY), SIGNATURE);

        let another = Secret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let sent = Timestamp::from_milliseconds(1_649_367_553_999);
        let signature = sign(&[another], "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", sent, body);
        assert_eq!(signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    #[test]
    fn what_was_signed_is_trusted_and_what_was_changed_is_not() {
        assert_eq!(verify(&secret(), example(SIGNATURE), SENT), Ok(()));
        let forgeries = [
            Signed { id: "msg_other", ..example(SIGNATURE) },
            Signed { timestamp: "1614265331", ..example(SIGNATURE) },
            Signed { body: br#"{"test": 2432232315}"#, ..example(SIGNATURE) },
            example("v1,"),
            example("v1,AAAA"),
            example("v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            example("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            example(""),
        ];
        for forgery in forgeries {
            assert_eq!(verify(&secret(), forgery, SENT), Err(SignatureError::NoMatch), "{}", forgery.signature);
        }
        assert_eq!(verify(&Secret::new([7; SECRET_BYTES]), example(SIGNATURE), SENT), Err(SignatureError::NoMatch));
    }

    #[test]
    fn while_a_secret_is_rotated_either_one_verifies() {
        let (old, new) = (secret(), Secret::new([9; SECRET_BYTES]));
        let signatures = sign(&[new.clone(), old.clone()], ID, SENT, BODY);
        assert_eq!(signatures.split(' ').count(), 2);
        assert_eq!(verify(&old, example(&signatures), SENT), Ok(()));
        assert_eq!(verify(&new, example(&signatures), SENT), Ok(()));
        assert_eq!(verify(&Secret::new([8; SECRET_BYTES]), example(&signatures), SENT), Err(SignatureError::NoMatch));
    }

    #[test]
    fn a_webhook_is_trusted_for_five_minutes_either_way() {
        let limit = Span::minutes(5);
        let second = Span::seconds(1);
        let at = |now| verify(&secret(), example(SIGNATURE), now);
        assert_eq!(at(SENT + limit), Ok(()));
        assert_eq!(at(SENT + limit + second), Err(SignatureError::TooOld));
        assert_eq!(at(SENT - limit), Ok(()));
        assert_eq!(at(SENT - limit - second), Err(SignatureError::FromTheFuture));
        for timestamp in ["", "soon", "1614265330.5", "99999999999999999999"] {
            let webhook = Signed { timestamp, ..example(SIGNATURE) };
            assert_eq!(verify(&secret(), webhook, SENT), Err(SignatureError::MalformedTimestamp), "{timestamp}");
        }
    }

    #[test]
    fn a_secret_has_one_form_and_24_to_64_bytes() {
        use base64::Engine as _;
        let encoded =
            |bytes: usize| format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(vec![1_u8; bytes]));
        for bytes in [24, 32, 64] {
            assert_eq!(Secret::parse(&encoded(bytes)).unwrap().reveal(), encoded(bytes));
        }
        for text in [encoded(23), encoded(65), "whsec_".into(), "whsec_???".into(), SECRET["whsec_".len()..].into()] {
            assert_eq!(Secret::parse(&text), Err(NotASecret), "{text}");
        }
        assert_eq!(secret().reveal(), SECRET);
        assert_eq!(Secret::parse(&Secret::new([5; SECRET_BYTES]).reveal()), Ok(Secret::new([5; SECRET_BYTES])));
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", secret()), "whsec_…");
    }
}

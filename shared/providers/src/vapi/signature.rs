//! Signature of Vapi's server messages. Each customer of Vapi configures it: the settings here have the fields of the
//! credential at Vapi. Source: VapiAI/docs eabfa53, `HMACAuthenticationPlan` in the OpenAPI document.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::signature::SignatureError;
use domain::time::Timestamp;
use ring::hmac;
use serde::Deserialize;

use crate::callback::Callback;
use crate::reading::{check_age, moment_of, unhex};

/// Signature settings of server messages.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HmacPlan {
    pub(super) secret_key: String,
    #[serde(default)]
    pub(super) algorithm: Algorithm,
    #[serde(default = "signature_header")]
    pub(super) signature_header: String,
    #[serde(default = "timestamp_header")]
    pub(super) timestamp_header: String,
    #[serde(default)]
    pub(super) signature_prefix: String,
    #[serde(default = "yes")]
    pub(super) include_timestamp: bool,
    #[serde(default)]
    pub(super) payload_format: Option<String>,
    #[serde(default = "message_id_header")]
    pub(super) message_id_header: String,
    #[serde(default)]
    pub(super) signature_encoding: Encoding,
    #[serde(default)]
    pub(super) secret_is_base64: bool,
}

/// Hash function of the HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Algorithm {
    #[default]
    Sha256,
    Sha512,
    Sha1,
}

/// Encoding of the digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    #[default]
    Hex,
    Base64,
}

fn signature_header() -> String {
    "x-signature".to_owned()
}

fn timestamp_header() -> String {
    "x-timestamp".to_owned()
}

fn message_id_header() -> String {
    "svix-id".to_owned()
}

const fn yes() -> bool {
    true
}

/// Placeholder for the time in a payload format.
const TIMESTAMP: &str = "{timestamp}";

/// Number from which a time is in milliseconds. In seconds, it would be the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

impl HmacPlan {
    /// Verifies a server message: first its age, if the signature covers the time, then the signature, in constant time. If
    /// there are several signatures, as Svix sends them, one has to fit.
    ///
    /// # Errors
    /// [`SignatureError`] if the message cannot be trusted.
    pub(super) fn verify(&self, callback: Callback<'_>, now: Timestamp) -> Result<(), SignatureError> {
        let given = (callback.header)(&self.signature_header.to_lowercase()).ok_or(SignatureError::NoMatch)?;
        let format = self.format();
        if format.contains(TIMESTAMP) {
            check_age(sent(self.timestamp(callback)).ok_or(SignatureError::MalformedTimestamp)?, now)?;
        }
        let signed = self.signed(format, callback);
        let key = hmac::Key::new(self.algorithm(), &self.key()?);
        let matches = given
            .split(' ')
            .filter_map(|one| one.strip_prefix(self.signature_prefix.as_str()))
            .filter_map(|digest| self.decode(digest))
            .any(|digest| hmac::verify(&key, &signed, &digest).is_ok());
        if matches { Ok(()) } else { Err(SignatureError::NoMatch) }
    }

    fn format(&self) -> &str {
        match &self.payload_format {
            Some(format) => format,
            None if self.include_timestamp => "{timestamp}.{body}",
            None => "{body}",
        }
    }

    fn timestamp<'a>(&self, callback: Callback<'a>) -> &'a str {
        (callback.header)(&self.timestamp_header.to_lowercase()).unwrap_or_default()
    }

    /// Fills in the placeholders of the format. Values are not searched for placeholders again.
    fn signed(&self, format: &str, callback: Callback<'_>) -> Vec<u8> {
        let message_id = (callback.header)(&self.message_id_header.to_lowercase()).unwrap_or_default();
        let placeholders: [(&str, &[u8]); 5] = [
            ("{body}", callback.body),
            (TIMESTAMP, self.timestamp(callback).as_bytes()),
            ("{method}", b"POST"),
            ("{url}", callback.url.as_bytes()),
            ("{svix-id}", message_id.as_bytes()),
        ];
        let mut signed = Vec::with_capacity(callback.body.len() + 64);
        let mut rest = format;
        while let Some(character) = rest.chars().next() {
            let found = placeholders.iter().find_map(|(name, value)| Some((rest.strip_prefix(name)?, value)));
            if let Some((behind, value)) = found {
                signed.extend_from_slice(value);
                rest = behind;
            } else {
                let (literal, behind) = rest.split_at(character.len_utf8());
                signed.extend_from_slice(literal.as_bytes());
                rest = behind;
            }
        }
        signed
    }

    fn algorithm(&self) -> hmac::Algorithm {
        match self.algorithm {
            Algorithm::Sha256 => hmac::HMAC_SHA256,
            Algorithm::Sha512 => hmac::HMAC_SHA512,
            Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        }
    }

    /// Decodes the key. An empty key is refused, because every sender could sign with it.
    fn key(&self) -> Result<Vec<u8>, SignatureError> {
        let key = if self.secret_is_base64 {
            STANDARD.decode(&self.secret_key).map_err(|_| SignatureError::NoMatch)?
        } else {
            self.secret_key.clone().into_bytes()
        };
        if key.is_empty() { Err(SignatureError::NoMatch) } else { Ok(key) }
    }

    fn decode(&self, digest: &str) -> Option<Vec<u8>> {
        match self.signature_encoding {
            Encoding::Hex => unhex(digest),
            Encoding::Base64 => STANDARD.decode(digest).ok(),
        }
    }
}

/// Parses the send time. Vapi does not document its unit, so seconds, milliseconds and RFC 3339 are all read.
fn sent(timestamp: &str) -> Option<Timestamp> {
    match timestamp.parse::<i64>() {
        Ok(milliseconds) if milliseconds >= MILLISECONDS_FROM => Some(Timestamp::from_milliseconds(milliseconds)),
        Ok(seconds) => Some(Timestamp::from_milliseconds(seconds.saturating_mul(1_000))),
        Err(_) => moment_of(timestamp),
    }
}

#[cfg(test)]
mod tests;

//! API keys and their permissions.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray};

use crate::digest::hex;
use crate::ids::{Mode, OrganizationId, Scope};
use crate::quota::Limits;
use crate::time::Timestamp;
use crate::variants::all;

/// Number of random bytes in a key.
pub const SECRET_BYTES: usize = 24;

/// Raw API key: `rd_test_<organization>_<secret>`. It names its organization, so that one batch can read all that a
/// request needs. It is never stored and never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct RawKey {
    text: String,
    scope: Scope,
}

impl RawKey {
    /// Creates a key from random bytes.
    pub fn new(scope: Scope, random: [u8; SECRET_BYTES]) -> Self {
        let secret = URL_SAFE_NO_PAD.encode(random).replace('_', ".");
        Self { text: format!("rd_{}_{}_{secret}", scope.mode.as_str(), scope.organization), scope }
    }

    /// Parses a key; `None` if the text has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let (mode, rest) = match (text.strip_prefix("rd_live_"), text.strip_prefix("rd_test_")) {
            (Some(rest), _) => (Mode::Live, rest),
            (_, Some(rest)) => (Mode::Test, rest),
            (None, None) => return None,
        };
        let (organization, secret) = rest.split_once('_')?;
        let well_formed = (16..=128).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic());
        let organization = OrganizationId::parse(organization).filter(|_| well_formed)?;
        Some(Self { text: text.to_owned(), scope: Scope { organization, mode } })
    }

    /// Returns the organization and mode that the key names. They are unproven until its digest is found.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Returns the digest under which the key is stored: SHA-256, in hexadecimal.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.text.as_bytes()))
    }

    /// Returns the public id of the key.
    pub fn id(&self) -> KeyId {
        KeyId::of_digest(&self.digest())
    }

    /// Returns the raw key, which is shown to the client once.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rd_{}_{}_…", self.scope.mode.as_str(), self.scope.organization)
    }
}

/// Public id of an API key. It is the beginning of the key's digest, which does not reveal the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, example = "key_5d1f0c2b9a8e7d6c5b4a3f2e"))]
#[serde(transparent)]
pub struct KeyId(String);

/// Number of hexadecimal digits of the digest in a key's id: 96 bits.
const ID_DIGITS: usize = 24;

const ID_PREFIX: &str = "key_";

impl KeyId {
    /// Returns the id of the key with this digest.
    pub fn of_digest(digest: &str) -> Self {
        Self(format!("{ID_PREFIX}{}", digest.get(..ID_DIGITS).unwrap_or(digest)))
    }

    /// Parses an id; `None` if the text has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(ID_PREFIX)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (digits.len() == ID_DIGITS && digits.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// Returns the beginning of the key's digest.
    pub fn digest_prefix(&self) -> &str {
        self.0.strip_prefix(ID_PREFIX).unwrap_or(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Permission of an API key.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Permission {
    /// Permission to place calls.
    CanInitiateCalls,
    /// Permission to open SMS conversations and to write in them.
    CanSendSms,
    /// Permission to read conversations, their events and recordings.
    CanReadConversations,
    /// Permission to close conversations.
    CanCloseConversations,
    /// Permission to manage webhook endpoints.
    CanManageWebhooks,
    /// Permission to manage API keys.
    CanManageKeys,
    /// Permission to manage agents.
    CanManageAgents,
    /// Permission to manage contacts and the do-not-call list.
    CanManageContacts,
    /// Permission to read the wallet.
    CanReadWallet,
    /// Permission to read the audit log.
    CanReadAudit,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// Returns the name used in the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Parses a name; `None` if there is no such permission.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// API key as it is stored, under the digest of the raw key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Display name of the key.
    pub name: String,
    /// Permissions of the key.
    pub permissions: Vec<Permission>,
    /// Time at which the key was created.
    pub created_at: Timestamp,
    /// Time from which the key is not valid any more; `None` if it does not expire.
    pub expires_at: Option<Timestamp>,
    /// Time at which the key was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Usage limits of the key.
    #[serde(default)]
    pub limits: Limits,
    /// Id of the key that created this one; `None` if an operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_with: Option<KeyId>,
    /// Digests of the other keys whose limits this key's use counts against, nearest first. They created this key,
    /// directly or through other keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted_with: Vec<String>,
}

/// Largest number of other keys that a key's use counts against. Each is one more item to read and to write.
pub const MOST_COUNTED_WITH: usize = 4;

/// Refusal of a new key: its use would count against more than [`MOST_COUNTED_WITH`] keys, each with smaller limits
/// than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyToCountWith;

impl ApiKey {
    /// Returns `true` if the key is neither revoked nor expired.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expiry| now < expiry)
    }

    /// Returns the digests of the keys that the use of a child of this key counts against. `digest` is this key's own.
    /// `above` has the limits of the nearest key that this key's own use counts against.
    ///
    /// This key is left out if its limits are those of the key above it, because the count there already bounds it. So
    /// a client can replace a key by an equal one any number of times.
    ///
    /// # Errors
    /// [`TooManyToCountWith`] if there are more than [`MOST_COUNTED_WITH`] of them.
    pub fn counted_with_its_children(
        &self,
        digest: String,
        above: Option<&Limits>,
    ) -> Result<Vec<String>, TooManyToCountWith> {
        let bounds_more = self.limits.bounds_more_than(above.unwrap_or(&Limits::default()));
        let own = bounds_more.then_some(digest);
        let all: Vec<String> = own.into_iter().chain(self.counted_with.iter().cloned()).collect();
        if all.len() > MOST_COUNTED_WITH { Err(TooManyToCountWith) } else { Ok(all) }
    }

    /// Returns `true` if the key has this permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, KeyId, Permission, RawKey, SECRET_BYTES, TooManyToCountWith};
    use crate::ids::{Mode, OrganizationId, Scope};
    use crate::quota::Limits;
    use crate::time::Timestamp;

    #[test]
    fn a_key_names_its_organization_and_mode_and_hides_its_secret() {
        let scope = Scope { organization: OrganizationId::parse("acme-2").unwrap(), mode: Mode::Live };
        let key = RawKey::new(scope.clone(), [255; SECRET_BYTES]);
        let read = RawKey::parse(key.reveal()).unwrap();
        assert_eq!(read.scope(), &scope);
        assert_eq!(read.digest(), key.digest());
        assert_eq!(format!("{key:?}"), "rd_live_acme-2_…");
    }

    #[test]
    fn what_has_not_the_form_of_a_key_is_none() {
        for text in ["", "rd_", "rd_live_", "rd_test_acme", "rd_test_acme_short", "pk_live_acme_0123456789abcdef"] {
            assert_eq!(RawKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_spoken_of_by_the_beginning_of_its_digest() {
        let scope = Scope { organization: OrganizationId::parse("acme").unwrap(), mode: Mode::Live };
        let key = RawKey::new(scope, [1; SECRET_BYTES]);
        assert!(key.digest().starts_with(key.id().digest_prefix()));
        assert_eq!(KeyId::parse(&key.id().to_string()), Some(key.id()));
        for text in ["", "key_", "key_0123", "0123456789abcdef01234567", "key_0123456789ABCDEF01234567"] {
            assert_eq!(KeyId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_counts_with_those_above_that_bound_more_than_the_next_one() {
        let limits = |calls_per_day| Limits { requests_per_minute: None, calls_per_day };
        let key = |limits: Limits, counted_with: &[&str]| ApiKey {
            name: String::new(),
            permissions: Vec::new(),
            created_at: Timestamp::from_milliseconds(0),
            expires_at: None,
            revoked_at: None,
            limits,
            made_with: None,
            counted_with: counted_with.iter().map(|digest| (*digest).to_owned()).collect(),
        };
        let children =
            |key: &ApiKey, above: Option<Limits>| key.counted_with_its_children("own".to_owned(), above.as_ref());
        assert_eq!(children(&key(limits(None), &[]), None).unwrap(), [""; 0], "nothing is limited");
        assert_eq!(children(&key(limits(Some(5)), &[]), None).unwrap(), ["own"]);
        let above = Some(limits(Some(5)));
        assert_eq!(children(&key(limits(Some(5)), &["a"]), above).unwrap(), ["a"], "its limits are its maker's");
        assert_eq!(children(&key(limits(Some(4)), &["a"]), above).unwrap(), ["own", "a"]);
        let many = ["a", "b", "c", "d"];
        assert_eq!(children(&key(limits(Some(5)), &many), above).unwrap(), many);
        assert_eq!(children(&key(limits(Some(4)), &many), above), Err(TooManyToCountWith));
    }

    #[test]
    fn a_key_of_before_is_read_as_one_that_counts_alone() {
        let old = r#"{"name": "old", "permissions": [], "createdAt": "2026-04-10T14:00:00.000Z", "expiresAt": null, "revokedAt": null}"#;
        let key: ApiKey = serde_json::from_str(old).unwrap();
        assert!(key.made_with.is_none() && key.counted_with.is_empty());
        let text = serde_json::to_string(&key).unwrap();
        assert!(!text.contains("madeWith") && !text.contains("countedWith"), "and written as it was: {text}");
    }

    #[test]
    fn permissions_are_named_as_in_the_contract() {
        for permission in Permission::ALL {
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        }
    }
}

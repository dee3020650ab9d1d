//! API keys and what they may do.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{Mode, OrganizationId, Scope, hex};
use crate::time::Timestamp;

/// Bytes of randomness in a key.
pub const SECRET_BYTES: usize = 24;

/// A raw API key: `rd_test_<organization>_<secret>`. It names its organization, so that everything a request needs can
/// be read in one batch. Never stored, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct RawKey {
    text: String,
    scope: Scope,
}

impl RawKey {
    /// Makes a key of random bytes.
    pub fn new(scope: Scope, random: [u8; SECRET_BYTES]) -> Self {
        let secret = URL_SAFE_NO_PAD.encode(random).replace('_', ".");
        Self { text: format!("rd_{}_{}_{secret}", scope.mode.as_str(), scope.organization), scope }
    }

    /// Reads a key; `None` where the text is none.
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

    /// The organization and mode that the key says it belongs to. Nothing is proven before its digest was found.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The digest under which the key is stored: SHA-256, in hexadecimal.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.text.as_bytes()))
    }

    /// The raw key, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rd_{}_{}_…", self.scope.mode.as_str(), self.scope.organization)
    }
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Place calls.
    CanInitiateCalls,
    /// Open SMS conversations and write in them.
    CanSendSms,
    /// Read conversations, their events and recordings.
    CanReadConversations,
    /// Close conversations.
    CanCloseConversations,
    /// Manage webhook endpoints.
    CanManageWebhooks,
    /// Manage API keys.
    CanManageKeys,
    /// Manage agents.
    CanManageAgents,
    /// Manage contacts and the do-not-call list.
    CanManageContacts,
    /// Read the wallet.
    CanReadWallet,
    /// Read the audit log.
    CanReadAudit,
}

impl Permission {
    /// Every permission there is.
    pub const ALL: [Self; 10] = [
        Self::CanInitiateCalls,
        Self::CanSendSms,
        Self::CanReadConversations,
        Self::CanCloseConversations,
        Self::CanManageWebhooks,
        Self::CanManageKeys,
        Self::CanManageAgents,
        Self::CanManageContacts,
        Self::CanReadWallet,
        Self::CanReadAudit,
    ];

    /// The permission's name, as it stands in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CanInitiateCalls => "can_initiate_calls",
            Self::CanSendSms => "can_send_sms",
            Self::CanReadConversations => "can_read_conversations",
            Self::CanCloseConversations => "can_close_conversations",
            Self::CanManageWebhooks => "can_manage_webhooks",
            Self::CanManageKeys => "can_manage_keys",
            Self::CanManageAgents => "can_manage_agents",
            Self::CanManageContacts => "can_manage_contacts",
            Self::CanReadWallet => "can_read_wallet",
            Self::CanReadAudit => "can_read_audit",
        }
    }
}

/// A key as it is stored, under the digest of the raw key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
    /// Since when it opens nothing.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key opens anything now.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expiry| now < expiry)
    }

    /// Whether the key may do this.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission, RawKey, SECRET_BYTES};
    use crate::ids::{Mode, OrganizationId, Scope};

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
    fn permissions_are_named_as_in_the_contract() {
        for permission in Permission::ALL {
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        }
    }
}

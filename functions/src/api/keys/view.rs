//! An API key as its owner sees it. Some names stand in snake case beside the camel-case ones: PAM's clients use them.

use domain::ids::Mode;
use domain::key::{KeyId, Permission};
use domain::time::Timestamp;
use serde::Serialize;
use store::StoredKey;

/// An API key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ApiKey))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyView {
    /// Its id.
    id: KeyId,
    /// What its owner calls it.
    name: String,
    /// The mode it acts in.
    mode: Mode,
    /// What it may do.
    permissions: Vec<Permission>,
    /// How many requests it may make in a minute; null where that is not limited.
    requests_per_minute: Option<u32>,
    /// How many calls it may place on a day, by UTC; null where that is not limited.
    calls_per_day: Option<u32>,
    /// Whether it opens anything now.
    is_active: bool,
    /// When it was made.
    created_at: Timestamp,
    /// From when on it opens nothing; null where it does not expire.
    expires_at: Option<Timestamp>,
    /// The key that it was made with, whose limits its use counts against too; null where an operator made it.
    made_with: Option<KeyId>,
    /// When it was revoked; null where it was not.
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the hour; null where it never was.
    last_used_at: Option<Timestamp>,
    /// The same as `isActive`.
    #[serde(rename = "is_active")]
    is_active_for_pam: bool,
    /// The same as `createdAt`.
    #[serde(rename = "created_at")]
    created_at_for_pam: Timestamp,
    /// The same as `expiresAt`.
    #[serde(rename = "expires_at")]
    expires_at_for_pam: Option<Timestamp>,
    /// The same as `lastUsedAt`.
    #[serde(rename = "last_used_at")]
    last_used_at_for_pam: Option<Timestamp>,
    /// The raw key. Shown once: in the answer to the request that made it. Only its digest is stored, so that not even a
    /// replay of that request can show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl ApiKeyView {
    pub(crate) fn new(stored: StoredKey, mode: Mode, now: Timestamp) -> Self {
        let StoredKey { id, key, last_used_at } = stored;
        let is_active = key.is_valid(now);
        Self {
            id,
            name: key.name,
            mode,
            permissions: key.permissions,
            requests_per_minute: key.limits.requests_per_minute,
            calls_per_day: key.limits.calls_per_day,
            is_active,
            created_at: key.created_at,
            expires_at: key.expires_at,
            made_with: key.made_with,
            revoked_at: key.revoked_at,
            last_used_at,
            is_active_for_pam: is_active,
            created_at_for_pam: key.created_at,
            expires_at_for_pam: key.expires_at,
            last_used_at_for_pam: last_used_at,
            key: None,
        }
    }

    pub(crate) fn with_raw_key(self, raw: &str) -> Self {
        Self { key: Some(raw.to_owned()), ..self }
    }
}

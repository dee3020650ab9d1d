//! An API key in responses. Some fields also exist in snake case, because clients of PAM's API use those names.

use domain::ids::Mode;
use domain::key::{KeyId, Permission};
use domain::time::Timestamp;
use serde::Serialize;
use store::StoredKey;

/// API key, without the raw key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ApiKey))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyView {
    /// Id of the key.
    id: KeyId,
    /// Name that describes the purpose of the key.
    name: String,
    /// Mode in which the key acts.
    mode: Mode,
    /// Permissions of the key.
    permissions: Vec<Permission>,
    /// Maximum number of requests in a minute; null if unlimited.
    requests_per_minute: Option<u32>,
    /// Maximum number of calls in a day by UTC; null if unlimited.
    calls_per_day: Option<u32>,
    /// `true` if the key is currently valid.
    is_active: bool,
    /// Time at which the key was created.
    created_at: Timestamp,
    /// Time from which the key is invalid; null if it does not expire.
    expires_at: Option<Timestamp>,
    /// Id of the key that created this one. The use of this key also counts against its limits. Null if an operator created this key.
    made_with: Option<KeyId>,
    /// Time of the revocation; null if the key was not revoked.
    revoked_at: Option<Timestamp>,
    /// Time of the last use, to the hour; null if the key was never used.
    last_used_at: Option<Timestamp>,
    /// Alias of `isActive`.
    #[serde(rename = "is_active")]
    is_active_for_pam: bool,
    /// Alias of `createdAt`.
    #[serde(rename = "created_at")]
    created_at_for_pam: Timestamp,
    /// Alias of `expiresAt`.
    #[serde(rename = "expires_at")]
    expires_at_for_pam: Option<Timestamp>,
    /// Alias of `lastUsedAt`.
    #[serde(rename = "last_used_at")]
    last_used_at_for_pam: Option<Timestamp>,
    /// Raw key. Present only in the response to the request that created it. Only a digest is stored, so a replay cannot return it.
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

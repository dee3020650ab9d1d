//! Who is asking.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use domain::audit::{Action, Actor, AuditEntry};
use domain::ids::Scope;
use domain::key::{ApiKey, KeyId, Permission, RawKey};
use domain::organization::Organization;
use domain::quota::{Exhausted, Usage};
use domain::time::Timestamp;
use store::{Items, keys};

use crate::dialects::Dialect;
use crate::error::ApiError;
use crate::http::Request;

/// Somebody whose key was found valid: the first argument of everything that touches a tenant's data.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose data it may touch.
    pub scope: Scope,
    /// Its organization.
    pub organization: Organization,
    /// Its key; `None` where it came without one: by a call's token, or by a queue that a key put it on.
    pub key: Option<UsedKey>,
}

/// The key that a request came with.
#[derive(Clone, Debug)]
pub struct UsedKey {
    /// What it is spoken of by.
    pub id: KeyId,
    /// The key, as it is stored.
    pub stored: ApiKey,
    /// What it was used for, as it is counted.
    pub usage: Usage,
    /// Where it stands in the table.
    pub place: keys::Key,
    /// The calls that its request has placed by now.
    pub placed: Arc<AtomicU32>,
}

/// The key that a request brings. Nothing is proven yet.
///
/// # Errors
/// [`ApiError::Unauthorized`] where there is none of a key's form.
pub(crate) fn raw_key(request: &Request, dialect: Dialect) -> Result<RawKey, ApiError> {
    let token = match dialect {
        Dialect::Klen => bearer(request).or(request.header("x-api-key")),
        Dialect::Native | Dialect::Verbex | Dialect::Levers => bearer(request),
    };
    token.and_then(|token| RawKey::parse(token.trim())).ok_or(ApiError::Unauthorized)
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The keys of what [`authenticate`] has to see.
pub(crate) fn reads(raw: &RawKey) -> [keys::Key; 2] {
    [keys::api_key(raw), keys::organization(&raw.scope().organization)]
}

/// Judges a key by what was read.
///
/// # Errors
/// [`ApiError::Unauthorized`] where it opens nothing, [`ApiError::PermissionDenied`] where it does not open this.
pub(crate) fn authenticate(
    raw: &RawKey,
    items: &Items,
    permission: Permission,
    now: Timestamp,
) -> Result<Caller, ApiError> {
    let key: Option<ApiKey> = items.read("API key", &keys::api_key(raw))?;
    let organization: Option<Organization> =
        items.read("organization", &keys::organization(&raw.scope().organization))?;
    let (Some(key), Some(organization)) = (key, organization) else { return Err(ApiError::Unauthorized) };
    if !key.is_valid(now) {
        return Err(ApiError::Unauthorized);
    }
    if !key.may(permission) {
        return Err(ApiError::PermissionDenied(format!("the API key lacks the permission {}", permission.as_str())));
    }
    let place = keys::api_key(raw);
    let key = Some(UsedKey { id: raw.id(), stored: key, usage: items.usage(&place), place, placed: Arc::default() });
    Ok(Caller { scope: raw.scope().clone(), organization, key })
}

impl Caller {
    /// Refuses what a suspended organization may not do.
    ///
    /// # Errors
    /// [`ApiError::PermissionDenied`].
    pub fn must_not_be_suspended(&self) -> Result<(), ApiError> {
        if self.organization.suspended {
            return Err(ApiError::PermissionDenied("the organization is suspended".to_owned()));
        }
        Ok(())
    }

    /// Refuses what its key has used up: a request more, and so many calls more. Whoever answers replays asks this behind them.
    ///
    /// # Errors
    /// [`Exhausted`].
    pub(crate) fn must_have_left(&self, calls: u32, now: Timestamp) -> Result<(), Exhausted> {
        let Some(key) = &self.key else { return Ok(()) };
        key.stored.limits.allows_request(&key.usage, now)?;
        if calls == 0 { Ok(()) } else { key.stored.limits.allows_calls(calls, &key.usage, now) }
    }

    /// What its key may do; nothing where it came without one.
    pub fn permissions(&self) -> &[Permission] {
        self.key.as_ref().map_or(&[], |key| &key.stored.permissions)
    }

    /// The entry of the audit log that says what this caller did to something of its mode.
    pub fn did(&self, action: Action, target: impl ToString, changed: Vec<String>, at: Timestamp) -> AuditEntry {
        let actor = self.key.as_ref().map_or(Actor::Service, |key| Actor::ApiKey { id: key.id.clone() });
        AuditEntry { at, actor, action, target: target.to_string(), mode: Some(self.scope.mode), changed }
    }
}

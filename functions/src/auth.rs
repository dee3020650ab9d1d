//! Authentication of callers by their API keys.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use domain::audit::{Action, Actor, AuditEntry};
use domain::ids::Scope;
use domain::key::{ApiKey, KeyId, Permission, RawKey};
use domain::organization::Organization;
use domain::quota::{Exhausted, Limits, Usage};
use domain::time::Timestamp;
use store::{Items, Table, keys};

use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::http::Request;

/// Authenticated caller. Each handler that touches a tenant's data gets one.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Organization and mode whose data the caller may access.
    pub scope: Scope,
    /// Organization of the caller.
    pub organization: Organization,
    /// API key of the request. `None` for a request with a call's token, and for a queued item of a request whose key was
    /// checked before.
    pub key: Option<UsedKey>,
}

/// API key of a request.
#[derive(Clone, Debug)]
pub struct UsedKey {
    /// Public id of the key.
    pub id: KeyId,
    /// Digest under which the key is stored.
    pub digest: String,
    /// Key, as it is stored.
    pub stored: ApiKey,
    /// Counters of the key's use: its own, then those of the keys that it was created with, the nearest first.
    pub accounts: Vec<Account>,
    /// Number of calls that the request has placed so far.
    pub placed: Arc<AtomicU32>,
}

/// Counter of a key's use.
#[derive(Clone, Debug)]
pub struct Account {
    /// Limits of the key that the counter belongs to.
    pub limits: Limits,
    /// Usage, as it was counted when the key was read.
    pub usage: Usage,
    /// Table key of the key's item.
    pub place: keys::Key,
}

/// Returns the API key that a request brings. The key is not verified yet.
///
/// # Errors
/// [`ApiError::Unauthorized`] if the request has no key of the right form.
pub(crate) fn raw_key(request: &Request, dialect: Dialect) -> Result<RawKey, ApiError> {
    let token = match dialect {
        Dialect::Klen => bearer(request).or(request.header("x-api-key")),
        Dialect::Native | Dialect::Verbex | Dialect::Levers => bearer(request),
    };
    token.and_then(|token| RawKey::parse(token.trim())).ok_or(ApiError::Unauthorized)
}

/// Returns the token of an `Authorization: Bearer` header.
pub(crate) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns the table keys of the items that [`authenticate`] needs.
pub(crate) fn reads(raw: &RawKey) -> [keys::Key; 2] {
    [keys::api_key(raw), keys::organization(&raw.scope().organization)]
}

/// Authenticates a key by the items that were read, and checks its permission.
///
/// # Errors
/// [`ApiError::Unauthorized`] if the key is unknown, expired or revoked, [`ApiError::PermissionDenied`] if it lacks the
/// permission.
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
    let own = account(&key, keys::api_key(raw), items);
    let key =
        Some(UsedKey { id: raw.id(), digest: raw.digest(), stored: key, accounts: vec![own], placed: Arc::default() });
    Ok(Caller { scope: raw.scope().clone(), organization, key })
}

fn account(key: &ApiKey, place: keys::Key, items: &Items) -> Account {
    Account { limits: key.limits, usage: items.usage(&place), place }
}

/// Loads the counters of the keys that a caller's key was created with, if its use counts against their limits. Most keys have
/// none.
///
/// # Errors
/// [`ApiError`] if they cannot be read.
pub(crate) async fn with_accounts_above(
    table: &Table,
    mut caller: Caller,
    items: &mut Items,
) -> Result<Caller, ApiError> {
    let Some(key) = caller.key.as_mut().filter(|key| !key.stored.counted_with.is_empty()) else { return Ok(caller) };
    let place = |digest: &String| keys::api_key_of_digest(&caller.scope, digest);
    let places: Vec<keys::Key> = key.stored.counted_with.iter().map(place).collect();
    table.read_missing(items, places.iter().cloned()).await?;
    for place in places {
        if let Some(above) = items.read("API key", &place)? {
            key.accounts.push(account(&above, place, items));
        }
    }
    Ok(caller)
}

impl Caller {
    /// Checks that the organization is not suspended.
    ///
    /// # Errors
    /// [`ApiError::PermissionDenied`] if it is.
    pub fn must_not_be_suspended(&self) -> Result<(), ApiError> {
        if self.organization.suspended {
            return Err(ApiError::PermissionDenied("the organization is suspended".to_owned()));
        }
        Ok(())
    }

    /// Checks the key's limits for one more request and `calls` more calls. A caller without a key has no limits. Handlers that
    /// answer replays must look for a replay first.
    ///
    /// # Errors
    /// [`Exhausted`] if a limit is used up.
    pub(crate) fn check_rate_limit(&self, calls: u32, now: Timestamp) -> Result<(), Exhausted> {
        let Some(key) = &self.key else { return Ok(()) };
        for account in &key.accounts {
            account.limits.allows_request(&account.usage, now)?;
            if calls > 0 {
                account.limits.allows_calls(calls, &account.usage, now)?;
            }
        }
        Ok(())
    }

    /// Returns the permissions of the caller's key. Empty for a caller without a key.
    pub fn permissions(&self) -> &[Permission] {
        self.key.as_ref().map_or(&[], |key| &key.stored.permissions)
    }

    /// Returns the audit entry for an action of this caller on a resource of its mode.
    pub fn did(&self, action: Action, target: impl ToString, changed: Vec<String>, at: Timestamp) -> AuditEntry {
        let actor = self.key.as_ref().map_or(Actor::Service, |key| Actor::ApiKey { id: key.id.clone() });
        AuditEntry { at, actor, action, target: target.to_string(), mode: Some(self.scope.mode), changed }
    }
}

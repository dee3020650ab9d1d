//! Who is asking.

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
    /// The digest that it is stored under.
    pub digest: String,
    /// The key, as it is stored.
    pub stored: ApiKey,
    /// The counts that its use is added to: its own, and those of the keys that it was made with, the nearest first.
    pub accounts: Vec<Account>,
    /// The calls that its request has placed by now.
    pub placed: Arc<AtomicU32>,
}

/// What a use of a key is counted against.
#[derive(Clone, Debug)]
pub struct Account {
    /// What is allowed.
    pub limits: Limits,
    /// What was used, as it is counted.
    pub usage: Usage,
    /// Where the key stands in the table.
    pub place: keys::Key,
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
    let own = account(&key, keys::api_key(raw), items);
    let key =
        Some(UsedKey { id: raw.id(), digest: raw.digest(), stored: key, accounts: vec![own], placed: Arc::default() });
    Ok(Caller { scope: raw.scope().clone(), organization, key })
}

fn account(key: &ApiKey, place: keys::Key, items: &Items) -> Account {
    Account { limits: key.limits, usage: items.usage(&place), place }
}

/// Reads the counts of the keys that a caller's key was made with, where its use counts against theirs. Most keys have none.
///
/// # Errors
/// [`ApiError`] where they cannot be read.
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
        for account in &key.accounts {
            account.limits.allows_request(&account.usage, now)?;
            if calls > 0 {
                account.limits.allows_calls(calls, &account.usage, now)?;
            }
        }
        Ok(())
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

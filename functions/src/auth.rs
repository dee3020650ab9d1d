//! Who is asking.

use domain::audit::{Action, Actor, AuditEntry};
use domain::ids::Scope;
use domain::key::{ApiKey, KeyId, Permission, RawKey};
use domain::organization::Organization;
use domain::time::Timestamp;
use store::{Items, keys};

use crate::error::ApiError;
use crate::http::Request;

/// Somebody whose key was found valid: the first argument of everything that touches a tenant's data.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose data it may touch.
    pub scope: Scope,
    /// Its organization.
    pub organization: Organization,
    /// What its key is spoken of by.
    pub key_id: KeyId,
    /// What its key may do.
    pub key: ApiKey,
}

/// The key that a request brings. Nothing is proven yet.
///
/// # Errors
/// [`ApiError::Unauthorized`] where there is none of a key's form.
pub(crate) fn raw_key(request: &Request) -> Result<RawKey, ApiError> {
    let header = request.header("authorization").ok_or(ApiError::Unauthorized)?;
    let (scheme, token) = header.split_once(' ').ok_or(ApiError::Unauthorized)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::Unauthorized);
    }
    RawKey::parse(token.trim()).ok_or(ApiError::Unauthorized)
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
    Ok(Caller { scope: raw.scope().clone(), organization, key_id: raw.id(), key })
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

    /// The entry of the audit log that says what this caller did to something of its mode.
    pub fn did(&self, action: Action, target: impl ToString, changed: Vec<String>, at: Timestamp) -> AuditEntry {
        let actor = Actor::ApiKey { id: self.key_id.clone() };
        AuditEntry { at, actor, action, target: target.to_string(), mode: Some(self.scope.mode), changed }
    }
}

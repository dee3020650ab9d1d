//! Commands about API keys.

use domain::audit::Action;
use domain::ids::Scope;
use domain::key::{ApiKey, KeyId, Permission, RawKey};
use domain::quota::Limits;
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::{Edited, StoredKey};

use crate::cli::{Ask, InMode, Key};
use crate::connect::{Deployment, scope};
use crate::error::{Error, did};
use crate::output::{Rows, row};

pub(crate) async fn run(deployment: &Deployment, command: Key, ask: Ask) -> Result<Rows, Error> {
    match command {
        Key::Create { org, mode, name, permissions, requests_per_minute, calls_per_day, expires_at } => {
            let scope = scope(deployment.organization(&org).await?, mode);
            let permissions = match permissions.as_slice() {
                [] => Permission::ALL.to_vec(),
                named => named.iter().map(|name| permission(name)).collect::<Result<_, _>>()?,
            };
            let now = deployment.table.now();
            let key = ApiKey {
                name,
                permissions,
                created_at: now,
                expires_at: expires_at.map(|text| expiry(&text, now)).transpose()?,
                revoked_at: None,
                limits: Limits { requests_per_minute, calls_per_day },
                made_with: None,
                counted_with: Vec::new(),
            };
            create(deployment, scope, &key).await
        }
        Key::List { scope: InMode { org, mode } } => {
            let scope = scope(deployment.organization(&org).await?, mode);
            let mut keys = deployment.table.all_api_keys(&scope).await?;
            keys.sort_by_key(|key| key.key.created_at);
            let now = deployment.table.now();
            Ok(Rows::Table(keys.iter().map(|key| shown(key, now)).collect()))
        }
        Key::Revoke { id, scope: InMode { org, mode }, with_descendants } => {
            let scope = scope(deployment.organization(&org).await?, mode);
            revoke(deployment, &scope, &id, with_descendants, ask).await
        }
    }
}

async fn create(deployment: &Deployment, scope: Scope, key: &ApiKey) -> Result<Rows, Error> {
    let table = &deployment.table;
    let raw = RawKey::new(scope.clone(), table.entropy().bytes().map_err(store::StoreError::from)?);
    let mut audit = did(Action::ApiKeyCreated, raw.id(), &[], table.now());
    audit.mode = Some(scope.mode);
    table.create_api_key(&raw, key, None, None, &audit).await?;
    Ok(Rows::Table(vec![row([
        ("id", json!(raw.id())),
        ("key", json!(raw.reveal())),
        ("permissions", json!(key.permissions)),
    ])]))
}

async fn revoke(
    deployment: &Deployment,
    scope: &Scope,
    id: &str,
    with_descendants: bool,
    ask: Ask,
) -> Result<Rows, Error> {
    let table = &deployment.table;
    let wrong = || Error::refused("a key's id is `key_` and 24 digits, as `key list` shows it; never the key itself");
    let id = KeyId::parse(id).ok_or_else(wrong)?;
    let missing = || Error::refused(format!("there is no key {id} of {scope}"));
    let known = table.api_key(scope, &id).await?.ok_or_else(missing)?;
    let made = if with_descendants { ", and every key that was made with it" } else { "" };
    ask.confirm(&format!("{id} ({}) will open nothing any more{made}", known.key.name))?;
    let now = table.now();
    let entry = |id: &KeyId| {
        let mut audit = did(Action::ApiKeyRevoked, id, &[], now);
        audit.mode = Some(scope.mode);
        audit
    };
    let mut descendants = 0;
    let key = match table.revoke_api_key(scope, &id, &entry(&id)).await? {
        Edited::Done(key) => key,
        Edited::Missing | Edited::Refused(()) => return Err(missing()),
    };
    if with_descendants {
        descendants = table.revoke_descendants(scope, &id, entry).await?;
    }
    Ok(Rows::Table(vec![row([
        ("id", json!(id)),
        ("name", json!(key.key.name)),
        ("revokedAt", json!(key.key.revoked_at)),
        ("descendants", json!(descendants)),
    ])]))
}

fn shown(key: &StoredKey, now: Timestamp) -> Value {
    let StoredKey { id, key, last_used_at } = key;
    row([
        ("id", json!(id)),
        ("name", json!(key.name)),
        ("active", json!(key.is_valid(now))),
        ("createdAt", json!(key.created_at)),
        ("expiresAt", json!(key.expires_at)),
        ("revokedAt", json!(key.revoked_at)),
        ("lastUsedAt", json!(last_used_at)),
        ("requestsPerMinute", json!(key.limits.requests_per_minute)),
        ("callsPerDay", json!(key.limits.calls_per_day)),
        ("madeWith", json!(key.made_with)),
        ("permissions", permissions(&key.permissions)),
    ])
}

/// Returns the permissions for display. All permissions together are shown as one word, because people read the table.
fn permissions(of: &[Permission]) -> Value {
    if Permission::ALL.iter().all(|permission| of.contains(permission)) { json!("all") } else { json!(of) }
}

fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let problem = format!("--expires-at {text}: must be a time as 2026-12-31T00:00:00Z, and in the future");
    Timestamp::parse(text).ok().filter(|expiry| *expiry > now).ok_or_else(|| Error::refused(problem))
}

fn permission(name: &str) -> Result<Permission, Error> {
    let known = || Permission::ALL.map(Permission::as_str).join(", ");
    Permission::parse(name).ok_or_else(|| Error::refused(format!("{name} is no permission; known are {}", known())))
}

//! API keys.

use domain::audit::Action;
use domain::key::{ApiKey, Permission, RawKey};
use domain::quota::Limits;
use serde_json::json;

use crate::cli::Key;
use crate::connect::{Deployment, scope};
use crate::error::{Error, did};
use crate::output::{Rows, row};

pub(crate) async fn run(deployment: &Deployment, command: Key) -> Result<Rows, Error> {
    let Key::Create { org, mode, name, permissions, requests_per_minute, calls_per_day } = command;
    let scope = scope(deployment.organization(&org).await?, mode);
    let permissions = match permissions.as_slice() {
        [] => Permission::ALL.to_vec(),
        named => named.iter().map(|name| permission(name)).collect::<Result<_, _>>()?,
    };
    let table = &deployment.table;
    let raw = RawKey::new(scope.clone(), table.entropy().bytes().map_err(store::StoreError::from)?);
    let limits = Limits { requests_per_minute, calls_per_day };
    let key = ApiKey { name, permissions, created_at: table.now(), expires_at: None, revoked_at: None, limits };
    let mut audit = did(Action::ApiKeyCreated, raw.id(), &[], table.now());
    audit.mode = Some(scope.mode);
    table.create_api_key(&raw, &key, None, &audit).await?;
    Ok(Rows::Table(vec![row([
        ("id", json!(raw.id())),
        ("key", json!(raw.reveal())),
        ("permissions", json!(key.permissions)),
    ])]))
}

fn permission(name: &str) -> Result<Permission, Error> {
    let known = || Permission::ALL.map(Permission::as_str).join(", ");
    Permission::parse(name).ok_or_else(|| Error::refused(format!("{name} is no permission; known are {}", known())))
}

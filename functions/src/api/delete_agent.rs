//! `DELETE /v1/agents/{id}`: retires an agent. What it holds already goes on; nothing new is accepted for it.

use domain::audit::Action;
use lambda_http::http::StatusCode;

pub(crate) use super::agent_reads as reads;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Retires the agent of the key's mode. What a test key retires of before there were modes is retired for test keys only.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let agent = super::agent(&authorized)?;
    let Authorized { app, caller, items, .. } = &authorized;
    let table = &app.store.table;
    let now = table.now();
    let mut retired = agent.retired(now);
    retired.mode = Some(caller.scope.mode);
    let audit = caller.did(Action::AgentRetired, agent.id, Vec::new(), now);
    if !table.replace_agent(&caller.scope, items, &retired, &audit).await? {
        return Err(store::StoreError::Conflict.into());
    }
    Ok(Response::empty(StatusCode::NO_CONTENT))
}

//! `POST /v1/agents`: makes an agent.

use domain::audit::Action;
use domain::ids::{AgentId, Operation, Scope};
use domain::organization::Agent;
use domain::signature::Secret;
use lambda_http::http::StatusCode;
use store::keys::Key;
use store::{Made, Table, What};

use super::agent_fields;
pub(crate) use super::agent_fields::FIELDS;
use super::agent_view::AgentView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

/// What a replay would find.
pub(crate) fn reads(request: &Request, scope: &Scope) -> Vec<Key> {
    idempotency::reads(request, scope, Operation::CreateAgent)
}

/// Makes an agent, for both modes. Its slug is taken for good.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = &authorized;
    let table = &app.store.table;
    if let Some(id) = idempotency::made_before(request, &caller.scope, Operation::CreateAgent, items)? {
        return replay(&authorized, &id).await;
    }
    caller.must_have_left(0, table.now())?;
    let mut fields = Fields::open(request, &FIELDS)?;
    let agent = agent_fields::agent(app, &mut fields, &caller.organization).await;
    idempotency::check(request, &mut fields);
    fields.finish()?;
    let Some(mut agent) = agent else { return Err(ApiError::field("body", "describes no agent")) };
    caller.must_not_be_suspended()?;
    give_secret(table, &mut agent, None)?;
    let remembered = idempotency::remember(request, &caller.scope, Operation::CreateAgent, agent.id.to_string());
    let mut audit = caller.did(Action::AgentCreated, agent.id, Vec::new(), table.now());
    audit.mode = None;
    let organization = &caller.scope.organization;
    match table.create_agent(organization, &agent, remembered.as_ref(), &audit).await? {
        Made::Fresh => Ok(Response::data(StatusCode::CREATED, request, AgentView::with_new_secret(&agent, None))?),
        Made::Before(What { fingerprint, target }) => {
            idempotency::same_request(request, &fingerprint)?;
            replay(&authorized, &target).await
        }
        Made::Taken => Err(ApiError::Conflict(format!("there is an agent {} already", agent.slug))),
    }
}

async fn replay(authorized: &Authorized<'_>, id: &str) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = AgentId::parse(id).ok_or(ApiError::NotFound("agent"))?;
    let known = app.store.table.agent(&caller.scope.organization, id).await?;
    let known = known.ok_or_else(|| idempotency::gone("agent", id))?;
    Ok(Response::data(StatusCode::CREATED, request, AgentView::new(&known))?.replayed())
}

/// Keeps the secret that an agent's tools are signed with, or makes one with its first tool.
///
/// # Errors
/// [`ApiError::Internal`] where there is no randomness.
pub(super) fn give_secret(table: &Table, agent: &mut Agent, before: Option<&Agent>) -> Result<(), ApiError> {
    let known = before.and_then(|agent| agent.sms.as_ref()).and_then(|sms| sms.tool_secret.clone());
    let Some(sms) = agent.sms.as_mut() else { return Ok(()) };
    sms.tool_secret = match known {
        Some(secret) => Some(secret),
        None if sms.tools.is_empty() => None,
        None => Some(Secret::new(table.entropy().bytes()?).reveal()),
    };
    Ok(())
}

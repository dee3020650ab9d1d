//! Agents.

pub(crate) mod change;
pub(crate) mod create_agent;
pub(crate) mod delete_agent;
pub(crate) mod fields;
pub(crate) mod get_agent;
pub(crate) mod list_agents;
pub(crate) mod promote_agent;
pub(crate) mod rotate_tool_secret;
pub(crate) mod settings_view;
pub(crate) mod sms_settings;
pub(crate) mod update_agent;
pub(crate) mod view;
pub(crate) mod voice_settings;

use domain::agent::Agent;
use domain::ids::{AgentId, Scope};
use store::Table;
use store::keys::Key;

use crate::error::ApiError;
use crate::http::Request;
use crate::route::Authorized;

/// Returns the keys of the agent that the path names.
pub(crate) fn agent_keys(request: &Request, scope: &Scope) -> Vec<Key> {
    AgentId::parse(request.path("id")).map(|id| Table::agent_keys(scope, id)).unwrap_or_default()
}

/// Returns the agent that the path names, from the items that were loaded.
///
/// # Errors
/// [`ApiError::NotFound`] if the caller's organization and mode has none of this id.
pub(crate) fn agent(authorized: &Authorized<'_>) -> Result<Agent, ApiError> {
    let id = AgentId::parse(authorized.request.path("id")).ok_or(ApiError::NotFound("agent"))?;
    authorized.items.agent(&authorized.caller.scope, id)?.ok_or(ApiError::NotFound("agent"))
}

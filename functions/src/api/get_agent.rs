//! `GET /v1/agents/{id}`: one agent.

use lambda_http::http::StatusCode;

pub(crate) use super::agent_reads as reads;
use super::agent_view::AgentView;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with the agent as it is now.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let agent = super::agent(&authorized)?;
    Ok(Response::data(StatusCode::OK, authorized.request, AgentView::new(&agent, authorized.caller.scope.mode))?)
}

//! `GET /v1/agents/{id}`: one agent.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::agents::agent_keys;
use crate::api::agents::view::AgentView;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-agent",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/agents/{id}",
        Permission::CanManageAgents,
        agent_keys,
        |authorized| handle(authorized).boxed(),
    )),
};

/// Answers with the agent as it is now.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let agent = crate::api::agents::agent(&authorized)?;
    Ok(Response::data(StatusCode::OK, authorized.request, AgentView::new(&agent, authorized.caller.scope.mode))?)
}

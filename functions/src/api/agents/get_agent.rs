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
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns the agent in its current version.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let agent = crate::api::agents::agent(&authorized)?;
    Ok(Response::data(StatusCode::OK, authorized.request, AgentView::new(&agent, authorized.caller.scope.mode))?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::Value;

    use crate::api::agents::view::AgentView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, invalid_query, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<AgentView>());
        operation("administration", "Get an agent", "An agent as it is now, without the secret of its tools.")
            .parameter(parameters::agent_id())
            .response("200", answers::json(Some(answer()), "The agent.", schema))
            .refused(vec![invalid_query(), ApiError::NotFound("agent")])
    }

    fn answer() -> Value {
        examples::one(examples::administration::agent())
    }
}

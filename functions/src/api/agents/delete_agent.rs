//! `DELETE /v1/agents/{id}`: retires an agent. Its existing conversations continue. New requests for it are not accepted.

use domain::audit::Action;
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::agents::agent_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "delete-agent",
    trigger: Trigger::Http(Route::with_key(
        "DELETE",
        "/v1/agents/{id}",
        Permission::CanManageAgents,
        agent_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Retires the agent in the mode of the API key. An agent that was stored without a mode serves live and test keys. A test key
/// retires it for test keys only.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let agent = crate::api::agents::agent(&authorized)?;
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

#[cfg(feature = "openapi")]
mod document {
    use utoipa::openapi::ResponseBuilder;

    use crate::error::ApiError;
    use crate::openapi::operation::{Document, conflict, invalid_query, operation};
    use crate::openapi::parameters;

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        operation("administration", "Retire an agent", DELETE_AGENT)
            .parameter(parameters::agent_id())
            .response("204", ResponseBuilder::new().description("It is retired."))
            .refused(vec![invalid_query(), ApiError::NotFound("agent"), conflict()])
    }

    const DELETE_AGENT: &str = "Retires the agent of the mode of the request's key. Conversations that it holds, and calls that are queued, go \
    on with the settings they began with; new requests for it are answered 404. Its slug can be used again.";
}

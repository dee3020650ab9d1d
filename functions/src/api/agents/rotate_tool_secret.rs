//! `POST /v1/agents/{id}/rotate-tool-secret`: replaces the secret that signs an agent's tool calls. Open conversations keep the
//! secret that they began with.

use domain::audit::Action;
use domain::ids::Mode;
use domain::key::Permission;
use domain::signature::Secret;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::agents::agent_keys;
use crate::api::agents::view::AgentView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "rotate-tool-secret",
    trigger: Trigger::Http(Route::with_key(
        "POST",
        "/v1/agents/{id}/rotate-tool-secret",
        Permission::CanManageAgents,
        agent_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have: none.
pub(crate) const FIELDS: [&str; 0] = [];

/// Generates a secret and returns it once. The agent gets a new version. Conversations that began with an earlier version keep
/// its secret.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let before = crate::api::agents::agent(&authorized)?;
    let Authorized { app, caller, request, items } = &authorized;
    Fields::open_optional(request, &FIELDS)?.finish()?;
    caller.must_not_be_suspended()?;
    let table = &app.store.table;
    let mut after = before.clone();
    let sms = after.sms.as_mut().filter(|sms| !sms.tools.is_empty());
    let sms = sms.ok_or_else(|| ApiError::Conflict("the agent has no tools, and no secret for them".to_owned()))?;
    sms.tool_secret = Some(Secret::new(table.entropy().bytes()?).reveal());
    after.version = before.version.saturating_add(1);
    if caller.scope.mode == Mode::Test {
        after.mode = Some(Mode::Test);
    }
    let audit = caller.did(Action::AgentToolSecretRotated, after.id, Vec::new(), table.now());
    if !table.replace_agent(&caller.scope, items, &after, &audit).await? {
        return Err(store::StoreError::Conflict.into());
    }
    let view = AgentView::with_new_secret(&after, caller.scope.mode, Some(&before));
    Ok(Response::data(StatusCode::OK, request, view)?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};

    use crate::api::agents::view::AgentView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, conflict, invalid_query, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<AgentView>());
        let no_tools = "the agent has no tools, and no secret for them".to_owned();
        let own =
            vec![invalid_query(), suspended(), ApiError::NotFound("agent"), ApiError::Conflict(no_tools), conflict()];
        operation("administration", "Rotate the secret of an agent's tools", ROTATE_TOOL_SECRET)
            .parameter(parameters::agent_id())
            .response("200", answers::json(Some(answer()), "`toolSecret` is the new one, shown here only.", schema))
            .refused(with_body(own))
    }

    const ROTATE_TOOL_SECRET: &str = "The new secret signs the calls of the agent's tools in conversations that begin from now on; open ones \
    go on with the one they began with, so accept both until they are over. A request that is sent again makes another secret.";

    fn answer() -> Value {
        let mut rotated = examples::administration::agent();
        rotated["version"] = json!(2);
        rotated["toolSecret"] = json!(examples::administration::SECRET);
        examples::one(rotated)
    }
}

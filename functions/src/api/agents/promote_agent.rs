//! `POST /v1/agents/{id}/promote`: creates the next version of the live agent from the settings of the test agent with the same id.
//! Requires a live key.

use domain::audit::Action;
use domain::ids::{AgentId, Mode, Scope};
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde_json::{Value, json};
use store::Table;
use store::keys::{self, Key};

use crate::api::agents::change::{changed, give_secret};
use crate::api::agents::view::AgentView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "promote-agent",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/agents/{id}/promote", Permission::CanManageAgents, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 1] = ["number"];

/// Overrides of the test agent's settings.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct PromoteAgentRequest<'a> {
    /// Phone number of the live agent, one of the organization's; `null` for none. Without this field, the test agent's number is used.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<domain::phone::PhoneNumber>))]
    number: Option<&'a Value>,
}

fn test(scope: &Scope) -> Scope {
    Scope { mode: Mode::Test, ..scope.clone() }
}

/// Returns the keys of the test agent and of the live agent.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let keys = |id| Table::agent_keys(scope, id).into_iter().chain([keys::agent(&test(scope), id)]).collect();
    AgentId::parse(request.path("id")).map(keys).unwrap_or_default()
}

/// Promotes the test agent. The settings are validated like those of a new live agent. The live agent keeps its tool secret.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = &authorized;
    let scope = &caller.scope;
    let id = AgentId::parse(request.path("id")).ok_or(ApiError::NotFound("agent"))?;
    if scope.mode == Mode::Test {
        items.agent(scope, id)?.ok_or(ApiError::NotFound("agent"))?;
        return Err(ApiError::PermissionDenied("a live key promotes a test agent; this is a test key".to_owned()));
    }
    let settings = items.stored_agent(&test(scope), id)?.filter(|agent| agent.serves(Mode::Test));
    let settings = settings.ok_or(ApiError::NotFound("test agent"))?;
    let asked = PromoteAgentRequest::parse(request)?;
    let mut after = changed(&authorized, &settings, &asked.patch()).await?;
    caller.must_not_be_suspended()?;
    let table = &app.store.table;
    let stored = items.stored_agent(scope, id)?;
    let before = stored.as_ref().filter(|agent| agent.retired_at.is_none());
    give_secret(table, &mut after, before)?;
    after.version = stored.as_ref().map_or(1, |stored| stored.version);
    if before.is_none_or(|before| *before != after) {
        after.version = stored.as_ref().map_or(1, |stored| stored.version.saturating_add(1));
        let audit = caller.did(Action::AgentPromoted, id, Vec::new(), table.now());
        if !table.replace_agent(scope, items, &after, &audit).await? {
            return Err(store::StoreError::Conflict.into());
        }
    }
    Ok(Response::data(StatusCode::OK, request, AgentView::with_new_secret(&after, scope.mode, before))?)
}

impl<'a> PromoteAgentRequest<'a> {
    fn parse(request: &'a Request) -> Result<Self, ApiError> {
        let fields = Fields::open_optional(request, &FIELDS)?;
        let number = fields.sent("number");
        fields.finish()?;
        Ok(Self { number })
    }

    /// Returns the request as a JSON merge patch to the settings of the test agent.
    fn patch(&self) -> Value {
        self.number.map_or_else(|| json!({}), |number| json!({ "number": number }))
    }
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::PromoteAgentRequest;
    use crate::api::agents::view::AgentView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<AgentView>());
        let test_key = "a live key promotes a test agent; this is a test key".to_owned();
        let own = vec![
            invalid(&[
                ("number", "is not one of the organization's numbers"),
                (
                    "sms.model",
                    "is required for a live agent that answers, or opens by its model: or set sms.answers to false",
                ),
            ]),
            suspended(),
            ApiError::PermissionDenied(test_key),
            ApiError::NotFound("test agent"),
            conflict(),
        ];
        operation("administration", "Promote a test agent", PROMOTE_AGENT)
            .parameter(parameters::agent_id())
            .request_body(body(request(), schema::of::<PromoteAgentRequest>(), Required::False))
            .response("200", answers::json(Some(answer()), "The live agent.", schema))
            .schema::<PromoteAgentRequest>(schema::as_it_is)
            .refused(with_body(own))
    }

    const PROMOTE_AGENT: &str = "By a live key only. The test agent of this id gives its settings to the live one, which is made where \
    there is none, and gets its next version otherwise. They are judged as those of a new live agent: its number has to be the \
    organization's, and one that answers by text needs a model. The live agent's tools keep their secret. Where nothing changes, \
    the version stays.";

    fn answer() -> Value {
        examples::one(examples::administration::promoted())
    }

    fn request() -> Value {
        json!({"number": "+15555550100"})
    }
}

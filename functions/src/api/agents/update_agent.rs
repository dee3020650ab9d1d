//! `PATCH /v1/agents/{id}`: changes an agent, by a JSON merge patch. What it holds already keeps the version it began with.

use domain::agent::Agent;
use domain::audit::Action;
use domain::ids::Mode;
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::agents::change::{changed, give_secret};
use crate::api::agents::{agent_keys, fields};

pub(crate) use crate::api::agents::fields::FIELDS;
use crate::api::agents::view::AgentView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "update-agent",
    trigger: Trigger::Http(
        Route::with_key("PATCH", "/v1/agents/{id}", Permission::CanManageAgents, agent_keys, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Changes what was sent and keeps the rest. The whole of what comes of it is judged as if it were new. What a test key
/// changes of an agent of before there were modes becomes a test agent of its own.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let before = crate::api::agents::agent(&authorized)?;
    let Authorized { app, caller, request, items } = &authorized;
    let mut patch = Fields::open(request, &FIELDS)?;
    fields::stays(&mut patch, "slug", &before.slug);
    fields::stays(&mut patch, "channel", before.channel.as_str());
    let names: Vec<String> = patch.names().map(str::to_owned).collect();
    patch.finish()?;
    let mut after = changed(&authorized, &before, request.json()).await?;
    caller.must_not_be_suspended()?;
    let table = &app.store.table;
    give_secret(table, &mut after, Some(&before))?;
    let mode = caller.scope.mode;
    (after.mode, after.version) = (before.mode, before.version);
    if after != before {
        after.version = before.version.saturating_add(1);
        after.mode = mode_after(&before, mode);
        let audit = caller.did(Action::AgentUpdated, after.id, names, table.now());
        if !table.replace_agent(&caller.scope, items, &after, &audit).await? {
            return Err(store::StoreError::Conflict.into());
        }
    }
    Ok(Response::data(StatusCode::OK, request, AgentView::with_new_secret(&after, mode, Some(&before)))?)
}

/// A live key changes an agent of before there were modes in its place, and it goes on serving test keys.
fn mode_after(before: &Agent, mode: Mode) -> Option<Mode> {
    match mode {
        Mode::Live => before.mode,
        Mode::Test => Some(Mode::Test),
    }
}

#[cfg(feature = "openapi")]
mod document {
    use domain::ids::Channel;
    use domain::phone::PhoneNumber;
    use domain::provider::Provider;
    use serde::Deserialize;
    use serde_json::{Value, json};
    use utoipa::ToSchema;
    use utoipa::openapi::Required;

    use crate::api::agents::view::AgentView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<AgentView>());
        let own = vec![
            invalid(&[("slug", "cannot be changed: make another agent")]),
            suspended(),
            ApiError::NotFound("agent"),
            conflict(),
        ];
        operation("administration", "Change an agent", UPDATE_AGENT)
            .parameter(parameters::agent_id())
            .request_body(body(request(), schema::of::<UpdateAgentRequest>(), Required::True))
            .response("200", answers::json(Some(answer()), "It is changed.", schema))
            .schema::<UpdateAgentRequest>(schema::as_it_is)
            .refused(with_body(own))
    }

    const UPDATE_AGENT: &str = "A JSON merge patch to what `get-agent` shows; the whole of what comes of it is judged as if it were new. \
    `version` counts the changes; a conversation keeps the version it began with.";

    fn answer() -> Value {
        examples::one(examples::administration::agent())
    }

    fn request() -> Value {
        json!({"name": "Reception", "sms": {"maxToolCalls": 2, "helpText": null}})
    }

    /// What is to be changed of an agent, as a JSON merge patch (RFC 7396): objects are merged, lists are replaced, `null`
    /// takes a setting back to what it is by default.
    #[derive(Deserialize, ToSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[schema(as = UpdateAgentRequest)]
    #[expect(dead_code, reason = "describes the fields that `api::agent_fields` reads one by one")]
    pub(super) struct UpdateAgentRequest {
        /// Cannot be changed; the same may be sent again.
        slug: Option<String>,
        /// Cannot be changed; the same may be sent again.
        channel: Option<Channel>,
        /// What people call it.
        name: Option<String>,
        /// Who provides its telephony in live mode.
        provider: Option<Provider>,
        /// Its own number.
        number: Option<PhoneNumber>,
        /// The dynamic variables that a request must bring.
        required_variables: Option<Vec<String>>,
        /// What other vendors' clients call it by.
        external_id: Option<String>,
        /// What an agent that calls is told about its task.
        prompt: Option<String>,
        /// How long a call may ring and last.
        #[schema(value_type = Option<Object>)]
        limits: Option<Value>,
        /// For how many days what its conversations bring is kept; what it holds already keeps the retention it began with.
        #[schema(minimum = 7, maximum = 3650)]
        retention_days: Option<u16>,
        /// Any part of what an agent that calls says and does.
        #[schema(value_type = Option<Object>)]
        voice: Option<Value>,
        /// Any part of what an agent that holds SMS conversations is set to.
        #[schema(value_type = Option<Object>)]
        sms: Option<Value>,
    }
}

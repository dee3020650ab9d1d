//! `POST /v1/agents`: creates an agent.

use domain::audit::Action;
use domain::ids::{AgentId, Operation, Scope};
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde_json::Value;
use store::keys::Key;
use store::{CreateOutcome, IdempotencyEntry, Table};

use crate::api::agents::change::give_secret;
use crate::api::agents::fields::{self, FIELDS};
use crate::api::agents::view::AgentView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "create-agent",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/agents", Permission::CanManageAgents, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS)
        .with_idempotency_key(KeyUse::Optional),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns the keys of the idempotency record and of the agent that already has the slug.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let slug = request.json().and_then(|body| body.get("slug")).and_then(Value::as_str);
    let known = slug.map(|slug| Table::agent_keys(scope, AgentId::for_slug(&scope.organization, slug)));
    let replay = idempotency::reads(request, scope, Operation::CreateAgent);
    replay.into_iter().chain(known.into_iter().flatten()).collect()
}

/// Creates an agent in the mode of the API key. The slug of a retired agent can be used again. The version then continues from the
/// retired agent's version.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = &authorized;
    let table = &app.store.table;
    if let Some(id) = idempotency::made_before(request, &caller.scope, Operation::CreateAgent, items)? {
        return replay(&authorized, &id).await;
    }
    caller.check_rate_limit(0, table.now())?;
    let mut fields = Fields::open(request, &FIELDS)?;
    let agent = fields::agent(&app.egress, &mut fields, caller.scope.mode, &caller.organization).await;
    idempotency::check(request, &mut fields);
    fields.finish()?;
    let Some(mut agent) = agent else { return Err(ApiError::field("body", "describes no agent")) };
    caller.must_not_be_suspended()?;
    let scope = &caller.scope;
    if items.agent(scope, agent.id)?.is_some() {
        // A batch read is not a snapshot. The same request may have created the agent between the read of its idempotency record and the
        // read of the agent.
        let again = table.read(keys_to_load(request, scope)).await?;
        return match idempotency::made_before(request, scope, Operation::CreateAgent, &again)? {
            Some(id) => replay(&authorized, &id).await,
            None => Err(taken(&agent.slug)),
        };
    }
    let retired = items.stored_agent(scope, agent.id)?;
    agent.version = retired.map_or(1, |retired| retired.version.saturating_add(1));
    give_secret(table, &mut agent, None)?;
    let remembered = idempotency::remember(request, &caller.scope, Operation::CreateAgent, agent.id.to_string());
    let audit = caller.did(Action::AgentCreated, agent.id, Vec::new(), table.now());
    match table.create_agent(scope, items, &agent, remembered.as_ref(), &audit).await? {
        CreateOutcome::Created => {
            let view = AgentView::with_new_secret(&agent, scope.mode, None);
            Ok(Response::data(StatusCode::CREATED, request, view)?)
        }
        CreateOutcome::Replayed(IdempotencyEntry { fingerprint, target }) => {
            idempotency::same_request(request, &fingerprint)?;
            replay(&authorized, &target).await
        }
        CreateOutcome::NameTaken => Err(taken(&agent.slug)),
    }
}

fn taken(slug: &str) -> ApiError {
    ApiError::Conflict(format!("there is an agent {slug} already"))
}

async fn replay(authorized: &Authorized<'_>, id: &str) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = AgentId::parse(id).ok_or(ApiError::NotFound("agent"))?;
    let known = app.store.table.agent(&caller.scope, id).await?.ok_or_else(|| idempotency::gone("agent", id))?;
    Ok(Response::data(StatusCode::CREATED, request, AgentView::new(&known, caller.scope.mode))?.replayed())
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use crate::api::agents::fields::CreateAgentRequest;
    use crate::api::agents::view::AgentView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema, tool_call};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let made_schema = schema::envelope(schema::of::<AgentView>());
        let made = answers::replayable(Some(answer()), "The agent is made.", made_schema);
        let own = vec![
            invalid(&[
                ("name", "is required: what people call it"),
                ("sms.prompt", "is no template: line 1, column 7: {{ has no }} (a literal {{ is written \\{{)"),
            ]),
            suspended(),
            ApiError::Conflict("there is an agent front-desk already".to_owned()),
            conflict(),
            ApiError::KeyReused,
        ];
        operation("administration", "Make an agent", CREATE_AGENT)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<CreateAgentRequest>(), Required::True))
            .response("201", made)
            .schema::<CreateAgentRequest>(schema::as_it_is)
            .schema::<AgentView>(|object| schema::all_but(object, "toolSecret"))
            .callback(tool_call::NAME, tool_call::callback("call-tool"))
            .refused(with_body(own))
    }

    const CREATE_AGENT: &str = "An agent of the mode of the request's key: it serves requests by keys of that mode. Its id follows from \
    its slug, so that the test agent and the live agent of a slug have one id, and a client goes live by its key alone. The slug of \
    an agent that was retired can be used again; its versions go on being counted. Every setting is judged at once: templates have to parse, tools to have \
    schemas and public addresses. `toolSecret` signs the calls of its tools; it is made with the first tool, and shown once.";

    fn answer() -> Value {
        let mut made = examples::administration::agent();
        made["toolSecret"] = json!(examples::administration::SECRET);
        examples::one(made)
    }

    fn request() -> Value {
        json!({
            "slug": "front-desk", "channel": "sms", "name": "Front desk",
            "sms": {
                "kind": "custom", "prompt": "You confirm {{firstName}}'s appointment.",
                "opening": {"by": "template", "text": "Hello {{firstName}}, see you on Monday at ten?"},
                "tools": [{"name": "book", "description": "Books an appointment.", "url": "https://example.com/book"}]
            }
        })
    }
}

//! `POST /v1/calls`: accepts a call.

use domain::call::Status;
use domain::ids::{AgentId, ConversationId, Operation, Scope};
use domain::key::Permission;
use domain::phone::PhoneNumber;
use domain::size::stored_len;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::Table;
use store::keys::{self, Key};

use crate::acceptance::{self, AgentName, ContactWish, NewRequest, Refusal, Sender, Wrong};
use crate::api::conversation_fields::{agent, agent_and_suppression_keys, metadata, variables};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "create-call",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/calls", Permission::CanInitiateCalls, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_idempotency_key(KeyUse::Required),
    ),
};

/// What a request may say.
pub(crate) const FIELDS: [&str; 8] =
    ["agentId", "agentSlug", "toNumber", "fromNumber", "dynamicVariables", "metadata", "notBefore", "notAfter"];

/// What a client hears of an accepted call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AcceptedCall))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    /// The call's id, for good.
    conversation_id: ConversationId,
    /// Where it stands.
    status: Status,
}

/// Whatever can be told of the request before it is judged: nothing here waits on anything.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let mut wanted = vec![keys::wallet(scope)];
    wanted.extend(id(request, scope).map(keys::call));
    wanted.extend(agent_and_suppression_keys(request, scope));
    wanted
}

/// The call that a request is, by its key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::CreateCall, &key))
}

/// Accepts a call.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let known =
        acceptance::known(app, &items, id(request, &caller.scope), &request.fingerprint()).await.map_err(refused)?;
    let admitted = match known {
        Some(known) => known,
        None => {
            let asked = parse(request, &caller.scope, app.store.table.now())?;
            acceptance::accept(app, &caller, &mut items, &asked).await.map_err(refused)?
        }
    };
    let accepted = Accepted { conversation_id: admitted.call.id, status: admitted.call.status };
    let response = Response::data(StatusCode::ACCEPTED, request, accepted)?;
    Ok(if admitted.replayed { response.replayed() } else { response })
}

fn refused(refusal: Refusal) -> ApiError {
    let field = |wrong: &Wrong| wrong.field("dynamicVariables", "fromNumber");
    refusal.into_error(|wrong| ApiError::Validation(wrong.iter().map(field).collect()))
}

fn parse(request: &Request, scope: &Scope, now: Timestamp) -> Result<NewRequest, ApiError> {
    let mut fields = Fields::open(request, &FIELDS)?;
    must_have_a_key(&mut fields, request);
    let agent = agent(&mut fields, scope);
    let to = fields.required_phone_number("toNumber");
    let from = fields.phone_number("fromNumber");
    let variables = variables(&mut fields);
    let metadata = metadata(&mut fields, request);
    let not_before = fields.timestamp("notBefore");
    let not_after = fields.timestamp("notAfter");
    if not_before.zip(not_after).is_some_and(|(not_before, not_after)| not_after <= not_before) {
        fields.refuse("notAfter", "must be later than notBefore");
    } else if fields.is_refused() && not_after.is_some_and(|not_after| not_after <= now) {
        // Such a request was never accepted: everything wrong with it is said at once. A retry of an accepted one is not
        // asked this.
        fields.refuse("notAfter", Wrong::WindowPast.message());
    }
    fields.finish()?;
    let (Some(agent), Some(to)) = (agent, to) else {
        return Err(ApiError::field("body", "is not a request for a call"));
    };
    Ok(NewRequest {
        id: id(request, scope),
        fingerprint: request.fingerprint(),
        agent: AgentName::id(agent),
        to,
        raw_number: None,
        sender: Sender::AgentsElse(from),
        variables,
        keeps_variables: true,
        metadata,
        client_call_id: None,
        requested_agent: None,
        not_before,
        not_after,
        contact: ContactWish::Nobody,
        request_id: Some(request.request_id.clone()),
    })
}

fn must_have_a_key(fields: &mut Fields<'_>, request: &Request) {
    let wrong = match idempotency::key(request) {
        idempotency::Key::Given(_) => return,
        idempotency::Key::Missing => "is required: a new one for each call, the same for each retry of it",
        idempotency::Key::Malformed => idempotency::MALFORMED,
    };
    fields.refuse(idempotency::HEADER, wrong);
}

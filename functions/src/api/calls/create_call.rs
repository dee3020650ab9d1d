//! `POST /v1/calls`: accepts a call.

use domain::call::Status;
use domain::ids::{AgentId, ConversationId, Operation, Scope};
use domain::key::Permission;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::keys::{self, Key};

use crate::acceptance::{self, ContactWish, NewRequest, Refusal, Sender, Wrong};
use crate::api::conversation_fields::{agent, agent_and_suppression_keys, agent_name, metadata, variables};
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
        .with_body(&FIELDS)
        .with_idempotency_key(KeyUse::Required),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 8] =
    ["agentId", "agentSlug", "toNumber", "fromNumber", "dynamicVariables", "metadata", "notBefore", "notAfter"];

/// Call to place. Exactly one of `agentId` and `agentSlug` names the agent, which must be of the voice channel.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct CreateCallRequest {
    /// Id of the agent.
    agent_id: Option<AgentId>,
    /// Slug of the agent.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255, example = "demo-voice"))]
    agent_slug: Option<String>,
    /// Phone number to call, in E.164.
    to_number: PhoneNumber,
    /// Calling number, in E.164. Required if the agent has no number of its own; otherwise it must be valid but is ignored. With a live
    /// key, it must be one of the organization's numbers.
    from_number: Option<PhoneNumber>,
    /// Values for the placeholders in the agent's templates: at most 100, and at most 64 KiB together as JSON. The agent's required
    /// variables must be present.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::HashMap<String, String>>))]
    dynamic_variables: Map<String, Value>,
    /// JSON object of at most 16 KiB. It is returned unchanged in the call and in each of its events.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
    /// Earliest time to dial. A time in the past means immediately.
    not_before: Option<Timestamp>,
    /// Time from which the call is no longer dialled. It then ends with `dispatch_deadline_exceeded`. The default is 15 minutes after the
    /// later of acceptance and `notBefore`. The time must be later than `notBefore` and not in the past.
    not_after: Option<Timestamp>,
}

/// Accepted call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AcceptedCall))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    /// Permanent id of the call.
    conversation_id: ConversationId,
    /// Status of the call.
    status: Status,
}

/// Returns the keys of all items that are known from the request alone. One read loads them before the request is validated.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let mut wanted = vec![keys::wallet(scope)];
    wanted.extend(id(request, scope).map(keys::call));
    wanted.extend(agent_and_suppression_keys(request, scope));
    wanted
}

/// Returns the id of the call, derived from the idempotency key. Returns `None` without a key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::CreateCall, &key))
}

/// Accepts a call. A repeated request returns the call that it created before.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let known = acceptance::known(app, &items, id(request, &caller.scope), &request.fingerprint())
        .await
        .map_err(Refusal::into_native)?;
    let admitted = match known {
        Some(known) => known,
        None => {
            let asked = CreateCallRequest::parse(request, app.now())?;
            let asked = asked.into_acceptance(request, &caller.scope);
            acceptance::accept(app, &caller, &mut items, &asked).await.map_err(Refusal::into_native)?
        }
    };
    let accepted = Accepted { conversation_id: admitted.call.id, status: admitted.call.status };
    let response = Response::data(StatusCode::ACCEPTED, request, accepted)?;
    Ok(if admitted.replayed { response.replayed() } else { response })
}

impl CreateCallRequest {
    fn parse(request: &Request, now: Timestamp) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        must_have_a_key(&mut fields, request);
        let (agent_id, agent_slug) = agent(&mut fields);
        let to_number = fields.required_phone_number("toNumber");
        let from_number = fields.phone_number("fromNumber");
        let dynamic_variables = variables(&mut fields);
        let metadata = metadata(&mut fields, request);
        let not_before = fields.timestamp("notBefore");
        let not_after = fields.timestamp("notAfter");
        if not_before.zip(not_after).is_some_and(|(not_before, not_after)| not_after <= not_before) {
            fields.refuse("notAfter", "must be later than notBefore");
        } else if fields.is_refused() && not_after.is_some_and(|not_after| not_after <= now) {
            // This request is not accepted in any case, so all its errors are reported together. The check does not apply to valid
            // requests here:
            // a replay of an accepted one must succeed after its window.
            fields.refuse("notAfter", Wrong::WindowPast.message());
        }
        fields.finish()?;
        let Some(to_number) = to_number else { return Err(ApiError::field("body", "is not a request for a call")) };
        Ok(Self { agent_id, agent_slug, to_number, from_number, dynamic_variables, metadata, not_before, not_after })
    }

    /// Converts the request for acceptance.
    fn into_acceptance(self, request: &Request, scope: &Scope) -> NewRequest {
        NewRequest {
            id: id(request, scope),
            fingerprint: request.fingerprint(),
            agent: agent_name(self.agent_id, self.agent_slug.as_deref(), scope),
            to: self.to_number,
            raw_number: None,
            sender: Sender::AgentsElse(self.from_number),
            variables: self.dynamic_variables,
            keeps_variables: true,
            metadata: self.metadata,
            client_call_id: None,
            requested_agent: None,
            not_before: self.not_before,
            not_after: self.not_after,
            contact: ContactWish::Nobody,
            request_id: Some(request.request_id.clone()),
        }
    }
}

fn must_have_a_key(fields: &mut Fields<'_>, request: &Request) {
    let wrong = match idempotency::key(request) {
        idempotency::Key::Given(_) => return,
        idempotency::Key::Missing => "is required: a new one for each call, the same for each retry of it",
        idempotency::Key::Malformed => idempotency::MALFORMED,
    };
    fields.refuse(idempotency::HEADER, wrong);
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::{Accepted, CreateCallRequest};
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, insufficient_funds, invalid, operation, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let description = "The call is accepted, and stored. `status` is `queued`; a replay shows what it is by now.";
        let accepted = answers::replayable(Some(answer()), description, schema::envelope(schema::of::<Accepted>()));
        let own = vec![
            invalid(&[(
                "toNumber",
                "must be a phone number in E.164 format: + and 7 to 15 digits, such as +15555550123",
            )]),
            invalid(&[
                ("Idempotency-Key", "is required: a new one for each call, the same for each retry of it"),
                ("agentId", "is required, or agentSlug: one of the two"),
            ]),
            ApiError::PermissionDenied("the organization is suspended".to_owned()),
            ApiError::DoNotCall,
            ApiError::NotFound("agent"),
            conflict(),
            ApiError::KeyReused,
            insufficient_funds(),
            ApiError::too_fast(),
        ];
        operation("calls", "Place a call", CREATE_CALL)
            .parameter(parameters::idempotency_key(Required::True))
            .request_body(body(request(), schema::with_one_agent(schema::of::<CreateCallRequest>()), Required::True))
            .response("202", accepted)
            .schema::<CreateCallRequest>(schema::as_it_is)
            .schema::<Accepted>(schema::always_there)
            .refused(with_body(own))
    }

    const CREATE_CALL: &str = "Accepts a call to be placed by an agent. It is dialled at once, or from `notBefore` on, and at \
    most once whatever happens. What becomes of it comes by webhook, and is shown by `get-call`.\n\nA request with an \
    `Idempotency-Key` that was used before is answered before anything is judged that may have changed since: the agent, the \
    do-not-call list, a suspension. An agent that is unknown, or of the SMS channel, is answered with 404, missing variables \
    that the agent requires with 400, and a `toNumber` on the do-not-call list with 403. A metered organization's wallet has to \
    cover the longest course of the call, and takes 20 calls a second.";

    fn answer() -> Value {
        examples::one(json!({"conversationId": examples::CONVERSATION, "status": "queued"}))
    }

    fn request() -> Value {
        json!({
            "agentSlug": "demo-voice",
            "toNumber": "+15555550123",
            "dynamicVariables": {"firstName": "Ada"},
            "metadata": {"order": 4711}
        })
    }
}

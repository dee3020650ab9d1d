//! `POST /api/v1/calls`: accepts a call in the `klen` dialect.

use domain::blank::is_blank;
use domain::call::{Call, Status};
use domain::ids::{AgentId, ConversationId, Operation, Scope};
use domain::key::Permission;
use domain::organization::Organization;
use domain::phone::PhoneNumber;
use domain::phone_input;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use store::keys::{self, Key};

use crate::acceptance::limits::{MAX_VARIABLES, MAX_VARIABLES_BYTES};
use crate::acceptance::{self, AgentName, ContactWish, NewRequest, Refusal, Sender, Wrong};
use crate::dialect::Dialect;
use crate::error::{ApiError, FieldError};
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "klen-create-call",
    trigger: Trigger::Http(
        Route::with_key("POST", "/api/v1/calls", Permission::CanInitiateCalls, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_idempotency_key(KeyUse::Optional)
        .in_dialect(Dialect::Klen),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Longest accepted phone number with its separators, in bytes. The number is stored as it was written.
const LONGEST_NUMBER: usize = 255;

/// Largest whole number that all programming languages represent exactly.
const LARGEST_WHOLE_NUMBER: u64 = (1 << 53) - 1;

/// Call to place, in the format of `klen`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct KlenCallRequest {
    /// Phone number to call, preferably in E.164. Spaces, hyphens, dots and brackets are allowed. A number without `+` is read as one of
    /// the organization's default country. A premium-rate, shared-cost, personal or
    /// pager number is refused unless the operator allows such numbers.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "(555) 123-4567"))]
    phone_number: WrittenNumber,
    /// Agent of the call, as a string or a whole number: its id, its slug, its id in another system, or the `agent.id` of a response.
    agent_id: String,
    /// Number of the contact: its `number` in the native API, below 2^53.
    contact_id: Option<u64>,
    /// Values for the placeholders in the agent's templates: at most 100, and at most 64 KiB together as JSON. Objects may be nested, as
    /// in
    /// `{{a.b}}`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    variables: Map<String, Value>,
}

/// Phone number with the text that it was read from.
struct WrittenNumber {
    text: String,
    number: PhoneNumber,
}

/// Accepted call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = KlenCall))]
pub(crate) struct Accepted {
    /// Number of the call, below 2^53.
    id: u64,
    /// `conversationId` of the call in the native API and in events.
    call_id: ConversationId,
    /// Status of the call: `queued` when it is accepted. A replay returns the current status: `queued`, `ringing`, `in-progress`,
    /// `completed` or `failed`.
    status: &'static str,
    /// Direction of the call: always `outbound`.
    r#type: &'static str,
    /// Called number, in E.164.
    phone_number: PhoneNumber,
    /// Agent that holds the call.
    agent: AcceptedAgent,
    /// Time at which the call was accepted.
    created_at: Timestamp,
    /// Earliest time to dial.
    estimated_start: Timestamp,
}

/// Agent that holds a call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = KlenAgent))]
struct AcceptedAgent {
    /// Number of the agent, below 2^53. It is accepted as `agent_id`.
    id: u64,
    /// Display name of the agent.
    name: String,
    /// Id of the agent. It is accepted as `agent_id` too.
    assistant_id: AgentId,
}

/// Returns the keys of all items that are known from the request alone. A number that is not in E.164 cannot be read before the
/// organization's country is loaded.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let asked = KlenCallRequest::parse(request, None).map(|asked| asked.into_acceptance(request, scope));
    let asked = asked.map(|asked| acceptance::keys_to_load(&asked, scope));
    asked.unwrap_or_default().into_iter().chain(id(request, scope).map(keys::call)).collect()
}

/// Returns the id of the call, derived from the idempotency key. Returns `None` without a key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::KlenCall, &key))
}

/// Accepts a call. A repeated request returns the call that it created before.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let known =
        acceptance::known(app, &items, id(request, &caller.scope), &request.fingerprint()).await.map_err(refused)?;
    let admitted = match known {
        Some(known) => known,
        None => {
            let asked = KlenCallRequest::parse(request, Some(&caller.organization))?;
            let asked = asked.into_acceptance(request, &caller.scope);
            acceptance::accept(app, &caller, &mut items, &asked).await.map_err(refused)?
        }
    };
    let response = Response::json(StatusCode::OK, &Accepted::from(admitted.call))?;
    Ok(if admitted.replayed { response.replayed() } else { response })
}

fn refused(refusal: Refusal) -> ApiError {
    let not_found = |code, message: &str| coded(StatusCode::NOT_FOUND, code, message);
    match refusal {
        Refusal::AgentNotFound | Refusal::AgentOfOtherChannel(_) => {
            not_found("agent_not_found", "there is no such agent, or it is not yours")
        }
        Refusal::ContactNotFound => ApiError::field("contact_id", "is not the id of a contact"),
        Refusal::Wrong(wrong) if wrong.contains(&Wrong::SenderMissing) => {
            not_found("no_phone_number", "the agent has no phone number to call from")
        }
        other => other.into_error(|wrong| {
            ApiError::Validation(wrong.iter().map(|wrong| wrong.field("variables", "agent_id")).collect())
        }),
    }
}

fn coded(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::Coded { status, code, message: message.into() }
}

fn bad(code: &'static str, message: impl Into<String>) -> ApiError {
    coded(StatusCode::BAD_REQUEST, code, message)
}

impl KlenCallRequest {
    fn parse(request: &Request, organization: Option<&Organization>) -> Result<Self, ApiError> {
        if request.is_too_large() {
            return Err(request.too_large());
        }
        let Some(Value::Object(body)) = request.json() else {
            return Err(bad("invalid_json", not_an_object(request)));
        };
        let text = given(body, "phone_number");
        let text = text.ok_or_else(|| bad("missing_phone_number", "phone_number is required, such as +15555550123"))?;
        let agent = given(body, "agent_id");
        let agent = agent.ok_or_else(|| bad("missing_agent_id", "agent_id is required"))?;
        let text = text.map_err(|_| bad("invalid_phone_number", "phone_number must be a string"))?;
        let text = Some(text).filter(|text| text.len() <= LONGEST_NUMBER);
        let text = text.ok_or_else(|| bad("invalid_phone_number", "phone_number is longer than any phone number"))?;
        let number = phone_input::read_for(organization, &text, None);
        let number = number.map_err(|error| bad("invalid_phone_number", format!("phone_number {error}")))?;
        let agent_id = agent.map_err(|_| ApiError::field("agent_id", "must be a string or a whole number"))?;
        let mut wrong = Vec::new();
        let contact_id = contact(body, &mut wrong);
        let variables = variables(body, &mut wrong);
        if idempotency::key(request) == idempotency::Key::Malformed {
            wrong.push(FieldError::new(idempotency::HEADER, idempotency::MALFORMED));
        }
        if !wrong.is_empty() {
            return Err(ApiError::Validation(wrong));
        }
        Ok(Self { phone_number: WrittenNumber { text, number }, agent_id, contact_id, variables })
    }

    /// Converts the request for acceptance.
    fn into_acceptance(self, request: &Request, scope: &Scope) -> NewRequest {
        let WrittenNumber { text, number } = self.phone_number;
        let by_slug = AgentId::for_slug(&scope.organization, &self.agent_id);
        let ids = AgentId::parse(&self.agent_id).into_iter().chain([by_slug]).collect();
        NewRequest {
            id: id(request, scope),
            fingerprint: request.fingerprint(),
            agent: AgentName { ids, alias: Some(self.agent_id), or_default: false },
            raw_number: (text != number.as_str()).then_some(text),
            to: number,
            sender: Sender::AgentsElse(None),
            variables: self.variables,
            keeps_variables: true,
            metadata: None,
            client_call_id: None,
            requested_agent: None,
            not_before: None,
            not_after: None,
            contact: self.contact_id.map_or(ContactWish::Nobody, ContactWish::Known),
            request_id: Some(request.request_id.clone()),
        }
    }
}

fn not_an_object(request: &Request) -> String {
    match request.json_error() {
        "" => "the body must be a JSON object".to_owned(),
        error => format!("the body is not valid JSON: {error}"),
    }
}

/// Returns a string or whole number as a string. Returns `None` for a missing, empty or null value.
fn given(body: &Map<String, Value>, name: &str) -> Option<Result<String, ()>> {
    match body.get(name)? {
        Value::Null => None,
        Value::String(text) if is_blank(text) => None,
        Value::String(text) => Some(Ok(text.trim().to_owned())),
        Value::Number(number) if number.is_u64() => Some(Ok(number.to_string())),
        Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Some(Err(())),
    }
}

fn contact(body: &Map<String, Value>, wrong: &mut Vec<FieldError>) -> Option<u64> {
    let value = body.get("contact_id").filter(|value| !value.is_null())?;
    let id = value.as_u64().filter(|id| *id <= LARGEST_WHOLE_NUMBER);
    if id.is_none() {
        wrong.push(FieldError::new("contact_id", "must be a whole number"));
    }
    id
}

fn variables(body: &Map<String, Value>, wrong: &mut Vec<FieldError>) -> Map<String, Value> {
    match body.get("variables") {
        None | Some(Value::Null) => Map::new(),
        Some(value @ Value::Object(variables)) => {
            if variables.len() > MAX_VARIABLES || value.to_string().len() > MAX_VARIABLES_BYTES {
                wrong.push(FieldError::new("variables", "must not be more than 100, nor larger than 64 KiB together"));
            }
            variables.clone()
        }
        Some(_) => {
            wrong.push(FieldError::new("variables", "must be a JSON object"));
            Map::new()
        }
    }
}

impl From<Call> for Accepted {
    fn from(call: Call) -> Self {
        Self {
            id: call.id.reference(),
            call_id: call.id,
            status: status(&call),
            r#type: "outbound",
            phone_number: call.to,
            agent: AcceptedAgent { id: call.agent.id.reference(), name: call.agent.name, assistant_id: call.agent.id },
            created_at: call.created_at,
            estimated_start: call.window.not_before,
        }
    }
}

fn status(call: &Call) -> &'static str {
    match call.status {
        Status::Queued | Status::Dispatching => "queued",
        Status::Ringing => "ringing",
        Status::InProgress => "in-progress",
        Status::Ended if call.started_at.is_some() => "completed",
        Status::Ended => "failed",
    }
}

#[cfg(feature = "openapi")]
mod document {
    use lambda_http::http::StatusCode;
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::KlenCallRequest;
    use crate::error::ApiError;
    use crate::http::MAX_BODY_BYTES;
    use crate::openapi::operation::{Document, accepted, body, coded, insufficient_funds, operation};
    use crate::openapi::{parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let bad = |code, message| coded(StatusCode::BAD_REQUEST, code, message);
        let own = vec![
            bad("missing_phone_number", "phone_number is required, such as +15555550123"),
            bad("missing_agent_id", "agent_id is required"),
            bad(
                "invalid_phone_number",
                "phone_number is not a valid phone number; E.164 is best, such as +15555550123",
            ),
            bad("invalid_json", "the body must be a JSON object"),
            ApiError::field("variables", "must be a JSON object"),
            ApiError::PayloadTooLarge(MAX_BODY_BYTES),
            ApiError::KeyReused,
            coded(StatusCode::UNAUTHORIZED, "invalid_key", "a valid API key is required: Authorization: Bearer <key>"),
            insufficient_funds(),
            ApiError::DoNotCall,
            coded(StatusCode::NOT_FOUND, "agent_not_found", "there is no such agent, or it is not yours"),
            coded(StatusCode::NOT_FOUND, "no_phone_number", "the agent has no phone number to call from"),
            ApiError::too_fast(),
        ];
        operation("klen", "Place a call in the words of klen", KLEN)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<KlenCallRequest>(), Required::True))
            .response("200", accepted(None, schema::of::<super::Accepted>()))
            .schema::<KlenCallRequest>(schema::as_it_is)
            .schema::<super::Accepted>(schema::always_there)
            .refused(own)
    }

    const KLEN: &str = "The same acceptance as `create-call`, behind the door that clients of klen know. The key may also stand \
    in `X-API-Key`. Unknown fields are ignored. Errors are flat, with the document's codes; what it has none for is \
    `validation_error` or `rate_limit_exceeded`.";

    fn request() -> Value {
        json!({
            "phone_number": "(555) 555-0123", "agent_id": "demo-voice", "variables": {"customer": {"name": "Ada"}}
        })
    }
}

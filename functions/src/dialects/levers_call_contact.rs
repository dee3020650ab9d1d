//! `POST /ai/phone-calls/action/call`: accepts a call in the `levers` dialect.

use domain::call::{Call, Status};
use domain::contact::Details;
use domain::ids::{AgentId, ContactId, ConversationId, Operation, Scope};
use domain::key::Permission;
use domain::organization::Organization;
use domain::phone::{Country, PhoneNumber};
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::keys::{self, Key};

use super::fastapi::Body;
use super::levers::{Callee, Settings, country, detail, metadata, number, refused, tags, window, wrapped};
use crate::acceptance::{self, NewRequest};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "levers-call-contact",
    trigger: Trigger::Http(
        Route::with_key(
            "POST",
            "/ai/phone-calls/action/call",
            Permission::CanInitiateCalls,
            keys_to_load,
            |authorized| handle(authorized).boxed(),
        )
        .with_idempotency_key(KeyUse::Optional)
        .in_dialect(Dialect::Levers),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Call to place, in the format of `levers`. Each optional field may be null.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase"))]
pub(crate) struct LeversCallRequest {
    /// Phone number to call, in E.164 or as a number of `countryCode` or, without that, of the organization's default country.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    number_to_call: String,
    /// First name of the contact.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    first_name: Option<String>,
    /// Last name of the contact.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    last_name: Option<String>,
    /// Email address of the contact.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    email: Option<String>,
    /// Id of the contact. If no contact has this id, the contact is found by its number or created.
    contact_uuid: Option<ContactId>,
    /// `true` if the names and the email address change an existing contact; the default is `false`.
    update_existing: Option<bool>,
    /// Id of the agent; by default the organization's default agent.
    ai_settings_template_id: Option<AgentId>,
    /// Country of a phone number without `+`, by ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^[A-Z]{2}$", min_length = 2, max_length = 2))]
    country_code: Option<Country>,
    /// JSON object of at most 16 KiB. It is returned in the call's events as `"metadata": {"requestMetadata": …}`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
    /// Values for the placeholders of the agent's prompt: at most 100, and at most 64 KiB together as JSON. They are used in the prompt
    /// only.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::HashMap<String, String>>))]
    prompt_tags: Map<String, Value>,
    /// Earliest time to dial. The vendor's API has no time window; this is the field of the native API.
    not_before: Option<Timestamp>,
    /// Time from which the call is no longer dialled. The default is 15 minutes after the later of acceptance and `notBefore`.
    not_after: Option<Timestamp>,
}

/// Accepted call. The vendor's document does not define this response; these are the fields that its clients look for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LeversCall))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    /// Permanent id of the call, also in the native API and in events.
    conversation_id: ConversationId,
    /// Id of the contact that was found or created.
    contact_uuid: Option<ContactId>,
    /// Called number, in E.164.
    number_to_call: PhoneNumber,
    /// Status of the call.
    status: Status,
}

/// Returns the keys of all items that are known from the request alone. A number that is not in E.164 cannot be read before the
/// organization's country is loaded.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let asked = parse(request, scope, None).map(|asked| acceptance::keys_to_load(&asked, scope));
    asked.unwrap_or_default().into_iter().chain(id(request, scope).map(keys::call)).collect()
}

/// Returns the id of the call, derived from the idempotency key. Returns `None` without a key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::LeversCall, &key))
}

/// Accepts a call. A repeated request returns the call that it created before.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let known =
        acceptance::known(app, &items, id(request, &caller.scope), &request.fingerprint()).await.map_err(refused)?;
    let admitted = match known {
        Some(known) => known,
        None => {
            let asked = parse(request, &caller.scope, Some(&caller.organization))?;
            acceptance::accept(app, &caller, &mut items, &asked).await.map_err(refused)?
        }
    };
    let response = Response::json(StatusCode::CREATED, &Accepted::from(admitted.call))?;
    Ok(if admitted.replayed { response.replayed() } else { response })
}

/// Parses the request and converts it for acceptance.
fn parse(request: &Request, scope: &Scope, organization: Option<&Organization>) -> Result<NewRequest, ApiError> {
    let mut body = Body::open(request)?;
    let asked = LeversCallRequest::read(&mut body, request.body());
    check_key(&mut body, request);
    let (id, print) = (id(request, scope), request.fingerprint());
    // An unreadable number is reported together with all other wrong fields.
    let asked = asked.map(|asked| {
        let (callee, settings) = asked.into_parts();
        callee.request(&settings, organization, id, print)
    });
    if let Some(Err(error)) = &asked {
        body.refuse("numberToCall", "value_error", format_args!("Value error, {error}"));
    }
    body.finish()?;
    match asked {
        Some(Ok(asked)) => Ok(asked.of(Some(request.request_id.clone()))),
        Some(Err(_)) | None => Err(ApiError::field("body", "is not a request for a call")),
    }
}

impl LeversCallRequest {
    /// Reads a request. Returns `None` if it has no number. The errors are added to `body`. `text` is the raw JSON of the request.
    fn read(body: &mut Body<'_>, text: &[u8]) -> Option<Self> {
        let number_to_call = number(body);
        let [first_name, last_name, email] = ["firstName", "lastName", "email"].map(|field| detail(body, field));
        let contact_uuid = body.uuid("contactUuid", ContactId::parse);
        let (prompt_tags, metadata) = (tags(body), metadata(body, text));
        let (not_before, not_after) = window(body);
        let ai_settings_template_id = body.uuid("aiSettingsTemplateId", AgentId::parse);
        let update_existing = body.boolean("updateExisting");
        let country_code = country(body);
        Some(Self {
            number_to_call: number_to_call?,
            first_name,
            last_name,
            email,
            contact_uuid,
            update_existing,
            ai_settings_template_id,
            country_code,
            metadata,
            prompt_tags,
            not_before,
            not_after,
        })
    }

    fn into_parts(self) -> (Callee, Settings) {
        let callee = Callee {
            number: self.number_to_call,
            contact: self.contact_uuid,
            details: Details { first_name: self.first_name, last_name: self.last_name, email: self.email },
            tags: self.prompt_tags,
            metadata: self.metadata.as_deref().and_then(wrapped),
            not_before: self.not_before,
            not_after: self.not_after,
        };
        let settings = Settings {
            agent: self.ai_settings_template_id,
            country: self.country_code,
            updates: self.update_existing.unwrap_or_default(),
        };
        (callee, settings)
    }
}

/// Checks the form of the idempotency key. The vendor's document does not mention one, but it is accepted.
pub(super) fn check_key(body: &mut Body<'_>, request: &Request) {
    if idempotency::key(request) == idempotency::Key::Malformed {
        body.refuse(idempotency::HEADER, "value_error", format_args!("Value error, {}", idempotency::MALFORMED));
    }
}

impl From<Call> for Accepted {
    fn from(call: Call) -> Self {
        Self { conversation_id: call.id, contact_uuid: call.contact, number_to_call: call.to, status: call.status }
    }
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::LeversCallRequest;
    use crate::openapi::operation::{Document, accepted, body, common_refusals, operation, problem};
    use crate::openapi::{parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let mut own = common_refusals();
        own.push(problem("numberToCall", "string_too_short", "String should have at least 1 character"));
        operation("levers", "Place a call in the words of levers", LEVERS)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<LeversCallRequest>(), Required::True))
            .response("201", accepted(None, schema::of::<super::Accepted>()))
            .schema::<LeversCallRequest>(schema::as_it_is)
            .schema::<super::Accepted>(schema::always_there)
            .refused(own)
    }

    const LEVERS: &str = "The same acceptance as `create-call`, behind the door that clients of levers know. A contact is found by \
    its id, else by its number, else made, together with the call. Unknown fields are ignored. Webhooks are the native ones.";

    fn request() -> Value {
        json!({
            "numberToCall": "+15555550123", "firstName": "Ada", "metadata": {"project_id": "proj_123"},
            "promptTags": {"amount": "$500.00"}
        })
    }
}

//! `POST /ai/phone-calls/action/call`: accepts a call in the words of `levers`.

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

/// A call, as a client of `levers` asks for it. Every optional field may be null.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase"))]
pub(crate) struct LeversCallRequest {
    /// Whom to call: E.164, or a number of `countryCode`, else of the organization's default country.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    number_to_call: String,
    /// The contact's first name.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    first_name: Option<String>,
    /// The contact's last name.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    last_name: Option<String>,
    /// The contact's email address.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    email: Option<String>,
    /// The contact. Where there is none of this id, it is found by its number, else made.
    contact_uuid: Option<ContactId>,
    /// Whether the names and the email address change a contact that is there already. False by default.
    update_existing: Option<bool>,
    /// The agent. The organization's default agent where it is left out.
    ai_settings_template_id: Option<AgentId>,
    /// The country that a number without `+` is read in: ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^[A-Z]{2}$", min_length = 2, max_length = 2))]
    country_code: Option<Country>,
    /// Any JSON object of at most 16 KiB. It comes back in the call's events as `"metadata": {"requestMetadata": …}`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
    /// Texts for the placeholders of the agent's prompt, at most 100, and 64 KiB together as JSON. They go into the prompt, and
    /// nowhere else.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::HashMap<String, String>>))]
    prompt_tags: Map<String, Value>,
    /// Not dialled before this moment. The original knows no window; this is the native API's.
    not_before: Option<Timestamp>,
    /// Not dialled from this moment on: by default 15 minutes after the later of now and `notBefore`.
    not_after: Option<Timestamp>,
}

/// What a client hears of an accepted call. The document does not say; these are what its users look for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LeversCall))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    /// The call's id, for good: the native API and every event know it by this.
    conversation_id: ConversationId,
    /// The contact that was found or made.
    contact_uuid: Option<ContactId>,
    /// The called number in E.164.
    number_to_call: PhoneNumber,
    /// Where it stands.
    status: Status,
}

/// What can be told of the request before it is judged. A number that is not E.164 is read once the organization's country
/// is known.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let asked = parse(request, scope, None).map(|asked| acceptance::keys_to_load(&asked, scope));
    asked.unwrap_or_default().into_iter().chain(id(request, scope).map(keys::call)).collect()
}

/// The call that a request is, by its key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::LeversCall, &key))
}

/// Accepts a call.
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

/// Returns the request as acceptance takes it.
fn parse(request: &Request, scope: &Scope, organization: Option<&Organization>) -> Result<NewRequest, ApiError> {
    let mut body = Body::open(request)?;
    let asked = LeversCallRequest::read(&mut body, request.body());
    check_key(&mut body, request);
    let (id, print) = (id(request, scope), request.fingerprint());
    // What is wrong with the number is said beside everything else.
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
    /// Reads a request. Returns `None` if it has no number; what is wrong with the fields stands in the body. `text` is the same
    /// object to the letter.
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

/// The idempotency key, which no document of this vendor's knows, and which is taken all the same.
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

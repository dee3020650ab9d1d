//! `POST /ai/phone-calls/action/call`: accepts a call in the words of `levers`.

use domain::call::{Call, Status};
use domain::fingerprint::fingerprint;
use domain::ids::{ContactId, ConversationId, Operation, Scope};
use domain::organization::Organization;
use domain::phone::PhoneNumber;
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::keys::Key;

use super::fastapi::Body;
use super::levers::{Callee, Settings, refused};
use crate::acceptance::{self, NewRequest};
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say. What else it says is ignored, as the original does.
#[cfg(feature = "openapi")]
pub(crate) const FIELDS: [&str; 10] = [
    "numberToCall",
    "firstName",
    "lastName",
    "email",
    "contactUuid",
    "updateExisting",
    "aiSettingsTemplateId",
    "countryCode",
    "metadata",
    "promptTags",
];

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
pub(crate) fn reads(request: &Request, scope: &Scope) -> Vec<Key> {
    parse(request, scope, None).map(|asked| acceptance::reads(&asked, scope)).unwrap_or_default()
}

/// Accepts a call.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let asked = parse(request, &caller.scope, Some(&caller.organization))?;
    let admitted = acceptance::accept(app, &caller, &mut items, &asked).await.map_err(refused)?;
    let response = Response::json(StatusCode::CREATED, &Accepted::from(admitted.call))?;
    Ok(if admitted.replayed { response.replayed() } else { response })
}

fn parse(request: &Request, scope: &Scope, organization: Option<&Organization>) -> Result<NewRequest, ApiError> {
    let mut body = Body::open(request)?;
    let callee = Callee::read(&mut body);
    let settings = Settings::read(&mut body);
    let key = key(&mut body, request);
    let raw = request.raw_metadata();
    if raw.is_err() {
        body.refuse("metadata", "value_error", "Value error, must be sent once");
    }
    let raw = raw.ok().flatten();
    let id = key.map(|key| ConversationId::for_key(scope, Operation::LeversCall, &key));
    let print = request.json().map(fingerprint).unwrap_or_default();
    // What is wrong with the number is said beside everything else.
    let asked =
        callee.map(|callee| callee.with_raw_metadata(raw.as_deref()).request(&settings, organization, id, print));
    if let Some(Err(error)) = &asked {
        body.refuse("numberToCall", "value_error", format_args!("Value error, {error}"));
    }
    body.finish()?;
    match asked {
        Some(Ok(asked)) => Ok(asked.of(Some(request.request_id.clone()))),
        Some(Err(_)) | None => Err(ApiError::field("body", "is not a request for a call")),
    }
}

/// The idempotency key, which no document of this vendor's knows, and which is taken all the same.
pub(super) fn key(body: &mut Body<'_>, request: &Request) -> Option<String> {
    match idempotency::key(request) {
        idempotency::Key::Given(key) => Some(key),
        idempotency::Key::Missing => None,
        idempotency::Key::Malformed => {
            body.refuse(idempotency::HEADER, "value_error", format_args!("Value error, {}", idempotency::MALFORMED));
            None
        }
    }
}

impl From<Call> for Accepted {
    fn from(call: Call) -> Self {
        Self { conversation_id: call.id, contact_uuid: call.contact, number_to_call: call.to, status: call.status }
    }
}

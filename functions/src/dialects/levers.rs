//! Shared parts of the `levers` dialect: its errors, and the fields that describe a callee.

use domain::contact::Details;
use domain::fingerprint::Fingerprint;
use domain::ids::{AgentId, ContactId, ConversationId};
use domain::organization::Organization;
use domain::phone::{Country, PhoneNumber};
use domain::phone_input::{self, Unreadable};
use domain::time::Timestamp;
use lambda_http::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fastapi::{self, Body};
use super::verbex::Unprocessable;
use crate::acceptance::limits::{MAX_METADATA_BYTES, MAX_VARIABLES, MAX_VARIABLES_BYTES};
use crate::acceptance::{AgentName, ContactWish, NewRequest, Refusal, Sender, Wrong};
use crate::error::ApiError;
use crate::http::{Response, raw_metadata};

/// Longest accepted name or email address, in characters. The vendor's document sets no limit.
const LONGEST_DETAIL: usize = 255;

/// Error response, except for wrong fields.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LeversError))]
pub(crate) struct Failure {
    /// Error code and message, as `<code>: <message>`.
    detail: String,
}

/// Returns the response for an error, in this vendor's format.
pub(crate) fn refusal(error: &ApiError) -> Result<Response, serde_json::Error> {
    match error {
        ApiError::Unprocessable(detail) => Response::json(error.status(), &Unprocessable { detail }),
        _ => {
            let detail = format!("{}: {}", error.code(), error.message());
            Response::json(error.status(), &Failure { detail })
        }
    }
}

/// Person to call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Callee {
    /// Phone number as it was written.
    pub(crate) number: String,
    /// Id of the contact.
    pub(crate) contact: Option<ContactId>,
    /// Names and email address of the contact.
    pub(crate) details: Details,
    /// Values for the placeholders of the agent's prompt.
    pub(crate) tags: Map<String, Value>,
    /// Metadata of the request, returned in every event as `{"requestMetadata": …}`.
    pub(crate) metadata: Option<Box<RawValue>>,
    /// Earliest time to dial.
    #[serde(default)]
    pub(crate) not_before: Option<Timestamp>,
    /// Time from which the call is no longer dialled.
    #[serde(default)]
    pub(crate) not_after: Option<Timestamp>,
}

/// Settings that apply to all callees of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    /// Id of the agent. Without it, the organization's default agent is used.
    pub(crate) agent: Option<AgentId>,
    /// Country of phone numbers without `+`.
    pub(crate) country: Option<Country>,
    /// `true` if names and email addresses change an existing contact.
    pub(crate) updates: bool,
}

impl Settings {
    /// Returns the agent's name for acceptance.
    pub(crate) fn agent(&self) -> AgentName {
        let default = AgentName { or_default: true, ..AgentName::default() };
        self.agent.map_or(default, AgentName::id)
    }
}

/// Reads the country of phone numbers without `+`.
pub(crate) fn country(body: &mut Body<'_>) -> Option<Country> {
    let text = body.text("countryCode", 2, 2)?;
    let country = Country::parse(text);
    if country.is_none() {
        body.refuse("countryCode", "string_pattern_mismatch", "String should match pattern '^[A-Z]{2}$'");
    } else if country.is_some_and(|country| !phone_input::is_known(country)) {
        body.refuse("countryCode", "value_error", "Value error, is not a country's ISO 3166-1 alpha-2 code");
    }
    country
}

impl Callee {
    /// Returns the phone number to call.
    ///
    /// # Errors
    /// [`Unreadable`] if it is not a phone number.
    pub(crate) fn to(
        &self,
        settings: &Settings,
        organization: Option<&Organization>,
    ) -> Result<PhoneNumber, Unreadable> {
        phone_input::read_for(organization, &self.number, settings.country)
    }

    /// Converts the callee to a request for acceptance.
    ///
    /// # Errors
    /// [`Unreadable`] if its number is not a phone number.
    pub(crate) fn request(
        self,
        settings: &Settings,
        organization: Option<&Organization>,
        id: Option<ConversationId>,
        fingerprint: Fingerprint,
    ) -> Result<NewRequest, Unreadable> {
        let to = self.to(settings, organization)?;
        let contact = ContactWish::FoundOrMade { id: self.contact, details: self.details, updates: settings.updates };
        Ok(NewRequest {
            id,
            fingerprint,
            agent: settings.agent(),
            raw_number: (self.number != to.as_str()).then_some(self.number),
            to,
            sender: Sender::AgentsElse(None),
            variables: self.tags,
            keeps_variables: false,
            metadata: self.metadata,
            client_call_id: None,
            requested_agent: None,
            not_before: self.not_before,
            not_after: self.not_after,
            contact,
            request_id: None,
        })
    }
}

/// Reads the phone number to call, as it is written.
pub(crate) fn number(body: &mut Body<'_>) -> Option<String> {
    body.required_text("numberToCall", 1, 100).map(str::to_owned)
}

/// Reads a name or an email address.
pub(crate) fn detail(body: &mut Body<'_>, field: &str) -> Option<String> {
    body.text(field, 0, LONGEST_DETAIL).map(str::to_owned)
}

/// Reads the values for the placeholders of the agent's prompt.
pub(crate) fn tags(body: &mut Body<'_>) -> Map<String, Value> {
    let Some(tags) = body.object("promptTags") else { return Map::new() };
    let wrong: Vec<&String> = tags.iter().filter(|(_, value)| !value.is_string()).map(|(name, _)| name).collect();
    for name in wrong {
        body.refuse_within("promptTags", name, "string_type", "Input should be a valid string");
    }
    let size = body.value("promptTags").map_or(0, |value| value.to_string().len());
    if tags.len() > MAX_VARIABLES || size > MAX_VARIABLES_BYTES {
        let message = "Value error, must not be more than 100, nor larger than 64 KiB together";
        body.refuse("promptTags", "value_error", message);
    }
    tags.clone()
}

/// Reads the metadata as raw JSON. `text` is the raw JSON of the enclosing object.
pub(crate) fn metadata(body: &mut Body<'_>, text: &[u8]) -> Option<Box<RawValue>> {
    body.object("metadata")?;
    let Ok(raw) = raw_metadata(text) else {
        body.refuse("metadata", "value_error", "Value error, must be sent once");
        return None;
    };
    if raw.as_ref().is_some_and(|raw| raw.get().len() > MAX_METADATA_BYTES) {
        body.refuse("metadata", "value_error", "Value error, must not be larger than 16 KiB as JSON");
    }
    raw
}

/// Reads the time window for dialing. The vendor's API has none; these are the fields of the native API.
pub(crate) fn window(body: &mut Body<'_>) -> (Option<Timestamp>, Option<Timestamp>) {
    let [not_before, not_after] = ["notBefore", "notAfter"].map(|field| {
        let text = body.text(field, 0, usize::MAX)?;
        let moment = Timestamp::parse(text);
        moment.map_err(|error| body.refuse(field, "value_error", format_args!("Value error, {error}"))).ok()
    });
    if not_before.zip(not_after).is_some_and(|(not_before, not_after)| not_after <= not_before) {
        body.refuse("notAfter", "value_error", "Value error, must be later than notBefore");
    }
    (not_before, not_after)
}

/// Returns the metadata in the form in which it is stored and returned.
pub(crate) fn wrapped(metadata: &RawValue) -> Option<Box<RawValue>> {
    RawValue::from_string(format!("{{\"requestMetadata\":{}}}", metadata.get())).ok()
}

/// Converts a refusal to an error of this vendor.
pub(crate) fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Wrong(wrong) if wrong.contains(&Wrong::SenderMissing) => ApiError::Coded {
            status: StatusCode::NOT_FOUND,
            code: "no_phone_number",
            message: "the agent has no phone number to call from".to_owned(),
        },
        other => other.into_error(|wrong| fastapi::beside(&wrong, "promptTags", "numberToCall")),
    }
}

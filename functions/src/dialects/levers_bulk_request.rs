//! The body of a bulk request in the `levers` dialect.

use domain::contact::Details;
use domain::ids::{AgentId, ContactId};
use domain::phone::Country;
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fastapi::Body;
use super::levers::{Callee, Settings, country, detail, metadata, number, tags, window, wrapped};
use super::levers_call_contact::check_key;
use crate::error::ApiError;
use crate::http::Request;
use crate::problem::Step;

const MAX_ITEMS: usize = 1_000;

/// Calls to place, in the format of `levers`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase"))]
pub(crate) struct LeversBulkRequest {
    /// Contacts to call. Each has the fields of a single call that concern one contact.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    contacts: Vec<LeversBulkContactRequest>,
    /// Id of the agent; by default the organization's default agent.
    ai_settings_template_id: Option<AgentId>,
    /// `true` if names and email addresses change existing contacts; the default is `false`.
    update_existing: Option<bool>,
    /// Country of phone numbers without `+`, by ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^[A-Z]{2}$", min_length = 2, max_length = 2))]
    country_code: Option<Country>,
    /// Batch size, as in the vendor's API. It is validated but has no effect.
    #[cfg_attr(feature = "openapi", schema(rename = "batchSize", minimum = 10, maximum = 1000))]
    _batch_size: Option<u32>,
}

/// Contact to call.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase"))]
pub(crate) struct LeversBulkContactRequest {
    /// Phone number to call, as in a single call.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    number_to_call: String,
    /// First name, as in a single call.
    first_name: Option<String>,
    /// Last name, as in a single call.
    last_name: Option<String>,
    /// Email address, as in a single call.
    email: Option<String>,
    /// Id of the contact, as in a single call.
    contact_uuid: Option<ContactId>,
    /// Metadata, as in a single call.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
    /// Values for the placeholders of the agent's prompt, as in a single call.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::HashMap<String, String>>))]
    prompt_tags: Map<String, Value>,
    /// Earliest time to dial, as in a single call.
    not_before: Option<Timestamp>,
    /// Time from which the call is no longer dialled, as in a single call.
    not_after: Option<Timestamp>,
}

impl LeversBulkRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`ApiError::Unprocessable`] with every wrong field of every contact.
    pub(crate) fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut body = Body::open(request)?;
        let contacts = contacts(&mut body, request.body());
        let ai_settings_template_id = body.uuid("aiSettingsTemplateId", AgentId::parse);
        let update_existing = body.boolean("updateExisting");
        let country_code = country(&mut body);
        let batch_size = batch_size(&mut body);
        check_key(&mut body, request);
        body.finish()?;
        Ok(Self { contacts, ai_settings_template_id, update_existing, country_code, _batch_size: batch_size })
    }

    /// Returns the contacts as callees, and the settings that apply to all of them.
    pub(crate) fn into_parts(self) -> (Vec<Callee>, Settings) {
        let settings = Settings {
            agent: self.ai_settings_template_id,
            country: self.country_code,
            updates: self.update_existing.unwrap_or_default(),
        };
        (self.contacts.into_iter().map(Callee::from).collect(), settings)
    }
}

impl LeversBulkContactRequest {
    /// Reads a contact. Returns `None` if it has no number. The errors are added to `body`. `text` is the raw JSON of the contact.
    fn read(body: &mut Body<'_>, text: &[u8]) -> Option<Self> {
        let number_to_call = number(body);
        let [first_name, last_name, email] = ["firstName", "lastName", "email"].map(|field| detail(body, field));
        let contact_uuid = body.uuid("contactUuid", ContactId::parse);
        let (prompt_tags, metadata) = (tags(body), metadata(body, text));
        let (not_before, not_after) = window(body);
        let number_to_call = number_to_call?;
        Some(Self {
            number_to_call,
            first_name,
            last_name,
            email,
            contact_uuid,
            metadata,
            prompt_tags,
            not_before,
            not_after,
        })
    }
}

impl From<LeversBulkContactRequest> for Callee {
    fn from(contact: LeversBulkContactRequest) -> Self {
        let LeversBulkContactRequest { first_name, last_name, email, .. } = contact;
        Self {
            number: contact.number_to_call,
            contact: contact.contact_uuid,
            details: Details { first_name, last_name, email },
            tags: contact.prompt_tags,
            metadata: contact.metadata.as_deref().and_then(wrapped),
            not_before: contact.not_before,
            not_after: contact.not_after,
        }
    }
}

/// Returns the raw JSON of each contact. Returns `None` if the body contains `contacts` twice.
fn texts(body: &[u8]) -> Option<Vec<&RawValue>> {
    #[derive(Deserialize)]
    struct Raw<'a> {
        #[serde(borrow)]
        contacts: Vec<&'a RawValue>,
    }

    serde_json::from_slice::<Raw<'_>>(body).ok().map(|raw| raw.contacts)
}

fn contacts(body: &mut Body<'_>, text: &[u8]) -> Vec<LeversBulkContactRequest> {
    let Some(value) = body.required("contacts") else { return Vec::new() };
    let Some(contacts) = value.as_array() else {
        body.refuse("contacts", "list_type", "Input should be a valid list");
        return Vec::new();
    };
    let count = contacts.len();
    if count == 0 {
        body.refuse("contacts", "too_short", "List should have at least 1 item after validation, not 0");
    }
    if count > MAX_ITEMS {
        let message = format!("List should have at most {MAX_ITEMS} items after validation, not {count}");
        body.refuse("contacts", "too_long", message);
        return Vec::new();
    }
    let Some(texts) = texts(text) else {
        body.refuse("contacts", "value_error", "Value error, must be sent once");
        return Vec::new();
    };
    let mut read = Vec::with_capacity(count);
    for (index, (contact, text)) in contacts.iter().zip(texts).enumerate() {
        let mut way = body.way_to("contacts");
        way.push(Step::from(index));
        let Value::Object(object) = contact else {
            body.refuse_at(way, "dict_type", "Input should be a valid dictionary");
            continue;
        };
        let mut contact = Body::at(object, way);
        read.extend(LeversBulkContactRequest::read(&mut contact, text.get().as_bytes()));
        body.take_in(contact.into_problems());
    }
    read
}

/// Reads the number of calls that the vendor's API processes together. It is validated but has no effect here.
fn batch_size(body: &mut Body<'_>) -> Option<u32> {
    let size = body.value("batchSize")?.as_i64();
    match size {
        Some(10..=1_000) => {}
        None => body.refuse("batchSize", "int_type", "Input should be a valid integer"),
        Some(size) if size < 10 => {
            body.refuse("batchSize", "greater_than_equal", "Input should be greater than or equal to 10");
        }
        Some(_) => body.refuse("batchSize", "less_than_equal", "Input should be less than or equal to 1000"),
    }
    size.and_then(|size| size.try_into().ok())
}

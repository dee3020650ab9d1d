//! What clients send, for the document. The parsers read field by field, so that they can report every wrong field at
//! once; that these types and they agree is a test of its own.

pub(crate) mod administration;

use std::collections::HashMap;

use domain::ids::AgentId;
use domain::log::EventType;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A call to be placed. One of `agentId` and `agentSlug` names the agent, which has to be of the voice channel.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateCallRequest)]
#[expect(dead_code, reason = "describes the fields that `api::create_call` reads one by one")]
pub(super) struct CreateCall {
    /// The agent's id.
    agent_id: Option<AgentId>,
    /// The agent's slug.
    #[schema(min_length = 1, max_length = 255, example = "demo-voice")]
    agent_slug: Option<String>,
    /// Whom to call.
    to_number: PhoneNumber,
    /// The calling number: required where the agent has no number of its own. Where it has one, this is ignored, but it has
    /// to be a phone number all the same. With a live key it must be one of the organization's numbers.
    from_number: Option<PhoneNumber>,
    /// Values for the agent's placeholders: at most 100, and 64 KiB together as JSON. The agent's required ones must
    /// be there.
    dynamic_variables: Option<HashMap<String, String>>,
    /// Any JSON object of at most 16 KiB. It comes back untouched, in the call and in each of its events.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Not dialled before this moment. A moment that is past means at once.
    not_before: Option<Timestamp>,
    /// Not dialled from this moment on: the call then ends with `dispatch_deadline_exceeded`. By default 15 minutes after
    /// the later of acceptance and `notBefore`. Must be later than `notBefore`, and not past.
    not_after: Option<Timestamp>,
}

/// Why a conversation is closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CloseRequest)]
#[expect(dead_code, reason = "describes the fields that `api::close_call` reads one by one")]
pub(super) struct Close {
    /// What becomes the conversation's `endReason`; `admin_closed` by default.
    #[schema(min_length = 1, max_length = 128, example = "customer_cancelled")]
    reason: Option<String>,
}

/// A conversation to be opened. One of `agentId` and `agentSlug` names the agent, which has to be of the SMS channel.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateSmsConversationRequest)]
#[expect(dead_code, reason = "describes the fields that `api::create_sms_conversation` reads one by one")]
pub(super) struct CreateSmsConversation {
    /// The agent's id.
    agent_id: Option<AgentId>,
    /// The agent's slug.
    #[schema(min_length = 1, max_length = 255, example = "demo-sms")]
    agent_slug: Option<String>,
    /// Whom to write to.
    to_number: PhoneNumber,
    /// The number that sends: required where the agent has no number of its own. Where it has one, this is ignored, but it has
    /// to be a phone number all the same. With a live key it must be one of the organization's numbers.
    from_number: Option<PhoneNumber>,
    /// The opening text, sent exactly as given: it is no template. Must not be blank. Required for a managed agent; where a
    /// custom agent gets none, it opens by its own template or by its model.
    #[schema(min_length = 1, max_length = 1600)]
    welcome_message: Option<String>,
    /// Values for the agent's placeholders: at most 100, and 64 KiB together as JSON. The agent's required ones, and
    /// those in its prompt, must be there.
    dynamic_variables: Option<HashMap<String, String>>,
    /// Any JSON object of at most 16 KiB. It comes back untouched, in the conversation and in each of its events.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// A text that a person writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SendSmsMessageRequest)]
#[expect(dead_code, reason = "describes the fields that `api::send_sms_message` reads one by one")]
pub(super) struct SendSmsMessage {
    /// The text, sent exactly as given. Must not be blank.
    #[schema(min_length = 1, max_length = 1600)]
    content: String,
}

/// An endpoint to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateWebhookRequest)]
#[expect(dead_code, reason = "describes the fields that `api::create_webhook` reads one by one")]
pub(super) struct CreateWebhook {
    /// Where events go: https, port 443 or one from 1024 up, a public address, no user or password, at most 2,048
    /// characters. Checked now, and again at every connection.
    #[schema(format = "uri", max_length = 2048, example = "https://example.com/hooks")]
    url: String,
    /// Which events it gets. Naming one twice is no error.
    #[schema(min_items = 1)]
    events: Vec<EventType>,
    /// Whether it gets events; it does by default.
    is_active: Option<bool>,
    /// The same as `isActive`, which counts where both are sent.
    #[serde(rename = "is_active")]
    is_active_for_pam: Option<bool>,
}

/// A contact to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateContactRequest)]
#[expect(dead_code, reason = "describes the fields that `api::create_contact` reads one by one")]
pub(super) struct CreateContact {
    /// Its number: there is one contact for each.
    phone_number: PhoneNumber,
    /// Its first name.
    #[schema(max_length = 255, example = "Ada")]
    first_name: Option<String>,
    /// Its last name.
    #[schema(max_length = 255, example = "Lovelace")]
    last_name: Option<String>,
    /// Its email address.
    #[schema(max_length = 255, example = "ada@example.com")]
    email: Option<String>,
}

/// What is to be changed about a contact. What is left out stays; what is null is emptied.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UpdateContactRequest)]
#[expect(dead_code, reason = "describes the fields that `api::update_contact` reads one by one")]
pub(super) struct UpdateContact {
    /// Its first name.
    #[schema(max_length = 255)]
    first_name: Option<String>,
    /// Its last name.
    #[schema(max_length = 255, example = "King")]
    last_name: Option<String>,
    /// Its email address.
    #[schema(max_length = 255)]
    email: Option<String>,
}

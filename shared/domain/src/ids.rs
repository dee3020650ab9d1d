//! Ids of objects, and the scope in which they are valid.

mod object;
mod provider;

use std::fmt;

pub use object::ObjectId;
pub use provider::{ProviderCallId, ProviderMessageId};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use uuid::Uuid;

use crate::digest::{digest_of, hex};
use crate::phone::PhoneNumber;

/// Id of an organization, the tenant. Events show it as `clientOrgId`. It has 1 to 40 lower-case letters, digits and
/// `-`, and begins and ends with a letter or digit. So it can be a part of an API key and of a table key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct OrganizationId(String);

impl OrganizationId {
    /// Parses the id of an organization; `None` if the text has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for OrganizationId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an organization's id"))
    }
}

impl fmt::Display for OrganizationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Mode of an API key and of everything that it creates. Only `live` reaches real phones; `test` always uses the
/// simulator. Objects of one mode are unknown in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// Real providers and real phones.
    Live,
    /// The simulator, which reaches no phone.
    Test,
}

impl Mode {
    /// Returns the name used in keys, objects and events.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Channel of a conversation: a phone call (`voice`), or SMS messages (`sms`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// Phone calls.
    Voice,
    /// SMS messages.
    Sms,
}

impl Channel {
    /// Returns the name used in objects and events.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Organization and mode: the scope in which ids, keys and numbers are valid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// Id of the organization.
    pub organization: OrganizationId,
    /// Mode, test or live.
    pub mode: Mode,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.organization, self.mode.as_str())
    }
}

/// Operation that an idempotency key belongs to. The same key in two operations counts as two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `POST /v1/calls`.
    CreateCall,
    /// `POST /v1/sms-conversations`.
    CreateSmsConversation,
    /// Creation of a call through the front door `klen`.
    KlenCall,
    /// Creation of a call through the front door `verbex`.
    VerbexCall,
    /// Creation of a call through the front door `levers`.
    LeversCall,
    /// Creation of a call as an item of a bulk request through the front door `levers`.
    LeversBulkItem,
    /// `POST /v1/contacts`.
    CreateContact,
    /// `POST /v1/webhooks`.
    CreateWebhook,
    /// `POST /v1/webhooks/{id}/test`.
    TestWebhook,
    /// `POST /v1/api-keys`.
    CreateApiKey,
    /// `POST /v1/agents`.
    CreateAgent,
}

impl Operation {
    /// Returns the name of the operation, from which ids are derived.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateCall => "create-call",
            Self::CreateSmsConversation => "create-sms-conversation",
            Self::KlenCall => "klen-create-call",
            Self::VerbexCall => "verbex-dial-outbound-phone-call",
            Self::LeversCall => "levers-call-contact",
            Self::LeversBulkItem => "levers-call-bulk",
            Self::CreateContact => "create-contact",
            Self::CreateWebhook => "create-webhook",
            Self::TestWebhook => "test-webhook",
            Self::CreateApiKey => "create-api-key",
            Self::CreateAgent => "create-agent",
        }
    }
}

impl Operation {
    /// Returns the digest under which the request of an idempotency key is stored, if no id follows from the key.
    pub fn key_digest(self, scope: &Scope, idempotency_key: &str) -> String {
        hex(&digest_of(&["request", &scope.to_string(), self.as_str(), idempotency_key]))
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Parses the id from its hyphenated form; `None` if the text has another form.
            pub fn parse(text: &str) -> Option<Self> {
                let hyphenated = text.len() == 36;
                Uuid::try_parse(text).ok().filter(|_| hyphenated).map(Self)
            }

            /// Creates an id from random bytes.
            pub fn random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// Returns the id that is derived from these parts. It never changes for the same parts.
            fn derived(parts: &[&str]) -> Self {
                let digest = digest_of(parts);
                let mut bytes = [0_u8; 16];
                bytes.copy_from_slice(&digest[..16]);
                Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id! {
    /// Id of a conversation, which is one accepted request.
    ConversationId
}

uuid_id! {
    /// Id of an agent.
    AgentId
}

uuid_id! {
    /// Id of a webhook endpoint.
    EndpointId
}

uuid_id! {
    /// Id of a message in an SMS conversation.
    MessageId
}

impl MessageId {
    /// Returns the id of the message with that number in a conversation.
    pub fn of(conversation: ConversationId, number: u32) -> Self {
        Self::derived(&["message", &conversation.to_string(), &number.to_string()])
    }
}

uuid_id! {
    /// Id of a contact.
    ContactId
}

impl ConversationId {
    /// Returns the id of the conversation that an idempotency key creates. Every replay of the request has the same id.
    pub fn for_key(scope: &Scope, operation: Operation, idempotency_key: &str) -> Self {
        Self::derived(&["conversation", &scope.to_string(), operation.as_str(), idempotency_key])
    }
}

impl ConversationId {
    /// Returns the id of the log of an inbound SMS message that belongs to no conversation.
    pub fn of_inbound(scope: &Scope, provider_message_id: &str) -> Self {
        Self::derived(&["inbound", &scope.to_string(), provider_message_id])
    }

    /// Returns one of `shards` shards. It never changes for the same id, and all shards are equally likely.
    pub fn shard(self, shards: u8) -> u8 {
        self.0.as_bytes()[15] % shards.max(1)
    }
}

impl ConversationId {
    /// Returns the id of the conversation that the front door `verbex` shows under an object id. Every replay of the
    /// request has the same id.
    pub fn for_object(scope: &Scope, object: ObjectId) -> Self {
        Self::for_key(scope, Operation::VerbexCall, &object.to_string())
    }

    /// Returns an integer id of the conversation, for clients that expect one. It is below 2^53, so that every language
    /// represents it exactly. The conversation cannot be looked up by it.
    pub fn reference(self) -> u64 {
        reference(&["conversation-reference", &self.to_string()])
    }
}

impl EndpointId {
    /// Returns the id of the endpoint that an idempotency key creates. Every replay of the request has the same id.
    pub fn for_key(scope: &Scope, idempotency_key: &str) -> Self {
        Self::derived(&["endpoint", &scope.to_string(), Operation::CreateWebhook.as_str(), idempotency_key])
    }
}

impl AgentId {
    /// Returns the id of the agent with that slug. A slug never changes, so looking up an agent by it needs no index.
    pub fn for_slug(organization: &OrganizationId, slug: &str) -> Self {
        Self::derived(&["agent", organization.as_str(), slug])
    }

    /// Returns an integer id of the agent below 2^53, for clients that expect one.
    pub fn reference(self) -> u64 {
        reference(&["agent-reference", &self.to_string()])
    }
}

impl ContactId {
    /// Returns the id of the contact with that number. A contact is identified by its number. So the lookup needs no
    /// index, and two concurrent requests create one contact.
    pub fn for_number(scope: &Scope, number: &PhoneNumber) -> Self {
        Self::derived(&["contact", &scope.to_string(), number.as_str()])
    }

    /// Returns an integer id of the contact below 2^53, for clients that expect one. If it is in use, the next
    /// `attempt` gives another one.
    pub fn reference(self, attempt: u32) -> u64 {
        reference(&["contact-reference", &self.to_string(), &attempt.to_string()])
    }
}

/// Returns the integer below 2^53 that is derived from these parts. It never changes for the same parts.
fn reference(parts: &[&str]) -> u64 {
    let digest = digest_of(parts);
    let mut bytes = [0_u8; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(bytes) >> 11
}

/// Returns the id of a conversation's event. It is the same at every attempt to deliver the event.
pub fn event_id(conversation: ConversationId, sequence: u64) -> String {
    let digest = digest_of(&["event", &conversation.to_string(), &sequence.to_string()]);
    format!("evt_{}", hex(&digest[..12]))
}

/// Returns the digest under which an idempotency key is stored.
pub fn key_digest(key: &str) -> String {
    hex(&digest_of(&["idempotency key", key])[..16])
}

#[cfg(test)]
mod tests {
    use super::{ConversationId, Mode, Operation, OrganizationId, Scope};

    fn scope(organization: &str, mode: Mode) -> Scope {
        Scope { organization: OrganizationId::parse(organization).unwrap(), mode }
    }

    #[test]
    fn a_key_is_one_conversation_in_its_scope_and_another_elsewhere() {
        let here = ConversationId::for_key(&scope("acme", Mode::Test), Operation::CreateCall, "k");
        assert_eq!(here, ConversationId::for_key(&scope("acme", Mode::Test), Operation::CreateCall, "k"));
        assert_ne!(here, ConversationId::for_key(&scope("acme", Mode::Live), Operation::CreateCall, "k"));
        assert_ne!(here, ConversationId::for_key(&scope("acm", Mode::Test), Operation::CreateCall, "ek"));
        assert_eq!(ConversationId::parse(&here.to_string()), Some(here));
    }

    #[test]
    fn an_organization_id_cannot_break_a_table_key() {
        for bad in ["", "Acme", "a#b", "a_b", "-a", "a-", "ä", &"a".repeat(41)] {
            assert_eq!(OrganizationId::parse(bad), None, "{bad}");
        }
    }
}

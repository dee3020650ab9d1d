//! Names of things: who owns them, in which mode, and under which id.

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

/// The tenant: `clientOrgId` in events. Lower-case letters, digits and `-`, 1 to 40 characters, beginning and ending
/// with a letter or digit, so that it can stand inside an API key and a table key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct OrganizationId(String);

impl OrganizationId {
    /// Reads an organization's id; `None` where the text has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The id as text.
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

/// Whether real phones are reached. Part of every scope: nothing crosses from one mode to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// Real providers, real phones.
    Live,
    /// The simulator, always.
    Test,
}

impl Mode {
    /// The mode as it stands in keys, objects and events.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Which kind of conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// A phone call.
    Voice,
    /// A conversation by SMS.
    Sms,
}

impl Channel {
    /// The channel as it stands in objects and events.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An organization and a mode: the scope in which ids, keys and numbers mean something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The tenant.
    pub organization: OrganizationId,
    /// Test or live.
    pub mode: Mode,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.organization, self.mode.as_str())
    }
}

/// What a client asked for, as far as an idempotency key is concerned: the same key under two operations is two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `POST /v1/calls`.
    CreateCall,
    /// `POST /v1/sms-conversations`.
    CreateSmsConversation,
    /// A call through the front door `klen`.
    KlenCall,
    /// A call through the front door `verbex`.
    VerbexCall,
    /// A call through the front door `levers`.
    LeversCall,
    /// An item of a bulk request through the front door `levers`.
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
    /// The operation's name.
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
    /// What a request under this idempotency key is found by, where nothing else follows from the key.
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
            /// Reads the id from its hyphenated form; `None` where the text has another form.
            pub fn parse(text: &str) -> Option<Self> {
                let hyphenated = text.len() == 36;
                Uuid::try_parse(text).ok().filter(|_| hyphenated).map(Self)
            }

            /// An id of random bytes.
            pub fn random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// The id that follows from these parts, the same for ever.
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
    /// A conversation: one accepted request.
    ConversationId
}

uuid_id! {
    /// An agent.
    AgentId
}

uuid_id! {
    /// A webhook endpoint.
    EndpointId
}

uuid_id! {
    /// A text of an SMS conversation.
    MessageId
}

impl MessageId {
    /// The text of that number in a conversation.
    pub fn of(conversation: ConversationId, number: u32) -> Self {
        Self::derived(&["message", &conversation.to_string(), &number.to_string()])
    }
}

uuid_id! {
    /// A contact.
    ContactId
}

impl ConversationId {
    /// The conversation that a request under this idempotency key is, whoever sends it again.
    pub fn for_key(scope: &Scope, operation: Operation, idempotency_key: &str) -> Self {
        Self::derived(&["conversation", &scope.to_string(), operation.as_str(), idempotency_key])
    }
}

impl ConversationId {
    /// The log of a text that belongs to no conversation.
    pub fn of_inbound(scope: &Scope, provider_message_id: &str) -> Self {
        Self::derived(&["inbound", &scope.to_string(), provider_message_id])
    }

    /// One of so many shards, the same for ever, each as likely as the others.
    pub fn shard(self, shards: u8) -> u8 {
        self.0.as_bytes()[15] % shards.max(1)
    }
}

impl ConversationId {
    /// The conversation that the front door `verbex` shows under an object's id, whoever sends the request again.
    pub fn for_object(scope: &Scope, object: ObjectId) -> Self {
        Self::for_key(scope, Operation::VerbexCall, &object.to_string())
    }

    /// A whole number that stands for the conversation where a client expects one. Below 2^53, so that it is the same in
    /// every language; nothing is found by it.
    pub fn reference(self) -> u64 {
        reference(&["conversation-reference", &self.to_string()])
    }
}

impl EndpointId {
    /// The endpoint that a request under this idempotency key is, whoever sends it again.
    pub fn for_key(scope: &Scope, idempotency_key: &str) -> Self {
        Self::derived(&["endpoint", &scope.to_string(), Operation::CreateWebhook.as_str(), idempotency_key])
    }
}

impl AgentId {
    /// The agent of that slug. A slug is an agent's name for life, so that finding an agent by it needs no index.
    pub fn for_slug(organization: &OrganizationId, slug: &str) -> Self {
        Self::derived(&["agent", organization.as_str(), slug])
    }

    /// A whole number below 2^53 that names the agent where a client expects one.
    pub fn reference(self) -> u64 {
        reference(&["agent-reference", &self.to_string()])
    }
}

impl ContactId {
    /// The contact of that number. A contact is its number, so that finding one by it needs no index, and two requests
    /// at the same time make one contact.
    pub fn for_number(scope: &Scope, number: &PhoneNumber) -> Self {
        Self::derived(&["contact", &scope.to_string(), number.as_str()])
    }

    /// The whole number below 2^53 by which the contact is known where a client expects one. Another `attempt` gives
    /// another number, should one be taken.
    pub fn reference(self, attempt: u32) -> u64 {
        reference(&["contact-reference", &self.to_string(), &attempt.to_string()])
    }
}

/// A whole number below 2^53 that follows from these parts, the same for ever.
fn reference(parts: &[&str]) -> u64 {
    let digest = digest_of(parts);
    let mut bytes = [0_u8; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(bytes) >> 11
}

/// The id of a conversation's event: the same at every attempt to deliver it.
pub fn event_id(conversation: ConversationId, sequence: u64) -> String {
    let digest = digest_of(&["event", &conversation.to_string(), &sequence.to_string()]);
    format!("evt_{}", hex(&digest[..12]))
}

/// The digest under which an idempotency key is remembered in its conversation.
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

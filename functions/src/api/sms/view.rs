//! An SMS conversation and its texts as clients see them.

use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;
use domain::ids::{AgentId, ConversationId, MessageId, Mode, ProviderMessageId};
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::sms::{Author, DeliveryStatus, Direction, Message, Silence, SmsConversation, Status};
use domain::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// An SMS conversation, as it stands in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsConversationSummary {
    /// Its id.
    conversation_id: ConversationId,
    /// It is of the SMS channel.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::ids::Channel))]
    channel: &'static str,
    /// The mode of the key it was asked for with.
    mode: Mode,
    /// Where it stands.
    status: Status,
    /// The agent's id.
    agent_id: AgentId,
    /// The agent's slug.
    agent_slug: String,
    /// The customer's number.
    to_number: PhoneNumber,
    /// Our number.
    from_number: PhoneNumber,
    /// Who carries its texts.
    provider: Provider,
    /// The provider's id for the opening text.
    provider_message_id: Option<ProviderMessageId>,
    /// Texts so far, in both directions.
    message_count: u32,
    /// Whether a person has taken over, so that the agent is silent.
    taken_over: bool,
    /// Why the agent does not answer, where it has fallen silent.
    silence: Option<Silence>,
    /// When it was accepted.
    created_at: Timestamp,
    /// When the last text came in or was asked for.
    last_message_at: Timestamp,
    /// When it ended.
    ended_at: Option<Timestamp>,
    /// Why it ended.
    end_reason: Option<EndReason>,
    /// Whose doing that was, where it is known.
    ended_by: Option<EndedBy>,
}

/// An SMS conversation with everything known of it, but for its texts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SmsConversation))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsConversationView {
    #[serde(flatten)]
    summary: SmsConversationSummary,
    /// The values for the agent's placeholders.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    dynamic_variables: Map<String, Value>,
    /// What the request brought, untouched.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
}

/// A text of a conversation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SmsMessageView))]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    /// Its id.
    message_id: MessageId,
    /// The provider's id for it; null while it is on its way.
    provider_message_id: Option<ProviderMessageId>,
    /// Counts the conversation's texts from 1, in both directions.
    sequence_number: u32,
    /// Whether it went out or came in.
    direction: Direction,
    /// Who wrote it.
    author: Author,
    /// The text.
    content: String,
    /// Where its delivery stands; null for the customer's.
    status: Option<DeliveryStatus>,
    /// Why it was not delivered.
    error_code: Option<String>,
    /// When it came in, or was asked for.
    created_at: Timestamp,
    /// When the provider took it; for the customer's, when it came in.
    sent_at: Option<Timestamp>,
}

impl From<SmsConversation> for SmsConversationSummary {
    fn from(conversation: SmsConversation) -> Self {
        Self {
            conversation_id: conversation.id,
            channel: "sms",
            mode: conversation.scope.mode,
            status: conversation.status,
            agent_id: conversation.agent.id,
            agent_slug: conversation.agent.slug,
            to_number: conversation.to,
            from_number: conversation.from,
            provider: conversation.provider,
            provider_message_id: conversation.opening_id,
            message_count: conversation.messages,
            taken_over: conversation.taken_over,
            silence: conversation.pace.silence,
            created_at: conversation.created_at,
            last_message_at: conversation.last_message_at,
            ended_at: conversation.ended_at,
            end_reason: conversation.end_reason,
            ended_by: conversation.ended_by,
        }
    }
}

impl SmsConversationView {
    /// A conversation with what the client gave for it.
    pub(crate) fn new(conversation: SmsConversation, content: Content) -> Self {
        let Content { dynamic_variables, metadata, .. } = content;
        Self { summary: conversation.into(), dynamic_variables, metadata }
    }
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            direction: message.direction(),
            message_id: message.id,
            provider_message_id: message.provider_message_id,
            sequence_number: message.number,
            author: message.author,
            content: message.content,
            status: message.status,
            error_code: message.error_code,
            created_at: message.created_at,
            sent_at: message.sent_at,
        }
    }
}

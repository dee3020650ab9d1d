//! An SMS conversation and its messages in responses.

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

/// SMS conversation as an entry of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsConversationSummary {
    /// Id of the conversation.
    conversation_id: ConversationId,
    /// Channel of the conversation: always `sms`.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::ids::Channel))]
    channel: &'static str,
    /// Mode of the API key that requested the conversation.
    mode: Mode,
    /// Status of the conversation.
    status: Status,
    /// Id of the agent.
    agent_id: AgentId,
    /// Slug of the agent.
    agent_slug: String,
    /// The customer's phone number, in E.164.
    to_number: PhoneNumber,
    /// The organization's phone number, in E.164.
    from_number: PhoneNumber,
    /// Provider that carries the messages.
    provider: Provider,
    /// The provider's id of the opening message; null until the provider has accepted the message.
    provider_message_id: Option<ProviderMessageId>,
    /// Number of messages so far, in both directions.
    message_count: u32,
    /// `true` if a person has taken the conversation over. The agent is then silent.
    taken_over: bool,
    /// Reason for which the agent does not answer; null if the agent is not silent.
    silence: Option<Silence>,
    /// Time at which the conversation was accepted.
    created_at: Timestamp,
    /// Time at which the last message came in or was requested.
    last_message_at: Timestamp,
    /// Time at which the conversation ended; null until then.
    ended_at: Option<Timestamp>,
    /// Reason for the end of the conversation; null until then.
    end_reason: Option<EndReason>,
    /// Party that ended the conversation; null if it is unknown or the conversation has not ended.
    ended_by: Option<EndedBy>,
}

/// SMS conversation with its request payload, without its messages.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SmsConversation))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsConversationView {
    #[serde(flatten)]
    summary: SmsConversationSummary,
    /// Values for the placeholders in the agent's templates.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    dynamic_variables: Map<String, Value>,
    /// Metadata of the request, unchanged; null if it had none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
}

/// Message of an SMS conversation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SmsMessageView))]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    /// Id of the message.
    message_id: MessageId,
    /// The provider's id of the message; null until the provider has accepted it.
    provider_message_id: Option<ProviderMessageId>,
    /// Position of the message in the conversation, in both directions, from 1.
    sequence_number: u32,
    /// Direction of the message.
    direction: Direction,
    /// Author of the message.
    author: Author,
    /// Content of the message.
    content: String,
    /// Delivery status; null for a message of the customer.
    status: Option<DeliveryStatus>,
    /// Reason for which the message was not delivered: the provider's error code or an end reason. Null if there is none.
    error_code: Option<String>,
    /// Time at which the message came in or was requested.
    created_at: Timestamp,
    /// Time at which the provider accepted the message; null until then. For a message of the customer, the time at which it came in.
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
    /// Returns a conversation with its request payload.
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

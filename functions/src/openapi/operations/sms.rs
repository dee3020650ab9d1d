//! The operations of SMS conversations.

use domain::end_reason::EndReason;
use domain::sms::Status;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::{Ref, Required};

use super::{WithRefusals, body, conflict, invalid, invalid_page, invalid_query, operation, with_body};
use crate::api::sms::close_sms_conversation::ClosedConversation;
use crate::api::sms::create_sms_conversation::OpenedConversation;
use crate::api::sms::view::{MessageView, SmsConversationSummary, SmsConversationView};
use crate::error::ApiError;
use crate::openapi::{answers, examples, parameters, requests, schemas};

const TAG: &str = "sms";

pub(super) fn create_sms_conversation() -> OperationBuilder {
    let opened = |example: &str, description: &str| {
        let mut opened = answers::json(example, description, schemas::envelope(schemas::of::<OpenedConversation>()));
        opened.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
        opened
    };
    let refused = |reason| ApiError::SendRefused { conversation: examples::sms::conversation(), reason };
    let own = vec![
        invalid(&[("welcomeMessage", "is required: the agent does not open conversations by itself")]),
        invalid(&[
            ("toNumber", "must be a phone number in E.164 format: + and 7 to 15 digits, such as +15555550123"),
            ("fromNumber", "is required: the agent has no number of its own"),
        ]),
        ApiError::PermissionDenied("the organization is suspended".to_owned()),
        ApiError::DoNotCall,
        refused(EndReason::OPTED_OUT),
        ApiError::NotFound("agent"),
        conflict(),
        ApiError::KeyReused,
        refused(EndReason::INVALID_DESTINATION),
        ApiError::Provider("the agent's model gave no opening text: it called a tool".to_owned()),
    ];
    let schema = schemas::with_one_agent(schemas::of::<requests::CreateSmsConversation>());
    operation(TAG, "Open a conversation", CREATE)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("create-sms-conversation", schema, Required::True)))
        .response("201", opened("create-sms-conversation", "The provider has the opening text."))
        .response("202", opened("create-sms-conversation-sending", SENDING))
        .with_refusals("can_send_sms", with_body(own))
}

pub(super) fn list_sms_conversations() -> OperationBuilder {
    let page = schemas::page(schemas::of::<SmsConversationSummary>());
    operation(TAG, "List conversations", LIST)
        .parameters(Some(parameters::conversation_filters(schemas::of::<Status>(), "conversations")))
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-sms-conversations", "A page of conversations, newest first.", page))
        .with_refusals("can_read_conversations", vec![invalid_page()])
}

pub(super) fn get_sms_conversation() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<SmsConversationView>());
    operation(TAG, "Get a conversation", "Everything known of a conversation, but for its texts.")
        .parameter(parameters::sms_conversation_id())
        .response("200", answers::json("get-sms-conversation", "The conversation.", schema))
        .with_refusals("can_read_conversations", vec![invalid_query(), ApiError::NotFound("conversation")])
}

pub(super) fn list_sms_events() -> OperationBuilder {
    let events = schemas::page(Ref::from_schema_name("Event"));
    operation(TAG, "List a conversation's events", LIST_EVENTS)
        .parameter(parameters::sms_conversation_id())
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-sms-events", "A page of events, in order of `sequence`.", events))
        .with_refusals("can_read_conversations", vec![invalid_page(), ApiError::NotFound("conversation")])
}

pub(super) fn list_sms_messages() -> OperationBuilder {
    let texts = schemas::page(schemas::of::<MessageView>());
    operation(TAG, "List a conversation's texts", LIST_MESSAGES)
        .parameter(parameters::sms_conversation_id())
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-sms-messages", "A page of texts, in order of `sequenceNumber`.", texts))
        .with_refusals("can_read_conversations", vec![invalid_page(), ApiError::NotFound("conversation")])
}

pub(super) fn send_sms_message() -> OperationBuilder {
    let sent = |example: &str, description: &str| {
        let mut sent = answers::json(example, description, schemas::envelope(schemas::of::<MessageView>()));
        sent.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
        sent
    };
    let own = vec![
        invalid(&[("content", "is required: a text of 1 to 1600 characters")]),
        ApiError::PermissionDenied("the organization is suspended".to_owned()),
        ApiError::DoNotCall,
        ApiError::NotFound("conversation"),
        has_ended(),
        ApiError::Conflict("too many texts are on their way; wait for the provider to take them".to_owned()),
        conflict(),
        ApiError::KeyReused,
        ApiError::Provider("the provider refused the text: invalid_destination".to_owned()),
    ];
    operation(TAG, "Write as a person", SEND)
        .parameter(parameters::sms_conversation_id())
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("send-sms-message", schemas::of::<requests::SendSmsMessage>(), Required::True)))
        .response("201", sent("send-sms-message", "The provider has the text."))
        .response("202", sent("send-sms-message-sending", SENDING_TEXT))
        .with_refusals("can_send_sms", with_body(own))
}

pub(super) fn handback_sms_conversation() -> OperationBuilder {
    let conversation = schemas::envelope(schemas::of::<SmsConversationSummary>());
    let own = vec![
        invalid(&[("body", "must be a JSON object")]),
        ApiError::NotFound("conversation"),
        has_ended(),
        conflict(),
    ];
    operation(TAG, "Hand a conversation back", HANDBACK)
        .parameter(parameters::sms_conversation_id())
        .response("200", answers::json("handback-sms-conversation", "The agent holds the conversation.", conversation))
        .with_refusals("can_send_sms", with_body(own))
}

pub(super) fn close_sms_conversation() -> OperationBuilder {
    let closed = schemas::envelope(schemas::of::<ClosedConversation>());
    let own = vec![
        invalid(&[("reason", "must be 1 to 128 characters long")]),
        ApiError::NotFound("conversation"),
        conflict(),
    ];
    operation(TAG, "Close a conversation", CLOSE)
        .parameter(parameters::sms_conversation_id())
        .request_body(Some(body("close-sms-conversation", schemas::of::<requests::Close>(), Required::False)))
        .response("200", answers::json("close-sms-conversation", "The conversation has ended.", closed))
        .with_refusals("can_close_conversations", with_body(own))
}

fn has_ended() -> ApiError {
    ApiError::Conflict("the conversation has ended".to_owned())
}

const CREATE: &str = "Sends an opening text, and has an agent answer what comes back. The text is sent within the request, once \
    whatever happens.\n\nThere is one open conversation between two numbers: opening another closes the older one with \
    `superseded_by_new_conversation`. Of any number of requests at the same time each is answered with 201, and one conversation \
    stays open.\n\nWith an `Idempotency-Key`, a retry neither writes to the customer twice nor supersedes itself, and is answered \
    before anything is judged that may have changed since. Without one, a retry does \
    both, unless it brings the key of the answer's `Idempotency-Key-Generated`: send a key of your own. An agent that is unknown, or of the \
    voice channel, is answered with 404, missing variables with 400, and a `toNumber` on the do-not-call list with 403.\n\nWhere \
    the provider refuses the text, the conversation was written already, and has ended: the answer names it in \
    `error.conversationId`, the key replays that answer, and the conversation that was superseded stays closed.";

const SENDING: &str = "Whether the provider took the opening text is not known yet. It is found out behind the answer, and the \
    text is not sent again: `get-sms-conversation` and the events show what became of it. A replay is answered with 202 too, as \
    long as `status` is `sending`.";

const LIST: &str = "The SMS conversations of the key's mode, newest first, by the moment of their acceptance. Filters narrow \
    down together. A conversation shows up here within moments of its acceptance.";

const LIST_EVENTS: &str = "Each event exactly as its webhook carries it. They are listed whether or not an endpoint was \
    subscribed.";

const LIST_MESSAGES: &str = "The texts in both directions, with where the delivery of ours stands. A text that is on its way has \
    no `providerMessageId` yet.";

const SEND: &str = "A person takes the conversation over and writes. From then on the agent is silent, until \
    `handback-sms-conversation`; an answer that it was working on is not sent. The text is sent within the request.\n\nWith an \
    `Idempotency-Key`, which belongs to this conversation, a retry is answered with the text as it is now, and nothing is sent \
    twice. Ten texts of a conversation may be on their way to the provider at once.";

const SENDING_TEXT: &str = "Whether the provider took the text is not known yet. It is found out behind the answer, and the text \
    is not sent again.";

const HANDBACK: &str = "The agent speaks again, and answers what is still unanswered. Handing back a conversation that was not \
    taken over is no error. Needs no body; an empty JSON object will do.";

const CLOSE: &str = "Ends a conversation. An answer that the agent was working on is not sent. Closing a conversation that has \
    ended is no error: `alreadyClosed` is true, and `endReason` is the one it ended with. The body may be left out.";

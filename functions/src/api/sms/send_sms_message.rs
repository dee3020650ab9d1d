//! `POST /v1/sms-conversations/{id}/messages`: sends a message of a person, who takes the conversation over. The agent stays silent until
//! the conversation is handed back.

use domain::effect::RememberedKey;
use domain::end_reason::EndReason;
use domain::ids::{ConversationId, Scope, key_digest};
use domain::key::Permission;
use domain::sms::{DeliveryStatus, Input, LONGEST_TEXT, Message, SmsConversation};
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::keys::{self, Key};
use store::{ConversationRef, Items, Loaded};

use crate::api::paths::conversation;
use crate::api::sms::view::MessageView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};
use crate::sms::sending::{prepare, send};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "send-sms-message",
    trigger: Trigger::Http(
        Route::with_key(
            "POST",
            "/v1/sms-conversations/{id}/messages",
            Permission::CanSendSms,
            keys_to_load,
            |authorized| handle(authorized).boxed(),
        )
        .with_body(&FIELDS)
        .with_idempotency_key(KeyUse::Optional),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 1] = ["content"];

/// SMS message written by a person.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(deny_unknown_fields))]
pub(crate) struct SendSmsMessageRequest {
    /// Content of the message. It is sent exactly as given and must not be blank.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
    content: String,
}

/// Returns the keys of the conversation and of the idempotency record.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let written = conversation(request).and_then(|id| seen(request, id));
    crate::api::sms::sms_keys(request, scope).into_iter().chain(written).collect()
}

/// Returns the key of the record for the request's idempotency key within the conversation.
fn seen(request: &Request, id: ConversationId) -> Option<Key> {
    idempotency::given(request).map(|key| keys::remembered_key(id, &key_digest(&key)))
}

/// Sends a person's message within the request.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = &authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let first = crate::api::paths::reference(id, &caller.scope);
    let loaded = Loaded::<SmsConversation>::from_items(&first, items)?;
    let conversation = loaded.ok_or(ApiError::NotFound("conversation"))?.conversation;
    let seen = seen(request, id);
    if let Some(known) = known(items, seen.as_ref())? {
        return replay(&authorized, &conversation, &known).await;
    }
    let asked = SendSmsMessageRequest::parse(request)?;
    // The digest of the idempotency key, with the request's fingerprint.
    let key = idempotency::given(request).map(|key| (key_digest(&key), request.fingerprint().into()));
    caller.must_not_be_suspended()?;
    prepare(app, &conversation).await;
    let reference = ConversationRef { also: seen.iter().cloned().collect(), ..first.with_customer(&conversation.to) };
    let write = |loaded: &Loaded<SmsConversation>| {
        let is_replay = seen.as_ref().is_some_and(|seen| loaded.items.get(seen).is_some());
        let is_too_long = || too_long(&loaded.conversation, &asked.content).is_some();
        let is_refused = is_replay || loaded.objections().reason().is_some() || is_too_long();
        Ok((!is_refused).then(|| Input::PersonWrites { content: asked.content.clone(), key: key.clone() }))
    };
    let mut applied = app.store.try_apply(&reference, None, write).await?.ok_or(ApiError::NotFound("conversation"))?;
    if let Some(permit) = applied.take_permit(None) {
        let written = permit.stored().message.clone();
        let settled = Box::pin(send(app, &reference, permit, None)).await;
        let settled = settled.and_then(|settled| settled.map(|settled| settled.message(written.number)).transpose());
        let settled = settled.unwrap_or_else(|error| {
            // The result of the send could not be stored. A later action determines it.
            tracing::warn!(conversation = %id, error = &error as &dyn std::error::Error, "unsettled");
            None
        });
        return answer(request, settled.flatten().unwrap_or(written));
    }
    if let Some(known) = known(&applied.loaded.items, seen.as_ref())? {
        return replay(&authorized, applied.conversation(), &known).await;
    }
    let objections = applied.loaded.objections();
    if objections.suspended {
        return Err(ApiError::PermissionDenied("the organization is suspended".to_owned()));
    }
    if objections.suppressed {
        return Err(ApiError::DoNotCall);
    }
    let conversation = applied.conversation();
    if let Some(problem) = too_long(conversation, &asked.content) {
        return Err(ApiError::field("content", problem));
    }
    let message = if conversation.is_ended() {
        "the conversation has ended"
    } else if objections.number_lost {
        NUMBER_LOST
    } else if conversation.provider.holds_chats() {
        HELD_THERE
    } else {
        TOO_MANY
    };
    Err(ApiError::Conflict(message.to_owned()))
}

/// Returns the reason for which the conversation's provider does not accept a message of this length, if there is one.
fn too_long(conversation: &SmsConversation, content: &str) -> Option<String> {
    conversation.provider.text_limit().problem(content)
}

const HELD_THERE: &str = "an agent of the provider's holds the conversation: nobody else can write into it";

const NUMBER_LOST: &str = "the number that it texts from is not the organization's any more";

const TOO_MANY: &str = "too many texts are on their way; wait for the provider to take them";

/// Returns the record of an earlier request with the same idempotency key.
fn known(items: &Items, seen: Option<&Key>) -> Result<Option<RememberedKey>, ApiError> {
    let Some(seen) = seen else { return Ok(None) };
    Ok(items.read("key", seen)?)
}

/// Returns the message of the earlier request in its current state. If it is overdue, it is enqueued again.
async fn replay(
    authorized: &Authorized<'_>,
    conversation: &SmsConversation,
    known: &RememberedKey,
) -> Result<Response, ApiError> {
    let Authorized { app, request, .. } = authorized;
    let id = conversation.id;
    idempotency::same_request(request, &known.fingerprint)?;
    let key = keys::message(id, known.message);
    let message = app.store.table.read([key]).await?.message(id, known.message)?;
    let message = message.ok_or(ApiError::NotFound("message"))?.message;
    app.store.wake_if_overdue(conversation, app.now()).await;
    answer(request, message).map(Response::replayed)
}

/// Returns the response for a person's message, or an error if it was refused.
fn answer(request: &Request, message: Message) -> Result<Response, ApiError> {
    if message.status == Some(DeliveryStatus::Failed) && message.provider_message_id.is_none() {
        let code = message.error_code.unwrap_or_default();
        if [EndReason::OPTED_OUT.as_str(), EndReason::DO_NOT_CALL.as_str()].contains(&code.as_str()) {
            return Err(ApiError::DoNotCall);
        }
        return Err(ApiError::Provider(format!("the provider refused the text: {code}")));
    }
    let status = if message.provider_message_id.is_some() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    Ok(Response::data(status, request, MessageView::from(message))?)
}

impl SendSmsMessageRequest {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        idempotency::check(request, &mut fields);
        if !fields.has("content") {
            fields.refuse("content", format_args!("is required: a text of 1 to {LONGEST_TEXT} characters"));
        }
        let content = fields.text_within("content", 1, LONGEST_TEXT).unwrap_or_default().to_owned();
        fields.finish()?;
        Ok(Self { content })
    }
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::SendSmsMessageRequest;
    use crate::api::sms::view::MessageView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, has_ended, invalid, operation, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let sent = |example: Value, description: &str| {
            answers::replayable(Some(example), description, schema::envelope(schema::of::<MessageView>()))
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
        operation("sms", "Write as a person", SEND)
            .parameter(parameters::sms_conversation_id())
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<SendSmsMessageRequest>(), Required::True))
            .response("201", sent(answer(), "The provider has the text."))
            .response("202", sent(answer_sending(), SENDING_TEXT))
            .schema::<SendSmsMessageRequest>(schema::as_it_is)
            .refused(with_body(own))
    }

    const SENDING_TEXT: &str = "Whether the provider took the text is not known yet. It is found out behind the answer, and the text \
    is not sent again.";

    const SEND: &str = "A person takes the conversation over and writes. From then on the agent is silent, until \
    `handback-sms-conversation`; an answer that it was working on is not sent. The text is sent within the request.\n\nWith an \
    `Idempotency-Key`, which belongs to this conversation, a retry is answered with the text as it is now, and nothing is sent \
    twice. Ten texts of a conversation may be on their way to the provider at once.";

    fn answer() -> Value {
        examples::one(examples::sms::by_hand(json!("sim_3d4e5f60718293a4b5c6d7e8"), json!("2026-04-10T14:05:00.140Z")))
    }

    fn answer_sending() -> Value {
        examples::one(examples::sms::by_hand(Value::Null, Value::Null))
    }

    fn request() -> Value {
        json!({"content": examples::sms::BY_HAND})
    }
}

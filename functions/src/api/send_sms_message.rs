//! `POST /v1/sms-conversations/{id}/messages`: a person takes over and writes. The agent stays silent until the
//! conversation is handed back.

use domain::conversation::RememberedKey;
use domain::end_reason::EndReason;
use domain::fingerprint::fingerprint;
use domain::ids::key_digest;
use domain::organization::suppression_digest;
use domain::sms::{DeliveryStatus, Input, LONGEST_TEXT, Message, SmsConversation};
use lambda_http::http::StatusCode;
use store::keys;
use store::{ConversationRef, Loaded};

use super::conversation;
pub(crate) use super::sms_reads as reads;
use super::sms_view::MessageView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;
use crate::sms::sending::send;

/// What a request may say.
pub(crate) const FIELDS: [&str; 1] = ["content"];

/// What a person wants to write.
struct Asked {
    content: String,
    /// The digest of the idempotency key, with the request's fingerprint.
    key: Option<(String, String)>,
}

/// Sends a person's text within the request.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let asked = Asked::parse(request)?;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let first = super::reference(id, &caller.scope);
    let loaded = Loaded::<SmsConversation>::from_items(&first, &items)?;
    let customer = loaded.ok_or(ApiError::NotFound("conversation"))?.conversation.to;
    caller.must_not_be_suspended()?;
    let seen = asked.key.as_ref().map(|(key, _)| keys::remembered_key(id, key));
    let reference = ConversationRef {
        suppression: Some(suppression_digest(&caller.scope, &customer)),
        also: seen.iter().cloned().collect(),
        ..first
    };
    let write = |loaded: &Loaded<SmsConversation>| {
        let is_replay = seen.as_ref().is_some_and(|seen| loaded.items.get(seen).is_some());
        if is_replay || loaded.is_suppressed() {
            return Input::Tick;
        }
        Input::PersonWrites { content: asked.content.clone(), key: asked.key.clone() }
    };
    let mut applied = app.store.apply(&reference, None, write).await?.ok_or(ApiError::NotFound("conversation"))?;
    if let Some(permit) = applied.take_permit(None) {
        let written = permit.stored().message.clone();
        let settled = send(app, &reference, permit).await.unwrap_or_else(|error| {
            // What came of it could not be written down: it is looked for later.
            tracing::warn!(conversation = %id, error = &error as &dyn std::error::Error, "unsettled");
            None
        });
        let message = settled.and_then(|settled| settled.message(written.number)).unwrap_or(written);
        return answer(request, message);
    }
    if let Some(known) = seen.and_then(|seen| applied.loaded.items.read("key", &seen).transpose()) {
        let known: RememberedKey = known?;
        if asked.key.is_none_or(|(_, fingerprint)| fingerprint != known.fingerprint) {
            return Err(ApiError::KeyReused);
        }
        let key = keys::message(id, known.message);
        let message = app.store.table.read([key]).await?.message(id, known.message)?;
        let message = message.ok_or(ApiError::NotFound("message"))?.message;
        return answer(request, message).map(Response::replayed);
    }
    if applied.loaded.is_suppressed() {
        return Err(ApiError::DoNotCall);
    }
    let conversation = applied.conversation();
    let message = if conversation.is_ended() {
        "the conversation has ended"
    } else if conversation.provider.holds_chats() {
        HELD_THERE
    } else {
        TOO_MANY
    };
    Err(ApiError::Conflict(message.to_owned()))
}

const HELD_THERE: &str = "an agent of the provider's holds the conversation: nobody else can write into it";

const TOO_MANY: &str = "too many texts are on their way; wait for the provider to take them";

/// What became of a person's text.
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

impl Asked {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        let key = match idempotency::key(request) {
            idempotency::Key::Given(key) => Some(key_digest(&key)),
            idempotency::Key::Missing => None,
            idempotency::Key::Malformed => {
                fields.refuse(idempotency::HEADER, idempotency::MALFORMED);
                None
            }
        };
        if !fields.has("content") {
            fields.refuse("content", format_args!("is required: a text of 1 to {LONGEST_TEXT} characters"));
        }
        let content = fields.text_within("content", 1, LONGEST_TEXT).unwrap_or_default().to_owned();
        if !content.is_empty() && content.trim().is_empty() {
            fields.refuse("content", "must not be blank");
        }
        fields.finish()?;
        let fingerprint = request.json().map(fingerprint).unwrap_or_default();
        Ok(Self { content, key: key.map(|key| (key, fingerprint)) })
    }
}

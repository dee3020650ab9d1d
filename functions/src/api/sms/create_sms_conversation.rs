//! `POST /v1/sms-conversations`: opens an SMS conversation. The opening message is sent within the request.

use domain::ids::{AgentId, ConversationId, Operation, ProviderMessageId, Scope};
use domain::key::Permission;
use domain::measure::Measure;
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::sms::{LONGEST_TEXT, SmsConversation, Status};
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::keys::{self, Key};
use store::measures::measure;
use store::{ConversationRef, Opened};

use crate::acceptance::{Sender, sms};
use crate::api::conversation_fields::{agent, agent_and_suppression_keys, agent_name, metadata, variables};
use crate::app::App;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};
use crate::sms::sending::{prepare, send};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "create-sms-conversation",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/sms-conversations", Permission::CanSendSms, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS)
        .with_idempotency_key(KeyUse::Optional),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 7] =
    ["agentId", "agentSlug", "toNumber", "fromNumber", "welcomeMessage", "dynamicVariables", "metadata"];

/// SMS conversation to open. Exactly one of `agentId` and `agentSlug` names the agent, which must be of the SMS channel.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct CreateSmsConversationRequest {
    /// Id of the agent.
    agent_id: Option<AgentId>,
    /// Slug of the agent.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255, example = "demo-sms"))]
    agent_slug: Option<String>,
    /// The customer's phone number, in E.164.
    to_number: PhoneNumber,
    /// Sending number, in E.164. Required if the agent has no number of its own; otherwise it must be valid but is ignored. With a live
    /// key, it must be one of the organization's numbers.
    from_number: Option<PhoneNumber>,
    /// Opening message. It is sent exactly as given, because it is not a template, and must not be blank. Required for a managed agent.
    /// Without it, a custom agent opens with its own template or with a message of its model.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
    welcome_message: Option<String>,
    /// Values for the placeholders in the agent's templates: at most 100, and at most 64 KiB together as JSON. The agent's required
    /// variables and those in its prompt must be present.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::HashMap<String, String>>))]
    dynamic_variables: Map<String, Value>,
    /// JSON object of at most 16 KiB. It is returned unchanged in the conversation and in each of its events.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
}

/// Opened SMS conversation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OpenedSmsConversation))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenedConversation {
    /// Permanent id of the conversation.
    conversation_id: ConversationId,
    /// The provider's id of the opening message; null until the provider has accepted the message.
    provider_message_id: Option<ProviderMessageId>,
    /// Status of the conversation.
    status: Status,
}

/// Returns the keys of all items that are known from the request alone. One read loads them before the request is validated.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let mut wanted = agent_and_suppression_keys(request, scope);
    wanted.extend(id(request, scope).map(keys::sms));
    wanted
}

/// Returns the id of the conversation, derived from the idempotency key. Returns `None` without a key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::CreateSmsConversation, &key))
}

/// Opens a conversation: writes one transaction, sends the opening message, and responds. A replay is answered before any check whose
/// result may have changed since the first request.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let now = authorized.app.now();
    if let Some(known) = known(&authorized)? {
        return replay(authorized.app, authorized.request, &known).await;
    }
    let asked = CreateSmsConversationRequest::parse(authorized.request)?;
    authorized.caller.check_rate_limit(0, now)?;
    let Authorized { app, request, caller, mut items } = authorized;
    let asked = asked.into_acceptance(request, &caller.scope);
    let new = sms::judge(app, &caller, &mut items, asked, now).await?;
    prepare(app, &new.conversation).await;
    sms::must_still_be_allowed(app, &new.conversation).await?;
    let permit = match app.store.open_sms(&new).await? {
        Opened::Existing(known) => return replay(app, request, &known).await,
        Opened::Suppressed => return Err(ApiError::DoNotCall),
        Opened::Fresh(permit) => {
            measure(Measure::Accepted, 1);
            permit
        }
    };
    let reference = ConversationRef::new(new.conversation.id, caller.scope);
    match Box::pin(send(app, &reference, *permit, None)).await {
        Ok(Some(applied)) => answer(request, applied.conversation()),
        // The result of the send could not be stored. A later action determines it.
        Ok(None) => answer(request, &new.conversation),
        Err(error) => {
            tracing::warn!(conversation = %reference.conversation, error = &error as &dyn std::error::Error, "unsettled");
            answer(request, &new.conversation)
        }
    }
}

/// Returns the response for a conversation, or an error if its opening message was refused.
fn answer(request: &Request, conversation: &SmsConversation) -> Result<Response, ApiError> {
    let never_left = conversation.opening_id.is_none() && conversation.send(1).is_none();
    if let Some(reason) = conversation.end_reason.clone().filter(|_| never_left) {
        return Err(ApiError::SendRefused { conversation: conversation.id, reason });
    }
    let is_sending = conversation.opening_id.is_none();
    let opened = OpenedConversation {
        conversation_id: conversation.id,
        provider_message_id: conversation.opening_id.clone(),
        status: if is_sending { Status::Sending } else { conversation.status },
    };
    let status = if is_sending { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    Ok(Response::data(status, request, opened)?)
}

/// Answers a request with a known idempotency key. The same request gets the conversation in its current state, and a different request
/// is refused. An overdue opening message is enqueued again, because its queue message may be lost.
async fn replay(app: &App, request: &Request, known: &SmsConversation) -> Result<Response, ApiError> {
    idempotency::same_request(request, &known.fingerprint)?;
    app.store.wake_if_overdue(known, app.now()).await;
    answer(request, known).map(Response::replayed)
}

/// Returns the conversation that an earlier request with the same idempotency key created.
fn known(authorized: &Authorized<'_>) -> Result<Option<SmsConversation>, ApiError> {
    let Some(id) = id(authorized.request, &authorized.caller.scope) else { return Ok(None) };
    Ok(authorized.items.read("conversation", &keys::sms(id))?)
}

impl CreateSmsConversationRequest {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        idempotency::check(request, &mut fields);
        let (agent_id, agent_slug) = agent(&mut fields);
        let to_number = fields.required_phone_number("toNumber");
        let from_number = fields.phone_number("fromNumber");
        let welcome_message = fields.text_within("welcomeMessage", 1, LONGEST_TEXT).map(str::to_owned);
        let dynamic_variables = variables(&mut fields);
        let metadata = metadata(&mut fields, request);
        fields.finish()?;
        let Some(to_number) = to_number else {
            return Err(ApiError::field("body", "is not a request for a conversation"));
        };
        Ok(Self { agent_id, agent_slug, to_number, from_number, welcome_message, dynamic_variables, metadata })
    }

    /// Converts the request for acceptance.
    fn into_acceptance(self, request: &Request, scope: &Scope) -> sms::NewRequest {
        let Self { dynamic_variables, metadata, .. } = self;
        sms::NewRequest {
            id: id(request, scope),
            fingerprint: request.fingerprint(),
            agent: agent_name(self.agent_id, self.agent_slug.as_deref(), scope),
            to: self.to_number,
            sender: Sender::AgentsElse(self.from_number),
            welcome_message: self.welcome_message,
            content: Content { dynamic_variables, metadata, ..Content::default() },
            request_id: request.request_id.clone(),
        }
    }
}

#[cfg(feature = "openapi")]
mod document {
    use domain::end_reason::EndReason;
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::{CreateSmsConversationRequest, OpenedConversation};
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let opened = |example: Value, description: &str| {
            answers::replayable(Some(example), description, schema::envelope(schema::of::<OpenedConversation>()))
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
        let schema = schema::with_one_agent(schema::of::<CreateSmsConversationRequest>());
        operation("sms", "Open a conversation", CREATE)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema, Required::True))
            .response("201", opened(answer(), "The provider has the opening text."))
            .response("202", opened(answer_sending(), SENDING))
            .schema::<CreateSmsConversationRequest>(schema::as_it_is)
            .schema::<OpenedConversation>(schema::always_there)
            .refused(with_body(own))
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

    fn answer() -> Value {
        examples::sms::opened(json!("sim_0a1b2c3d4e5f60718293a4b5"), "in_progress")
    }

    fn answer_sending() -> Value {
        examples::sms::opened(Value::Null, "sending")
    }

    fn request() -> Value {
        json!({
            "agentSlug": "demo-sms",
            "toNumber": examples::sms::ADA,
            "fromNumber": examples::sms::OURS,
            "welcomeMessage": examples::sms::OPENING,
            "dynamicVariables": {"firstName": "Ada"},
            "metadata": {"order": 4711}
        })
    }
}

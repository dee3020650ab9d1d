//! `POST /v1/sms-conversations`: opens a conversation by SMS. The opening text is sent within the request.

use domain::agent::AgentRef;
use domain::ids::{AgentId, Channel, ConversationId, Mode, Operation, ProviderMessageId, Scope};
use domain::measure::Measure;
use domain::organization::Organization;
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::size::{LARGEST_CONTENT, json_len};
use domain::sms::{Brief, LONGEST_TEXT, NewConversation, SmsConversation, Status};
use domain::time::Timestamp;
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::keys::{self, Key};
use store::measures::measure;
use store::{ConversationRef, NewSms, Opened};

use super::create_call;
use crate::acceptance::{self, Sender};
use crate::app::App;
use crate::error::{ApiError, FieldError};
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;
use crate::sms::opening;
use crate::sms::sending::{prepare, send};

/// What a request may say.
pub(crate) const FIELDS: [&str; 7] =
    ["agentId", "agentSlug", "toNumber", "fromNumber", "welcomeMessage", "dynamicVariables", "metadata"];

/// What a client asks for, well-formed.
#[derive(Debug)]
struct Asked {
    id: Option<ConversationId>,
    agent: AgentId,
    to: PhoneNumber,
    from: Option<PhoneNumber>,
    welcome_message: Option<String>,
    content: Content,
}

/// What a client hears of a conversation that was opened.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OpenedSmsConversation))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenedConversation {
    /// The conversation's id, for good.
    conversation_id: ConversationId,
    /// The provider's id for the opening text; null while it is on its way.
    provider_message_id: Option<ProviderMessageId>,
    /// Where the conversation stands.
    status: Status,
}

/// Whatever can be told of the request before it is judged.
pub(crate) fn reads(request: &Request, scope: &Scope) -> Vec<Key> {
    let mut wanted = create_call::named(request, scope);
    wanted.extend(id(request, scope).map(keys::sms));
    wanted
}

/// The conversation that a request is, by its key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::CreateSmsConversation, &key))
}

/// Opens a conversation: one transaction, then the provider, then the answer. A replay is answered before anything is
/// judged that may have changed since.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let now = authorized.app.store.table.now();
    if let Some(known) = known(&authorized)? {
        return replay(authorized.app, authorized.request, &known).await;
    }
    let asked = Asked::parse(authorized.request, &authorized.caller.scope)?;
    authorized.caller.must_have_left(0, now)?;
    let new = judge(&authorized, &asked, now).await?;
    let Authorized { app, request, caller, .. } = authorized;
    prepare(app, &new.conversation).await;
    must_still_be_allowed(app, &new.conversation).await?;
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
        // What came of it could not be written down: it is looked for later.
        Ok(None) => answer(request, &new.conversation),
        Err(error) => {
            tracing::warn!(conversation = %reference.conversation, error = &error as &dyn std::error::Error, "unsettled");
            answer(request, &new.conversation)
        }
    }
}

/// Judges once more, by what is read right before the opening is written, what a model or a secret may have outlasted. The
/// do-not-call list is the transaction's own to check.
async fn must_still_be_allowed(app: &App, conversation: &SmsConversation) -> Result<(), ApiError> {
    if !conversation.provider.is_live() {
        return Ok(());
    }
    let owner = keys::organization(&conversation.scope.organization);
    let items = app.store.table.read([owner.clone()]).await?;
    let owner: Organization = items.read("organization", &owner)?.ok_or(ApiError::NotFound("organization"))?;
    if owner.suspended {
        return Err(ApiError::PermissionDenied("the organization is suspended".to_owned()));
    }
    if !owner.owns(conversation.scope.mode, &conversation.from) {
        return Err(ApiError::Conflict(NUMBER_LOST.to_owned()));
    }
    Ok(())
}

const NUMBER_LOST: &str = "the number that it would text from is not the organization's any more";

/// What a conversation looks like to the client that asked for it.
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

/// The same key again: the same request is answered with the conversation as it is now, another one is refused. An opening
/// text that waits and is overdue is sent by that: its message may be lost.
async fn replay(app: &App, request: &Request, known: &SmsConversation) -> Result<Response, ApiError> {
    idempotency::same_request(request, &known.fingerprint)?;
    app.store.wake_if_overdue(known, app.store.table.now()).await;
    answer(request, known).map(Response::replayed)
}

/// The conversation that this request made when it was sent before.
fn known(authorized: &Authorized<'_>) -> Result<Option<SmsConversation>, ApiError> {
    let Some(id) = id(authorized.request, &authorized.caller.scope) else { return Ok(None) };
    Ok(authorized.items.read("conversation", &keys::sms(id))?)
}

/// Judges a new request by everything that may change: the organization, the agent, the do-not-call list.
async fn judge(authorized: &Authorized<'_>, asked: &Asked, now: Timestamp) -> Result<NewSms, ApiError> {
    let Authorized { app, caller, items, .. } = authorized;
    caller.must_not_be_suspended()?;
    let agent = items.agent(&caller.scope, asked.agent)?.ok_or(ApiError::NotFound("agent"))?;
    let mut agent =
        Some(agent).filter(|agent| agent.channel == Channel::Sms).ok_or(ApiError::agent_of(Channel::Voice))?;
    let settings = agent.sms.take().ok_or(ApiError::NotFound("agent"))?;
    let variables = &asked.content.dynamic_variables;
    let mut wrong: Vec<FieldError> = Vec::new();
    let sender = acceptance::sender(caller, &Sender::AgentsElse(asked.from.clone()), &agent);
    let from = sender.map_err(|error| wrong.push(error.field("dynamicVariables", "fromNumber"))).ok();
    let missing = agent.required_variables.iter().filter(|name| !variables.contains_key(*name));
    wrong.extend(missing.map(|name| FieldError::new(format!("dynamicVariables.{name}"), "is required by the agent")));
    let prompt = opening::render(&settings.prompt, variables, &mut wrong);
    // By the number's own provider, behind a test key too: what is accepted there is accepted here.
    let limit = agent.provider.text_limit();
    let by = opening::chosen(asked.welcome_message.as_deref(), &settings, variables, limit, &mut wrong);
    let (Some(from), Some(prompt), Some(by), true) = (from, prompt, by, wrong.is_empty()) else {
        return Err(ApiError::Validation(wrong));
    };
    caller.organization.may_reach(caller.scope.mode, &from, &asked.to).map_err(ApiError::out_of_reach)?;
    if items.get(&keys::suppression(&caller.scope, &asked.to)).is_some() {
        return Err(ApiError::DoNotCall);
    }
    let brief = Brief {
        prompt,
        model: settings.model,
        tools: settings.tools,
        tool_secret: settings.tool_secret,
        max_tool_calls: settings.max_tool_calls,
        provider_agent_id: settings.provider_agent_id,
    };
    if json_len(&brief) > LARGEST_CONTENT {
        let message = "make the agent's prompt too long to be kept beside its tools";
        return Err(ApiError::field("dynamicVariables", message));
    }
    let text = opening::text(app, &caller.scope, &brief, by, limit).await?;
    let (conversation, opening) = SmsConversation::accept(
        NewConversation {
            id: match asked.id {
                Some(id) => id,
                None => ConversationId::random(app.store.table.entropy().bytes()?),
            },
            scope: caller.scope.clone(),
            fingerprint: authorized.request.fingerprint().into(),
            agent: AgentRef { id: agent.id, slug: agent.slug, name: agent.name, version: agent.version },
            provider: match caller.scope.mode {
                Mode::Test => Provider::Simulator,
                Mode::Live => agent.provider,
            },
            to: asked.to.clone(),
            from,
            terms: settings.terms,
            opening: text,
            retention: agent.retention,
            request_id: Some(authorized.request.request_id.clone()),
        },
        now,
    );
    Ok(NewSms { conversation, opening, content: asked.content.clone(), brief })
}

impl Asked {
    fn parse(request: &Request, scope: &Scope) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        idempotency::check(request, &mut fields);
        let agent = create_call::agent(&mut fields, scope);
        let to = fields.required_phone_number("toNumber");
        let from = fields.phone_number("fromNumber");
        let welcome_message = fields.text_within("welcomeMessage", 1, LONGEST_TEXT).map(str::to_owned);
        let dynamic_variables = create_call::variables(&mut fields);
        let metadata = create_call::metadata(&mut fields, request);
        fields.finish()?;
        let (Some(agent), Some(to)) = (agent, to) else {
            return Err(ApiError::field("body", "is not a request for a conversation"));
        };
        Ok(Self {
            id: id(request, scope),
            agent,
            to,
            from,
            welcome_message,
            content: Content { dynamic_variables, metadata, ..Content::default() },
        })
    }
}

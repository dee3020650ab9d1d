//! Validation of a request for an SMS conversation.

use domain::agent::AgentRef;
use domain::fingerprint::Fingerprint;
use domain::ids::{Channel, ConversationId, Mode};
use domain::organization::Organization;
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::size::{LARGEST_CONTENT, json_len};
use domain::sms::{Brief, NewConversation, SmsConversation};
use domain::time::Timestamp;
use store::{Items, NewSms, keys};

use super::{AgentName, Asked, Judged, Sender, Wrong, must_be_contactable, suppression_keys};
use crate::acceptance::Refusal;
use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, FieldError};
use crate::sms::opening;

/// Well-formed request for an SMS conversation.
#[derive(Debug)]
pub(crate) struct NewRequest {
    /// Id of the conversation, as the idempotency key determines it. `None` for a random id.
    pub(crate) id: Option<ConversationId>,
    /// Fingerprint of the request.
    pub(crate) fingerprint: Fingerprint,
    /// Agent, as the request names it.
    pub(crate) agent: AgentName,
    /// Number of the customer.
    pub(crate) to: PhoneNumber,
    /// Rule for the number that sends.
    pub(crate) sender: Sender,
    /// Opening message, if the request brings one.
    pub(crate) welcome_message: Option<String>,
    /// Variables and metadata of the request.
    pub(crate) content: Content,
    /// Id of the request, as its client was told.
    pub(crate) request_id: String,
}

/// Validates a new request against everything that may change: the organization, the agent and the do-not-call list.
///
/// # Errors
/// The refusal, as an error of the native API.
pub(crate) async fn judge(
    app: &App,
    caller: &Caller,
    items: &mut Items,
    asked: NewRequest,
    now: Timestamp,
) -> Result<NewSms, ApiError> {
    let variables = &asked.content.dynamic_variables;
    let common = Asked { channel: Channel::Sms, agent: &asked.agent, sender: &asked.sender, variables };
    let Judged { mut agent, from, wrong } =
        super::judge(app, caller, items, &common).await.map_err(Refusal::into_native)?;
    let settings = agent.sms.take().ok_or(ApiError::NotFound("agent"))?;
    let mut wrong: Vec<FieldError> = wrong.iter().map(Wrong::native_field).collect();
    let prompt = opening::render(&settings.prompt, variables, &mut wrong);
    // The limit is that of the number's own provider, in test mode too. So both modes accept the same messages.
    let limit = agent.provider.text_limit();
    let by = opening::chosen(asked.welcome_message.as_deref(), &settings, variables, limit, &mut wrong);
    let (Some(from), Some(prompt), Some(by), true) = (from, prompt, by, wrong.is_empty()) else {
        return Err(ApiError::Validation(wrong));
    };
    let suppressions = suppression_keys(&caller.scope, &asked.to, None);
    must_be_contactable(caller, items, &from, &asked.to, &suppressions).map_err(Refusal::into_native)?;
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
    let new = NewConversation {
        id: match asked.id {
            Some(id) => id,
            None => ConversationId::random(app.entropy().bytes()?),
        },
        scope: caller.scope.clone(),
        fingerprint: asked.fingerprint.into(),
        agent: AgentRef { id: agent.id, slug: agent.slug, name: agent.name, version: agent.version },
        provider: match caller.scope.mode {
            Mode::Test => Provider::Simulator,
            Mode::Live => agent.provider,
        },
        to: asked.to,
        from,
        terms: settings.terms,
        opening: text,
        retention: agent.retention,
        request_id: Some(asked.request_id),
    };
    let (conversation, opening) = SmsConversation::accept(new, now);
    Ok(NewSms { conversation, opening, content: asked.content, brief })
}

/// Checks again, right before the opening message is written, the conditions that may have changed during the request to a
/// model or the reading of a secret. The transaction itself checks the do-not-call list.
///
/// # Errors
/// 403 if the organization is suspended, 409 if the number is no longer the organization's.
pub(crate) async fn must_still_be_allowed(app: &App, conversation: &SmsConversation) -> Result<(), ApiError> {
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

//! The native API.

pub(crate) mod agent_change;
pub(crate) mod agent_fields;
pub(crate) mod agent_view;
pub(crate) mod api_key_view;
pub(crate) mod call_view;
pub(crate) mod close_call;
pub(crate) mod close_sms_conversation;
pub(crate) mod contact_view;
pub(crate) mod conversation_filter;
pub(crate) mod create_agent;
pub(crate) mod create_api_key;
pub(crate) mod create_call;
pub(crate) mod create_contact;
pub(crate) mod create_sms_conversation;
pub(crate) mod create_webhook;
pub(crate) mod delete_agent;
pub(crate) mod delete_do_not_call;
pub(crate) mod delete_webhook;
pub(crate) mod delivery_view;
pub(crate) mod get_agent;
pub(crate) mod get_call;
pub(crate) mod get_call_recording;
pub(crate) mod get_contact;
pub(crate) mod get_openapi;
pub(crate) mod get_sms_conversation;
pub(crate) mod get_wallet;
pub(crate) mod get_webhook;
pub(crate) mod handback_sms_conversation;
pub(crate) mod list_agents;
pub(crate) mod list_api_keys;
pub(crate) mod list_audit_entries;
pub(crate) mod list_call_events;
pub(crate) mod list_calls;
pub(crate) mod list_contacts;
pub(crate) mod list_do_not_call;
pub(crate) mod list_sms_conversations;
pub(crate) mod list_sms_events;
pub(crate) mod list_sms_messages;
pub(crate) mod list_wallet_entries;
pub(crate) mod list_webhook_deliveries;
pub(crate) mod list_webhooks;
pub(crate) mod promote_agent;
pub(crate) mod put_do_not_call;
pub(crate) mod redeliver_webhook;
pub(crate) mod redeliver_webhook_delivery;
pub(crate) mod revoke_api_key;
pub(crate) mod rotate_tool_secret;
pub(crate) mod rotate_webhook_secret;
pub(crate) mod send_sms_message;
pub(crate) mod sms_settings_fields;
pub(crate) mod sms_view;
pub(crate) mod test_webhook;
pub(crate) mod update_agent;
pub(crate) mod update_contact;
pub(crate) mod update_webhook;
pub(crate) mod voice_settings_fields;
pub(crate) mod webhook_fields;
pub(crate) mod webhook_view;

use domain::agent::Agent;
use domain::call::{Call, Utterance};
use domain::endpoint::Endpoint;
use domain::ids::{AgentId, ConversationId, EndpointId, Scope};
use domain::log::LogEntry;
use domain::payload::Content;
use domain::sms::SmsConversation;
use store::keys::{self, Key};
use store::{ConversationRef, Table};

use crate::error::ApiError;
use crate::event_body::{Origin, event_body};
use crate::http::{Request, Response};
use crate::page::Page;
use crate::registry::Authorized;

pub(crate) fn no_reads(_: &Request, _: &Scope) -> Vec<Key> {
    Vec::new()
}

/// The conversation that the path names; `None` where that is no conversation's id.
fn conversation(request: &Request) -> Option<ConversationId> {
    ConversationId::parse(request.path("id"))
}

pub(crate) fn call_reads(request: &Request, scope: &Scope) -> Vec<Key> {
    conversation(request).map(|id| reference(id, scope).reads::<Call>()).unwrap_or_default()
}

pub(crate) fn full_call_reads(request: &Request, _: &Scope) -> Vec<Key> {
    conversation(request).map(|id| Table::full_call_keys(id).to_vec()).unwrap_or_default()
}

/// The endpoint that the path names.
pub(crate) fn webhook_reads(request: &Request, scope: &Scope) -> Vec<Key> {
    EndpointId::parse(request.path("id")).map(|id| vec![keys::endpoint(scope, id)]).unwrap_or_default()
}

/// The endpoint that the path names, from what was read.
fn webhook(authorized: &Authorized<'_>) -> Result<Endpoint, ApiError> {
    let id = EndpointId::parse(authorized.request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let found = authorized.items.read("endpoint", &keys::endpoint(&authorized.caller.scope, id))?;
    found.ok_or(ApiError::NotFound("webhook"))
}

/// The agent that the path names.
pub(crate) fn agent_reads(request: &Request, scope: &Scope) -> Vec<Key> {
    AgentId::parse(request.path("id")).map(|id| Table::agent_keys(scope, id)).unwrap_or_default()
}

/// The agent that the path names, from what was read.
fn agent(authorized: &Authorized<'_>) -> Result<Agent, ApiError> {
    let id = AgentId::parse(authorized.request.path("id")).ok_or(ApiError::NotFound("agent"))?;
    authorized.items.agent(&authorized.caller.scope, id)?.ok_or(ApiError::NotFound("agent"))
}

fn reference(conversation: ConversationId, scope: &Scope) -> ConversationRef {
    ConversationRef::new(conversation, scope.clone())
}

pub(crate) fn sms_reads(request: &Request, scope: &Scope) -> Vec<Key> {
    conversation(request).map(|id| reference(id, scope).reads::<SmsConversation>()).unwrap_or_default()
}

pub(crate) fn sms_with_content_reads(request: &Request, _: &Scope) -> Vec<Key> {
    conversation(request).map(|id| vec![keys::sms(id), keys::content(id)]).unwrap_or_default()
}

/// An SMS conversation with what the client gave for it, from what was read.
fn sms_with_content(authorized: &Authorized<'_>) -> Result<(SmsConversation, Content), ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let scope = &caller.scope;
    let found =
        items.sms_with_content(id, app.store.table.now())?.filter(|(conversation, _)| conversation.scope == *scope);
    found.ok_or(ApiError::NotFound("conversation"))
}

/// A page of a conversation's events. It may be short and still have more: the log holds notes too.
async fn events_page(
    authorized: &Authorized<'_>,
    origin: Origin<'_>,
    transcript: Option<&[Utterance]>,
) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, caller, &format!("events#{}", origin.log), &[])?;
    let after = page.start.as_deref().and_then(|place| place.parse().ok()).unwrap_or(0);
    let (entries, more) = app.store.table.log(origin.log, after, page.limit).await?;
    let last = entries.last().map(|entry: &LogEntry| entry.number);
    let cursor = last.filter(|_| more).map(|number| page.cursor(caller, &number.to_string()));
    let bodies = entries.iter().map(|entry| event_body(origin, entry, transcript));
    let bodies: Vec<_> = bodies.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    Ok(Response::page(request, bodies, cursor)?)
}

//! Callbacks of providers, with one function for each kind.
//!
//! The signature is verified first, over the raw body and the deployment's public URL. A callback without a valid signature is
//! answered with 403, and nothing is written for it. Nothing is read for it either, with one exception. If the account of the
//! organization is not cached, the table is asked if the organization exists, before its secrets are requested. The reason is
//! that strangers may name any number of organizations, and Parameter Store answers few requests.
//!
//! A callback may be a copy of an old one, of any age. It is applied by the same rules as any duplicate, late or reordered
//! input, and changes nothing the second time. The response is 200 only after the change was committed.

pub(crate) mod retell_chat_webhook;
pub(crate) mod retell_webhook;
pub(crate) mod telnyx_call_event;
pub(crate) mod telnyx_inbound_message;
pub(crate) mod telnyx_message_status;
pub(crate) mod twilio_call_status;
pub(crate) mod twilio_inbound_message;
pub(crate) mod twilio_message_status;
pub(crate) mod twilio_voice_answer;
pub(crate) mod vapi_server_message;

use domain::call::{Call, Input};
use domain::ids::{ConversationId, Mode, OrganizationId, Scope};
use domain::provider::Provider;
use providers::attempt::Attempt;
use providers::callback::{About, CallCallback, Callback};
use providers::is_signed;
use store::{Applied, ConversationRef, Loaded, StoreError, keys};

use crate::app::App;
use crate::error::ApiError;
use crate::http::Request;
use crate::route::{Route, Signed};

/// Verifies the signature of a callback. Returns the scope that its address names.
pub(crate) async fn verified(
    app: &App,
    route: &Route,
    provider: Provider,
    request: &Request,
) -> Result<Scope, ApiError> {
    let organization = OrganizationId::parse(request.path("organization")).ok_or_else(distrust)?;
    if request.is_too_large() {
        return Err(request.too_large());
    }
    if !app.secrets.knows_provider(&organization, provider) && !exists(app, &organization).await? {
        return Err(distrust());
    }
    let unread = |error| ApiError::Internal(Box::new(error));
    let public_url = app.secrets.public_url().await.map_err(unread)?.ok_or_else(distrust)?;
    let url = request.address(&public_url, route.path);
    let header = |name: &str| request.header(name);
    let callback = Callback { url: &url, header: &header, body: request.body() };
    let now = app.now();
    if is_signed(&app.secrets, provider, &organization, callback, now).await.map_err(unread)? {
        return Ok(Scope { organization, mode: Mode::Live });
    }
    Err(distrust())
}

async fn exists(app: &App, organization: &OrganizationId) -> Result<bool, ApiError> {
    let key = keys::organization(organization);
    Ok(app.store.table.read([key.clone()]).await?.get(&key).is_some())
}

/// Returns the error for a callback that is not signed as it should be, the same for every cause.
fn distrust() -> ApiError {
    ApiError::PermissionDenied("the signature is not the provider's".to_owned())
}

/// Applies a callback about a call. One that is about no call of ours is acknowledged, and changes nothing. Returns what came of it.
pub(crate) async fn hear(
    signed: &Signed<'_>,
    callback: Option<CallCallback>,
) -> Result<Option<Applied<Call>>, StoreError> {
    let (Some(reference), Some(attempt), Some(callback)) = (signed.conversation(), signed.number("attempt"), callback)
    else {
        return Ok(None);
    };
    let CallCallback { about, call_id, reports } = callback;
    let is_ours = match about {
        About::Address => true,
        About::Call(named) => named.is_some_and(|named| signed.is_about(&named)),
    };
    if !is_ours {
        tracing::warn!(conversation = %reference.conversation, "a callback is about another call than its address");
        return Ok(None);
    }
    let heard = |loaded: &Loaded<Call>| {
        let call = &loaded.conversation;
        let known = || call.provider_call_id.clone().filter(|_| call.attempt == attempt);
        let call_id = call_id.clone().or_else(known);
        Ok(call_id.map(|call_id| Input::Heard { attempt, call_id, reports: reports.clone() }))
    };
    signed.app.store.try_apply(&reference, None, heard).await
}

impl Signed<'_> {
    /// Returns the conversation that the callback's address names.
    pub(crate) fn conversation(&self) -> Option<ConversationRef> {
        let conversation = ConversationId::parse(self.request.path("id"))?;
        Some(ConversationRef::new(conversation, self.scope.clone()))
    }

    /// Returns a number that the callback's address names: of an attempt, or of a message.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.request.path(name).parse().ok()
    }

    /// Returns `true` if the callback's address names this attempt. If a signature covers only the body, an attacker can send a
    /// copy of a genuine callback to another address.
    pub(crate) fn is_about(&self, attempt: &Attempt) -> bool {
        attempt.organization == self.scope.organization
            && self.conversation().is_some_and(|reference| reference.conversation == attempt.conversation)
            && self.number("attempt") == Some(attempt.number)
    }
}

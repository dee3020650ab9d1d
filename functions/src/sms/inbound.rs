//! Inbound SMS messages, from any provider. A message continues the open conversation between its two numbers, or is stored as
//! an unmatched inbound message.

use domain::ids::Scope;
use domain::organization::Organization;
use domain::phone::PhoneNumber;
use domain::size::cut_to_stored;
use domain::sms::{DeliveryReport, Inbound, Input, SmsConversation, UnmatchedInbound};
use providers::ReceivedText;
use store::{ConversationRef, Loaded, StoreError, keys};

use crate::app::App;
use crate::route::Signed;

/// Maximum number of lookups of the open conversation. A lookup is repeated if the conversation was closed while the message
/// came in.
const MOST_LOOK_UPS: u32 = 5;

/// Maximum size of a stored message, in bytes as stored. A longer message is cut. The limit is several times the length that
/// carriers join to one message.
const LONGEST_INBOUND: usize = 64 * 1_024;

/// Inbound SMS message, as its provider delivered it.
#[derive(Clone, Debug)]
pub(crate) struct InboundText {
    /// Organization and mode that receive the message.
    pub scope: Scope,
    /// Number that the message was sent to.
    pub ours: PhoneNumber,
    /// Number of the sender.
    pub customer: PhoneNumber,
    /// Content of the message, with the provider's id for it.
    pub inbound: Inbound,
}

/// Stores the message of a signed callback. A message to a number that the organization does not own is ignored, unless it is
/// an opt-out to a number that the organization had before. A callback without a message changes nothing.
pub(crate) async fn take_in_signed(signed: Signed<'_>, received: Option<ReceivedText>) -> Result<(), StoreError> {
    let Signed { app, scope, .. } = signed;
    let Some(ReceivedText { from, to, inbound }) = received else { return Ok(()) };
    let owner_key = keys::organization(&scope.organization);
    let items = app.store.table.read([owner_key.clone()]).await?;
    let owner: Option<Organization> = items.read("organization", &owner_key)?;
    let text = InboundText { scope: scope.clone(), ours: to, customer: from, inbound };
    let Some(owner) = owner else { return Ok(()) };
    if owner.owns(scope.mode, &text.ours) || opts_out_of_what_was_theirs(app, &owner, &text).await? {
        return take_in(app, &text).await;
    }
    tracing::warn!(organization = %scope.organization, "a text came in for a number that is not the organization's");
    Ok(())
}

/// Returns `true` if the message is an opt-out to a number that was taken from the organization. The organization wrote to the
/// customer from that number, and must not write again from any other.
async fn opts_out_of_what_was_theirs(app: &App, owner: &Organization, text: &InboundText) -> Result<bool, StoreError> {
    if !text.inbound.is_opt_out() {
        return Ok(false);
    }
    if owner.former_numbers.contains(&text.ours) {
        return Ok(true);
    }
    // Covers numbers that were taken away before former numbers were stored.
    let pair = keys::pair(&text.scope, &text.ours, &text.customer);
    Ok(app.store.table.conversation_of_pair(pair).await?.is_some())
}

/// Stores a message once, however often the provider delivers it.
pub(crate) async fn take_in(app: &App, text: &InboundText) -> Result<(), StoreError> {
    let table = &app.store.table;
    let InboundText { scope, ours, customer, inbound } = text;
    let inbound = &Inbound { content: cut_to_stored(inbound.content.clone(), LONGEST_INBOUND), ..inbound.clone() };
    for _ in 0..MOST_LOOK_UPS {
        let Some(conversation) = table.conversation_of_pair(keys::pair(scope, ours, customer)).await? else { break };
        let seen = keys::inbound(scope, inbound.provider_message_id.as_str());
        let reference = ConversationRef::new(conversation, scope.clone()).with_customer(customer);
        let reference = ConversationRef { also: vec![seen.clone()], ..reference };
        let received = |loaded: &Loaded<SmsConversation>| {
            let is_new = loaded.items.get(&seen).is_none();
            Ok(is_new.then(|| Input::Received {
                inbound: inbound.clone(),
                suppressed_by: loaded.suppressed_by().map(str::to_owned),
            }))
        };
        let Some(applied) = app.store.try_apply(&reference, None, received).await? else { break };
        if !applied.previous.is_ended() || applied.loaded.items.get(&seen).is_some() {
            return Ok(());
        }
        // The conversation had ended already. If a newer one was opened in between, the message belongs to that one. Otherwise
        // it is stored without a conversation.
        if table.conversation_of_pair(keys::pair(scope, ours, customer)).await? == Some(conversation) {
            break;
        }
    }
    let alone = UnmatchedInbound::new(scope, ours.clone(), customer.clone(), inbound.clone());
    app.store.store_unmatched_inbound(scope, &alone).await
}

/// Applies a provider's report on one of a conversation's messages. A report on an unknown message is ignored.
pub(crate) async fn take_report(
    app: &App,
    reference: &ConversationRef,
    number: u32,
    report: &DeliveryReport,
) -> Result<(), StoreError> {
    let reference = reference.with_message(number);
    let reported = |loaded: &Loaded<SmsConversation>| {
        Ok(loaded.message(number)?.map(|stored| Input::Reported { stored, report: report.clone() }))
    };
    app.store.try_apply(&reference, None, reported).await.map(drop)
}

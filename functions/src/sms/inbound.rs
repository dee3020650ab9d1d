//! A text that came in, from whichever provider: it continues the open conversation between its two numbers, or stands
//! alone.

use domain::ids::Scope;
use domain::organization::Organization;
use domain::phone::PhoneNumber;
use domain::size::cut_to_stored;
use domain::sms::{Alone, DeliveryReport, Inbound, Input, SmsConversation};
use providers::ReceivedText;
use store::{ConversationRef, Loaded, StoreError, keys};

use crate::app::App;
use crate::registry::Signed;

/// How often the open conversation is looked up anew, where it was closed while the text came in.
const MOST_LOOK_UPS: u32 = 5;

/// The longest text that is taken in, in bytes as it is stored: longer than carriers join to one, several times over.
const LONGEST_INBOUND: usize = 64 * 1_024;

/// A text that came in.
#[derive(Clone, Debug)]
pub(crate) struct InboundText {
    /// Whom it is for.
    pub scope: Scope,
    /// The number it was sent to.
    pub ours: PhoneNumber,
    /// Who sent it.
    pub customer: PhoneNumber,
    /// The text.
    pub inbound: Inbound,
}

/// Takes in what a provider handed over. A text to a number that is not the organization's is nobody's; what is no text
/// changes nothing.
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

/// Whether somebody opts out by a text to a number that was taken from the organization: it wrote to them from there, and is
/// not to write again from anywhere.
async fn opts_out_of_what_was_theirs(app: &App, owner: &Organization, text: &InboundText) -> Result<bool, StoreError> {
    if !text.inbound.is_opt_out() {
        return Ok(false);
    }
    if owner.former_numbers.contains(&text.ours) {
        return Ok(true);
    }
    // A number that was taken away before that was remembered.
    let pair = keys::pair(&text.scope, &text.ours, &text.customer);
    Ok(app.store.table.conversation_of_pair(pair).await?.is_some())
}

/// Takes a text in, once, however often it comes.
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
        // It was over already. A newer one may have been opened in between; else the text stands alone.
        if table.conversation_of_pair(keys::pair(scope, ours, customer)).await? == Some(conversation) {
            break;
        }
    }
    let alone = Alone::new(scope, ours.clone(), customer.clone(), inbound.clone());
    app.store.take_in_alone(scope, &alone).await
}

/// Takes in what a provider says of one of a conversation's texts. About a text that is not there it says nothing.
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

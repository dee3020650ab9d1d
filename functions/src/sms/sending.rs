//! Sending of a claimed SMS message, and the commit of its outcome.

use domain::end_reason::EndReason;
use domain::ids::Channel;
use domain::sms::{Input, Outcome, SmsConversation};
use providers::Texting;
use providers::retell::Retell;
use store::{Applied, ConversationRef, Loaded, SendPermit, StoreError};

use crate::app::App;
use crate::asking;
use crate::outcome;
use crate::turnstile::Pass;

/// Loads everything that sending a message needs and that may take time. The claim follows after this, and the request right
/// after the claim.
pub(crate) async fn prepare(app: &App, conversation: &SmsConversation) {
    match app.providers.sms(conversation.provider) {
        Texting::Texts(provider) => provider.prepare(conversation).await,
        Texting::Chats(provider) => provider.prepare_chat(conversation).await,
        Texting::NotOffered => {}
    }
}

/// Requests a message at the provider, once, and commits the outcome. `None` if the conversation does not exist any more.
/// `pass` is the right under which the message was claimed, if other records of the batch wait for it.
pub(crate) async fn send(
    app: &App,
    reference: &ConversationRef,
    permit: SendPermit,
    pass: Option<Pass<'_>>,
) -> Result<Option<Applied<SmsConversation>>, StoreError> {
    let (stored, attempt) = (permit.stored().clone(), permit.attempt());
    let reference = reference.with_message(stored.message.number);
    let asked = permit.conversation().clone();
    let outcome = match pass {
        Some(pass) => pass.hand_on(ask(app, permit)).await,
        None => ask(app, permit).await,
    };
    outcome::note(&asked, attempt, &outcome);
    let settled = |loaded: &Loaded<SmsConversation>| {
        let stored = loaded.message(stored.message.number)?.unwrap_or_else(|| stored.clone());
        Ok(Some(Input::SendOutcome { attempt, stored, outcome: outcome.clone() }))
    };
    app.store.try_apply(&reference, None, settled).await
}

async fn ask(app: &App, permit: SendPermit) -> Outcome {
    match app.providers.sms(permit.conversation().provider) {
        Texting::Texts(provider) => asking::outcome(provider.send(permit)).await,
        Texting::Chats(provider) => asking::outcome(Box::pin(begin_chat(app, provider, permit))).await,
        Texting::NotOffered => not_offered(),
    }
}

/// Begins a chat that the provider's own agent holds. That agent gets the data that ours would get. If the data cannot be read,
/// nothing is requested.
async fn begin_chat(app: &App, provider: &Retell, permit: SendPermit) -> Outcome {
    let (table, id) = (&app.store.table, permit.conversation().id);
    let told = futures::try_join!(table.content(Channel::Sms, id), table.brief(id));
    match told {
        Ok((content, brief)) => provider.open_chat(permit, &content, &brief).await,
        Err(error) => {
            tracing::warn!(conversation = %id, error = &error as &dyn std::error::Error, "nothing was asked for");
            Outcome::NotPlaced { retry_after: None, why: "what the provider is to be told cannot be read".to_owned() }
        }
    }
}

fn not_offered() -> Outcome {
    let reason = EndReason::PROVIDER_UNAVAILABLE;
    Outcome::Refused { reason, why: "the provider carries no texts".to_owned() }
}

//! Sending a text that was claimed, and writing down what came of it.

use std::time::Duration;

use domain::sms::{Input, Outcome, SmsConversation};
use store::{Applied, ConversationRef, Loaded, SendPermit, StoreError};

use crate::app::App;
use crate::outcome;

/// How long a provider may take over a text. Shorter than any function's timeout that sends one, which is shorter than
/// the lease.
pub const PROVIDER_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks the provider to send a text, once, and commits what came of it. `None` where the conversation is gone.
pub(crate) async fn send(
    app: &App,
    reference: &ConversationRef,
    permit: SendPermit,
) -> Result<Option<Applied<SmsConversation>>, StoreError> {
    let (stored, attempt) = (permit.stored().clone(), permit.attempt());
    let reference = reference.with_message(stored.message.number);
    let asked = permit.conversation().clone();
    let outcome = ask(app, permit).await;
    outcome::note(&asked, attempt, &outcome);
    let settled = |loaded: &Loaded<SmsConversation>| {
        let stored = loaded.message(stored.message.number).ok().flatten().unwrap_or_else(|| stored.clone());
        Input::SendOutcome { attempt, stored, outcome: outcome.clone() }
    };
    app.store.apply(&reference, None, settled).await
}

async fn ask(app: &App, permit: SendPermit) -> Outcome {
    let provider = app.providers.sms(permit.conversation().provider);
    let asked = tokio::time::timeout(PROVIDER_TIMEOUT, provider.send(permit)).await;
    asked.unwrap_or_else(|_| Outcome::Unknown { why: "the provider did not answer in time".to_owned() })
}

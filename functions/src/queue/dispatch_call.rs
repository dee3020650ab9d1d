//! Does for a call whatever is due: dials it, searches for it, asks for news, hangs it up, lets time take effect.
//!
//! The message says "look at this call" and nothing else. What has to be done follows from the call itself, so that a
//! duplicate, a late message or one out of order does no harm.

use domain::call::{Call, Dispatch, Duty, Input, Outcome as Dialled};
use domain::holder::Holder;
use domain::ids::{Channel, ProviderCallId};
use domain::measure::Measure;
use domain::payload::Content;
use domain::places::Places;
use domain::schedule::next_action;
use domain::time::Timestamp;
use futures::FutureExt;
use providers::Sought;
use serde_json::Value;
use store::measures::measure;
use store::{ConversationJob, ConversationRef, DialPermit, Loaded, QueueName, Slot, StoreError, keys};

use super::batch::{self, Next};
use crate::adoption::{self, Attempted, Found};
use crate::app::App;
use crate::asking::{self, within};
use crate::error::Error;
use crate::outcome;
use crate::route::{Function, Trigger};
use crate::turnstile::Turnstile;

/// The function and its trigger.
pub(crate) const FUNCTION: Function = Function {
    name: "dispatch-call",
    trigger: Trigger::Queue { queue: QueueName::Dispatch, handle: |app, event| handle(app, event).boxed() },
    #[cfg(feature = "openapi")]
    document: None,
};

/// Consumes a batch of calls.
///
/// # Errors
/// [`Error::Event`] where the event is no batch.
async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    let turnstile = &Turnstile::default();
    batch::consume(&app.store.queues, QueueName::Dispatch, event, |job: ConversationJob| async move {
        Box::pin(advance(app, turnstile, &job)).await.map(|()| Next::Done)
    })
    .await
}

async fn advance(app: &App, turnstile: &Turnstile, job: &ConversationJob) -> Result<(), StoreError> {
    let reference = ConversationRef { also: vec![keys::places(&job.scope)], ..ConversationRef::from(job.clone()) };
    let Some(loaded) = app.store.load::<Call>(&reference).await? else { return Ok(()) };
    match next_action(&loaded.conversation, app.store.table.now()) {
        None => Ok(()),
        Some(Duty::PassTime) => app.store.apply(&reference, Some(loaded), |_| Input::Tick).await.map(drop),
        Some(Duty::Dial) => Box::pin(dial(app, turnstile, &reference, loaded)).await,
        Some(Duty::Search) => Box::pin(search(app, &reference, loaded)).await,
        Some(Duty::Poll) => poll(app, &reference, loaded).await,
        Some(Duty::HangUp(call_id)) => hang_up(app, &reference, loaded, call_id).await,
    }
}

/// What takes its time comes first: secrets, the turn at the account, what the client gave. Then the call's place in the
/// batch; then everything that is judged is read anew, and the claim is committed by it.
async fn dial(
    app: &App,
    turnstile: &Turnstile,
    reference: &ConversationRef,
    loaded: Loaded<Call>,
) -> Result<(), StoreError> {
    let places = |loaded: &Loaded<Call>| {
        let taken = || loaded.items.places_taken(&reference.scope);
        loaded.organization.bounds.concurrent_calls.map(|limit| Places { limit, taken: taken() })
    };
    // Whoever finds no place is to take no turn at the provider's account from others.
    let now = app.store.table.now();
    if loaded.conversation.place.is_none() && places(&loaded).is_some_and(|places| !places.are_left(now)) {
        let claim = |loaded: &Loaded<Call>| claim(loaded, Some(Places::none()));
        return app.store.apply(reference, Some(loaded), claim).await.map(drop);
    }
    let turn = turn(app, &loaded.conversation).await?;
    if let Some(from) = turn.filter(|from| *from > app.store.table.now()) {
        return app.store.apply(reference, Some(loaded), |_| Input::Pace { from }).await.map(drop);
    }
    let content = content(app, &loaded.conversation).await?;
    let pass = turnstile.pass().await;
    // Nothing took time where nothing live was asked: then what was read is as good as new.
    let is_new = !loaded.conversation.provider.is_live() && pass.was_free();
    let claim = |loaded: &Loaded<Call>| claim(loaded, places(loaded));
    let applied = app.store.apply(reference, is_new.then_some(loaded), claim).await?;
    let Some(mut applied) = applied else { return Ok(()) };
    let Some(permit) = applied.take_permit() else { return Ok(()) };
    let attempt = permit.attempt();
    let outcome = pass.hand_on(ask(app, permit, &content)).await;
    outcome::note(&applied.loaded.conversation, attempt, &outcome);
    let outcome = |_: &Loaded<Call>| Input::Outcome { attempt, outcome: outcome.clone() };
    app.store.apply(reference, Some(applied.loaded), outcome).await.map(drop)
}

fn claim(loaded: &Loaded<Call>, places: Option<Places>) -> Input {
    Input::Claim { objections: loaded.objections(), places }
}

/// When a call's turn at the provider's account is, where that is not now. One that would come too late waits for the end of
/// its window: the log tells of it, and a metric counts it.
async fn turn(app: &App, call: &Call) -> Result<Option<Timestamp>, StoreError> {
    if !call.provider.is_live() {
        return Ok(None);
    }
    // Asked for whether or not there is a turn already: the account's secrets are read with it, ahead of the claim.
    let pace = app.providers.voice(call.provider).pace(call).await;
    let Some(pace) = pace.filter(|_| !call.has_slot()) else { return Ok(None) };
    let not_after = call.window.not_after;
    match app.store.table.take_slot(&pace, not_after).await? {
        Slot::Now => Ok(None),
        Slot::At(at) => Ok(Some(at)),
        Slot::Never => {
            measure(Measure::CallsWithoutSlot, 1);
            tracing::warn!(conversation = %call.id, provider = call.provider.as_str(), "no slot before notAfter");
            Ok(Some(not_after))
        }
    }
}

/// What the client gave for a call, which live providers are told of. It never changes, so that it may be read before the
/// call is claimed: what fails here has asked nobody.
async fn content(app: &App, call: &Call) -> Result<Content, StoreError> {
    if call.provider.is_live() {
        app.store.table.content(Channel::Voice, call.id).await
    } else {
        Ok(Content::default())
    }
}

async fn ask(app: &App, permit: DialPermit, content: &Content) -> Dialled {
    let provider = app.providers.voice(permit.call().provider);
    asking::outcome(provider.create(permit, content)).await
}

async fn search(app: &App, reference: &ConversationRef, loaded: Loaded<Call>) -> Result<(), StoreError> {
    let call = &loaded.conversation;
    let sought = within(app.providers.voice(call.provider).search(call)).await;
    let sought = sought.unwrap_or_else(|error| {
        tracing::warn!(conversation = %call.id, error = &error as &dyn std::error::Error, "search failed");
        Sought::Nothing
    });
    let Dispatch::Unknown(unknown) = call.dispatch else { return Ok(()) };
    let (attempt, provider) = (call.attempt, call.provider);
    let me = Holder { conversation: call.id, scope: call.scope.clone(), message: None };
    let attempted = Attempted { me: &me, provider, since: unknown.since };
    match adoption::only_one(&app.store.table, &attempted, sought, |(id, _)| id.as_str()).await? {
        Found::Nothing => {
            let searched = |_: &Loaded<Call>| Input::Searched { attempt, found: None };
            app.store.apply(reference, Some(loaded), searched).await.map(drop)
        }
        Found::Ours(found) => {
            let searched = |_: &Loaded<Call>| Input::Searched { attempt, found: Some(found.clone()) };
            app.store.apply(reference, Some(loaded), searched).await.map(drop)
        }
        Found::Alike((call_id, reports)) => {
            // Whoever has been named with it in the meantime keeps it.
            let held = keys::held(provider, call_id.as_str());
            let reference = ConversationRef { also: vec![held], ..reference.clone() };
            let adopted = |loaded: &Loaded<Call>| {
                if loaded.items.is_held_by_another(provider, call_id.as_str(), &me) {
                    return Input::Searched { attempt, found: None };
                }
                Input::Adopted { attempt, call_id: call_id.clone(), reports: reports.clone() }
            };
            app.store.apply(&reference, None, adopted).await.map(drop)
        }
    }
}

async fn poll(app: &App, reference: &ConversationRef, loaded: Loaded<Call>) -> Result<(), StoreError> {
    let call = &loaded.conversation;
    let Some(call_id) = call.provider_call_id.clone() else { return Ok(()) };
    let reports = within(app.providers.voice(call.provider).poll(call, &call_id)).await;
    let reports = reports.unwrap_or_else(|error| {
        tracing::warn!(conversation = %call.id, error = &error as &dyn std::error::Error, "poll failed");
        None
    });
    let polled = |_: &Loaded<Call>| Input::Polled { call_id: call_id.clone(), reports: reports.clone() };
    app.store.apply(reference, Some(loaded), polled).await.map(drop)
}

async fn hang_up(
    app: &App,
    reference: &ConversationRef,
    loaded: Loaded<Call>,
    call_id: ProviderCallId,
) -> Result<(), StoreError> {
    let call = &loaded.conversation;
    let confirmed = within(app.providers.voice(call.provider).hang_up(call, &call_id)).await;
    let confirmed = confirmed.unwrap_or_else(|error| {
        tracing::warn!(conversation = %call.id, error = &error as &dyn std::error::Error, "hang-up failed");
        false
    });
    let hung_up = |_: &Loaded<Call>| Input::HungUp { call_id: call_id.clone(), confirmed };
    app.store.apply(reference, Some(loaded), hung_up).await.map(drop)
}

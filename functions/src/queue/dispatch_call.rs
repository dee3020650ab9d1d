//! Performs the next action of a call: dials it, searches for it, polls its provider, hangs it up, or applies the passing of
//! time.
//!
//! The message says "look at this call" and nothing else. The action follows from the call itself, so that a duplicate, late or
//! reordered message does no harm.

use domain::call::{Call, Dispatch, Duty, Input, Outcome as Dialled};
use domain::holder::Holder;
use domain::ids::{Channel, ProviderCallId};
use domain::measure::Measure;
use domain::payload::Content;
use domain::places::Places;
use domain::schedule::next_action;
use domain::time::Timestamp;
use futures::FutureExt;
use providers::SearchResult;
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
/// [`Error::Event`] if the event is not a batch.
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
    match next_action(&loaded.conversation, app.now()) {
        None => Ok(()),
        Some(Duty::PassTime) => app.store.apply(&reference, Some(loaded), |_| Input::Tick).await.map(drop),
        Some(Duty::Dial) => Box::pin(dial(app, turnstile, &reference, loaded)).await,
        Some(Duty::Search) => Box::pin(search(app, &reference, loaded)).await,
        Some(Duty::Poll) => poll(app, &reference, loaded).await,
        Some(Duty::HangUp(call_id)) => hang_up(app, &reference, loaded, call_id).await,
    }
}

/// Claims a call and dials it. The slow steps come first: the secrets, the token of the account's rate limiter, the request
/// payload. Then the call waits for its pass in the batch. After that, all data that the decision depends on is read again, and
/// the claim is committed with it.
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
    // A call without a concurrency slot must not use up a token of the account's rate limiter.
    let now = app.now();
    if loaded.conversation.place.is_none() && places(&loaded).is_some_and(|places| !places.are_left(now)) {
        let claim = |loaded: &Loaded<Call>| claim(loaded, Some(Places::none()));
        return app.store.apply(reference, Some(loaded), claim).await.map(drop);
    }
    let turn = turn(app, &loaded.conversation).await?;
    if let Some(from) = turn.filter(|from| *from > app.now()) {
        return app.store.apply(reference, Some(loaded), |_| Input::Pace { from }).await.map(drop);
    }
    let content = content(app, &loaded.conversation).await?;
    let pass = turnstile.pass().await;
    // No live provider was involved, and the pass was free, so no time has passed. The data that was read is still current.
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

/// Returns the time of the call's rate limiter token, if it is later than now. If no token is left before the window closes,
/// returns the end of the window, logs a warning, and counts the call.
async fn turn(app: &App, call: &Call) -> Result<Option<Timestamp>, StoreError> {
    if !call.provider.is_live() {
        return Ok(None);
    }
    // Asks even if the call has a token already, because this also reads the account's secrets, ahead of the claim.
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

/// Returns the request payload of a call, which only live providers need. The payload never changes, so it may be read before
/// the claim. If the read fails, nothing has been requested yet.
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
        SearchResult::NotFound
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
            // A conversation that the provider has named in the meantime keeps the call.
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

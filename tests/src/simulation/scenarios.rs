//! Scenarios of calls: the actions of clients and operators, in the domain's words, and the expected outcomes.

use domain::call::Status;
use domain::ids::{ConversationId, Operation};
use domain::time::Span;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};
use store::QueueName;

use crate::harness::aws::queue::Liberties;
use crate::harness::world::{Ask, Behaviour, Expected, Reaction, World};

type Act = for<'a> fn(&'a World) -> LocalBoxFuture<'a, ()>;

/// Scenario of a simulation.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Number of requests of the scenario without faults. Faults can strike at each of them. A change that lowers the
    /// number must change it here.
    pub(super) points: usize,
    /// Setup before the scenario. Its requests do not count.
    pub(super) prepares: Act,
    pub(super) plays: Act,
}

/// Names of all events of a call.
pub(super) const VOICE: [&str; 3] = ["call.started", "call.ended", "call.analyzed"];
/// Host that is always subscribed and always answers.
const HOST: &str = "hooks.example.com";
/// Number of a call that completes.
pub(super) const PLAIN: &str = "+15555550123";
/// Number of a call that stays until it is closed.
pub(super) const STAYS: &str = "+15555550011";

macro_rules! act {
    (|$world:ident| $act:expr) => {
        |$world: &World| async move { $act }.boxed_local()
    };
}

/// Defines a call with one of the simulator's scripts, and its allowed end reasons: the script's own, then those after
/// a crash.
macro_rules! script {
    ($number:literal, $points:literal, $($reason:literal),+) => {
        Scenario {
            name: concat!("script ", $number),
            points: $points,
            prepares: subscribed,
            plays: act!(|world| {
                if let Some(id) = world.creates_call(concat!("+1555555", $number), "the-call").await {
                    world.expects(Expected::Ends(id, &[$($reason),+]));
                }
            }),
        }
    };
}

macro_rules! scenario {
    ($name:literal, $points:literal, $prepares:ident, $plays:ident) => {
        Scenario { name: $name, points: $points, prepares: $prepares, plays: act!(|world| $plays(world).await) }
    };
}

/// All scenarios of calls.
pub(super) static SCENARIOS: &[Scenario] = &[
    script!("0123", 37, "completed", "dispatch_unconfirmed"),
    script!("0001", 15, "busy", "dispatch_unconfirmed"),
    script!("0002", 18, "no_answer", "dispatch_unconfirmed"),
    script!("0003", 37, "voicemail", "dispatch_unconfirmed"),
    script!("0004", 11, "rejected", "dispatch_unconfirmed"),
    script!("0005", 11, "invalid_destination", "dispatch_unconfirmed"),
    script!("0006", 39, "completed", "dispatch_unconfirmed"),
    script!("0007", 81, "dispatch_unconfirmed"),
    script!("0008", 45, "completed", "dispatch_unconfirmed"),
    script!("0009", 45, "completed", "dispatch_unconfirmed"),
    script!("0010", 46, "provider_lost", "dispatch_unconfirmed"),
    scenario!("script 0011, closed by a client", 46, subscribed, stays_until_closed),
    script!("0012", 47, "completed", "dispatch_unconfirmed"),
    scenario!("closed at once", 32, subscribed, closed_at_once),
    scenario!("closed while it waits", 11, subscribed, closed_while_it_waits),
    scenario!("opted out while it waits", 10, subscribed, opted_out_while_it_waits),
    scenario!("opted out before", 1, subscribed, opted_out_before),
    scenario!("opted out after, and asked for again", 38, subscribed, replayed_after_opt_out),
    scenario!("refused", 46, subscribed, refused),
    scenario!("endpoints come and go", 60, subscribed, endpoints_come_and_go),
    scenario!("endpoints that fail for a while", 68, failing, one_call),
    scenario!("an endpoint that is gone", 31, gone, one_call),
    scenario!("an endpoint that is gone, and is sent one event", 31, gone_for_one_event, one_call),
    scenario!("an endpoint deleted between two attempts", 40, refusing, deleted_between_attempts),
    scenario!("an endpoint that never comes back", 190, refusing, one_call),
    scenario!("every message twice", 69, doubled, one_call),
    scenario!("messages that come again", 73, subscribed, messages_come_again),
    scenario!("a metered call", 37, metered, one_call),
    scenario!("a metered call that nobody answers", 18, metered, one_metered_without_answer),
    scenario!("a metered call of which nothing is known", 81, metered, one_metered_unknown),
    scenario!("a metered call, closed while it is being asked for", 32, metered, closed_at_once),
    scenario!("a metered call, closed while it waits", 11, metered, closed_while_it_waits),
    scenario!("a wallet for one call", 38, metered_for_one, the_second_is_not_covered),
    scenario!("a bulk request", 37, metered, two_at_once),
    scenario!("one place for two calls", 80, with_one_place, two_for_one_place),
    scenario!("a call that is kept for a week", 57, kept_for_a_week, one_call),
];

fn subscribed(world: &World) -> LocalBoxFuture<'_, ()> {
    async move {
        world.creates_webhook(HOST, &VOICE).await;
    }
    .boxed_local()
}

fn with_endpoint<'a>(world: &'a World, host: &'static str, behaviour: Behaviour) -> LocalBoxFuture<'a, ()> {
    with_endpoint_for(world, &VOICE, host, behaviour)
}

fn with_endpoint_for<'a>(
    world: &'a World,
    events: &'static [&'static str],
    host: &'static str,
    behaviour: Behaviour,
) -> LocalBoxFuture<'a, ()> {
    async move {
        world.receiver.behaves(host, behaviour);
        world.creates_webhook(host, events).await;
    }
    .boxed_local()
}

fn failing(world: &World) -> LocalBoxFuture<'_, ()> {
    async move {
        const FAILS_TWICE: Behaviour = &[Reaction::Answers(500), Reaction::Answers(302), Reaction::Answers(200)];
        const SLOW: Behaviour = &[Reaction::Hangs, Reaction::AsksToWait(60), Reaction::Answers(204)];
        with_endpoint(world, "fails-twice.example.com", FAILS_TWICE).await;
        with_endpoint(world, "slow.example.com", SLOW).await;
    }
    .boxed_local()
}

fn gone(world: &World) -> LocalBoxFuture<'_, ()> {
    with_endpoint(world, "gone.example.com", &[Reaction::Answers(410)])
}

/// Subscribes an endpoint that is gone to one event only, so that nothing else can reveal it.
fn gone_for_one_event(world: &World) -> LocalBoxFuture<'_, ()> {
    with_endpoint_for(world, &["call.ended"], "gone.example.com", &[Reaction::Answers(410)])
}

fn refusing(world: &World) -> LocalBoxFuture<'_, ()> {
    with_endpoint_for(world, &["call.ended"], "refusing.example.com", &[Reaction::Answers(500)])
}

/// Price of the longest call in cents: half an hour at 15 cents a minute.
const PRICE_OF_THE_LONGEST_CALL: i64 = 450;

fn kept_for_a_week(world: &World) -> LocalBoxFuture<'_, ()> {
    async move {
        world.keeps_for_a_week().await;
        subscribed(world).await;
    }
    .boxed_local()
}

fn metered(world: &World) -> LocalBoxFuture<'_, ()> {
    async move {
        world.enable_metering(10_000).await;
        subscribed(world).await;
    }
    .boxed_local()
}

fn metered_for_one(world: &World) -> LocalBoxFuture<'_, ()> {
    async move {
        world.enable_metering(PRICE_OF_THE_LONGEST_CALL + 1).await;
        subscribed(world).await;
    }
    .boxed_local()
}

fn doubled(world: &World) -> LocalBoxFuture<'_, ()> {
    for queue in QueueName::ALL {
        world.aws.queues.set_liberties(queue.as_str(), Liberties { duplicate: 1_000, ..Liberties::default() });
    }
    world.habits.borrow_mut().batch_size = 1;
    subscribed(world)
}

/// Returns the time after this many seconds, in the contract's form.
fn in_seconds(world: &World, seconds: u32) -> Value {
    json!((world.now() + Span::seconds(seconds)).to_string())
}

async fn one_call(world: &World) {
    if let Some(id) = world.creates_call(PLAIN, "the-call").await {
        world.expects(Expected::Ends(id, &["completed", "dispatch_unconfirmed"]));
    }
}

async fn two_at_once(world: &World) {
    let Some(ids) = world.creates_bulk(&["+15555550001", "+15555550002"], "the-bulk").await else { return };
    world.expects(Expected::Ends(ids[0], &["busy", "dispatch_unconfirmed"]));
    world.expects(Expected::Ends(ids[1], &["no_answer", "dispatch_unconfirmed"]));
}

async fn one_metered_without_answer(world: &World) {
    let Some(id) = world.creates_call("+15555550002", "the-call").await else { return };
    world.expects(Expected::Ends(id, &["no_answer", "dispatch_unconfirmed"]));
}

async fn one_metered_unknown(world: &World) {
    let Some(id) = world.creates_call("+15555550007", "the-call").await else { return };
    world.expects(Expected::Ends(id, &["dispatch_unconfirmed"]));
}

async fn the_second_is_not_covered(world: &World) {
    let Some(id) = world.creates_call(PLAIN, "the-call").await else { return };
    world.expects(Expected::Ends(id, &["completed", "dispatch_unconfirmed"]));
    world.is_refused_meanwhile(&Ask::call(PLAIN, "another", &json!({})), 402, "insufficient_funds").await;
}

async fn stays_until_closed(world: &World) {
    let Some(id) = world.creates_call(STAYS, "the-call").await else { return };
    world.sees(id, |call| call.status >= Status::InProgress).await;
    world.after_seconds(20).await;
    world.closes(id, "said_goodbye").await;
    world.closes(id, "said_it_again").await;
    world.expects(Expected::Ends(id, &["said_goodbye", "dispatch_unconfirmed"]));
}

async fn closed_at_once(world: &World) {
    let Some(id) = world.creates_call(STAYS, "the-call").await else { return };
    world.closes(id, "changed_my_mind").await;
    world.expects(Expected::Ends(id, &["changed_my_mind", "dispatch_unconfirmed"]));
}

async fn closed_while_it_waits(world: &World) {
    let later = json!({"notBefore": in_seconds(world, 90)});
    let Some(id) = world.creates_call_with(PLAIN, "the-call", later).await else { return };
    world.closes(id, "changed_my_mind").await;
    world.expects(Expected::Ends(id, &["changed_my_mind"]));
    world.expects(Expected::NeverDialled(id));
}

async fn opted_out_while_it_waits(world: &World) {
    let later = json!({"notBefore": in_seconds(world, 90)});
    let Some(id) = world.creates_call_with(PLAIN, "the-call", later).await else { return };
    world.suppresses(PLAIN).await;
    world.expects(Expected::Ends(id, &["do_not_call"]));
    world.expects(Expected::NeverDialled(id));
}

async fn opted_out_before(world: &World) {
    world.suppresses(PLAIN).await;
    world.is_refused(&Ask::call(PLAIN, "the-call", &json!({})), 403, "do_not_call").await;
}

fn with_one_place(world: &World) -> LocalBoxFuture<'_, ()> {
    async move {
        world.creates_webhook(HOST, &VOICE).await;
        world.set_concurrent_calls(1).await;
    }
    .boxed_local()
}

async fn two_for_one_place(world: &World) {
    for key in ["the-first", "the-second"] {
        if let Some(id) = world.creates_call(PLAIN, key).await {
            // A call with an unknown outcome keeps its concurrency slot as long as it may be live. That is longer than
            // the other call waits.
            world.expects(Expected::Ends(id, &["completed", "dispatch_unconfirmed", "dispatch_deadline_exceeded"]));
        }
    }
}

async fn replayed_after_opt_out(world: &World) {
    let Some(id) = world.creates_call(PLAIN, "the-call").await else { return };
    world.sees(id, |call| call.status >= Status::InProgress).await;
    world.suppresses(PLAIN).await;
    world.creates_call(PLAIN, "the-call").await;
    world.expects(Expected::Ends(id, &["completed", "dispatch_unconfirmed"]));
}

async fn refused(world: &World) {
    let Some(id) = world.creates_call(PLAIN, "the-call").await else { return };
    world.expects(Expected::Ends(id, &["completed", "dispatch_unconfirmed"]));
    world.rests().await;
    let other = Ask::call("+15555550124", "the-call", &json!({}));
    world.is_refused(&other, 422, "idempotency_key_reused").await;
    let nobody = Ask::call(PLAIN, "another", &json!({"agentSlug": "nobody"}));
    world.is_refused(&nobody, 404, "not_found").await;
    let past = Ask::call(PLAIN, "a-third", &json!({"notAfter": "2020-01-01T00:00:00Z"}));
    world.is_refused(&past, 400, "validation_error").await;
    world.is_refused(&Ask::webhook("http://hooks.example.com/", &["call.ended"]), 400, "validation_error").await;
    let nothing = json!({"reason": ""});
    world.is_refused(&Ask::close(&id.to_string(), &nothing), 400, "validation_error").await;
    let unknown = ConversationId::for_key(&world.scope, Operation::CreateCall, "nobody's");
    world.is_refused(&Ask::close(&unknown.to_string(), &json!({})), 404, "not_found").await;
    world.is_refused(&Ask::deletion(&unknown.to_string()), 404, "not_found").await;
    world.suppresses(PLAIN).await;
    world.is_refused(&Ask::call(PLAIN, "a-fourth", &json!({})), 403, "do_not_call").await;
}

async fn endpoints_come_and_go(world: &World) {
    let Some(id) = world.creates_call(STAYS, "the-call").await else { return };
    let early = world.creates_webhook("early.example.com", &["call.started", "call.ended"]).await;
    world.sees(id, |call| call.status >= Status::InProgress).await;
    world.creates_webhook("late.example.com", &["call.started", "call.ended"]).await;
    if let Some(early) = early {
        world.deletes_webhook(&early).await;
    }
    world.closes(id, "said_goodbye").await;
    world.expects(Expected::Ends(id, &["said_goodbye", "dispatch_unconfirmed"]));
}

async fn deleted_between_attempts(world: &World) {
    let Some(id) = world.creates_call(PLAIN, "the-call").await else { return };
    world.expects(Expected::Ends(id, &["completed", "dispatch_unconfirmed"]));
    world.sees(id, |call| call.status == Status::Ended).await;
    world.after_seconds(60).await;
    let endpoint = world.clients.borrow().endpoints.values().next().cloned();
    if let Some(endpoint) = endpoint {
        world.deletes_webhook(&endpoint).await;
    }
}

async fn messages_come_again(world: &World) {
    let come_again = || {
        for queue in QueueName::ALL {
            world.aws.queues.redeliver(queue.as_str(), |_| true);
        }
    };
    let Some(id) = world.creates_call(STAYS, "the-call").await else { return };
    world.sees(id, |call| call.status >= Status::InProgress).await;
    world.after_seconds(2).await;
    come_again();
    world.after_seconds(2).await;
    world.closes(id, "said_goodbye").await;
    world.expects(Expected::Ends(id, &["said_goodbye", "dispatch_unconfirmed"]));
    world.after_seconds(20).await;
    come_again();
}

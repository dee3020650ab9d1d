//! Scenarios of SMS conversations: the actions of clients, customers and people, and the expected outcomes.

use domain::ids::ConversationId;
use domain::sms::{Status, Turn};
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::scenarios::Scenario;
use crate::harness::world::World;

/// Names of all events of an SMS conversation.
pub(super) const TEXTS: [&str; 9] = [
    "sms.message_sent",
    "sms.message_received",
    "sms.message_delivery_updated",
    "sms.tool_call_invocation",
    "sms.tool_call_result",
    "sms.turn_failed",
    "sms.conversation_closed",
    "contact.opt_out",
    "contact.opt_in",
];

/// Number of a customer who never writes on their own initiative.
pub(super) const SILENT: &str = "+15555550123";

/// End reason of a conversation whose opening message died with its request.
const UNSETTLED: &str = "dispatch_unconfirmed";

macro_rules! texts {
    ($name:literal, $points:literal, $plays:ident) => {
        Scenario {
            name: $name,
            points: $points,
            prepares: subscribed,
            plays: |world: &World| async move { $plays(world).await }.boxed_local(),
        }
    };
}

/// Defines an opening to a number with a script, and the allowed end reasons of its conversation.
macro_rules! script {
    ($number:literal, $points:literal, $($reason:literal),+) => {
        Scenario {
            name: concat!("texts to ", $number),
            points: $points,
            prepares: subscribed,
            plays: |world: &World| async move {
                if let Some(id) = world.opens_sms(concat!("+1555555", $number), "the-texts").await {
                    world.expects_texts(id, &[$($reason),+]);
                }
            }
            .boxed_local(),
        }
    };
}

/// All scenarios of SMS conversations.
pub(super) static SCENARIOS: &[Scenario] = &[
    script!("0123", 48, "inactivity_timeout", "dispatch_unconfirmed"),
    script!("0101", 48, "inactivity_timeout", "dispatch_unconfirmed"),
    script!("0102", 95, "inactivity_timeout", "dispatch_unconfirmed"),
    script!("0103", 60, "opted_out", "dispatch_unconfirmed", "inactivity_timeout"),
    script!("0104", 98, "inactivity_timeout", "dispatch_unconfirmed"),
    script!("0105", 49, "inactivity_timeout", "dispatch_unconfirmed"),
    script!("0106", 47, "inactivity_timeout", "dispatch_unconfirmed"),
    script!("0107", 15, "opted_out", "dispatch_unconfirmed"),
    texts!("a conversation superseded", 110, superseded),
    texts!("a conversation closed", 31, closed),
    texts!("a person takes over and hands back", 118, taken_over),
    texts!("a text during a turn", 98, text_during_turn),
    texts!("stop during a turn", 75, stop_during_turn),
    texts!("opted out elsewhere during a turn", 54, opted_out_elsewhere),
    texts!("stop, then start, then again", 140, stop_and_start),
    texts!("help", 79, help),
    texts!("a text to nobody", 17, text_to_nobody),
    texts!("an inbound text twice", 91, inbound_twice),
    texts!("texts that are kept for a week", 51, kept_for_a_week),
    texts!("two machines", 200, two_machines),
];

fn subscribed(world: &World) -> LocalBoxFuture<'_, ()> {
    async move {
        world.creates_webhook("hooks.example.com", &TEXTS).await;
    }
    .boxed_local()
}

async fn opened(world: &World) -> Option<ConversationId> {
    let id = world.opens_sms(SILENT, "the-texts").await?;
    world.sees_texts(id, |conversation| conversation.status >= Status::InProgress).await;
    Some(id)
}

async fn superseded(world: &World) {
    let Some(first) = world.opens_sms(SILENT, "the-first").await else { return };
    let Some(second) = world.opens_sms(SILENT, "the-second").await else { return };
    world.expects_texts(first, &["superseded_by_new_conversation", UNSETTLED]);
    world.expects_texts(second, &["inactivity_timeout", UNSETTLED]);
    world.customer_texts(SILENT, "Which one is it?").await;
}

async fn kept_for_a_week(world: &World) {
    world.keeps_for_a_week().await;
    closed(world).await;
}

async fn closed(world: &World) {
    let Some(id) = opened(world).await else { return };
    world.closes_sms(id, "resolved").await;
    world.closes_sms(id, "again").await;
    world.expects_texts(id, &["resolved", UNSETTLED]);
}

async fn taken_over(world: &World) {
    let Some(id) = opened(world).await else { return };
    world.expects_texts(id, &["inactivity_timeout", UNSETTLED]);
    world.customer_texts(SILENT, "Can I speak to a person?").await;
    world.sees_texts(id, |conversation| conversation.received > 0 || conversation.is_ended()).await;
    if world.history.sms(id).is_some_and(|conversation| conversation.is_ended()) {
        return;
    }
    world.writes(id, "It is me, Grace.", "the-person").await;
    world.writes(id, "It is me, Grace.", "the-person").await;
    world.customer_texts(SILENT, "Thank you").await;
    world.after_seconds(5).await;
    world.hands_back(id).await;
}

async fn text_during_turn(world: &World) {
    let Some(id) = opened(world).await else { return };
    world.expects_texts(id, &["inactivity_timeout", UNSETTLED]);
    world.customer_texts(SILENT, "What are your opening hours?").await;
    world.sees_texts(id, |conversation| is_running(&conversation.turn) || conversation.is_ended()).await;
    world.customer_texts(SILENT, "And where are you?").await;
}

async fn stop_during_turn(world: &World) {
    let Some(id) = opened(world).await else { return };
    world.expects_texts(id, &["opted_out", UNSETTLED, "inactivity_timeout"]);
    world.customer_texts(SILENT, "What are your opening hours?").await;
    world.sees_texts(id, |conversation| is_running(&conversation.turn) || conversation.is_ended()).await;
    world.customer_texts(SILENT, "STOP").await;
}

async fn opted_out_elsewhere(world: &World) {
    let Some(id) = opened(world).await else { return };
    world.expects_texts(id, &["do_not_call", UNSETTLED, "inactivity_timeout"]);
    world.customer_texts(SILENT, "What are your opening hours?").await;
    world.sees_texts(id, |conversation| is_running(&conversation.turn) || conversation.is_ended()).await;
    world.suppresses(SILENT).await;
}

async fn stop_and_start(world: &World) {
    let Some(first) = opened(world).await else { return };
    world.expects_texts(first, &["opted_out", UNSETTLED]);
    // A conversation that is over cannot be waited for. START could overtake STOP.
    if world.history.sms(first).is_some_and(|conversation| conversation.is_ended()) {
        return;
    }
    world.customer_texts(SILENT, "Stop").await;
    world.sees_texts(first, |conversation| conversation.is_ended()).await;
    world.customer_texts(SILENT, "START").await;
    world.after_seconds(600).await;
    if let Some(second) = world.opens_sms(SILENT, "the-second").await {
        world.expects_texts(second, &["inactivity_timeout", UNSETTLED]);
    }
}

async fn help(world: &World) {
    let Some(id) = opened(world).await else { return };
    world.expects_texts(id, &["inactivity_timeout", UNSETTLED]);
    world.customer_texts(SILENT, "HELP").await;
}

async fn text_to_nobody(world: &World) {
    world.customer_texts(SILENT, "Hello? Is anybody there?").await;
    world.customer_texts(SILENT, "STOP").await;
}

async fn inbound_twice(world: &World) {
    let Some(id) = opened(world).await else { return };
    world.expects_texts(id, &["inactivity_timeout", UNSETTLED]);
    world.customer_texts(SILENT, "Hello").await;
    world.after_seconds(1).await;
    world.aws.queues.redeliver(store::QueueName::Simulator.as_str(), |_| true);
    world.after_seconds(30).await;
    world.aws.queues.redeliver(store::QueueName::Simulator.as_str(), |_| true);
}

/// Plays a customer who answers every message as a machine does, and then repeats one message again and again.
async fn two_machines(world: &World) {
    let Some(id) = opened(world).await else { return };
    world.expects_texts(id, &["inactivity_timeout", UNSETTLED]);
    for text in ["You are speaking to a machine.", "Which machine is this?"] {
        let heard = world.history.sms(id).map_or(0, |conversation| conversation.received);
        world.customer_texts(SILENT, text).await;
        world
            .sees_texts(id, |conversation| {
                let is_dealt_with = conversation.received > heard && conversation.answered == conversation.received;
                conversation.is_ended() || (is_dealt_with && conversation.sends.is_empty())
            })
            .await;
    }
    for _ in 0..3 {
        world.customer_texts(SILENT, "I did not understand you.").await;
        world.after_seconds(10).await;
    }
    world.customer_texts(SILENT, "Is anybody there?").await;
}

fn is_running(turn: &Turn) -> bool {
    matches!(turn, Turn::Running { .. })
}

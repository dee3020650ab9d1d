//! What things cost: the requests of each step, in order. The simulator's own requests are part of it here, and are no
//! part of the counts: they are those about a `phone`, and those to the queue `simulator`.

use std::collections::BTreeMap;

use serde_json::json;
use store::QueueName;

use super::SEED;
use super::scenarios::{PLAIN, VOICE};
use crate::sim::faults::{Plan, Service};
use crate::tidy::{root, table};
use crate::world::{Ask, World, simulate};

/// Every event of an SMS conversation of the plainest kind.
const TEXTS: [&str; 4] =
    ["sms.message_sent", "sms.message_received", "sms.message_delivery_updated", "sms.conversation_closed"];

/// The requests that something makes.
async fn requests_of<T>(world: &World, something: impl Future<Output = T>) -> Vec<String> {
    world.aws.gate.arm(Plan::none());
    something.await;
    let operations = world.aws.gate.operations();
    operations.iter().map(|operation| format!("{} {}", operation.point.name, operation.about)).collect()
}

/// Without the simulator's own.
fn ours(requests: &[String]) -> Vec<&str> {
    let simulators = |request: &&str| request.ends_with(" phone") || request.ends_with(" simulator");
    requests.iter().map(String::as_str).filter(|request| !simulators(request)).collect()
}

#[test]
fn a_call_is_accepted_in_three_round_trips_and_replayed_or_refused_in_one() {
    simulate(async {
        let world = World::new(SEED).await;
        let call = Ask::call(PLAIN, "the-call", &json!({}));
        let created = requests_of(&world, world.asks(&call)).await;
        assert_eq!(created, ["BatchGetItem conversation", "PutItem conversation", "SendMessage dispatch"]);
        let replayed = requests_of(&world, async {
            let reply = world.asks(&call).await.unwrap();
            assert!(reply.replayed && reply.status == 202);
        });
        assert_eq!(replayed.await, ["BatchGetItem conversation"]);
        let other = Ask::call("+15555550124", "the-call", &json!({}));
        let refused = requests_of(&world, world.is_refused(&other, 422, "idempotency_key_reused")).await;
        assert_eq!(refused, ["BatchGetItem conversation"]);
        let nobody = Ask::call(PLAIN, "another", &json!({"agentSlug": "nobody"}));
        let refused = requests_of(&world, world.is_refused(&nobody, 404, "not_found")).await;
        assert_eq!(refused, ["BatchGetItem conversation"]);
        world.suppresses(PLAIN).await;
        let third = Ask::call(PLAIN, "a-third", &json!({}));
        assert_eq!(requests_of(&world, world.is_refused(&third, 403, "do_not_call")).await.len(), 1);
    });
}

#[test]
fn what_a_key_is_used_for_is_counted_beside_what_is_done_anyway() {
    simulate(async {
        let world = World::new(SEED).await;
        let limits = domain::quota::Limits { requests_per_minute: Some(60), calls_per_day: Some(100) };
        world.has_limits(limits).await;
        let call = Ask::call(PLAIN, "the-call", &json!({}));
        let mut created = requests_of(&world, world.asks(&call)).await;
        assert_eq!(created[0], "BatchGetItem conversation", "the limits are read with everything else");
        created.sort();
        let counts = "UpdateItem org";
        let accepted = ["BatchGetItem conversation", "PutItem conversation", "SendMessage dispatch"];
        assert_eq!(created, [&accepted[..], &[counts, counts]].concat());
    });
}

#[test]
fn a_call_is_dialled_reported_and_told_of_in_as_few_round_trips_as_promised() {
    simulate(async {
        let world = World::new(SEED).await;
        world.creates_webhook("hooks.example.com", &VOICE).await;
        world.creates_call(PLAIN, "the-call").await;
        let dispatched = requests_of(&world, world.steps(QueueName::Dispatch)).await;
        let outcome = "UpdateItem conversation";
        assert_eq!(ours(&dispatched), ["BatchGetItem conversation", "UpdateItem conversation", outcome]);
        assert_eq!(dispatched.len() - ours(&dispatched).len(), 2, "the simulator's call and its callbacks");
        world.after_seconds(1).await;
        let rang = requests_of(&world, world.steps(QueueName::Simulator)).await;
        assert_eq!(ours(&rang), ["BatchGetItem conversation", "UpdateItem conversation"]);
        world.after_seconds(1).await;
        let answered = requests_of(&world, world.steps(QueueName::Simulator)).await;
        let commit = "TransactWriteItems conversation";
        assert_eq!(ours(&answered), ["BatchGetItem conversation", commit, "SendMessage webhooks"]);
        let delivered = requests_of(&world, world.steps(QueueName::Webhooks)).await;
        let request = "POST hooks.example.com";
        assert_eq!(delivered, ["BatchGetItem conversation", request, "UpdateItem conversation"]);
        world.after_seconds(3).await;
        let ended = requests_of(&world, world.steps(QueueName::Simulator)).await;
        assert_eq!(ours(&ended), ["BatchGetItem conversation", "UpdateItem conversation", "SendMessage dispatch"]);
    });
}

#[test]
fn a_metered_call_is_accepted_in_three_round_trips_too_and_settled_with_the_step_that_ends_it() {
    simulate(async {
        let world = World::new(SEED).await;
        world.is_metered(1_000).await;
        let call = Ask::call(PLAIN, "the-call", &json!({}));
        let created = requests_of(&world, world.asks(&call)).await;
        assert_eq!(created, ["BatchGetItem conversation", "TransactWriteItems conversation", "SendMessage dispatch"]);
        let replayed = requests_of(&world, world.asks(&call)).await;
        assert_eq!(replayed, ["BatchGetItem conversation"]);
    });
}

/// What is asked of AWS in a world where somebody does something, by kind: `UpdateItem`, `SendMessage webhooks`.
async fn counts_of(world: &World, play: impl Future<Output = ()>) -> BTreeMap<String, usize> {
    world.aws.gate.arm(Plan::none());
    world.runs(play).await;
    let mut counts = BTreeMap::new();
    for operation in world.aws.gate.operations() {
        let is_simulators = ["phone", "simulator"].contains(&operation.about.as_str());
        // What the schedule asks for every minute is no part of a conversation.
        if is_simulators || operation.point.name == "Query" && operation.about.starts_with("due") {
            continue;
        }
        let name = match operation.point.service {
            Service::Sqs => format!("{} {}", operation.point.name, operation.about),
            Service::Webhook if operation.about.starts_with("tools.") => "tool".to_owned(),
            Service::Webhook => "webhook".to_owned(),
            Service::DynamoDb | Service::Provider => operation.point.name,
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// The counts that the page on limits and costs is computed from.
fn written_down(heading: &str) -> BTreeMap<String, usize> {
    let page = std::fs::read_to_string(root().join("docs/limits.md")).unwrap();
    let rows = table(&page, heading);
    rows.into_iter().map(|row| (row[0].trim().to_owned(), row[1].trim().parse().unwrap())).collect()
}

#[test]
fn the_page_on_costs_counts_the_requests_of_a_call_and_of_an_sms_conversation() {
    simulate(async {
        let world = World::new(SEED).await;
        world.runs(async { drop(world.creates_webhook("hooks.example.com", &VOICE).await) }).await;
        let play = async {
            world.creates_call(PLAIN, "the-call").await;
        };
        let counts = counts_of(&world, play).await;
        assert_eq!(counts, written_down("### A call"));
    });
    simulate(async {
        let world = World::new(SEED).await;
        world.runs(async { drop(world.creates_webhook("hooks.example.com", &TEXTS).await) }).await;
        let play = async {
            let id = world.opens_sms("+15555550102", "the-texts").await.unwrap();
            world.sees_texts(id, |conversation| conversation.messages == 3 && conversation.sends.is_empty()).await;
            world.after_seconds(30).await;
            world.closes_sms(id, "done").await;
        };
        let counts = counts_of(&world, play).await;
        assert_eq!(counts, written_down("### An SMS conversation"));
    });
}

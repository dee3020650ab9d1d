//! What things cost: the requests of each step, in order. The simulator's own requests are part of it here, and are no
//! part of the counts: they are those about a `phone`, and those to the queue `simulator`.

use serde_json::json;
use store::QueueName;

use super::SEED;
use super::scenarios::{PLAIN, VOICE};
use crate::sim::faults::Plan;
use crate::world::{Ask, World, simulate};

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

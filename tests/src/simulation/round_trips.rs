//! Tests of cost: the requests of each step, in order. The requests of the simulator are listed too, but are not
//! counted. They are those about a `phone`, and those to the queue `simulator`.

use std::collections::BTreeMap;

use serde_json::json;
use store::QueueName;

use super::SEED;
use super::scenarios::{PLAIN, VOICE};
use crate::harness::aws::faults::{Plan, Service};
use crate::harness::aws::meter::Metered;
use crate::harness::world::{Ask, World, simulate};
use crate::tidy::{root, table};

/// Names of the events of the plainest SMS conversation.
const TEXTS: [&str; 4] =
    ["sms.message_sent", "sms.message_received", "sms.message_delivery_updated", "sms.conversation_closed"];

/// Returns the requests that something makes.
async fn requests_of<T>(world: &World, something: impl Future<Output = T>) -> Vec<String> {
    world.aws.gate.arm(Plan::none());
    something.await;
    let operations = world.aws.gate.operations();
    operations.iter().map(|operation| format!("{} {}", operation.point.name, operation.about)).collect()
}

/// Returns the requests without the simulator's own.
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
        world.set_key_limits(limits).await;
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
        let claim = "TransactWriteItems conversation";
        assert_eq!(ours(&dispatched), ["BatchGetItem conversation", claim, outcome]);
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
        world.enable_metering(1_000).await;
        let call = Ask::call(PLAIN, "the-call", &json!({}));
        let created = requests_of(&world, world.asks(&call)).await;
        assert_eq!(created, ["BatchGetItem conversation", "TransactWriteItems conversation", "SendMessage dispatch"]);
        let replayed = requests_of(&world, world.asks(&call)).await;
        assert_eq!(replayed, ["BatchGetItem conversation"]);
    });
}

/// Returns the number of requests to AWS while `play` runs, by kind: `UpdateItem`, `SendMessage webhooks`.
async fn counts_of(world: &World, play: impl Future<Output = ()>) -> BTreeMap<String, usize> {
    world.aws.gate.arm(Plan::none());
    world.aws.meter.begin();
    world.runs(play).await;
    let mut counts = BTreeMap::new();
    for operation in world.aws.gate.operations() {
        let is_simulators = ["phone", "simulator"].contains(&operation.about.as_str());
        // The queries that the schedule makes every minute are no part of a conversation.
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

/// Returns the capacity that was consumed meanwhile: write units, read units, and units of the `due` index. The fourth
/// value is the number of items that were read from the organization's partition.
fn consumed(world: &World) -> [String; 4] {
    let is_schedules = |metered: &Metered| metered.operation == "Query" && metered.about.starts_with("due");
    let metered = world.aws.meter.read();
    let ours: Vec<&Metered> =
        metered.iter().filter(|metered| metered.about != "phone" && !is_schedules(metered)).collect();
    let is_read = |metered: &Metered| ["BatchGetItem", "GetItem", "Query"].contains(&metered.operation.as_str());
    let units = |reads: bool| {
        ours.iter().filter(|metered| is_read(metered) == reads).map(|metered| metered.units).sum::<f64>().to_string()
    };
    let due: f64 = ours.iter().map(|metered| metered.due).sum();
    let of_organization: usize = ours.iter().map(|metered| metered.of_organization).sum();
    [units(false), units(true), due.to_string(), of_organization.to_string()]
}

/// Returns the counts from which the page on limits and costs is computed.
fn written_down(heading: &str) -> BTreeMap<String, usize> {
    let rows = page_table(heading);
    rows.into_iter().map(|row| (row[0].trim().to_owned(), row[1].trim().parse().unwrap())).collect()
}

/// Returns a table of that page.
fn page_table(heading: &str) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(root().join("docs/limits.md")).unwrap();
    table(&page, heading)
}

/// Returns the number at the beginning of a cell.
fn amount(cell: &str) -> f64 {
    cell.trim_matches('*').split(' ').next().unwrap().parse().unwrap()
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
        assert_eq!(consumed(&world).as_slice(), &page_table("### What they consume of the table")[0][1..]);
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
        assert_eq!(consumed(&world).as_slice(), &page_table("### What they consume of the table")[1][1..]);
    });
}

#[test]
fn the_page_on_costs_reckons_with_what_was_counted() {
    let prices = page_table("### Prices");
    let price_of = |what: &str| amount(&prices.iter().find(|row| row[0] == what).expect("it has a price")[1]);
    let costs = page_table("## What a million of them costs");
    let units = page_table("### What they consume of the table");
    for (conversation, heading) in ["### A call", "### An SMS conversation"].into_iter().enumerate() {
        let cell = |what: &str, place: usize| {
            let row = costs.iter().find(|row| row[0] == what).unwrap_or_else(|| panic!("no row for {what}"));
            amount(&row[2 * conversation + place])
        };
        let counts = written_down(heading);
        let messages: usize =
            counts.iter().filter(|(name, _)| name.starts_with("SendMessage")).map(|(_, count)| count).sum();
        let messages = f64::from(u32::try_from(messages).unwrap());
        for (what, counted) in [
            ("DynamoDB, writes", amount(&units[conversation][1])),
            ("DynamoDB, reads", amount(&units[conversation][2])),
            ("SQS, fair", 3.0 * messages),
            ("Lambda, requests", cell("HTTP API", 1) + messages),
        ] {
            assert!((cell(what, 1) - counted).abs() < 0.5, "{heading}, {what}: {counted} million");
        }
        let mut sum = 0.0;
        for row in &prices {
            let cost = cell(&row[0], 1) * price_of(&row[0]);
            assert!((cell(&row[0], 2) - cost).abs() < 0.06, "{heading}, {}: {cost} USD", row[0]);
            sum += cell(&row[0], 2);
        }
        assert!((amount(&costs.last().unwrap()[2 * conversation + 2]) - sum).abs() < 0.01, "{heading}: {sum} USD");
    }
}

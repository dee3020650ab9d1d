//! Tests of items that cannot be read. A list shows the others and names those that it leaves out.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::ConversationId;
use serde_json::{Value, json};
use store::{QueueName, keys};

use super::SEED;
use super::scenarios::PLAIN;
use crate::harness::world::{Ask, TABLE, World, simulate};

/// List of the API: its function, its path, and the prefixes of its items' partition and sort keys.
struct List {
    function: &'static str,
    path: String,
    pk: &'static str,
    sk: &'static str,
}

/// Creates a world in which every list has at least two items. Returns it with its lists.
async fn a_world_with_lists() -> (World, Vec<List>) {
    let world = World::new(SEED).await;
    world.enable_metering(10_000).await;
    let (mut call, mut sms, mut endpoint) = (None, None, None);
    world
        .runs(async {
            endpoint = world.creates_webhook("one.example.com", &["call.ended", "call.started"]).await;
            world.creates_webhook("two.example.com", &["call.ended"]).await.unwrap();
            for nth in 0..2 {
                call = world.creates_call(PLAIN, &format!("call-{nth}")).await;
                sms = world.opens_sms(&format!("+1555555017{nth}"), &format!("sms-{nth}")).await;
                world.suppresses(&format!("+1555555016{nth}")).await;
                for (function, path, body) in [
                    ("create-api-key", "/v1/api-keys", json!({"name": "another"})),
                    ("create-contact", "/v1/contacts", json!({"phoneNumber": format!("+1555555015{nth}")})),
                ] {
                    let ask = Ask { body: Some(body), ..Ask::about(function, "POST", path.to_owned()) };
                    let reply = world.insists(&ask).await.unwrap();
                    assert_eq!(reply.status, 201, "{}", reply.body);
                }
            }
            world.writes(sms.unwrap(), "One more.", "text-1").await;
            world.closes_sms(sms.unwrap(), "completed").await;
        })
        .await;
    let list = |function, path: &str, pk, sk| List { function, path: path.to_owned(), pk, sk };
    let (call, sms, endpoint) = (call.unwrap(), sms.unwrap(), endpoint.unwrap().id);
    let lists = vec![
        list("list-webhooks", "/v1/webhooks", "org#", "endpoint#"),
        list("list-webhook-deliveries", &format!("/v1/webhooks/{endpoint}/deliveries"), "conversation#", "delivery#"),
        list("list-api-keys", "/v1/api-keys", "org#", "key#"),
        list("list-agents", "/v1/agents", "org#", "agent#"),
        list("list-contacts", "/v1/contacts", "contacts#", "contact#"),
        list("list-do-not-call", "/v1/do-not-call", "dnc#", ""),
        list("list-wallet-entries", "/v1/wallet/entries", "wallet#", "entry#"),
        list("list-audit-entries", "/v1/audit", "org#", "audit#"),
        list("list-call-events", &format!("/v1/calls/{call}/events"), "conversation#", "log#"),
        list("list-sms-events", &format!("/v1/sms-conversations/{sms}/events"), "conversation#", "log#"),
        list("list-sms-messages", &format!("/v1/sms-conversations/{sms}/messages"), "conversation#", "message#"),
        list("list-calls", "/v1/calls", "conversation#", "call"),
        list("list-sms-conversations", "/v1/sms-conversations", "conversation#", "sms"),
    ];
    (world, lists)
}

/// Reads a whole list page by page. Returns its entries and the names of the items that were left out.
async fn read(world: &World, list: &List, limit: u32) -> (Vec<Value>, Vec<String>) {
    let (mut all, mut named, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let ask = Ask { query: format!("limit={limit}{cursor}"), ..Ask::list(list.function, &list.path) };
        let reply = world.asks(&ask).await.unwrap();
        assert_eq!(reply.status, 200, "{}: {}", list.function, reply.body);
        all.extend(reply.body["data"].as_array().unwrap().clone());
        for left_out in reply.body["meta"]["unreadable"].as_array().into_iter().flatten() {
            named.push(left_out["item"].as_str().unwrap().to_owned());
        }
        match reply.body["meta"]["pagination"]["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        assert!(all.len() + named.len() < 200, "{} never ends", list.function);
    }
    named.sort();
    named.dedup();
    (all, named)
}

/// Returns the keys of the items that a list shows.
fn items(world: &World, list: &List) -> Vec<(String, String)> {
    let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap().to_owned();
    let all = world.aws.database.dump(TABLE);
    let found = all.iter().map(|item| (text(item, "pk"), text(item, "sk")));
    let own = found.filter(|(pk, sk)| pk.starts_with(list.pk) && sk.starts_with(list.sk));
    let is_used = |sk: &str| sk.ends_with(&world.key.digest());
    let of_path = list.path.split('/').find(|part| part.len() == 36 && list.pk == "conversation#");
    own.filter(|(pk, sk)| !is_used(sk) && of_path.is_none_or(|id| pk.ends_with(id) || sk.ends_with(id))).collect()
}

async fn garbles(world: &World, (pk, sk): &(String, String)) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = world.aws.past_the_gate(SEED).update_item().table_name(TABLE).key("pk", text(pk)).key("sk", text(sk));
    let update = update.update_expression("SET #data = :data").expression_attribute_names("#data", "data");
    update.expression_attribute_values(":data", text("{")).send().await.unwrap();
}

#[test]
fn a_list_shows_the_rest_and_names_what_cannot_be_read() {
    simulate(async {
        let (world, lists) = Box::pin(a_world_with_lists()).await;
        // The history reads every item of a call. It is switched off, because items are about to be garbled.
        world.aws.database.watch(Arc::new(|_, _| {}));
        for list in &lists {
            let (before, named) = read(&world, list, 50).await;
            assert_eq!((before.len() >= 2, named.len()), (true, 0), "{}: {before:?}", list.function);
        }
        for list in &lists {
            let (before, _) = read(&world, list, 50).await;
            let item = items(&world, list).remove(0);
            garbles(&world, &item).await;
            for limit in [50, 1] {
                let (rest, named) = read(&world, list, limit).await;
                assert!(rest.iter().all(|shown| before.contains(shown)), "{}", list.function);
                assert_eq!(named, [format!("{} {}", item.0, item.1)], "{}", list.function);
                // A log also contains notes, which no client reads.
                let is_log = list.sk == "log#";
                assert!(rest.len() + 1 == before.len() || is_log && rest.len() == before.len(), "{}", list.function);
            }
        }
    });
}

/// Makes a text of a conversation unreadable. The history, which reads every item, stops watching.
async fn garbles_text(world: &World, id: ConversationId, number: u32) {
    world.aws.database.watch(Arc::new(|_, _| {}));
    let key = keys::message(id, number);
    garbles(world, &(key.pk, key.sk)).await;
}

/// Wakes the consumer of a queue once its messages are visible. Returns how many it received, and how many are left then.
async fn taken_and_left(world: &World, queue: QueueName) -> (usize, usize) {
    world.after_seconds(20).await;
    let taken = world.steps(queue).await;
    (taken, world.aws.queues.messages(queue.as_str()).len())
}

#[test]
fn a_report_on_a_text_that_cannot_be_read_comes_again() {
    simulate(async {
        let world = World::new(SEED).await;
        let id = world.opens_sms("+15555550123", "sms").await.unwrap();
        garbles_text(&world, id, 1).await;
        let (taken, left) = taken_and_left(&world, QueueName::Simulator).await;
        assert!(taken > 0 && left == taken, "{left} of {taken} are left");
    });
}

#[test]
fn a_text_that_cannot_be_read_is_neither_sent_nor_forgotten() {
    simulate(async {
        let world = World::new(SEED).await;
        let id = world.opens_sms("+15555550123", "sms").await.unwrap();
        world.customer_texts("+15555550123", "HELP").await;
        assert!(taken_and_left(&world, QueueName::Simulator).await.0 > 0);
        let [send] = <[_; 1]>::try_from(world.history.sms(id).unwrap().sends).expect("the answer waits");
        garbles_text(&world, id, send.message).await;
        let (taken, left) = taken_and_left(&world, QueueName::Turns).await;
        assert!(taken > 0 && left == taken, "{left} of {taken} are left");
    });
}

#[test]
fn a_text_that_cannot_be_read_is_searched_for_again() {
    simulate(async {
        let world = World::new(SEED).await;
        let id = world.opens_sms("+15555550105", "sms").await.unwrap();
        garbles_text(&world, id, 1).await;
        let (taken, left) = taken_and_left(&world, QueueName::Turns).await;
        assert!(taken > 0 && left == taken, "{left} of {taken} are left");
    });
}

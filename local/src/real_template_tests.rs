//! Tests of the deployment's own template, with functions that do nothing.

use std::sync::Arc;

use domain::ids::OrganizationId;
use domain::key::RawKey;
use domain::phone::PhoneNumber;
use domain::time::{Span, Timestamp};
use futures::FutureExt;
use providers::simulator::SimulatorJob;
use serde_json::{Value, json};
use store::clock::Clock;
use store::entropy::Entropy;
use store::{SimulatedCall, SimulatedText, Store};
use tokio::sync::mpsc;

use crate::aws::REGION;
use crate::template::{Names, Template, Trigger};
use crate::{Connect, Data, Invoke, LocalRequest, Options, Stack, Wiring, customer, phone, seed};

const TEMPLATE: &str = include_str!("../../template.yaml");

fn connect(invoke: Invoke) -> Connect {
    Box::new(|_| async { Ok(Wiring { invoke, local_routes: Vec::new() }) }.boxed())
}

async fn start_with(invoke: Invoke) -> Stack {
    let (template, parameters, clock) = (TEMPLATE.to_owned(), Names::new(), Clock::system());
    let options = Options {
        port: 0,
        data: Data::Memory,
        external: None,
        template,
        parameters,
        clock,
        secrets: "none".into(),
        public_url: None,
    };
    Stack::start(options, connect(invoke)).await.expect("the deployment's template can be followed")
}

async fn start() -> Stack {
    start_with(Arc::new(|_, _| async { Ok(Value::Null) }.boxed())).await
}

#[test]
fn every_function_has_a_trigger_that_the_local_stack_follows() {
    let template = Template::read(TEMPLATE, REGION, &Names::new()).expect("the template can be followed");
    assert!(!template.functions.is_empty());
    for function in &template.functions {
        assert!(!function.triggers.is_empty(), "nothing wakes {}", function.handler);
    }
    let sources = template.functions.iter().flat_map(|function| &function.triggers);
    let sources = sources.filter(|trigger| matches!(trigger, Trigger::Queue(source) if source.reports_item_failures));
    assert_eq!(sources.count(), store::QueueName::ALL.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_makes_a_key_that_is_new_at_every_start() {
    let stack = start().await;
    let table = stack.backend().table(&Clock::system(), Entropy::system()).expect("a table is named");
    stack.backend().queues().expect("all queues are named");
    let first = seed::seed(&table, stack.url()).await.expect("it is made");
    let second = seed::seed(&table, stack.url()).await.expect("it is made again");
    assert_ne!(first.api_key, second.api_key);
    let key = RawKey::parse(&second.api_key).expect("it is a key");
    assert_eq!(Some(&key.scope().organization), OrganizationId::parse("dev").as_ref());
    let slugs: Vec<&str> = second.agents.iter().map(|agent| agent.slug).collect();
    assert_eq!(slugs, ["demo-voice", "demo-sms"]);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_lists_the_calls_it_received() {
    let stack = start().await;
    let table = stack.backend().table(&Clock::system(), Entropy::system()).expect("a table is named");
    let to = PhoneNumber::parse("+15555550123").expect("a number");
    let conversation = domain::ids::ConversationId::random([7; 16]);
    let placed_at = Clock::system().now();
    let call = SimulatedCall {
        call_id: "sim-1".to_owned(),
        conversation,
        attempt: 1,
        to,
        placed_at,
        ring_seconds: 45,
        max_duration_seconds: 60,
        hung_up_at: None,
    };
    table.put_simulated_call(&call).await.expect("it is placed");
    let route = phone::route(table);
    let ask = |number: &str| {
        let parameters = [("number".to_owned(), number.to_owned())].into();
        (route.handler)(LocalRequest { parameters, query: Default::default(), body: Vec::new() })
    };
    let received = json!({ "conversationId": conversation, "at": placed_at });
    assert_eq!(ask("+15555550123").await.body, json!({ "calls": [received], "texts": [] }));
    assert_eq!(ask("+15555550199").await.body, json!({ "calls": [], "texts": [] }));
    assert_eq!(ask("me").await.status, 400);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_lists_the_texts_it_received_by_their_time() {
    let stack = start().await;
    let table = stack.backend().table(&Clock::system(), Entropy::system()).expect("a table is named");
    let conversation = domain::ids::ConversationId::random([7; 16]);
    let text = |message_id: &str, number: u32, sent_at: Timestamp| SimulatedText {
        message_id: message_id.to_owned(),
        conversation,
        number,
        attempt: 1,
        to: PhoneNumber::parse("+15555550123").expect("a number"),
        from: PhoneNumber::parse("+15555550110").expect("a number"),
        content: format!("text {number}"),
        sent_at,
    };
    // The table orders messages by their ids, which is not the order of time.
    let later = Clock::system().now();
    let earlier = later - Span::milliseconds(610);
    for text in [text("a", 3, later), text("b", 1, earlier)] {
        table.put_simulated_text(&text).await.expect("it is taken");
    }
    let parameters = [("number".to_owned(), "+15555550123".to_owned())].into();
    let request = LocalRequest { parameters, query: Default::default(), body: Vec::new() };
    let received = json!({ "calls": [], "texts": [
        { "conversationId": conversation, "content": "text 1", "at": earlier },
        { "conversationId": conversation, "content": "text 3", "at": later },
    ] });
    assert_eq!((phone::route(table).handler)(request).await.body, received);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_text_reaches_the_simulators_function_each_time_under_another_id() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let stack = start_with(Arc::new(move |name, event| {
        if name == "simulator-callback" {
            sender.send(event).expect("the test listens");
        }
        async { Ok(json!({ "batchItemFailures": [] })) }.boxed()
    }))
    .await;
    let backend = stack.backend();
    let table = backend.table(&Clock::system(), Entropy::system()).expect("a table is named");
    let store = Store { table, queues: backend.queues().expect("all queues are named") };
    let route = customer::route(store, seed::scope().expect("the organization is well-named"));
    let send = |body: Value| {
        let body = body.to_string().into_bytes();
        (route.handler)(LocalRequest { parameters: Default::default(), query: Default::default(), body })
    };
    let refused = send(json!({ "from": "me" })).await;
    assert_eq!((refused.status, refused.body["details"].as_array().map(Vec::len)), (400, Some(3)));
    let text = json!({ "from": "+15555550123", "to": "+15555550110", "content": "Hello" });
    let mut ids = Vec::new();
    for _ in 0..2 {
        let taken = send(text.clone()).await;
        assert_eq!(taken.status, 202);
        let event = events.recv().await.expect("it arrives");
        let job = event["Records"][0]["body"].as_str().expect("a text");
        let SimulatorJob::Reply(reply) = serde_json::from_str(job).expect("a job") else { panic!("not a text: {job}") };
        assert_eq!((reply.scope, reply.content.as_str()), (seed::scope().expect("a scope"), "Hello"));
        assert_eq!((reply.from.as_str(), reply.to.as_str()), ("+15555550123", "+15555550110"));
        assert_eq!(taken.body, json!({ "messageId": reply.message_id, "mode": "test" }));
        ids.push(reply.message_id);
    }
    assert_ne!(ids[0], ids[1]);
    stack.shutdown().await;
}

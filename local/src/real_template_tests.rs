//! The deployment's own template, followed with functions that do nothing.

use std::sync::Arc;

use domain::ids::OrganizationId;
use domain::key::RawKey;
use domain::phone::PhoneNumber;
use futures::FutureExt;
use serde_json::{Value, json};
use store::SimulatedCall;
use store::clock::Clock;
use store::entropy::Entropy;

use crate::aws::REGION;
use crate::template::{Names, Template, Trigger};
use crate::{Connect, Data, Invoke, LocalRequest, Options, Stack, Wiring, phone, seed};

const TEMPLATE: &str = include_str!("../../template.yaml");

fn idle() -> Connect {
    let invoke: Invoke = Arc::new(|_, _| async { Ok(Value::Null) }.boxed());
    Box::new(|_| async { Ok(Wiring { invoke, local_routes: Vec::new() }) }.boxed())
}

async fn start() -> Stack {
    let (template, parameters, clock) = (TEMPLATE.to_owned(), Names::new(), Clock::system());
    let options = Options { port: 0, data: Data::Memory, external: None, template, parameters, clock };
    Stack::start(options, idle()).await.expect("the deployment's template can be followed")
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
    assert_eq!(sources.count(), 3);
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
    let placed_at = domain::time::Timestamp::from_milliseconds(1_583_348_638_390);
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
    let received = json!({ "conversationId": conversation, "at": "2020-03-04T19:03:58.390Z" });
    assert_eq!(ask("+15555550123").await.body, json!({ "calls": [received], "texts": [] }));
    assert_eq!(ask("+15555550199").await.body, json!({ "calls": [], "texts": [] }));
    assert_eq!(ask("me").await.status, 400);
    stack.shutdown().await;
}

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use futures::FutureExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, mpsc};
use tokio::time::Instant;

use super::*;
use crate::http::{LocalAnswer, LocalHandler};
use crate::sample;

/// Time limit for something that should happen at once or within the sample's visibility timeouts.
const PATIENCE: Duration = Duration::from_secs(20);

fn options(data: Data) -> Options {
    let template = sample::TEMPLATE.to_owned();
    Options {
        port: 0,
        data,
        external: None,
        template,
        parameters: Names::new(),
        clock: Clock::system(),
        secrets: "none".into(),
        public_url: None,
    }
}

/// Connects a closure as every function.
fn toy<F, A>(answer: F) -> Connect
where
    F: Fn(String, Value) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Value, String>> + Send + 'static,
{
    let invoke: Invoke = Arc::new(move |name, event| answer(name, event).boxed());
    let phone: LocalHandler =
        Arc::new(|request| async move { LocalAnswer { status: 200, body: json!(request.parameters) } }.boxed());
    let route = LocalRoute { method: "GET", path: "/_local/phone/{number}", handler: phone };
    Box::new(move |_| async move { Ok(Wiring { invoke, local_routes: vec![route] }) }.boxed())
}

async fn start(connect: Connect) -> Stack {
    Stack::start(options(Data::Memory), connect).await.expect("the stack starts")
}

async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event).await.expect("it happens in time")
}

#[expect(clippy::disallowed_methods, reason = "the test measures how long a real emulator takes")]
fn now() -> Instant {
    Instant::now()
}

/// Sends one request over a connection of its own. Returns status and body.
async fn send(stack: &Stack, method: &str, target: &str, body: &[u8]) -> (u16, Value) {
    let address = stack.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the stack listens");
    let length = body.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}");
    stream.write_all(format!("{head}\r\ncontent-type: application/json\r\n\r\n").as_bytes()).await.expect("it reads");
    stream.write_all(body).await.expect("it reads on");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).expect("the body is JSON"))
}

async fn enqueue(stack: &Stack, body: &str, delay_s: i32) {
    let url = &stack.backend().queues["JobsQueue"].url;
    let request = stack.backend().sqs.send_message().queue_url(url).message_body(body);
    request.delay_seconds(delay_s).send().await.expect("the queue takes it");
}

fn bodies(event: &Value) -> Vec<(String, String)> {
    let records = event["Records"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    records.iter().map(|record| (text(&record["messageId"]), text(&record["body"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_to_the_functions_of_their_routes() {
    let stack = start(toy(|name, event| async move {
        match name.as_str() {
            "create-item" => Err("planted".to_owned()),
            _ => {
                let body = json!({ "function": name, "parameters": event["pathParameters"] }).to_string();
                Ok(json!({ "statusCode": 203, "headers": { "content-type": "application/json" }, "body": body }))
            }
        }
    }))
    .await;
    let found = json!({ "function": "get-item", "parameters": { "id": "a b" } });
    assert_eq!(send(&stack, "GET", "/items/a%20b?x=1", b"").await, (203, found));
    let special = json!({ "function": "get-special", "parameters": null });
    assert_eq!(send(&stack, "GET", "/items/special", b"").await, (203, special));
    assert_eq!(send(&stack, "GET", "/nothing", b"").await, (404, json!({ "message": "Not Found" })));
    let failed = json!({ "message": "Internal Server Error" });
    assert_eq!(send(&stack, "POST", "/items", b"{}").await, (500, failed));
    let large = vec![b' '; 10 * 1024 * 1024 + 1];
    let refused = json!({ "message": "Request Entity Too Large" });
    assert_eq!(send(&stack, "POST", "/items", &large).await, (413, refused));
    let phone = json!({ "number": "+15555550123" });
    assert_eq!(send(&stack, "GET", "/_local/phone/+15555550123", b"").await, (200, phone));
    soon(stack.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_keeps_failing_goes_to_the_dead_letter_queue_and_its_neighbours_are_done() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let stack = start(toy(move |name, event| {
        let log = Arc::clone(&log);
        async move {
            let records = bodies(&event);
            if name == "work" {
                log.lock().expect("no panic holds it").extend(records.iter().map(|(_, body)| body.clone()));
            }
            let bad = records.iter().filter(|(_, body)| body == "bad");
            let failures: Vec<Value> = bad.map(|(id, _)| json!({ "itemIdentifier": id })).collect();
            Ok(json!({ "batchItemFailures": failures }))
        }
    }))
    .await;
    for body in ["one", "bad", "two"] {
        enqueue(&stack, body, 0).await;
    }
    let backend = stack.backend();
    let request = backend.sqs.receive_message().queue_url(&backend.queues["JobsDeadLetters"].url).wait_time_seconds(20);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    let dead = soon(request.send()).await.expect("the dead-letter queue answers").messages.expect("a dead letter");
    assert_eq!(dead[0].body.as_deref(), Some("bad"));
    let mut seen = seen.lock().expect("no panic holds it").clone();
    seen.sort();
    assert_eq!(seen, ["bad", "bad", "one", "two"], "as often as maxReceiveCount says, and no more");
    soon(stack.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_batch_comes_back_after_the_visibility_timeout() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let stack = start(toy(move |name, event| {
        let sender = sender.clone();
        async move {
            if name == "work" {
                sender.send((now(), event["Records"][0]["attributes"].clone())).expect("the test listens");
            }
            Err("planted".to_owned())
        }
    }))
    .await;
    enqueue(&stack, "job", 0).await;
    let (first_at, first) = soon(receiver.recv()).await.expect("a first try");
    let (second_at, second) = soon(receiver.recv()).await.expect("a second try");
    assert_eq!((&first["ApproximateReceiveCount"], &second["ApproximateReceiveCount"]), (&json!("1"), &json!("2")));
    assert!(second_at - first_at >= Duration::from_secs(1), "not before the visibility timeout");
    soon(stack.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_message_comes_when_its_time_has_come() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let stack = start(toy(move |name, _| {
        let sender = sender.clone();
        async move {
            if name == "work" {
                sender.send(now()).expect("the test listens");
            }
            Ok(Value::Null)
        }
    }))
    .await;
    let sent_at = now();
    enqueue(&stack, "later", 2).await;
    let came_after = soon(receiver.recv()).await.expect("it comes") - sent_at;
    assert!(came_after >= Duration::from_secs(2) && came_after < Duration::from_secs(5), "{came_after:?}");
    soon(stack.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_batches_run_at_once_as_the_template_allows() {
    let (barrier, running) = (Arc::new(Barrier::new(4)), Arc::new(Mutex::new((0, 0))));
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let most = Arc::clone(&running);
    let stack = start(toy(move |name, event| {
        let (barrier, running, sender) = (Arc::clone(&barrier), Arc::clone(&running), sender.clone());
        async move {
            if name == "work" {
                {
                    let mut running = running.lock().expect("no panic holds it");
                    running.0 += 1;
                    running.1 = running.1.max(running.0);
                }
                // Four batches have to arrive here before any goes on.
                barrier.wait().await;
                running.lock().expect("no panic holds it").0 -= 1;
                sender.send(bodies(&event).len()).expect("the test listens");
            }
            Ok(Value::Null)
        }
    }))
    .await;
    // Single messages, so that each is a batch of its own: eight batches, four by four.
    for count in 0..4 {
        enqueue(&stack, &count.to_string(), 0).await;
        let url = &stack.backend().queues["JobsQueue"].url;
        soon(async { while waiting(&stack, url).await > 0 {} }).await;
    }
    let mut done = 0;
    while done < 4 {
        done += soon(receiver.recv()).await.expect("a batch");
    }
    assert_eq!(most.lock().expect("no panic holds it").1, 4);
    soon(stack.shutdown()).await;
}

/// Returns the number of messages in a queue that no consumer has received yet.
async fn waiting(stack: &Stack, url: &str) -> u32 {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let request = stack.backend().sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    let answer = request.send().await.expect("the queue answers");
    answer.attributes().and_then(|all| all.get(&name)?.parse().ok()).expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_schedule_runs_at_the_start() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let stack = start(toy(move |name, event| {
        let sender = sender.clone();
        async move {
            sender.send((name, event)).expect("the test listens");
            Ok(json!({}))
        }
    }))
    .await;
    let (name, event) = soon(receiver.recv()).await.expect("a run");
    assert_eq!((name.as_str(), &event["detail-type"]), ("tick", &json!("Scheduled Event")));
    soon(stack.shutdown()).await;
}

async fn refusal(options: Options) -> String {
    match Stack::start(options, toy(|_, _| async { Ok(Value::Null) })).await {
        Ok(_) => panic!("the stack should not start"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_outlives_the_stack_in_its_folder_and_nobody_shares_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Data::Dir(folder.path().join("data"));
    let quiet = || toy(|_, _| async { Ok(Value::Null) });
    let stack = Stack::start(options(data.clone()), quiet()).await.expect("the stack starts");
    let table = &stack.backend().environments["tick"]["TABLE_NAME"];
    let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let put = stack.backend().dynamodb.put_item().table_name(table).item("pk", key("a")).item("sk", key("b"));
    put.send().await.expect("the table takes it");
    let refused = refusal(options(data.clone())).await;
    assert!(refused.ends_with("data: is in use by another local stack"), "{refused}");
    soon(stack.shutdown()).await;

    let stack = Stack::start(options(data.clone()), quiet()).await.expect("the stack starts again");
    let table = &stack.backend().environments["tick"]["TABLE_NAME"];
    let get = stack.backend().dynamodb.get_item().table_name(table).key("pk", key("a")).key("sk", key("b"));
    assert!(get.send().await.expect("the table answers").item.is_some());
    soon(stack.shutdown()).await;

    let mut other = options(data);
    other.template = other.template.replace("NonKeyAttributes: [nudges]", "NonKeyAttributes: [other]");
    let refused = refusal(other).await;
    assert!(refused.contains("its index due differs") && refused.contains("new data folder"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_it_from_starting_is_one_line() {
    let stack = start(toy(|_, _| async { Ok(Value::Null) })).await;
    let port = stack.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let taken = refusal(Options { port, ..options(Data::Memory) }).await;
    assert!(taken.starts_with(&format!("port {port} is in use")), "{taken}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let refused = refusal(options(Data::Dir(file.path().to_owned()))).await;
    assert!(refused.contains("cannot be made"), "{refused}");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ringdown.db"), "this is no database, not at all").expect("a broken file");
    let refused = refusal(options(Data::Dir(folder.path().to_owned()))).await;
    assert!(refused.contains("cannot open ringdown.db"), "{refused}");
    let broken = Options { template: "Resources: [".to_owned(), ..options(Data::Memory) };
    let refused = refusal(broken).await;
    assert!(refused.starts_with("template.yaml: ") && !refused.contains('\n'), "{refused}");
    soon(stack.shutdown()).await;
}

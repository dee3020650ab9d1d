//! Tests that the simulated queue is a standard SQS queue, and that its event is Lambda's.

use std::time::Duration;

use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use serde_json::json;
use tokio::time::sleep;

use super::faults::{Fault, Plan};
use super::fixture::{self, QUEUE, VISIBILITY};
use super::lambda::{queue_event, settle};
use super::queue::{Liberties, Message, NewMessage};
use super::sqs::url;
use super::{SimulatedAws, clock};

const ALWAYS: u32 = 1000;

fn message(body: &str) -> NewMessage {
    NewMessage { body: body.to_owned(), ..NewMessage::default() }
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_str()).collect()
}

fn with_messages(wanted: &[&str]) -> SimulatedAws {
    let aws = fixture::aws(3);
    for body in wanted {
        aws.queues.send(QUEUE, message(body));
    }
    aws
}

#[tokio::test(start_paused = true)]
async fn what_the_sdk_sends_is_delivered_after_its_delay() {
    let aws = fixture::aws(3);
    let send = aws.sqs.send_message().queue_url(url(QUEUE)).message_body("hello");
    let sent = send.delay_seconds(60).send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    assert!(aws.queues.receive(QUEUE, 10).is_empty());
    assert!(!aws.queues.is_empty(QUEUE));
    let wait_ms = aws.queues.next_visible_at_ms(QUEUE).unwrap() - aws.clock.now_ms();
    sleep(Duration::from_millis(wait_ms.unsigned_abs())).await;
    let received = aws.queues.receive(QUEUE, 10);
    assert_eq!(bodies(&received), ["hello"]);
    assert_eq!(Some(received[0].id.as_str()), sent.message_id());
    aws.queues.acknowledge(QUEUE, &received[0].receipt);
    assert!(aws.queues.is_empty(QUEUE));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_acknowledged_comes_back_and_ends_as_a_dead_letter() {
    let aws = with_messages(&["poison"]);
    for round in 1..=5 {
        let received = aws.queues.receive(QUEUE, 10);
        assert_eq!(received[0].receive_count, round);
        assert!(aws.queues.receive(QUEUE, 10).is_empty(), "it is hidden while somebody works on it");
        sleep(VISIBILITY).await;
    }
    assert!(aws.queues.receive(QUEUE, 10).is_empty());
    assert!(aws.queues.is_empty(QUEUE));
    assert_eq!(bodies(&aws.queues.dead_letters(QUEUE)), ["poison"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_settled_by_what_the_function_answers() {
    let aws = with_messages(&["good", "bad"]);
    let received = aws.queues.receive(QUEUE, 10);
    let answer = json!({"batchItemFailures": [{"itemIdentifier": received[1].id}]});
    settle(&aws.queues, QUEUE, &received, Some(&answer));
    assert_eq!(bodies(&aws.queues.messages(QUEUE)), ["bad"]);

    sleep(VISIBILITY).await;
    let received = aws.queues.receive(QUEUE, 10);
    for nonsense in [
        json!({"batchItemFailures": [{"itemIdentifier": ""}]}),
        json!({"batchItemFailures": [{"itemIdentifier": null}]}),
        json!({"batchItemFailures": [{"id": received[0].id}]}),
        json!({"batchItemFailures": "none"}),
    ] {
        settle(&aws.queues, QUEUE, &received, Some(&nonsense));
        assert!(!aws.queues.is_empty(QUEUE), "{nonsense}");
    }
    settle(&aws.queues, QUEUE, &received, None);
    assert!(!aws.queues.is_empty(QUEUE), "a crashed function settles nothing");
    settle(&aws.queues, QUEUE, &received, Some(&json!({"batchItemFailures": []})));
    assert!(aws.queues.is_empty(QUEUE));
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_means_that_all_went_well() {
    for answer in [json!({}), json!(null), json!({"batchItemFailures": null})] {
        let aws = with_messages(&["good"]);
        let received = aws.queues.receive(QUEUE, 10);
        settle(&aws.queues, QUEUE, &received, Some(&answer));
        assert!(aws.queues.is_empty(QUEUE), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_event_is_the_one_lambda_sends() {
    let aws = fixture::aws(3);
    let attribute = MessageAttributeValue::builder().data_type("String").string_value("v").build().unwrap();
    let send = aws.sqs.send_message().queue_url(url(QUEUE)).message_body("hello").message_group_id("org_1");
    send.message_attributes("name", attribute).send().await.unwrap();
    let received = aws.queues.receive(QUEUE, 10);
    let sent_ms = received[0].sent_ms;
    assert!(sent_ms >= clock::START_MS);
    assert_eq!(
        queue_event(QUEUE, &received),
        json!({"Records": [{
            "messageId": received[0].id,
            "receiptHandle": received[0].receipt,
            "body": "hello",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": sent_ms.to_string(),
                "SenderId": "123456789012",
                "ApproximateFirstReceiveTimestamp": received[0].first_received_ms.to_string(),
                "MessageGroupId": "org_1",
            },
            "messageAttributes": {
                "name": {"stringValue": "v", "dataType": "String", "stringListValues": [], "binaryListValues": []},
            },
            "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:dispatch",
            "awsRegion": "us-east-1",
        }]})
    );
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_batch_reports_each_message_by_itself() {
    let aws = fixture::aws(3);
    let late = SendMessageBatchRequestEntry::builder().id("late").message_body("x").delay_seconds(901);
    let batch = aws.sqs.send_message_batch().queue_url(url(QUEUE)).entries(entry("a", "1"));
    let answer = batch.entries(late.build().unwrap()).send().await.unwrap();
    assert_eq!((answer.successful()[0].id(), answer.successful().len()), ("a", 1));
    assert_eq!((answer.failed()[0].id(), answer.failed()[0].sender_fault()), ("late", true));
    assert_eq!(answer.failed()[0].code(), "InvalidParameterValue");

    aws.gate.arm(Plan::none().at(0, Fault::Unprocessed));
    let batch = aws.sqs.send_message_batch().queue_url(url(QUEUE)).entries(entry("a", "2")).entries(entry("b", "3"));
    let answer = batch.send().await.unwrap();
    assert_eq!(answer.successful().len() + answer.failed().len(), 2);
    assert!(answer.failed().iter().all(|failed| !failed.sender_fault()) && !answer.failed().is_empty());
    assert_eq!(aws.queues.messages(QUEUE).len(), 1 + answer.successful().len());
}

#[tokio::test(start_paused = true)]
async fn what_sqs_refuses_is_refused() {
    let aws = fixture::aws(3);
    let send = || aws.sqs.send_message().message_body("x");
    let unknown = send().queue_url(url("nowhere")).send().await.unwrap_err().into_service_error();
    assert!(unknown.is_queue_does_not_exist(), "{unknown:?}");
    let late = send().queue_url(url(QUEUE)).delay_seconds(901).send().await.unwrap_err().into_service_error();
    assert_eq!(late.meta().code(), Some("InvalidParameterValue"));
    let control = aws.sqs.send_message().queue_url(url(QUEUE)).message_body("\u{1}").send().await.unwrap_err();
    assert!(control.into_service_error().is_invalid_message_contents());
    let batch = || aws.sqs.send_message_batch().queue_url(url(QUEUE));
    let twice = batch().entries(entry("a", "1")).entries(entry("a", "2")).send().await.unwrap_err();
    assert!(twice.into_service_error().is_batch_entry_ids_not_distinct());
    let eleven = (0..11).map(|id| entry(&id.to_string(), "x")).collect();
    let many = batch().set_entries(Some(eleven)).send().await.unwrap_err().into_service_error();
    assert!(many.is_too_many_entries_in_batch_request(), "{many:?}");
    assert!(aws.queues.is_empty(QUEUE));
}

#[tokio::test(start_paused = true)]
async fn a_queue_gone_for_an_hour_refuses_after_every_attempt() {
    let aws = fixture::aws(3);
    aws.queues.refuse_for(QUEUE, Duration::from_secs(3600));
    aws.gate.arm(Plan::none());
    let send = || aws.sqs.send_message().queue_url(url(QUEUE)).message_body("x").send();
    send().await.unwrap_err();
    assert_eq!(aws.gate.points(), 3);
    sleep(Duration::from_secs(3600)).await;
    send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_queue_may_store_a_message_twice() {
    let aws = fixture::aws(3);
    aws.queues.set_liberties(QUEUE, Liberties { duplicate: ALWAYS, ..Liberties::default() });
    let id = aws.queues.send(QUEUE, message("x"));
    let received = aws.queues.receive(QUEUE, 10);
    assert_eq!(bodies(&received), ["x", "x"]);
    assert!(received.iter().all(|copy| copy.id == id) && received[0].receipt != received[1].receipt);
    aws.queues.acknowledge(QUEUE, &received[0].receipt);
    assert_eq!(aws.queues.messages(QUEUE).len(), 1, "each copy is acknowledged by itself");
}

#[tokio::test(start_paused = true)]
async fn a_queue_may_be_late() {
    let aws = fixture::aws(3);
    let delay_at_most = Duration::from_secs(60);
    aws.queues.set_liberties(QUEUE, Liberties { delay: ALWAYS, delay_at_most, ..Liberties::default() });
    aws.queues.send(QUEUE, message("x"));
    assert!(aws.queues.receive(QUEUE, 10).is_empty());
    sleep(delay_at_most).await;
    assert_eq!(aws.queues.receive(QUEUE, 10).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_may_deliver_what_was_deleted() {
    let aws = with_messages(&["x"]);
    let within = Duration::from_secs(60);
    let liberties = Liberties { redeliver: ALWAYS, redeliver_within: within, ..Liberties::default() };
    aws.queues.set_liberties(QUEUE, liberties);
    let received = aws.queues.receive(QUEUE, 10);
    aws.queues.acknowledge(QUEUE, &received[0].receipt);
    sleep(within).await;
    let again = aws.queues.receive(QUEUE, 10);
    assert_eq!((again[0].id.as_str(), again[0].receive_count), (received[0].id.as_str(), 2));

    aws.queues.set_liberties(QUEUE, Liberties::default());
    aws.queues.acknowledge(QUEUE, &again[0].receipt);
    assert!(aws.queues.is_empty(QUEUE));
    assert_eq!(aws.queues.redeliver(QUEUE, |message| message.body == "x"), 1, "a test may ask for it by name");
    assert_eq!(aws.queues.receive(QUEUE, 10).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_keeps_the_order_unless_it_takes_the_liberty() {
    let sent = ["0", "1", "2", "3", "4", "5", "6", "7"];
    let aws = with_messages(&sent);
    assert_eq!(bodies(&aws.queues.receive(QUEUE, 10)), sent);
    let aws = with_messages(&sent);
    aws.queues.set_liberties(QUEUE, Liberties { reorder: true, ..Liberties::default() });
    let received = aws.queues.receive(QUEUE, 10);
    assert_ne!(bodies(&received), sent);
    assert_eq!(received.len(), sent.len());
}

#[tokio::test(start_paused = true)]
async fn a_late_acknowledgement_does_not_delete_a_newer_delivery() {
    let aws = with_messages(&["x"]);
    let first = aws.queues.receive(QUEUE, 10);
    sleep(VISIBILITY).await;
    aws.queues.receive(QUEUE, 10);
    aws.queues.acknowledge(QUEUE, &first[0].receipt);
    assert!(!aws.queues.is_empty(QUEUE));
    aws.queues.lose_everything(QUEUE);
    assert!(aws.queues.is_empty(QUEUE));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_may_hide_a_message_for_longer_or_give_it_back() {
    let aws = with_messages(&["x"]);
    let received = aws.queues.receive(QUEUE, 10);
    aws.queues.hide_for(QUEUE, &received[0].receipt, VISIBILITY * 2);
    sleep(VISIBILITY).await;
    assert!(aws.queues.receive(QUEUE, 10).is_empty());
    aws.queues.hide_for(QUEUE, &received[0].receipt, Duration::ZERO);
    assert_eq!(aws.queues.receive(QUEUE, 10).len(), 1);
    assert_eq!(aws.queues.names(), [QUEUE, "dispatch-dead"]);
}

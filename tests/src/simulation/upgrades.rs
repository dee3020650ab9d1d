//! Tests of a deployment while messages are in flight. Messages of the previous version are read, and those of the next
//! one wait.

use serde_json::Value;
use store::{MESSAGE_VERSION, OLDEST_MESSAGE_VERSION, QueueName};

use super::SEED;
use super::scenarios::PLAIN;
use crate::harness::aws::queue::NewMessage;
use crate::harness::world::{World, simulate};

/// Accepts a call, and changes the version of its message. Returns the call's id.
async fn accepted_with_a_message_of(world: &World, version: u32) -> domain::ids::ConversationId {
    let id = world.creates_call(PLAIN, "the-call").await.unwrap();
    let queue = QueueName::Dispatch.as_str();
    let [message] = world.aws.queues.messages(queue).try_into().expect("one message");
    world.aws.queues.lose_everything(queue);
    let mut body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["v"], MESSAGE_VERSION);
    body["v"] = version.into();
    world.aws.queues.send(queue, NewMessage { body: body.to_string(), ..NewMessage::default() });
    id
}

#[test]
fn a_message_of_the_version_before_is_read() {
    assert_eq!(OLDEST_MESSAGE_VERSION + 1, MESSAGE_VERSION);
    simulate(async {
        let world = World::new(SEED).await;
        let id = accepted_with_a_message_of(&world, OLDEST_MESSAGE_VERSION).await;
        world.steps(QueueName::Dispatch).await;
        assert_eq!(world.history.call(id).map(|call| call.attempt), Some(1));
    });
}

#[test]
fn a_message_of_a_version_to_come_stays_on_its_queue() {
    simulate(async {
        let world = World::new(SEED).await;
        let id = accepted_with_a_message_of(&world, MESSAGE_VERSION + 1).await;
        world.steps(QueueName::Dispatch).await;
        assert_eq!(world.history.call(id).map(|call| call.attempt), Some(0));
        assert_eq!(world.aws.queues.messages(QueueName::Dispatch.as_str()).len(), 1);
    });
}

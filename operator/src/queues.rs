//! Commands about dead letters.

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::cli::{Ask, Dlq, Queue};
use crate::connect::Deployment;
use crate::error::Error;
use crate::output::{Rows, row};

/// Part of the names of all dead-letter queues of a deployment.
const DEAD_LETTERS: &str = "DeadLetters";

pub(crate) async fn run(deployment: &Deployment, command: Queue, ask: Ask) -> Result<Rows, Error> {
    let nothing = "a local stack's queues are gone when it stops";
    let sqs = deployment.sqs.as_ref().ok_or_else(|| Error::refused(nothing))?;
    let Queue::Dlq(command) = command;
    match command {
        Dlq::List(stack) => {
            let mut rows = Vec::new();
            for url in dead_letters(sqs, &stack.stack).await? {
                rows.push(depth(sqs, &url).await?);
            }
            Ok(Rows::Table(rows))
        }
        Dlq::Redrive { queue } => redrive(sqs, &queue, ask).await,
    }
}

async fn dead_letters(sqs: &aws_sdk_sqs::Client, stack: &str) -> Result<Vec<String>, Error> {
    let prefix = Some(stack.to_owned()).filter(|prefix| !prefix.is_empty());
    let mut pages = sqs.list_queues().set_queue_name_prefix(prefix).max_results(1_000).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Error::aws("ListQueues", error))?;
        found.extend(page.queue_urls.unwrap_or_default().into_iter().filter(|url| name(url).contains(DEAD_LETTERS)));
    }
    Ok(found)
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

async fn depth(sqs: &aws_sdk_sqs::Client, url: &str) -> Result<Value, Error> {
    let waiting = QueueAttributeName::ApproximateNumberOfMessages;
    let asked = sqs.get_queue_attributes().queue_url(url).attribute_names(waiting.clone());
    let answer = asked.send().await.map_err(|error| Error::aws("GetQueueAttributes", error))?;
    let messages = answer.attributes().and_then(|all| all.get(&waiting)).and_then(|count| count.parse::<u64>().ok());
    Ok(row([("queue", json!(name(url))), ("messages", json!(messages))]))
}

/// Moves dead letters back to their source queue. Handlers treat such a message like a duplicate, so it does no harm.
async fn redrive(sqs: &aws_sdk_sqs::Client, queue: &str, ask: Ask) -> Result<Rows, Error> {
    if !queue.contains(DEAD_LETTERS) {
        return Err(Error::refused(format!("{queue} is no dead-letter queue of a deployment")));
    }
    ask.confirm(&format!("everything in {queue} goes back to the queue it came from"))?;
    let found = sqs.get_queue_url().queue_name(queue).send().await.map_err(|error| Error::aws("GetQueueUrl", error))?;
    let named = QueueAttributeName::QueueArn;
    let asked = sqs.get_queue_attributes().set_queue_url(found.queue_url).attribute_names(named.clone());
    let answer = asked.send().await.map_err(|error| Error::aws("GetQueueAttributes", error))?;
    let arn = answer.attributes().and_then(|all| all.get(&named)).cloned();
    let arn = arn.ok_or_else(|| Error::refused(format!("{queue} does not tell its ARN")))?;
    let started = sqs.start_message_move_task().source_arn(arn).send().await;
    let started = started.map_err(|error| Error::aws("StartMessageMoveTask", error))?;
    Ok(Rows::Table(vec![row([("queue", json!(queue)), ("task", json!(started.task_handle))])]))
}

//! Embedded SQS, and the template's queues in it or at another endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::service::{SqsHttpConfig, SqsHttpService};
use serde_json::json;
use tokio::task::JoinSet;

use crate::aws::{REGION, reason};
use crate::stop::Stop;
use crate::template::{ACCOUNT_ID, Queue};
use crate::{Error, serve};

/// Address of a created queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueAddress {
    /// URL, which requests use.
    pub url: String,
    /// ARN, which policies and events use.
    pub arn: String,
}

/// Serves the emulator on loopback and returns its endpoint.
pub(crate) async fn start(stop: Stop, tasks: &mut JoinSet<()>) -> Result<String, Error> {
    let (listener, port) = serve::listen(0).await.map_err(|source| Error::Listen { port: 0, source })?;
    let config = SqsConfig {
        skip_signature_validation: true,
        default_region: REGION.to_owned(),
        account_id: ACCOUNT_ID.to_owned(),
        // Queue URLs are built from these two, so the port must be the one that is served.
        host: "127.0.0.1".to_owned(),
        port,
    };
    let provider = Arc::new(RustackSqs::new(config));
    let handler = Arc::new(RustackSqsHandler::new(Arc::clone(&provider)));
    let service = SqsHttpService::new(handler, SqsHttpConfig::default());
    tasks.spawn(async move {
        serve::serve(listener, service, stop).await;
        provider.shutdown_all().await;
    });
    Ok(format!("http://127.0.0.1:{port}"))
}

/// Creates missing queues and connects queues with their dead-letter queues.
pub(crate) async fn ensure_queues(client: &Client, queues: &[Queue]) -> Result<BTreeMap<String, QueueAddress>, Error> {
    let mut addresses = BTreeMap::new();
    for queue in queues {
        addresses.insert(queue.id.clone(), ensure_queue(client, queue).await?);
    }
    for queue in queues {
        let (Some(redrive), Some(address)) = (&queue.redrive, addresses.get(&queue.id)) else { continue };
        let dead_letters = addresses.get(&redrive.queue).map(|address| address.arn.as_str());
        let policy = json!({
            "deadLetterTargetArn": dead_letters,
            "maxReceiveCount": redrive.max_receive_count,
        });
        let request = client.set_queue_attributes().queue_url(&address.url);
        let request = request.attributes(QueueAttributeName::RedrivePolicy, policy.to_string());
        request.send().await.map_err(|error| {
            Error::aws(format!("tie the queue {} to its dead-letter queue", queue.name), reason(&error))
        })?;
    }
    Ok(addresses)
}

async fn ensure_queue(client: &Client, queue: &Queue) -> Result<QueueAddress, Error> {
    let failed = |reason: String| Error::aws(format!("create the queue {}", queue.name), reason);
    let created = client
        .create_queue()
        .queue_name(&queue.name)
        .attributes(QueueAttributeName::VisibilityTimeout, queue.visibility_timeout_s.to_string())
        .attributes(QueueAttributeName::DelaySeconds, queue.delay_s.to_string())
        .send()
        .await
        .map_err(|error| failed(reason(&error)))?;
    let url = created.queue_url.ok_or_else(|| failed("the answer names no URL".to_owned()))?;
    let request = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn);
    let answer = request.send().await.map_err(|error| failed(reason(&error)))?;
    let arn = answer.attributes().and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn));
    let arn = arn.cloned().ok_or_else(|| failed("the answer names no ARN".to_owned()))?;
    Ok(QueueAddress { url, arn })
}

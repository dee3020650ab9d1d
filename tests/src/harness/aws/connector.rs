//! HTTP connector below the real AWS SDK. Every AWS request of the program goes through it.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::answer::{Answer, conflict, throttled_queue, throttled_table};
use super::dynamo::Dynamo;
use super::faults::{Fault, Point, Service};
use super::gate::Gate;
use super::grants;
use super::meter::Meter;
use super::sqs::Sqs;

/// HTTP connector to the simulated services. Clones share their state.
#[derive(Clone, Debug)]
pub struct Connector {
    gate: Gate,
    dynamo: Dynamo,
    sqs: Sqs,
    meter: Meter,
    chance: Arc<Mutex<fastrand::Rng>>,
    read_timeout: Option<Duration>,
}

/// Parsed AWS request.
#[derive(Clone, Debug)]
struct Call {
    service: Service,
    operation: String,
    request: Value,
}

impl Connector {
    /// Creates a connector to these services, with all requests passing this gate.
    pub fn new(seed: u64, gate: Gate, dynamo: Dynamo, sqs: Sqs, meter: Meter) -> Self {
        let chance = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)));
        Self { gate, dynamo, sqs, meter, chance, read_timeout: None }
    }

    async fn exchange(self, call: Call) -> Result<HttpResponse, ConnectorError> {
        let passage = self.gate.enter(Point::new(call.service, call.operation.clone()), about(&call)).await;
        let answer = match passage.fault() {
            Some(Fault::FailBefore) => return Err(ConnectorError::io("connection refused".into()).never_connected()),
            Some(Fault::Late(delay)) => {
                tokio::spawn(self.clone().effect_after(delay, call));
                return Err(ConnectorError::io("connection reset".into()));
            }
            // The effect no longer depends on the program. It happens even if the program stops waiting.
            Some(Fault::Slow(delay)) => match tokio::spawn(self.clone().effect_after(delay, call)).await {
                Ok(answer) => answer,
                Err(error) => resume_unwind(error.into_panic()),
            },
            Some(Fault::Throttle) => self.throttled(&call),
            Some(Fault::Conflict) => conflict(&call.operation, &call.request, &mut self.chance.lock().unwrap()),
            Some(Fault::Unprocessed) => self.effect_in_part(&call),
            Some(Fault::CrashBefore | Fault::CrashAfter | Fault::Panic | Fault::LoseAnswer) | None => {
                self.effect(&call)
            }
        };
        if self.gate.leave(passage).await {
            Ok(response(&answer))
        } else {
            Err(ConnectorError::io("connection reset".into()))
        }
    }

    fn effect(&self, call: &Call) -> Answer {
        match call.service {
            Service::DynamoDb => self.meter.call(&self.dynamo, &call.operation, &call.request, &about(call)),
            Service::Sqs => self.sqs.call(&call.operation, &call.request),
            Service::Provider | Service::Webhook => panic!("{:?} is not part of AWS", call.service),
        }
    }

    async fn effect_after(self, delay: Duration, call: Call) -> Answer {
        sleep(delay).await;
        self.effect(&call)
    }

    fn effect_in_part(&self, call: &Call) -> Answer {
        match call.service {
            Service::DynamoDb => self.dynamo.call_in_part(&call.operation, &call.request),
            _ => self.sqs.call_in_part(&call.request),
        }
    }

    fn throttled(&self, call: &Call) -> Answer {
        match call.service {
            Service::DynamoDb => throttled_table(&call.operation, &call.request, &mut self.chance.lock().unwrap()),
            _ => throttled_queue(),
        }
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = understand(&request);
        grants::note(call.service, &call.operation, &call.request);
        let limit = self.read_timeout;
        let exchange = self.clone().exchange(call);
        HttpConnectorFuture::new(async move {
            match limit {
                None => exchange.await,
                Some(limit) => match timeout(limit, exchange).await {
                    Ok(answer) => answer,
                    Err(elapsed) => Err(ConnectorError::timeout(elapsed.into())),
                },
            }
        })
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, settings: &HttpConnectorSettings, _components: &RuntimeComponents) -> SharedHttpConnector {
        // Timeouts are kept in virtual time, so that a slow answer can exceed one.
        SharedHttpConnector::new(Self { read_timeout: settings.read_timeout(), ..self.clone() })
    }
}

fn understand(request: &HttpRequest) -> Call {
    let target = request.headers().get("x-amz-target").expect("both services speak AWS JSON");
    let (service, operation) = match target.split_once('.') {
        Some(("DynamoDB_20120810", operation)) => (Service::DynamoDb, operation),
        Some(("AmazonSQS", operation)) => (Service::Sqs, operation),
        _ => panic!("no such service is simulated: {target}"),
    };
    let body = request.body().bytes().expect("the SDK holds such bodies in memory");
    let request = serde_json::from_slice(body).expect("the SDK writes JSON");
    Call { service, operation: operation.to_owned(), request }
}

/// Returns the subject of a request in one word: the kind of the first item that it names, or the queue.
fn about(call: &Call) -> String {
    let text = match call.service {
        Service::Sqs => call.request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()),
        _ => first_partition(&call.operation, &call.request).and_then(|pk| pk.split('#').next()),
    };
    text.unwrap_or_default().to_owned()
}

fn first_partition<'a>(operation: &str, request: &'a Value) -> Option<&'a str> {
    let item = match operation {
        "TransactWriteItems" => {
            let action = request["TransactItems"][0].as_object()?.values().next()?;
            action.get("Key").or_else(|| action.get("Item"))
        }
        "BatchGetItem" => request["RequestItems"].as_object()?.values().next()?["Keys"].get(0),
        "Query" => return request["ExpressionAttributeValues"][":pk"]["S"].as_str(),
        _ => request.get("Key").or_else(|| request.get("Item")),
    };
    item?["pk"]["S"].as_str()
}

fn response(answer: &Answer) -> HttpResponse {
    let status = answer.status.try_into().expect("an answer has a real HTTP status");
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body.to_string()));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    if let Some(code) = &answer.query_error {
        response.headers_mut().insert("x-amzn-query-error", code.clone());
    }
    response
}

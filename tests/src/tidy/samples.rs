//! Tests that each function accepts its sample event. The samples tell one story: they all refer to the call and the
//! conversation that are accepted first.

use std::time::Duration;

use domain::key::{ApiKey, Permission, RawKey};
use domain::quota::Limits;
use domain::time::Timestamp;
use functions::dialect::Dialect;
use functions::route::Access;
use functions::{App, FUNCTIONS, Trigger, find, invoke};
use futures::FutureExt;
use providers::egress::{Egress, EgressPolicy};
use serde_json::{Value, json};
use store::clock::Clock;
use store::entropy::Entropy;
use store::{QueueName, QueueUrls, Queues, Store, Table};

use super::{File, files, resources};
use crate::harness::aws::clock::START_MS;
use crate::harness::aws::queue::QueueSettings;
use crate::harness::aws::{SimulatedAws, sqs};

/// Functions in an order in which each finds the data that it refers to, with the status of its answer.
const STORY: [(&str, Option<u16>); 68] = [
    ("create-webhook", Some(201)),
    ("create-call", Some(202)),
    ("list-calls", Some(200)),
    ("get-call", Some(200)),
    ("dispatch-call", None),
    ("simulator-callback", None),
    ("deliver-webhook", None),
    ("reconcile", None),
    ("list-call-events", Some(200)),
    ("close-call", Some(200)),
    // The call was closed before any conversation took place.
    ("get-call-recording", Some(404)),
    ("create-sms-conversation", Some(201)),
    ("list-sms-conversations", Some(200)),
    ("get-sms-conversation", Some(200)),
    ("list-sms-events", Some(200)),
    ("list-sms-messages", Some(200)),
    ("send-sms-message", Some(201)),
    ("handback-sms-conversation", Some(200)),
    ("run-sms-turn", None),
    ("close-sms-conversation", Some(200)),
    ("list-webhooks", Some(200)),
    ("get-webhook", Some(200)),
    ("update-webhook", Some(200)),
    ("rotate-webhook-secret", Some(200)),
    ("test-webhook", Some(202)),
    ("list-webhook-deliveries", Some(200)),
    ("redeliver-webhook-delivery", Some(202)),
    ("redeliver-webhook", Some(202)),
    ("delete-webhook", Some(204)),
    ("create-api-key", Some(201)),
    ("list-api-keys", Some(200)),
    ("create-agent", Some(201)),
    ("list-agents", Some(200)),
    ("get-agent", Some(200)),
    ("update-agent", Some(200)),
    ("rotate-tool-secret", Some(200)),
    // Only a live key may do this.
    ("promote-agent", Some(403)),
    ("delete-agent", Some(204)),
    ("list-audit-entries", Some(200)),
    ("get-openapi", Some(200)),
    ("put-do-not-call", Some(201)),
    ("list-do-not-call", Some(200)),
    ("delete-do-not-call", Some(204)),
    ("create-contact", Some(201)),
    ("list-contacts", Some(200)),
    ("get-contact", Some(200)),
    ("update-contact", Some(200)),
    ("get-wallet", Some(200)),
    ("list-wallet-entries", Some(200)),
    ("klen-create-call", Some(200)),
    ("verbex-dial-outbound-phone-call", Some(201)),
    ("verbex-get-phone-call", Some(200)),
    // No conversation has taken place yet.
    ("verbex-get-recording", Some(404)),
    ("verbex-get-transcript", Some(200)),
    ("levers-call-contact", Some(201)),
    ("levers-call-bulk", Some(201)),
    ("accept-bulk-item", None),
    // The samples are not signed.
    ("twilio-voice-answer", Some(403)),
    ("twilio-call-status", Some(403)),
    ("twilio-message-status", Some(403)),
    ("twilio-inbound-message", Some(403)),
    ("retell-webhook", Some(403)),
    ("retell-chat-webhook", Some(403)),
    ("telnyx-call-event", Some(403)),
    ("telnyx-message-status", Some(403)),
    ("telnyx-inbound-message", Some(403)),
    ("vapi-server-message", Some(403)),
    // This revokes the samples' own key, so it comes last.
    ("revoke-api-key", Some(200)),
];

fn sample(files: &[File], name: &str) -> Value {
    let path = format!("events/{name}.json");
    let file = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("there is no {path}"));
    serde_json::from_str(&file.text).unwrap()
}

/// Returns a deployment that contains only the local stack's organization, which owns the samples' key.
async fn app(key: &RawKey, limits: Limits) -> App {
    let (_, table) = resources("AWS::DynamoDB::Table").remove(0);
    let aws = SimulatedAws::new(1, "ringdown", &table["Properties"]);
    for queue in QueueName::ALL {
        let settings = QueueSettings { visibility_timeout: Duration::from_secs(180), dead_letter: None };
        aws.queues.create(queue.as_str(), settings);
    }
    let clock = Clock::of_runtime(Timestamp::from_milliseconds(START_MS));
    let table = Table::new(aws.dynamodb.clone(), "ringdown", clock, Entropy::seeded(1));
    local::seed::seed(&table, "http://127.0.0.1:3000").await.unwrap();
    let permissions = Permission::ALL.to_vec();
    let name = "samples".to_owned();
    let stored = ApiKey {
        name,
        permissions,
        created_at: table.now(),
        expires_at: None,
        revoked_at: None,
        limits,
        made_with: None,
        counted_with: Vec::new(),
    };
    table.put_api_key(key, &stored).await.unwrap();
    let url = |queue: QueueName| sqs::url(queue.as_str());
    let urls = QueueUrls {
        dispatch: url(QueueName::Dispatch),
        webhooks: url(QueueName::Webhooks),
        turns: url(QueueName::Turns),
        simulator: url(QueueName::Simulator),
        bulk: url(QueueName::Bulk),
    };
    let nobody = |_| async { panic!("nothing is delivered: the sample's log entry is not there yet") }.boxed();
    let egress = Egress::through(EgressPolicy::default(), std::sync::Arc::new(nobody));
    App::new(Store { table, queues: Queues::new(aws.sqs, urls, true) }, egress)
}

#[tokio::test(start_paused = true)]
async fn every_sample_event_is_taken_by_its_function() {
    let files = files();
    let authorization = sample(&files, "create-call")["headers"]["authorization"].as_str().unwrap().to_owned();
    let key = RawKey::parse(authorization.trim_start_matches("Bearer ")).expect("the samples' key is well-formed");
    let app = app(&key, Limits::default()).await;
    assert_eq!(STORY.len(), FUNCTIONS.len());
    for (name, status) in STORY {
        let function = find(name).unwrap();
        let event = sample(&files, name);
        if let Trigger::Http(route) = function.trigger {
            assert_eq!(event["routeKey"], format!("{} {}", route.method, route.path), "{name}");
        }
        let answer = invoke(&app, function, event).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        match (function.trigger, status) {
            (Trigger::Http(_), Some(status)) => assert_eq!(answer["statusCode"], status, "{name}: {}", answer["body"]),
            (Trigger::Queue { .. }, None) => assert_eq!(answer["batchItemFailures"], json!([]), "{name}"),
            (Trigger::Schedule { .. }, None) => assert_eq!(answer, json!({}), "{name}"),
            (trigger, status) => panic!("{name} is told as {status:?}, and woken by {trigger:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_route_refuses_a_key_that_has_used_up_its_requests() {
    let files = files();
    let authorization = sample(&files, "create-call")["headers"]["authorization"].as_str().unwrap().to_owned();
    let key = RawKey::parse(authorization.trim_start_matches("Bearer ")).unwrap();
    let app = app(&key, Limits { requests_per_minute: Some(0), calls_per_day: None }).await;
    for function in FUNCTIONS {
        let Trigger::Http(route) = function.trigger else { continue };
        if matches!(route.access, Access::Public(_) | Access::Signed { .. }) {
            continue;
        }
        let answer = invoke(&app, function, sample(&files, function.name)).await.unwrap();
        assert_eq!(answer["statusCode"], 429, "{}: {answer}", function.name);
        assert_eq!(answer["headers"]["ratelimit-policy"], "\"requests\";q=0;w=60", "{}: {answer}", function.name);
        assert!(answer["headers"]["retry-after"].is_string(), "{}: {answer}", function.name);
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let code = match route.dialect {
            Dialect::Native => body["error"]["code"].clone(),
            Dialect::Klen | Dialect::Verbex => body["error"].clone(),
            Dialect::Levers => {
                body["detail"].as_str().map(|detail| detail.split(':').next().into()).unwrap_or_default()
            }
        };
        let expected = if matches!(route.dialect, Dialect::Klen) { "rate_limit_exceeded" } else { "rate_limited" };
        assert_eq!(code, expected, "{}: {answer}", function.name);
    }
}

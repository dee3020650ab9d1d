//! Tests of least privilege from both sides. The requests of each function to AWS, in everything that the simulation
//! plays, must be exactly what its role in `template.yaml` allows.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{AgentId, ConversationId, Operation};
use domain::time::Span;
use functions::{FUNCTIONS, begin};
use serde_json::{Value, json};
use store::QueueName;

use super::{SEED, random, retention, run, scenarios};
use crate::harness::aws::faults::{Fault, Plan, Rate, Service};
use crate::harness::aws::grants::{self, KEY_USE};
use crate::harness::world::auditor::{Measure, Weather};
use crate::harness::world::{Ask, Reaction, World, simulate};
use crate::providers::every::roles;
use crate::tidy::resources;

/// Number of storms. They are enough to see the requests that only faults cause.
const STORMS: u64 = 20;

/// Wait in seconds until the use of a key is noted again.
const UNTIL_A_KEYS_USE_IS_NOTED_AGAIN_S: u64 = 3_601;

/// Actions that Lambda's poller performs with a consumer's role.
const POLLER: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

#[test]
fn every_role_allows_what_its_function_does_and_nothing_else() {
    for scenario in scenarios() {
        run(scenario, Plan::none(), Measure::of(Weather::Calm));
    }
    for seed in 0..STORMS {
        random::play(seed);
    }
    simulate(async {
        let world = World::new(SEED).await;
        world.runs(administers(&world)).await;
    });
    simulate(async {
        let world = World::new(SEED).await;
        world.enable_metering(100_000).await;
        world.runs(places_calls(&world)).await;
    });
    simulate(async {
        let world = World::new(SEED).await;
        what_is_rare_happens(&world).await;
    });
    roles::play(SEED);
    simulate(async {
        let world = World::new(SEED).await;
        begins(&world).await;
    });
    let (done, allowed) = (grants::noted(), allowed());
    let mut wrong = Vec::new();
    for function in FUNCTIONS {
        let Some(done) = done.get(function.name) else {
            wrong.push(format!("{} was never seen at work", function.name));
            continue;
        };
        let allowed = allowed.get(function.name).expect("the template declares it");
        // A role that may change any item may also note the use of a key.
        let more = |grant: &str| grant.strip_suffix(" lastUsedAt").is_some_and(|grant| allowed.contains(grant));
        let may = |grant: &&String| allowed.contains(*grant) || more(grant);
        wrong.extend(done.iter().filter(|grant| !may(grant)).map(|grant| format!("{} may not {grant}", function.name)));
        let unused = allowed.iter().filter(|grant| !done.contains(*grant));
        wrong.extend(unused.map(|grant| format!("{} may {grant}, and never does", function.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs the part of each function's process that comes before its first event. Functions that were never seen at work
/// are left out.
async fn begins(world: &World) {
    for function in FUNCTIONS {
        let was_seen = grants::noted().contains_key(function.name);
        if was_seen {
            grants::by(function.name, begin(&world.app, function)).await;
        }
    }
}

/// Returns the permissions of each function's role. Its own log and its poller's actions are left out, because other
/// tests check them.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let roles: BTreeMap<String, Value> = resources("AWS::IAM::Role").into_iter().collect();
    let of = |(id, function): (String, Value)| {
        let role = &roles[&format!("{}Role", id.strip_suffix("Function").unwrap())];
        let statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap();
        let grants: BTreeSet<String> = statements.iter().flat_map(statement_grants).collect();
        (function["Properties"]["Handler"].as_str().unwrap().to_owned(), grants)
    };
    resources("AWS::Serverless::Function").into_iter().map(of).collect()
}

fn statement_grants(statement: &Value) -> Vec<String> {
    let each = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let limit = match statement.get("Condition") {
        None => "",
        Some(condition) => {
            assert_eq!(*condition, json!({"ForAllValues:StringEquals": {"dynamodb:Attributes": KEY_USE}}));
            " lastUsedAt"
        }
    };
    let mut grants = Vec::new();
    for action in each(&statement["Action"]) {
        let action = action.as_str().unwrap().to_owned();
        if action.starts_with("logs:") || POLLER.contains(&action.as_str()) {
            continue;
        }
        for resource in each(&statement["Resource"]) {
            grants.push(format!("{action} {}{limit}", resource_name(&resource)));
        }
    }
    grants
}

/// Returns `Table` for `{"Fn::GetAtt": ["Table", "Arn"]}`, and `Table/index/due` for `{"Fn::Sub":
/// "${Table.Arn}/index/due"}`.
fn resource_name(resource: &Value) -> String {
    match (resource["Fn::GetAtt"][0].as_str(), resource["Fn::Sub"].as_str()) {
        (Some(id), _) => id.to_owned(),
        (None, Some(text)) if text.contains(":parameter${SecretsPrefix}/") => "Secrets".to_owned(),
        (None, Some(text)) => text.replace("${Table.Arn}", "Table"),
        (None, None) => panic!("no resource of the template: {resource}"),
    }
}

/// Sends a request at a time when the use of its key has to be noted again.
async fn asks(world: &World, function: &'static str, method: &'static str, path: &str, body: Value) -> Value {
    world.after_seconds(UNTIL_A_KEYS_USE_IS_NOTED_AGAIN_S).await;
    asks_now(world, function, method, path, body).await
}

async fn asks_now(world: &World, function: &'static str, method: &'static str, path: &str, body: Value) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let key = (method == "POST").then(|| format!("{function}-{}", world.now().as_milliseconds()));
    let body = if body.is_null() { None } else { Some(body) };
    let ask = Ask { function, method, path: path.to_owned(), query: query.to_owned(), body, key };
    let reply = world.asks(&ask).await.expect("it is answered");
    assert!((200..400).contains(&reply.status), "{function} was answered {}: {}", reply.status, reply.body);
    reply.body
}

/// Plays everything that a customer does beside holding conversations. Each request comes at least once while the key's
/// use has to be noted.
async fn administers(world: &World) {
    let gone = world.creates_webhook("gone.example.com", &["call.ended", "sms.message_sent"]).await.unwrap().id;
    world.receiver.behaves("gone.example.com", &[Reaction::Answers(410), Reaction::Answers(200)]);
    let call = world.creates_call("+15555550123", "the-call").await.unwrap().to_string();
    let since = world.now();
    reads_calls(world, &call).await;
    texts(world).await;
    let none = Value::Null;
    let hook = format!("/v1/webhooks/{gone}");
    asks(world, "list-webhooks", "GET", "/v1/webhooks", none.clone()).await;
    asks(world, "get-webhook", "GET", &hook, none.clone()).await;
    asks(world, "update-webhook", "PATCH", &hook, json!({"is_active": true})).await;
    let deliveries = asks(world, "list-webhook-deliveries", "GET", &format!("{hook}/deliveries"), none.clone()).await;
    let delivery = deliveries["data"][0]["id"].as_str().unwrap().to_owned();
    asks(world, "redeliver-webhook", "POST", &format!("{hook}/redeliver"), json!({"since": since.to_string()})).await;
    let again = format!("{hook}/deliveries/{delivery}/redeliver");
    asks(world, "redeliver-webhook-delivery", "POST", &again, none.clone()).await;
    asks(world, "rotate-webhook-secret", "POST", &format!("{hook}/rotate-secret"), json!({})).await;
    asks(world, "test-webhook", "POST", &format!("{hook}/test"), json!({})).await;
    asks(world, "delete-webhook", "DELETE", &hook, none.clone()).await;
    let another = json!({"url": "https://more.example.com/", "events": ["call.ended"]});
    asks(world, "create-webhook", "POST", "/v1/webhooks", another).await;
    let mut made = Value::Null;
    for _ in 0..2 {
        world.after_seconds(UNTIL_A_KEYS_USE_IS_NOTED_AGAIN_S).await;
        // The second request is a replay of the first.
        let (path, body) = ("/v1/api-keys".to_owned(), Some(json!({"name": "backend"})));
        let (query, key) = (String::new(), Some("a-key".to_owned()));
        made =
            world.asks(&Ask { function: "create-api-key", method: "POST", path, query, body, key }).await.unwrap().body;
    }
    asks(world, "list-api-keys", "GET", "/v1/api-keys", none.clone()).await;
    let key = made["data"]["id"].as_str().unwrap();
    asks(world, "revoke-api-key", "POST", &format!("/v1/api-keys/{key}/revoke"), json!({})).await;
    let agent = json!({"slug": "desk", "name": "Desk", "channel": "voice"});
    let made = asks(world, "create-agent", "POST", "/v1/agents", agent).await;
    let agent = format!("/v1/agents/{}", made["data"]["id"].as_str().unwrap());
    asks(world, "list-agents", "GET", "/v1/agents", none.clone()).await;
    asks(world, "get-agent", "GET", &agent, none.clone()).await;
    asks(world, "update-agent", "PATCH", &agent, json!({"name": "Front desk"})).await;
    let texter = AgentId::for_slug(&world.scope.organization, "texter");
    asks(world, "rotate-tool-secret", "POST", &format!("/v1/agents/{texter}/rotate-tool-secret"), json!({})).await;
    asks(world, "delete-agent", "DELETE", &agent, none.clone()).await;
    asks(world, "list-audit-entries", "GET", "/v1/audit", none.clone()).await;
    asks(world, "get-openapi", "GET", "/v1/openapi.json", none.clone()).await;
    let listed = "/v1/do-not-call/+15555550177";
    asks(world, "put-do-not-call", "PUT", listed, none.clone()).await;
    asks(world, "list-do-not-call", "GET", "/v1/do-not-call", none.clone()).await;
    asks(world, "delete-do-not-call", "DELETE", listed, none.clone()).await;
    let made = asks(world, "create-contact", "POST", "/v1/contacts", json!({"phoneNumber": "+15555550178"})).await;
    let contact = format!("/v1/contacts/{}", made["data"]["id"].as_str().unwrap());
    asks(world, "list-contacts", "GET", "/v1/contacts", none.clone()).await;
    asks(world, "get-contact", "GET", &contact, none.clone()).await;
    asks(world, "update-contact", "PATCH", &contact, json!({"lastName": "King"})).await;
}

async fn reads_calls(world: &World, call: &str) {
    let (none, path) = (Value::Null, format!("/v1/calls/{call}"));
    asks(world, "list-calls", "GET", "/v1/calls", none.clone()).await;
    asks(world, "get-call", "GET", &path, none.clone()).await;
    asks(world, "list-call-events", "GET", &format!("{path}/events"), none.clone()).await;
    asks(world, "get-call-recording", "GET", &format!("{path}/recording"), none.clone()).await;
    asks(world, "close-call", "POST", &format!("{path}/close"), json!({})).await;
    let body = json!({"from_number": "+15555550100", "to_number": "+15555550123"});
    let path = "/v1/calls/dial-outbound-phone-call";
    let dialled = asks(world, "verbex-dial-outbound-phone-call", "POST", path, body).await;
    let path = format!("/v1/phone-calls/{}", dialled["_id"].as_str().unwrap());
    asks(world, "verbex-get-phone-call", "GET", &path, none.clone()).await;
    asks(world, "verbex-get-recording", "GET", &format!("{path}/recording"), none.clone()).await;
    asks(world, "verbex-get-transcript", "GET", &format!("{path}/transcript"), none.clone()).await;
}

async fn texts(world: &World) {
    let none = Value::Null;
    // Twice between the same numbers, so that the second conversation closes the first.
    let opened = world.opens_sms("+15555550102", "first").await.unwrap();
    let mut path = format!("/v1/sms-conversations/{opened}");
    let body = json!({"agentSlug": "texter", "toNumber": "+15555550102", "welcomeMessage": "Hello again."});
    for _ in 0..2 {
        let made = asks(world, "create-sms-conversation", "POST", "/v1/sms-conversations", body.clone()).await;
        path = format!("/v1/sms-conversations/{}", made["data"]["conversationId"].as_str().unwrap());
        asks_now(world, "send-sms-message", "POST", &format!("{path}/messages"), json!({"content": "Me here."})).await;
        asks_now(world, "handback-sms-conversation", "POST", &format!("{path}/handback"), json!({})).await;
    }
    asks_now(world, "close-sms-conversation", "POST", &format!("{path}/close"), json!({})).await;
    asks(world, "list-sms-conversations", "GET", "/v1/sms-conversations", none.clone()).await;
    asks(world, "get-sms-conversation", "GET", &path, none.clone()).await;
    asks(world, "list-sms-events", "GET", &format!("{path}/events"), none.clone()).await;
    asks(world, "list-sms-messages", "GET", &format!("{path}/messages"), none.clone()).await;
}

/// Places calls over every API facade, for an organization that pays for them.
async fn places_calls(world: &World) {
    let to = "+15555550123";
    asks(world, "get-wallet", "GET", "/v1/wallet", Value::Null).await;
    asks(world, "list-wallet-entries", "GET", "/v1/wallet/entries", Value::Null).await;
    asks(world, "create-call", "POST", "/v1/calls", json!({"agentSlug": "reception", "toNumber": to})).await;
    let large = json!({"agentSlug": "reception", "toNumber": to, "metadata": {"large": "x".repeat(4_000)}});
    asks(world, "create-call", "POST", "/v1/calls", large).await;
    let body = json!({"phone_number": to, "agent_id": "reception"});
    asks(world, "klen-create-call", "POST", "/api/v1/calls", body).await;
    let body = json!({"from_number": "+15555550100", "to_number": to});
    asks(world, "verbex-dial-outbound-phone-call", "POST", "/v1/calls/dial-outbound-phone-call", body).await;
    let agent = AgentId::for_slug(&world.scope.organization, "reception");
    let body = json!({"numberToCall": to, "aiSettingsTemplateId": agent});
    asks(world, "levers-call-contact", "POST", "/ai/phone-calls/action/call", body).await;
    let numbers: Vec<String> = (0..102).map(|number| format!("+1555556{number:04}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    world.after_seconds(UNTIL_A_KEYS_USE_IS_NOTED_AGAIN_S).await;
    world.creates_bulk(&numbers[..2], "few").await;
    world.creates_bulk(&numbers, "many").await;
}

/// Plays events that only happen if something fails at the wrong moment. Workers only run if this function steps them.
async fn what_is_rare_happens(world: &World) {
    world.creates_webhook("hooks.example.com", &["sms.conversation_closed", "call.ended"]).await;
    // The table does not answer while the simulator reports, so the report is postponed.
    world.creates_call("+15555550123", "the-call").await;
    world.steps(QueueName::Dispatch).await;
    world.after_seconds(2).await;
    world.aws.gate.arm(Plan::none().with(Rate::new(Fault::FailBefore, 1_000).at_service(Service::DynamoDb)));
    world.steps(QueueName::Simulator).await;
    world.aws.gate.calm_down();
    // A sender dies, and the conversation is closed after its lease. From then on the message is searched for.
    let died = "+15555550190";
    world.aws.gate.arm(Plan::none().with(Rate::new(Fault::CrashBefore, 1_000).at_service(Service::Sqs)));
    assert!(world.asks(&Ask::texts(died, "died")).await.is_none());
    world.aws.gate.calm_down();
    world.after_seconds(61).await;
    let id = ConversationId::for_key(&world.scope, Operation::CreateSmsConversation, "died");
    asks_now(world, "close-sms-conversation", "POST", &format!("/v1/sms-conversations/{id}/close"), json!({})).await;
    // The provider does not answer whether it accepted a person's message.
    let id = world.opens_sms("+15555550105", "slow").await.unwrap();
    // The opening message of the conversation is found meanwhile.
    for queue in [QueueName::Simulator, QueueName::Turns, QueueName::Simulator, QueueName::Turns] {
        world.after_seconds(20).await;
        world.steps(queue).await;
    }
    let path = format!("/v1/sms-conversations/{id}");
    asks_now(world, "send-sms-message", "POST", &format!("{path}/messages"), json!({"content": "Me here."})).await;
    let quiet = world.opens_sms("+15555550191", "quiet").await.unwrap();
    let path = format!("/v1/sms-conversations/{quiet}/messages");
    asks_now(world, "send-sms-message", "POST", &path, json!({"content": "Me here."})).await;
    // A conversation is handed back long after its time was over, and no worker has looked at it.
    world.after_seconds(2_000).await;
    let (function, path) = ("handback-sms-conversation", format!("/v1/sms-conversations/{quiet}/handback"));
    let ask = Ask { function, method: "POST", path, query: String::new(), body: Some(json!({})), key: None };
    assert_eq!(world.asks(&ask).await.map(|reply| reply.status), Some(409));
    // The messages of a call are lost again and again.
    let until = json!({"notAfter": (world.now() + Span::hours(12)).to_string()});
    world.creates_call_with("+15555550124", "given-up", until).await;
    let restarts = || async {
        for _ in 0..10 {
            world.restarts().await;
            world.after_seconds(1_200).await;
        }
    };
    restarts().await;
    // The messages of another call are lost when it is to be forgotten.
    world.keeps_for_a_week().await;
    retention::holds_a_call(world, "forgotten").await;
    world.after_seconds(7 * 24 * 3_600).await;
    restarts().await;
}

//! Tests that every role allows what its function does and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use functions::route::{Access, Route};
use functions::{FUNCTIONS, Trigger};
use serde_json::{Value, json};

use super::resources;

const FUNCTION: &str = "AWS::Serverless::Function";
const ROLE: &str = "AWS::IAM::Role";
const LOG_GROUP: &str = "AWS::Logs::LogGroup";

/// Areas of the API by the beginning of their paths. The first that fits counts. The functions of an area share a log
/// group, because a group for each function would take up a fifth of the stack.
const AREAS: [(&str, &str); 15] = [
    ("/inbound/", "Callbacks"),
    ("/ai/", "Dialects"),
    ("/api/", "Dialects"),
    ("/v1/calls/dial-outbound-phone-call", "Dialects"),
    ("/v1/phone-calls/", "Dialects"),
    ("/v1/agents", "Administration"),
    ("/v1/api-keys", "Administration"),
    ("/v1/audit", "Administration"),
    ("/v1/calls", "Calls"),
    ("/v1/contacts", "Contacts"),
    ("/v1/do-not-call", "Contacts"),
    ("/v1/openapi.json", "Administration"),
    ("/v1/sms-conversations", "Sms"),
    ("/v1/wallet", "Administration"),
    ("/v1/webhooks", "Webhooks"),
];

/// Prefix of the deployment's parameter names.
const SECRETS: &str = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretsPrefix}";

/// Parameters that a function which talks to providers may read. The keys of models are not among them.
const ACCOUNTS: [&str; 3] = ["/organizations/*/providers/*", "/providers/*", "/public-url"];

/// Roles of the functions that ask models. They may read the models' keys too.
const ASK_MODELS: [&str; 2] = ["CreateSmsConversationRole", "RunSmsTurnRole"];

/// Returns `true` if a resource is a set of parameters that this role may read.
fn is_secrets(role: &str, resource: &Value) -> bool {
    let parameters: &[&str] = if ASK_MODELS.contains(&role) { &["/*"] } else { &ACCOUNTS };
    parameters.iter().any(|name| *resource == json!({"Fn::Sub": format!("{SECRETS}{name}")}))
}

/// Returns all statements of a role's policies.
fn statements(role: &Value) -> Vec<Value> {
    let policies = role["Properties"]["Policies"].as_array().expect("the role has policies");
    let statements = policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
    statements.cloned().collect()
}

/// Returns the elements of a list, or the value itself if it is no list.
fn each(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// Returns the id of the log group of a function's area. A function behind a queue or a schedule has a group of its own.
fn log_group(stem: &str, function: &Value) -> String {
    let area = match function["Properties"]["Events"]["Http"]["Properties"]["Path"].as_str() {
        Some(path) => {
            let area = AREAS.iter().find(|(prefix, _)| path.starts_with(prefix));
            area.unwrap_or_else(|| panic!("{path} belongs to no area: choose its log group")).1
        }
        None => stem,
    };
    format!("{area}Logs")
}

#[test]
fn every_function_has_a_role_of_its_own_and_the_log_group_of_its_area() {
    let (functions, roles, groups) = (resources(FUNCTION), resources(ROLE), resources(LOG_GROUP));
    let (mut used, mut written) = (BTreeSet::new(), BTreeSet::from(["ApiAccessLogs".to_owned()]));
    for (id, function) in &functions {
        let stem = id.strip_suffix("Function").unwrap();
        let (role, group) = (format!("{stem}Role"), log_group(stem, function));
        assert_eq!(function["Properties"]["Role"], json!({"Fn::GetAtt": [role, "Arn"]}), "{id}");
        assert_eq!(function["Properties"]["LoggingConfig"]["LogGroup"], json!({"Ref": group}), "{id}");
        assert!(roles.iter().any(|(other, _)| *other == role), "{id} has no role");
        used.insert(role);
        written.insert(group);
    }
    assert_eq!(used.len(), roles.len(), "a role belongs to no function");
    for (id, group) in &groups {
        assert!(!group["Properties"]["RetentionInDays"].is_null(), "{id} keeps its lines for ever");
    }
    let groups: BTreeSet<String> = groups.into_iter().map(|(id, _)| id).collect();
    assert_eq!(groups, written, "no function writes to a log group, or a function has none");
}

#[test]
fn a_role_may_do_exact_actions_on_exact_resources() {
    for (id, role) in resources(ROLE) {
        assert!(role["Properties"]["ManagedPolicyArns"].is_null(), "{id} has a managed policy");
        for statement in statements(&role) {
            assert_eq!(statement["Effect"], "Allow", "{id}");
            for action in each(&statement["Action"]) {
                assert!(!action.as_str().unwrap().contains('*'), "{id}: {action}");
            }
            for resource in each(&statement["Resource"]) {
                // Parameters have names below the deployment's own path, which the operator chooses.
                let is_secrets = is_secrets(&id, &resource);
                assert_eq!(is_secrets, each(&statement["Action"]) == [json!("ssm:GetParameters")], "{id}: {resource}");
                assert!(is_secrets || !resource.to_string().contains('*'), "{id}: {resource}");
                assert!(resource.is_object(), "{id}: {resource} is no resource of the template");
            }
        }
    }
}

#[test]
fn a_role_writes_to_the_log_group_of_its_function_only() {
    let functions: BTreeMap<String, Value> = resources(FUNCTION).into_iter().collect();
    for (id, role) in resources(ROLE) {
        let function = &functions[&format!("{}Function", id.strip_suffix("Role").unwrap())];
        let group = &function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"];
        let logs = statements(&role).into_iter().filter(|statement| {
            each(&statement["Action"])
                .iter()
                .any(|action| action.as_str().is_some_and(|name| name.starts_with("logs:")))
        });
        let resources: Vec<Value> = logs.map(|statement| statement["Resource"].clone()).collect();
        assert_eq!(resources, [json!({"Fn::GetAtt": [group, "Arn"]})], "{id}");
    }
}

/// Checks the permission to note the use of a key. Every function notes it for the key of its requests.
#[test]
fn every_function_that_takes_a_key_may_note_its_use() {
    let roles = resources(ROLE);
    for function in FUNCTIONS {
        let Trigger::Http(Route { access: Access::Key { .. }, .. }) = function.trigger else { continue };
        let functions = resources(FUNCTION);
        let declared = functions.iter().find(|(_, declared)| declared["Properties"]["Handler"] == function.name);
        let id = &declared.expect("the template declares it").0;
        let role = format!("{}Role", id.strip_suffix("Function").unwrap());
        let (_, role) = roles.iter().find(|(other, _)| *other == role).expect("it has a role");
        let may = statements(role).into_iter().any(|statement| {
            let actions = each(&statement["Action"]);
            actions.contains(&json!("dynamodb:UpdateItem"))
                && statement["Resource"] == json!({"Fn::GetAtt": ["Table", "Arn"]})
        });
        assert!(may, "{} may not note the use of a key", function.name);
    }
}

//! Tests of the promises that `template.yaml` makes to an operator.

use domain::measure::Measure;
use functions::route::Access;
use functions::{FUNCTIONS, Trigger};
use serde_json::{Value, json};

use super::{resources, root, table};

const FUNCTION: &str = "AWS::Serverless::Function";
const ALARM: &str = "AWS::CloudWatch::Alarm";

/// Highest number of resources of the stack. CloudFormation accepts 500.
const MOST_RESOURCES: usize = 400;

/// Description of a version behind an alias. It names every parameter that a function's settings come from: SAM does not
/// notice that a parameter has another value, but CloudFormation publishes a new version for a new description.
const SETTINGS: &str = "${Architecture}, ${MemorySize} MB, ${LogLevel}, ${Tracing}, ${SecretsPrefix}";

fn document() -> Value {
    local::template::yaml::parse(super::TEMPLATE).expect("the template is YAML")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("docs").join(name)).expect("there is a page")
}

#[test]
fn the_table_and_what_is_in_it_survive_the_stack() {
    let tables = resources("AWS::DynamoDB::Table");
    let [(_, table)] = tables.as_slice() else { panic!("there is one table") };
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        assert_eq!(table[policy], "Retain", "{policy}");
    }
    // The table has no fixed name, so a replacement can be created beside it.
    assert!(table["Properties"]["TableName"].is_null());
    assert_eq!(table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
}

#[test]
fn every_alarm_tells_somebody_and_has_its_steps_written_down() {
    let operating = page("operating.md");
    for (id, alarm) in resources(ALARM) {
        assert_eq!(alarm["Properties"]["AlarmActions"], json!([{"Ref": "AlarmTopic"}]), "{id}");
        assert!(operating.contains(&format!("`{id}`")), "docs/operating.md does not say what to do about {id}");
    }
}

#[test]
fn alarms_and_dashboard_show_what_the_functions_measure() {
    let namespace = json!({"Fn::Sub": "Ringdown/${AWS::StackName}"});
    for (id, alarm) in resources(ALARM) {
        let properties = &alarm["Properties"];
        if properties["Namespace"] == namespace {
            let known = Measure::ALL.iter().any(|measure| properties["MetricName"] == measure.as_str());
            assert!(known, "{id} waits for {}, which nobody measures", properties["MetricName"]);
        }
    }
    let dashboards = resources("AWS::CloudWatch::Dashboard");
    let [(_, dashboard)] = dashboards.as_slice() else { panic!("there is one dashboard") };
    let body = dashboard["Properties"]["DashboardBody"]["Fn::Sub"].as_str().expect("it is a text");
    let read: Value = serde_json::from_str(body).expect("it is JSON");
    assert!(read["widgets"].as_array().is_some_and(|widgets| widgets.len() >= 10));
    for measure in Measure::ALL {
        assert!(body.contains(&format!("\"{}\"", measure.as_str())), "nobody sees {}", measure.as_str());
    }
}

#[test]
fn every_route_that_asks_for_no_key_is_held_to_a_rate_and_no_other_is() {
    let apis = resources("AWS::Serverless::HttpApi");
    let [(_, api)] = apis.as_slice() else { panic!("there is one API") };
    let settings = api["Properties"]["RouteSettings"].as_object().expect("there are settings of routes");
    let mut held: Vec<&String> = settings.keys().collect();
    held.sort_unstable();
    let mut keyless: Vec<String> = FUNCTIONS
        .iter()
        .filter_map(|function| match function.trigger {
            Trigger::Http(route) => match route.access {
                Access::Public(_) | Access::Signed { .. } => Some(format!("{} {}", route.method, route.path)),
                Access::Key { .. } | Access::CallToken { .. } => None,
            },
            Trigger::Queue { .. } | Trigger::Schedule { .. } => None,
        })
        .collect();
    keyless.sort_unstable();
    assert_eq!(held, keyless.iter().collect::<Vec<_>>());
    for (route, limits) in settings {
        assert_eq!(limits["ThrottlingRateLimit"], json!({"Ref": "KeylessRequestsPerSecond"}), "{route}");
        assert_eq!(limits["ThrottlingBurstLimit"], json!({"Ref": "KeylessRequestsAtOnce"}), "{route}");
    }
}

#[test]
fn every_queue_has_an_alarm_for_its_age_and_for_its_dead_letters() {
    let alarms = resources(ALARM);
    let watched = |id: &str, metric: &str| {
        let name = json!({"Name": "QueueName", "Value": {"Fn::GetAtt": [id, "QueueName"]}});
        alarms.iter().any(|(_, alarm)| {
            let properties = &alarm["Properties"];
            properties["Dimensions"] == json!([name]) && properties["MetricName"] == metric
        })
    };
    for (id, queue) in resources("AWS::SQS::Queue") {
        let metric = match queue["Properties"]["RedrivePolicy"] {
            Value::Null => "ApproximateNumberOfMessagesVisible",
            _ => "ApproximateAgeOfOldestMessage",
        };
        assert!(watched(&id, metric), "{id}: nobody watches its {metric}");
    }
}

#[test]
fn tracing_is_asked_for_by_every_role_or_by_none() {
    let policies = resources("AWS::IAM::Policy");
    let [(_, tracing)] = policies.as_slice() else { panic!("tracing is the one policy that stands apart") };
    assert_eq!(tracing["Condition"], "IsTraced", "its resource is a wildcard: X-Ray knows no other");
    let roles: Vec<Value> = resources("AWS::IAM::Role").into_iter().map(|(id, _)| json!({"Ref": id})).collect();
    let mut listed = tracing["Properties"]["Roles"].as_array().expect("it names its roles").clone();
    listed.sort_by_key(Value::to_string);
    assert_eq!(listed, roles);
}

#[test]
fn what_calls_and_texts_go_through_is_replaced_bit_by_bit_where_asked() {
    let on_the_way =
        ["create-call", "create-sms-conversation", "deliver-webhook", "dispatch-call", "reconcile", "run-sms-turn"];
    let mut gradual = Vec::new();
    for (id, function) in resources(FUNCTION) {
        let preference = &function["Properties"]["DeploymentPreference"];
        if preference.is_null() {
            continue;
        }
        assert_eq!(function["Properties"]["AutoPublishAlias"], "live", "{id}");
        assert_eq!(function["Properties"]["AutoPublishAliasAllProperties"], true, "{id}");
        assert_eq!(function["Properties"]["VersionDescription"], json!({"Fn::Sub": SETTINGS}), "{id}");
        let alarms = preference["Alarms"].as_array().expect("alarms stop it");
        assert!((1..=10).contains(&alarms.len()), "{id}: CodeDeploy takes ten alarms");
        gradual.push(function["Properties"]["Handler"].as_str().unwrap().to_owned());
    }
    gradual.sort_unstable();
    assert_eq!(gradual, on_the_way);
}

#[test]
fn a_version_behind_an_alias_is_described_by_every_parameter_that_its_settings_come_from() {
    let document = document();
    let globals = document["Globals"]["Function"].to_string();
    let parameters = document["Parameters"].as_object().expect("there are parameters");
    for name in parameters.keys().filter(|name| globals.contains(&json!({"Ref": name}).to_string())) {
        assert!(
            SETTINGS.contains(&format!("${{{name}}}")),
            "another {name} would not reach the functions behind an alias"
        );
    }
}

#[test]
fn memory_and_concurrency_are_parameters_within_what_aws_accepts() {
    let document = document();
    let bounds = |value: &Value| {
        let parameter = &document["Parameters"][value["Ref"].as_str().expect("it is a parameter")];
        assert_eq!(parameter["Type"], "Number", "{value}");
        json!([parameter["MinValue"], parameter["MaxValue"]])
    };
    assert_eq!(bounds(&document["Globals"]["Function"]["MemorySize"]), json!([128, 10_240]));
    for (id, function) in resources(FUNCTION) {
        assert!(function["Properties"]["MemorySize"].is_null(), "{id} has another memory than the parameter's");
        let queue = &function["Properties"]["Events"]["Queue"];
        if !queue.is_null() {
            let concurrency = bounds(&queue["Properties"]["ScalingConfig"]["MaximumConcurrency"]);
            assert_eq!(concurrency, json!([2, 1_000]), "{id}");
        }
    }
}

#[test]
fn every_parameter_and_every_log_group_is_written_down() {
    let (deployment, operating) = (page("first-deployment.md"), page("operating.md"));
    let rows = table(&deployment, "## 2. Deploy");
    for name in document()["Parameters"].as_object().expect("there are parameters").keys() {
        let is_listed = rows.iter().any(|row| row[0].split(", ").any(|listed| listed == name));
        assert!(is_listed, "docs/first-deployment.md does not list the parameter {name}");
    }
    for (id, group) in resources("AWS::Logs::LogGroup") {
        let name = group["Properties"]["LogGroupName"]["Fn::Sub"].as_str().expect("it has a name");
        let name = name.replace("${AWS::StackName}", "<stack>");
        assert!(operating.contains(&format!("`{name}`")), "docs/operating.md does not say what is in {id}");
    }
}

/// Checks that the stack fits CloudFormation's limit with room for more functions. SAM makes several resources of one.
/// `scripts/count-resources` has SAM itself make them, for each kind of deployment; the most are made for a gradual one.
#[test]
fn the_stack_is_not_too_large_for_cloudformation() {
    let document = document();
    let made = |resource: &Value| {
        let properties = &resource["Properties"];
        let events =
            properties["Events"].as_object().into_iter().flatten().map(|(_, event)| match event["Type"].as_str() {
                // A schedule becomes a permission and a rule. Any other event becomes a permission.
                Some("Schedule") => 2,
                _ => 1,
            });
        // A version, an alias and a deployment group.
        let alias = if properties["AutoPublishAlias"].is_null() { 0 } else { 3 };
        let config = usize::from(!properties["EventInvokeConfig"].is_null());
        1 + events.sum::<usize>() + alias + config
    };
    let resources = document["Resources"].as_object().expect("there are resources");
    // The API's stage, and CodeDeploy's application and role.
    let all = resources.values().map(made).sum::<usize>() + 3;
    assert!(resources.len() > FUNCTIONS.len());
    assert!(all <= MOST_RESOURCES, "{all} resources");
}

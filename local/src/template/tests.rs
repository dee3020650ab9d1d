use std::time::Duration;

use super::*;
use crate::sample::TEMPLATE;

fn read(text: &str) -> Result<Template, Error> {
    Template::read(text, "us-east-1", &Names::new())
}

fn complaint(from: &str, to: &str) -> String {
    assert!(TEMPLATE.contains(from), "the sample has no `{from}`");
    read(&TEMPLATE.replace(from, to)).expect_err("the template is broken").to_string()
}

fn function<'a>(template: &'a Template, handler: &str) -> &'a Function {
    template.functions.iter().find(|function| function.handler == handler).expect("the function is declared")
}

#[test]
fn functions_routes_sources_and_schedules_are_read() {
    let template = read(TEMPLATE).expect("the sample is valid");
    let item = function(&template, "get-item");
    assert_eq!(item.timeout, Duration::from_secs(10));
    assert_eq!(item.triggers, [Trigger::Http(Route { method: "GET".into(), path: "/items/{id}".into() })]);
    let worker = function(&template, "work");
    assert_eq!(worker.timeout, Duration::from_secs(2));
    let source = QueueSource {
        queue: "JobsQueue".into(),
        batch_size: 10,
        batching_window: Duration::ZERO,
        reports_item_failures: true,
        maximum_concurrency: 4,
    };
    assert_eq!(worker.triggers, [Trigger::Queue(source)]);
    let tick = Schedule { name: "EveryMinute".into(), every: Duration::from_secs(60), input: None };
    assert_eq!(function(&template, "tick").triggers, [Trigger::Schedule(tick)]);
}

#[test]
fn queues_and_tables_are_read() {
    let template = read(TEMPLATE).expect("the sample is valid");
    let jobs = template.queues.iter().find(|queue| queue.id == "JobsQueue").expect("the queue is declared");
    assert_eq!(jobs.name, "ringdown-local-jobs");
    assert_eq!(jobs.visibility_timeout_s, 1);
    assert_eq!(jobs.redrive, Some(Redrive { queue: "JobsDeadLetters".into(), max_receive_count: 2 }));
    let [table] = template.tables.as_slice() else { panic!("one table") };
    assert_eq!(table.name, "ringdown-local-Table");
    assert_eq!(table.indexes.len(), 1);
    assert_eq!(table.indexes[0].included, ["nudges"]);
    assert_eq!(table.ttl_attribute.as_deref(), Some("expiresAt"));
}

#[test]
fn environments_join_globals_and_resolve_resources() {
    let template = read(TEMPLATE).expect("the sample is valid");
    let resources = [("Table", "t"), ("JobsQueue", "http://jobs")];
    let resources = resources.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let environments = template.environments(&resources).expect("everything is known");
    let work = &environments["work"];
    assert_eq!(work["TABLE_NAME"], "t");
    assert_eq!(work["JOBS_QUEUE_URL"], "http://jobs");
    assert_eq!(work["STAGE"], "local");
    assert!(!environments["tick"].contains_key("JOBS_QUEUE_URL"));
    let unknown = template.environments(&Names::new()).expect_err("nothing is known").to_string();
    assert!(unknown.contains("Environment.Variables."), "{unknown}");
}

#[test]
fn parameters_can_be_overridden() {
    let parameters = Names::from([("Stage".to_owned(), "other".to_owned())]);
    let template = Template::read(TEMPLATE, "us-east-1", &parameters).expect("the sample is valid");
    let resources = Names::from([("Table".to_owned(), "t".to_owned()), ("JobsQueue".to_owned(), "q".to_owned())]);
    assert_eq!(template.environments(&resources).expect("known")["tick"]["STAGE"], "other");
}

#[test]
fn errors_name_the_resource_and_the_property() {
    assert_eq!(complaint("Handler: tick", "Foo: tick"), "template.yaml: TickFunction: Handler: is missing",);
    assert_eq!(
        complaint("rate(1 minute)", "cron(0 * * * ? *)"),
        "template.yaml: TickFunction: Events.EveryMinute.Properties.Schedule: the local stack follows \
         rate(<n> minutes|hours|days) only: cron(0 * * * ? *)",
    );
    assert_eq!(
        complaint("Queue: !GetAtt JobsQueue.Arn", "Queue: !GetAtt OtherQueue.Arn"),
        "template.yaml: WorkFunction: Events: there is no queue OtherQueue",
    );
    assert_eq!(
        complaint("MaximumConcurrency: 4", "MaximumConcurrency: 1"),
        "template.yaml: WorkFunction: Events.Jobs.Properties.ScalingConfig.MaximumConcurrency: should be 2 to 1000",
    );
    assert_eq!(
        complaint("maxReceiveCount: 2", "maxReceiveCount: often"),
        "template.yaml: JobsQueue: RedrivePolicy.maxReceiveCount: should be a whole number: \"often\"",
    );
    assert_eq!(
        complaint("Type: HttpApi", "Type: Api"),
        "template.yaml: CreateItemFunction: Events.Api.Type: the local stack has no events of type Api",
    );
    assert_eq!(read("Foo: 1").expect_err("no resources").to_string(), "template.yaml: document: Resources: is missing");
}

//! Functions of the template: names, triggers and environments.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::reader::Reader;
use crate::Error;

/// Lambda's own default, if the template sets no timeout, in seconds.
const DEFAULT_TIMEOUT_S: u32 = 3;
/// Number of concurrent batches of one queue, if the template sets no `MaximumConcurrency`.
const DEFAULT_CONCURRENCY: u32 = 10;
/// Range that AWS accepts for `MaximumConcurrency`.
const CONCURRENCY_RANGE: std::ops::RangeInclusive<u32> = 2..=1000;
/// Range that AWS accepts for a batch of a standard queue. Values above ten need a batching window.
const BATCH_RANGE: std::ops::RangeInclusive<u32> = 1..=10_000;
/// Largest number of messages in one SQS receive.
const RECEIVE_MAX: u32 = 10;

/// Lambda function of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Logical id in the template.
    pub id: String,
    /// `Handler`: the function's name in the registry.
    pub handler: String,
    /// Time after which Lambda ends an invocation.
    pub timeout: Duration,
    /// Triggers of the function.
    pub triggers: Vec<Trigger>,
    pub(super) environment: BTreeMap<String, Value>,
}

/// Trigger of a function.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Request to a route of the HTTP API.
    Http(Route),
    /// Messages of a queue.
    Queue(QueueSource),
    /// Schedule with a fixed rate.
    Schedule(Schedule),
}

/// Route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Upper-case method, or `ANY`.
    pub method: String,
    /// Path with `{parameters}`.
    pub path: String,
}

/// Settings by which a queue is polled into batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// Logical id of the queue.
    pub queue: String,
    /// Largest number of messages in one batch.
    pub batch_size: u32,
    /// Time for which a batch may wait to fill.
    pub batching_window: Duration,
    /// `true` if the function reports the items that failed.
    pub reports_item_failures: bool,
    /// Largest number of concurrent batches.
    pub maximum_concurrency: u32,
}

/// Rate at which a function runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Name of the event in the template.
    pub name: String,
    /// Time between two runs.
    pub every: Duration,
    /// Event to send instead of EventBridge's own, if the template gives one.
    pub input: Option<Value>,
}

/// Reads an `AWS::Serverless::Function`, with the `Globals` that apply to it.
pub(super) fn read(id: &str, properties: &Value, globals: &Value) -> Result<Function, Error> {
    let own = Reader::new(id, "", properties);
    let shared = Reader::new("Globals", "Function", globals);
    let handler = own.required("Handler")?.text()?.to_owned();
    let timeout = match own.get("Timeout") {
        Some(timeout) => timeout.number()?,
        None => shared.number_or("Timeout", DEFAULT_TIMEOUT_S)?,
    };
    let mut environment = variables(&shared)?;
    environment.extend(variables(&own)?);
    let mut triggers = Vec::new();
    if let Some(events) = own.get("Events") {
        for (name, event) in events.entries()? {
            triggers.push(trigger(name, &event)?);
        }
    }
    Ok(Function { id: id.to_owned(), handler, timeout: seconds(timeout), triggers, environment })
}

fn variables(function: &Reader<'_>) -> Result<BTreeMap<String, Value>, Error> {
    let Some(variables) = function.get("Environment").and_then(|environment| environment.get("Variables")) else {
        return Ok(BTreeMap::new());
    };
    Ok(variables.entries()?.into_iter().map(|(name, value)| (name.to_owned(), value.value().clone())).collect())
}

fn trigger(name: &str, event: &Reader<'_>) -> Result<Trigger, Error> {
    let kind = event.required("Type")?;
    let properties = event.required("Properties")?;
    match kind.text()? {
        "HttpApi" => route(&properties).map(Trigger::Http),
        "SQS" => queue_source(&properties).map(Trigger::Queue),
        "Schedule" => schedule(name, &properties, "Schedule").map(Trigger::Schedule),
        "ScheduleV2" => schedule(name, &properties, "ScheduleExpression").map(Trigger::Schedule),
        other => Err(kind.error(format!("the local stack has no events of type {other}"))),
    }
}

fn route(properties: &Reader<'_>) -> Result<Route, Error> {
    let method = properties.required("Method")?.text()?.to_uppercase();
    let path = properties.required("Path")?;
    let text = path.text()?;
    if !text.starts_with('/') || text.contains("+}") {
        return Err(path.error(format!("should start with / and have no greedy parameter: {text}")));
    }
    Ok(Route { method: if method == "*" { "ANY".to_owned() } else { method }, path: text.to_owned() })
}

fn queue_source(properties: &Reader<'_>) -> Result<QueueSource, Error> {
    let window = properties.number_or("MaximumBatchingWindowInSeconds", 0)?;
    let batch_size = properties.number_or("BatchSize", RECEIVE_MAX)?;
    if !BATCH_RANGE.contains(&batch_size) || (batch_size > RECEIVE_MAX && window == 0) {
        return Err(properties
            .required("BatchSize")?
            .error("should be 1 to 10, or up to 10000 with a batching window"));
    }
    let mut maximum_concurrency = DEFAULT_CONCURRENCY;
    if let Some(scaling) = properties.get("ScalingConfig") {
        let maximum = scaling.required("MaximumConcurrency")?;
        maximum_concurrency = maximum.number()?;
        if !CONCURRENCY_RANGE.contains(&maximum_concurrency) {
            return Err(maximum.error("should be 2 to 1000"));
        }
    }
    let mut reports_item_failures = false;
    if let Some(types) = properties.get("FunctionResponseTypes") {
        for kind in types.list()? {
            match kind.text()? {
                "ReportBatchItemFailures" => reports_item_failures = true,
                other => return Err(kind.error(format!("unknown response type {other}"))),
            }
        }
    }
    Ok(QueueSource {
        queue: properties.required("Queue")?.arn_of()?,
        batch_size,
        batching_window: seconds(window),
        reports_item_failures,
        maximum_concurrency,
    })
}

fn schedule(name: &str, properties: &Reader<'_>, property: &str) -> Result<Schedule, Error> {
    let expression = properties.required(property)?;
    let every = rate(expression.text()?).map_err(|reason| expression.error(reason))?;
    let input = match properties.get("Input") {
        Some(input) => {
            Some(serde_json::from_str(input.text()?).map_err(|error| input.error(format!("is no JSON: {error}")))?)
        }
        None => None,
    };
    Ok(Schedule { name: name.to_owned(), every, input })
}

/// Parses `rate(5 minutes)`.
fn rate(expression: &str) -> Result<Duration, String> {
    let reason = || format!("the local stack follows rate(<n> minutes|hours|days) only: {expression}");
    let inner = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(reason)?;
    let (count, unit) = inner.trim().split_once(' ').ok_or_else(reason)?;
    let count: u32 = count.parse().map_err(|_| reason())?;
    let unit_s = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return Err(reason()),
    };
    if count == 0 {
        return Err(reason());
    }
    Ok(Duration::from_secs(u64::from(count) * unit_s))
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_everything_else_is_refused() {
        assert_eq!(rate("rate(1 minute)"), Ok(Duration::from_secs(60)));
        assert_eq!(rate("rate(2 hours)"), Ok(Duration::from_secs(7_200)));
        for refused in ["cron(0 * * * ? *)", "rate(0 minutes)", "rate(1 moment)", "rate(1)", "1 minute"] {
            assert!(rate(refused).is_err(), "{refused}");
        }
    }
}

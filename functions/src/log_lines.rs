//! Log of a deployed function: one line of JSON for each event on stdout, which Lambda collects. A line has no time and no
//! function name. CloudWatch adds the time, and the name of the log stream has the function's name.
//!
//! The metrics of an invocation are in a line of the same log, in CloudWatch's embedded metric format. CloudWatch extracts them
//! when it stores the line. No request is made for them, and a request that succeeds writes one line.

use std::error::Error as StdError;
use std::fmt::{Debug, Write as _};
use std::io::Write as _;

use domain::measure::{Measure, Unit};
use serde_json::{Map, Value, json};
use store::clock::Clock;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Target of the lines with metrics. They are kept at every log level, because alarms depend on them.
pub(crate) const MEASURED: &str = "measured";

/// Field with the metrics, as JSON.
const MEASURES: &str = "measures";

/// Field with the function's name. The line omits it, because each function has a log group of its own.
const FUNCTION: &str = "function";

/// Layer that writes each event as a line.
#[derive(Debug)]
struct Lines<W> {
    clock: Clock,
    namespace: String,
    writer: W,
}

/// Returns the log subscriber of a deployed function. Of dependencies, it keeps at most warnings and errors: at lower levels,
/// some log whole events and requests, with keys and message content.
pub fn subscriber<W>(level: LevelFilter, clock: Clock, namespace: String, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let ours = ["functions", "domain", "providers", "store"].map(|package| (package, level));
    let kept = Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(ours);
    let kept = kept.with_target(MEASURED, LevelFilter::INFO);
    tracing_subscriber::registry().with(kept).with(Lines { clock, namespace, writer })
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut line = Line(format!("{{\"level\":\"{}\"", event.metadata().level()));
        event.record(&mut line);
        let mut fields = Measures(None);
        event.record(&mut fields);
        if let Some(measures) = fields.0 {
            for (name, value) in &measures {
                line.put(name, value);
            }
            let now_ms = self.clock.now().as_milliseconds();
            line.put("_aws", &directive(&measures, now_ms, &self.namespace));
        }
        line.0.push_str("}\n");
        // A failure to write the log is ignored, because there is no other place to report it.
        self.writer.make_writer().write_all(line.0.as_bytes()).ok();
    }
}

/// Returns the directive that tells CloudWatch which fields of the line are metrics. The metrics have no dimension, because the
/// namespace belongs to the deployment.
fn directive(measures: &Map<String, Value>, now_ms: i64, namespace: &str) -> Value {
    let metric = |name: &String| {
        let unit = Measure::ALL.into_iter().find(|measure| measure.as_str() == name).map(Measure::unit);
        match unit {
            Some(Unit::Milliseconds) => json!({"Name": name, "Unit": "Milliseconds"}),
            Some(Unit::Count | Unit::Each) | None => json!({"Name": name}),
        }
    };
    let metrics: Vec<Value> = measures.keys().map(metric).collect();
    json!({
        "Timestamp": now_ms,
        "CloudWatchMetrics": [{"Namespace": namespace, "Dimensions": [[]], "Metrics": metrics}],
    })
}

/// Log line that is being written.
struct Line(String);

impl Line {
    fn put(&mut self, name: &str, value: &Value) {
        // Writing to a `String` cannot fail.
        write!(self.0, ",{}:{value}", Value::from(name)).ok();
    }
}

impl Visit for Line {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), &value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), &value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), &value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if ![MEASURES, FUNCTION].contains(&field.name()) {
            self.put(field.name(), &value.into());
        }
    }

    /// Records an error with the chain of its causes.
    fn record_error(&mut self, field: &Field, error: &(dyn StdError + 'static)) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            // Many errors already include the text of their cause.
            if !text.ends_with(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        self.put(field.name(), &text.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field.name(), &format!("{value:?}").into());
    }
}

/// Metrics of an event, if it has any.
struct Measures(Option<Map<String, Value>>);

impl Visit for Measures {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == MEASURES {
            self.0 = serde_json::from_str(value).ok();
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use store::StoreError;
    use store::clock::Clock;
    use tracing::level_filters::LevelFilter;

    use super::{MEASURED, subscriber};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns the lines that `work` logs at this level, parsed.
    fn logged(level: LevelFilter, work: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let namespace = "Ringdown/test".to_owned();
        let subscriber = subscriber(level, Clock::system(), namespace, move || writer.clone());
        tracing::subscriber::with_default(subscriber, work);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_flat_json_with_level_and_fields() {
        let lines = logged(LevelFilter::INFO, || {
            tracing::info!(target: "functions", status = 202, well = true, id = %"a \"b\"", "answered");
            tracing::info!(target: "hyper", "not ours");
            tracing::debug!(target: "functions", "too fine");
        });
        let [line] = lines.as_slice() else { panic!("one line: {lines:?}") };
        let expected = json!({"level": "INFO", "message": "answered", "status": 202, "well": true, "id": "a \"b\""});
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(line[name], *value, "{line}");
        }
    }

    #[test]
    fn what_was_measured_is_in_cloudwatchs_embedded_format_whatever_the_level() {
        let lines = logged(LevelFilter::ERROR, || {
            tracing::info!(target: MEASURED, measures = r#"{"Accepted":1,"TimeToRing":[5,6]}"#, "answered");
        });
        let [line] = lines.as_slice() else { panic!("one line: {lines:?}") };
        assert_eq!((&line["Accepted"], &line["TimeToRing"]), (&json!(1), &json!([5, 6])));
        let told = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(told["Namespace"], "Ringdown/test");
        assert_eq!(told["Dimensions"], json!([[]]));
        assert_eq!(told["Metrics"], json!([{"Name": "Accepted"}, {"Name": "TimeToRing", "Unit": "Milliseconds"}]));
        assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_700_000_000_000, "{line}");
        assert!(line["measures"].is_null(), "{line}");
    }

    #[derive(Debug)]
    struct Why;

    impl fmt::Display for Why {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("it is too long")
        }
    }

    impl std::error::Error for Why {}

    #[test]
    fn an_error_is_told_with_the_chain_of_its_causes() {
        let error = StoreError::corrupt("call", Box::new(Why) as Box<dyn std::error::Error + Send + Sync>);
        let lines = logged(LevelFilter::INFO, || {
            tracing::error!(target: "store", error = &error as &dyn std::error::Error, "request failed");
        });
        assert_eq!(lines[0]["error"], "a stored call cannot be read: it is too long");
    }
}

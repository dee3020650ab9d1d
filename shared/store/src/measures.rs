//! Metrics of an invocation. They are collected while it runs and written into its one log line. No request goes to
//! CloudWatch, and nothing waits for one.

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::measure::{Measure, Measured, Unit};

/// Largest number of values of a metric that CloudWatch takes in one line.
const MOST_VALUES: usize = 100;

tokio::task_local! {
    static GATHERED: RefCell<Measures>;
}

/// Metrics that were recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures(BTreeMap<Measure, Vec<i64>>);

impl Measures {
    /// Adds a value. Counts are summed. Of times, the first hundred are kept.
    fn add(&mut self, (measure, value): Measured) {
        let values = self.0.entry(measure).or_default();
        match measure.unit() {
            Unit::Count => match values.first_mut() {
                Some(sum) => *sum = sum.saturating_add(value),
                None => values.push(value),
            },
            Unit::Each | Unit::Milliseconds => {
                if values.len() < MOST_VALUES {
                    values.push(value);
                }
            }
        }
    }

    /// Returns the metrics as JSON: a number for a metric with one value, a list for one with several. Returns `None`
    /// if there are none.
    pub fn to_json(&self) -> Option<String> {
        let of = |(measure, values): (&Measure, &Vec<i64>)| {
            let texts: Vec<String> = values.iter().map(i64::to_string).collect();
            match texts.as_slice() {
                [one] => format!("\"{}\":{one}", measure.as_str()),
                several => format!("\"{}\":[{}]", measure.as_str(), several.join(",")),
            }
        };
        let fields: Vec<String> = self.0.iter().map(of).collect();
        if fields.is_empty() { None } else { Some(format!("{{{}}}", fields.join(","))) }
    }
}

/// Records a value of a metric for the current invocation. Outside an invocation the value is dropped.
pub fn measure(measure: Measure, value: i64) {
    // There is no place for the value outside an invocation, for example in the operator's command.
    GATHERED.try_with(|gathered| gathered.borrow_mut().add((measure, value))).ok();
}

/// Runs an invocation and returns its result together with its metrics.
pub async fn measured<T>(work: impl Future<Output = T>) -> (T, Measures) {
    let gathering = async {
        let done = work.await;
        (done, GATHERED.with(RefCell::take))
    };
    GATHERED.scope(RefCell::default(), gathering).await
}

#[cfg(test)]
mod tests {
    use domain::measure::Measure;

    use super::{MOST_VALUES, Measures, measure, measured};

    #[test]
    fn counts_are_added_up_and_times_are_kept() {
        let mut measures = Measures::default();
        assert_eq!(measures.to_json(), None);
        for value in [3, 4] {
            measures.add((Measure::Accepted, value));
            measures.add((Measure::TimeToRing, value));
        }
        measures.add((Measure::WebhookAttempts, 1));
        let json = r#"{"Accepted":7,"TimeToRing":[3,4],"WebhookAttempts":1}"#;
        assert_eq!(measures.to_json().as_deref(), Some(json));
        for value in 0..200 {
            measures.add((Measure::WebhookAge, value));
        }
        assert_eq!(measures.0[&Measure::WebhookAge].len(), MOST_VALUES);
    }

    #[tokio::test]
    async fn two_invocations_at_once_measure_each_its_own() {
        let invocation = |times: i64| async move {
            for _ in 0..times {
                measure(Measure::Dispatched, 1);
                tokio::task::yield_now().await;
            }
        };
        let (one, two) = tokio::join!(measured(invocation(1)), measured(invocation(2)));
        assert_eq!(one.1.to_json().as_deref(), Some(r#"{"Dispatched":1}"#));
        assert_eq!(two.1.to_json().as_deref(), Some(r#"{"Dispatched":2}"#));
        measure(Measure::Dispatched, 1);
    }
}

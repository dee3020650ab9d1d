//! Execution of functions as in Lambda. A function runs to its end even if its caller disconnects. It runs within its
//! timeout, and a panic ends only its own invocation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use store::clock::Clock;
use tokio::sync::watch;

use crate::template::Template;

/// Function that calls the handler with a given name and event.
pub type Invoke = Arc<dyn Fn(String, Value) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// Runner of functions.
#[derive(Clone)]
pub(crate) struct Runner {
    invoke: Invoke,
    clock: Clock,
    timeouts: Arc<BTreeMap<String, Duration>>,
    ids: Arc<AtomicU64>,
    running: Arc<watch::Sender<usize>>,
}

/// Count of an invocation, for as long as this value lives.
struct Running(Arc<watch::Sender<usize>>);

impl Running {
    fn start(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Runner {
    pub(crate) fn new(template: &Template, invoke: Invoke, clock: Clock) -> Self {
        let timeouts = template.functions.iter().map(|function| (function.handler.clone(), function.timeout));
        Self {
            invoke,
            clock,
            timeouts: Arc::new(timeouts.collect()),
            ids: Arc::default(),
            running: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Runs a function to its end, even if the caller disconnects in the meantime.
    pub(crate) async fn run(&self, function: &str, event: Value) -> Result<Value, String> {
        let timeout = self.timeouts.get(function).copied().unwrap_or(Duration::MAX);
        let running = Running::start(&self.running);
        let call = (self.invoke)(function.to_owned(), event);
        let task = tokio::spawn(async move {
            let result = tokio::time::timeout(timeout, call).await;
            drop(running);
            result
        });
        match task.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_elapsed)) => Err(format!("timed out after {} s", timeout.as_secs())),
            Err(error) if error.is_panic() => Err("panicked".to_owned()),
            Err(_cancelled) => Err("was cancelled".to_owned()),
        }
    }

    /// Returns the current time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().as_milliseconds()
    }

    /// Returns an id for a request or an event, unique within this stack.
    pub(crate) fn next_id(&self) -> String {
        let count = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("local-{:x}-{count}", self.now_ms())
    }

    /// Waits until no function runs.
    pub(crate) async fn idle(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        self.running.subscribe().wait_for(|count| *count == 0).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use serde_json::json;
    use tokio::sync::Notify;

    use super::*;
    use crate::sample;
    use crate::template::Names;

    fn runner(invoke: Invoke) -> Runner {
        let template = Template::read(sample::TEMPLATE, "us-east-1", &Names::new()).expect("the sample is valid");
        Runner::new(&template, invoke, Clock::system())
    }

    #[tokio::test]
    async fn a_panic_ends_its_own_invocation_only() {
        let runner = runner(Arc::new(|_, event| {
            async move { if event == json!("bad") { panic!("planted") } else { Ok(event) } }.boxed()
        }));
        assert_eq!(runner.run("work", json!("bad")).await, Err("panicked".to_owned()));
        assert_eq!(runner.run("work", json!("good")).await, Ok(json!("good")));
    }

    #[tokio::test]
    async fn an_invocation_outlives_its_caller() {
        let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let inner = (Arc::clone(&go), Arc::clone(&done));
        let runner = runner(Arc::new(move |_, _| {
            let (go, done) = inner.clone();
            async move {
                go.notified().await;
                done.notify_one();
                Ok(Value::Null)
            }
            .boxed()
        }));
        {
            let call = runner.run("work", Value::Null);
            futures::pin_mut!(call);
            assert!(call.as_mut().now_or_never().is_none(), "the call is under way");
        }
        go.notify_one();
        done.notified().await;
        runner.idle().await;
    }

    #[tokio::test]
    async fn an_invocation_ends_at_its_functions_timeout() {
        let runner = runner(Arc::new(|_, _| futures::future::pending().boxed()));
        assert_eq!(runner.run("work", Value::Null).await, Err("timed out after 2 s".to_owned()));
    }
}

//! Consumers and schedule: they invoke the functions in virtual time.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use functions::{find, invoke};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use local::events::scheduled_event;
use serde_json::Value;
use store::QueueName;
use tokio::time::{sleep, timeout};

use super::{World, deployment};
use crate::harness::aws::REGION;
use crate::harness::aws::clock::START_MS;
use crate::harness::aws::gate::Ended;
use crate::harness::aws::grants;
use crate::harness::aws::lambda::{queue_event, settle};
use crate::harness::aws::queue::Message;

/// Period of the schedule.
const MINUTE_MS: i64 = 60_000;
/// Longest run in virtual time. A world that is not quiet by then is a finding. The longest retries of a webhook take
/// three and a half days.
const HORIZON: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Highest number of rounds of the loop in [`World::runs`]. No scenario needs more, so exceeding it is a finding.
const MOST_TURNS: usize = 20_000;

/// Behaviour of the consumers and of the schedule.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    /// Number of batches of one queue that are in flight at once.
    pub(crate) concurrency: usize,
    /// Highest number of messages in a batch, if the template does not allow fewer.
    pub(crate) batch_size: usize,
    /// Time before which `reconcile` does not run.
    pub(crate) reconciler_sleeps_until_ms: i64,
    /// Number of parallel runs of `reconcile` at each full minute.
    pub(crate) reconcilers: usize,
}

impl Default for Habits {
    fn default() -> Self {
        Self { concurrency: 4, batch_size: 10, reconciler_sleeps_until_ms: 0, reconcilers: 1 }
    }
}

/// Kind of an invocation that has finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Woken {
    Consumer(QueueName),
    Schedule,
}

/// Invocations in flight.
#[derive(Default)]
struct Workers<'a> {
    at_work: FuturesUnordered<LocalBoxFuture<'a, Woken>>,
    counts: BTreeMap<Woken, usize>,
    reconciled_at_ms: i64,
}

impl World {
    /// Plays a scenario while consumers and schedule run, until nothing is left to do. That means no message, no
    /// pending action, and no invocation in flight.
    pub(crate) async fn runs(&self, play: impl Future<Output = ()>) {
        let mut play = pin!(play.fuse());
        let (mut played, mut turns) = (false, 0);
        let mut workers = Workers { reconciled_at_ms: self.aws.clock.now_ms(), ..Workers::default() };
        loop {
            self.wakes_consumers(&mut workers);
            self.wakes_schedule(&mut workers);
            let wake_in = self.next_wake(&workers);
            if played && workers.at_work.is_empty() && wake_in.is_none() {
                return;
            }
            turns += 1;
            if self.aws.clock.elapsed() > HORIZON || turns > MOST_TURNS {
                self.finds(format!("no end in sight after {:?} and {turns} turns", self.aws.clock.elapsed()));
                return;
            }
            tokio::select! {
                biased;
                () = &mut play, if !played => played = true,
                Some(woken) = workers.at_work.next(), if !workers.at_work.is_empty() => workers.rest(woken),
                () = self.aws.queues.arrival() => {}
                () = self.history.changes() => {}
                () = sleep(wake_in.unwrap_or_default()), if wake_in.is_some() => {}
            }
        }
    }

    /// Invokes the consumer of one queue once, with the messages that are visible now. Returns the number of messages.
    pub(crate) async fn steps(&self, queue: QueueName) -> usize {
        let messages = self.aws.queues.receive(queue.as_str(), deployment::queue(queue).batch_size);
        let count = messages.len();
        if count > 0 {
            self.consumes(queue, messages).await;
        }
        count
    }

    fn wakes_consumers<'a>(&'a self, workers: &mut Workers<'a>) {
        let habits = self.habits.borrow().clone();
        for queue in QueueName::ALL {
            while workers.count(Woken::Consumer(queue)) < habits.concurrency {
                let at_most = deployment::queue(queue).batch_size.min(habits.batch_size);
                let messages = self.aws.queues.receive(queue.as_str(), at_most);
                if messages.is_empty() {
                    break;
                }
                workers.starts(Woken::Consumer(queue), self.consumes(queue, messages).boxed_local());
            }
        }
    }

    async fn consumes(&self, queue: QueueName, messages: Vec<Message>) -> Woken {
        let event = queue_event(queue.as_str(), &messages);
        let answer = self.wakes(deployment::queue(queue).consumer, event).await;
        settle(&self.aws.queues, queue.as_str(), &messages, answer.as_ref());
        Woken::Consumer(queue)
    }

    /// Runs a function. Returns `None` if it died, failed or timed out.
    async fn wakes(&self, name: &'static str, event: Value) -> Option<Value> {
        let work = invoke(&self.app, find(name).unwrap(), event);
        let work = grants::by(name, AssertUnwindSafe(work).catch_unwind());
        match timeout(deployment::timeout(name), self.aws.gate.invocation(work)).await {
            Ok(Ended::Finished(Ok(Ok(answer)))) => Some(answer),
            Ok(Ended::Finished(Ok(Err(_)) | Err(_)) | Ended::Crashed(_)) | Err(_) => None,
        }
    }

    /// Runs `reconcile` at every full minute at which an action is due. At any other minute it would change nothing.
    fn wakes_schedule<'a>(&'a self, workers: &mut Workers<'a>) {
        let now_ms = self.aws.clock.now_ms();
        if self.next_schedule_ms(workers).is_some_and(|at_ms| at_ms <= now_ms) {
            workers.reconciled_at_ms = now_ms;
            for _ in 0..self.habits.borrow().reconcilers {
                workers.starts(Woken::Schedule, self.reconciles().boxed_local());
            }
        }
    }

    async fn reconciles(&self) -> Woken {
        let now_ms = self.aws.clock.now_ms();
        let event = scheduled_event("EveryMinute", &format!("run-{now_ms}"), REGION, now_ms);
        self.wakes("reconcile", event).await;
        Woken::Schedule
    }

    /// Simulates a restart of the local stack after a crash. Its queues are in memory and lost, and the schedule runs
    /// at once.
    pub(crate) async fn restarts(&self) {
        for queue in QueueName::ALL {
            self.aws.queues.lose_everything(queue.as_str());
        }
        self.reconciles().await;
    }

    /// Returns the next full minute at which `reconcile` finds a due action.
    fn next_schedule_ms(&self, workers: &Workers<'_>) -> Option<i64> {
        let due_ms = self.history.next_due_ms()?;
        let sleeps_until_ms = self.habits.borrow().reconciler_sleeps_until_ms;
        let earliest_ms = due_ms.max(workers.reconciled_at_ms + 1).max(sleeps_until_ms);
        Some(START_MS + (earliest_ms - START_MS + MINUTE_MS - 1).div_euclid(MINUTE_MS) * MINUTE_MS)
    }

    /// Returns the time until the next message or schedule run that needs a new invocation.
    fn next_wake(&self, workers: &Workers<'_>) -> Option<Duration> {
        let concurrency = self.habits.borrow().concurrency;
        let free = QueueName::ALL.into_iter().filter(|queue| workers.count(Woken::Consumer(*queue)) < concurrency);
        let visible = free.filter_map(|queue| self.aws.queues.next_visible_at_ms(queue.as_str()));
        let next_ms = visible.chain(self.next_schedule_ms(workers)).min()?;
        Some(Duration::from_millis(u64::try_from(next_ms - self.aws.clock.now_ms()).unwrap_or(0)))
    }
}

impl<'a> Workers<'a> {
    fn count(&self, woken: Woken) -> usize {
        self.counts.get(&woken).copied().unwrap_or(0)
    }

    fn starts(&mut self, woken: Woken, work: LocalBoxFuture<'a, Woken>) {
        *self.counts.entry(woken).or_default() += 1;
        self.at_work.push(work);
    }

    fn rest(&mut self, woken: Woken) {
        if let Some(count) = self.counts.get_mut(&woken) {
            *count -= 1;
        }
    }
}

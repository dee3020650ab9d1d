//! Schedules. Each runs once at the start, then at its rate.

use tokio::time::{MissedTickBehavior, interval};

use crate::events::scheduled_event;
use crate::lambda::Runner;
use crate::stop::Stop;
use crate::template::Schedule;

/// Runs a schedule until the stop is requested. A running invocation is finished.
pub(crate) async fn run(schedule: Schedule, function: String, region: String, runner: Runner, mut stop: Stop) {
    let mut ticks = interval(schedule.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.asked() => break,
            _ = ticks.tick() => {}
        }
        let event = match &schedule.input {
            Some(input) => input.clone(),
            None => scheduled_event(&schedule.name, &runner.next_id(), &region, runner.now_ms()),
        };
        if let Err(error) = runner.run(&function, event).await {
            tracing::error!(function, error, "the scheduled run failed");
        }
    }
}

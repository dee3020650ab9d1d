//! Backoff between retries: full jitter within a time budget.

use std::time::Duration;

use domain::time::{Span, Timestamp};

use crate::clock::Clock;

const FIRST_MS: u64 = 20;
const LONGEST_MS: u64 = 1_000;

/// Series of waits until a time budget is spent. Each wait is random, up to a bound that doubles.
pub(crate) struct Backoff<'a> {
    clock: &'a Clock,
    deadline: Timestamp,
    bound_ms: u64,
}

impl<'a> Backoff<'a> {
    pub(crate) fn new(clock: &'a Clock, budget_ms: u64) -> Self {
        let budget = Span::milliseconds(u32::try_from(budget_ms).unwrap_or(u32::MAX));
        Self { clock, deadline: clock.now() + budget, bound_ms: FIRST_MS }
    }

    /// Waits before the next try. Returns `false` at once if the budget is spent.
    pub(crate) async fn wait(&mut self) -> bool {
        if self.clock.now() >= self.deadline {
            return false;
        }
        // The SDK draws its own jitter from the same generator, so that one seed fixes both.
        tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=self.bound_ms))).await;
        self.bound_ms = (self.bound_ms * 2).min(LONGEST_MS);
        true
    }
}

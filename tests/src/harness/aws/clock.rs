//! Clock of the simulation: tokio's paused clock, read as a time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use dynoxide::storage_backend::Clock;
use tokio::time::Instant;

/// Start of every simulation, 2027-01-01T00:00:00Z. The fixed start makes times in failure reports comparable between
/// runs.
pub const START_MS: i64 = 1_798_761_600_000;

/// Virtual clock. It moves only while every task of the runtime waits.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    start: Instant,
}

impl VirtualClock {
    /// Starts the clock now. The runtime must be paused (`start_paused`), otherwise the clock would read real time.
    #[expect(clippy::disallowed_methods, reason = "the simulation's clock is tokio's, and this is its one reader")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Returns the virtual time since the start.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Returns the time of day in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        START_MS + i64::try_from(self.elapsed().as_millis()).expect("no simulation lasts that long")
    }
}

impl TimeSource for VirtualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(START_MS.unsigned_abs()) + self.elapsed()
    }
}

impl Clock for VirtualClock {
    fn now_unix_secs(&self) -> u64 {
        self.now_ms().unsigned_abs() / 1000
    }

    fn now_unix_secs_f64(&self) -> f64 {
        Duration::from_millis(self.now_ms().unsigned_abs()).as_secs_f64()
    }
}

//! Clock. This is the one module that reads the time.

use domain::time::Timestamp;
use tokio::time::Instant;

/// Source of the current time. Code that needs the time receives one.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Runtime { epoch: Timestamp, started: Instant },
}

impl Clock {
    /// Returns the machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Returns a clock that shows `epoch` now and advances with the runtime's clock, which tests pause and advance.
    #[expect(clippy::disallowed_methods, reason = "this is the module that reads the clock")]
    pub fn of_runtime(epoch: Timestamp) -> Self {
        Self(Source::Runtime { epoch, started: Instant::now() })
    }

    /// Returns the current time.
    #[expect(clippy::disallowed_methods, reason = "this is the module that reads the clock")]
    pub fn now(&self) -> Timestamp {
        let milliseconds = match &self.0 {
            Source::System => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |elapsed| elapsed.as_millis()),
            Source::Runtime { epoch, started } => {
                let elapsed = Instant::now().duration_since(*started).as_millis();
                elapsed + u128::try_from(epoch.as_milliseconds()).unwrap_or(0)
            }
        };
        Timestamp::from_milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX))
    }
}

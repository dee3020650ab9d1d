//! The one module that reads a clock.

use domain::time::Timestamp;
use tokio::time::Instant;

/// Tells the time. Everything that needs it is given one.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Runtime { epoch: Timestamp, started: Instant },
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `epoch` now and goes on with the runtime's, which tests pause and advance.
    #[expect(clippy::disallowed_methods, reason = "this is the module that reads the clock")]
    pub fn of_runtime(epoch: Timestamp) -> Self {
        Self(Source::Runtime { epoch, started: Instant::now() })
    }

    /// Now.
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

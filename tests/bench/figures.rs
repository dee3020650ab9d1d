//! Measured times, figures made of them, and the table that shows them.

use std::fmt;
use std::time::{Duration, Instant};

/// Reads the stopwatch.
#[expect(clippy::disallowed_methods, reason = "what is measured here is real time, and nothing else depends on it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Measured times in ascending order.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        let place = self.0.partition_point(|known| *known < time);
        self.0.insert(place, time);
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// Returns the time that this percentage of all times does not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }

    /// Returns the shortest and the longest time as text.
    pub(crate) fn range(&self) -> String {
        let text = |time: Option<&Duration>| milliseconds(time.copied().unwrap_or_default());
        format!("{} to {}", text(self.0.first()), text(self.0.last()))
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

/// Figure with its target.
pub(crate) struct Target {
    measured: String,
    target: String,
    met: Option<bool>,
    about: String,
}

impl Target {
    /// Creates a time with its upper limit.
    pub(crate) fn time(measured: Duration, target: Duration) -> Self {
        Self::new(milliseconds(measured), milliseconds(target), measured <= target)
    }

    /// Creates a size in megabytes with its upper limit.
    pub(crate) fn megabytes(measured: f64, target: f64) -> Self {
        Self::new(format!("{measured:.1} MB"), format!("{target:.1} MB"), measured <= target)
    }

    /// Creates a count with its upper limit.
    pub(crate) fn count(measured: f64, target: f64) -> Self {
        Self::new(format!("{measured:.2}"), format!("{target:.0}"), measured <= target)
    }

    /// Creates a time that is shown without a target.
    pub(crate) fn none_of(measured: Duration) -> Self {
        Self { measured: milliseconds(measured), target: String::new(), met: None, about: String::new() }
    }

    /// Adds a remark.
    pub(crate) fn about(self, about: String) -> Self {
        Self { about, ..self }
    }

    fn new(measured: String, target: String, met: bool) -> Self {
        Self { measured, target: format!("<= {target}"), met: Some(met), about: String::new() }
    }
}

/// Table of all figures.
#[derive(Default)]
pub(crate) struct Report(Vec<(&'static str, Target)>);

impl Report {
    pub(crate) fn figure(&mut self, name: &'static str, target: Target) {
        self.0.push((name, target));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, Target { measured, target, met, about }) in &self.0 {
            let met = match met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            };
            let line = format!("{name:<35}{measured:>10}  {target:<12}{met:<8}{about}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

//! Limits of a call: its ring time and its duration.

use serde::{Deserialize, Serialize};

/// Longest ring time and duration of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Longest ring time, in seconds. The provider enforces it.
    pub ring_seconds: u32,
    /// Longest duration after the answer, in seconds. The provider enforces it.
    pub max_duration_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ring_seconds: 45, max_duration_seconds: 1_800 }
    }
}

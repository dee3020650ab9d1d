//! The limits of a call: how long it may ring and last.

use serde::{Deserialize, Serialize};

/// How long a call may ring and last, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The provider lets it ring no longer.
    pub ring_seconds: u32,
    /// The provider lets it last no longer.
    pub max_duration_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ring_seconds: 45, max_duration_seconds: 1_800 }
    }
}

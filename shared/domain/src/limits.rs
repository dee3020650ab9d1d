//! Limits of a call: its ring time and its duration.

use serde::{Deserialize, Serialize};

/// Longest ring time and duration of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentLimits))]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Longest ring time, in seconds. The provider enforces it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 5, maximum = 120, default = 45))]
    pub ring_seconds: u32,
    /// Longest duration after the answer, in seconds. The provider enforces it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 30, maximum = 7200, default = 1800))]
    pub max_duration_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ring_seconds: 45, max_duration_seconds: 1_800 }
    }
}

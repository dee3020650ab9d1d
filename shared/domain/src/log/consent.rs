//! What the events of a customer's opt-out and opt-in carry.

use serde::{Deserialize, Serialize};

use crate::ids::Channel;
use crate::phone::PhoneNumber;

/// The data of `contact.opt_out` and `contact.opt_in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// Whose wish it is.
    pub phone_number: PhoneNumber,
    /// Where it was said.
    pub channel: Channel,
    /// How we know: `analysis`, `keyword`, `carrier`.
    pub source: String,
    /// The keyword.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
}

//! Data of the events about a customer's opt-out and opt-in.

use serde::{Deserialize, Serialize};

use crate::ids::Channel;
use crate::phone::PhoneNumber;

/// Data of the events `contact.opt_out` and `contact.opt_in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// Number of the customer, in E.164.
    pub phone_number: PhoneNumber,
    /// Channel on which the customer opted out or in.
    pub channel: Channel,
    /// Source of the information: `analysis`, `keyword` or `carrier`.
    pub source: String,
    /// Keyword that the customer sent; absent if the source is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
}

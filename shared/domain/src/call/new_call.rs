//! Data of a call at acceptance.

use super::Window;
use crate::agent::AgentRef;
use crate::ids::{ContactId, ConversationId, Scope};
use crate::limits::Limits;
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::retention::Retention;
use crate::wallet::Hold;

/// Data from which an accepted call is created.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// Id of the conversation.
    pub id: ConversationId,
    /// Organization and mode that the call belongs to.
    pub scope: Scope,
    /// Fingerprint of the request.
    pub fingerprint: String,
    /// Agent that holds the conversation.
    pub agent: AgentRef,
    /// Provider that places the call.
    pub provider: Provider,
    /// Number to call, in E.164.
    pub to: PhoneNumber,
    /// Calling number, in E.164.
    pub from: PhoneNumber,
    /// Window in which the call may be dialled.
    pub window: Window,
    /// Longest ring time and duration.
    pub limits: Limits,
    /// Id of the contact that the call is made for, if there is one.
    pub contact: Option<ContactId>,
    /// Authorization hold on the wallet, if the organization is metered.
    pub hold: Option<Hold>,
    /// Retention of the call's data; `None` if it is kept for good.
    pub retention: Option<Retention>,
    /// Id of the request that the call is accepted for.
    pub request_id: Option<String>,
}

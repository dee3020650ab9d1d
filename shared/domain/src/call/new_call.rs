//! What a call is made of.

use super::Window;
use crate::agent::AgentRef;
use crate::ids::{ContactId, ConversationId, Scope};
use crate::limits::Limits;
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::retention::Retention;
use crate::wallet::Hold;

/// What a call is made of, at acceptance.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// Its id.
    pub id: ConversationId,
    /// Whose it is.
    pub scope: Scope,
    /// The fingerprint of its request.
    pub fingerprint: String,
    /// Who holds it.
    pub agent: AgentRef,
    /// Who places it.
    pub provider: Provider,
    /// The called number.
    pub to: PhoneNumber,
    /// The calling number.
    pub from: PhoneNumber,
    /// When it may be dialled.
    pub window: Window,
    /// How long it may ring and last.
    pub limits: Limits,
    /// The contact it is made for.
    pub contact: Option<ContactId>,
    /// What the wallet is to hold for it.
    pub hold: Option<Hold>,
    /// For how long what it brings is kept.
    pub retention: Option<Retention>,
    /// The request that it is accepted for.
    pub request_id: Option<String>,
}

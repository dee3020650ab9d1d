//! Objections to contacting a customer. They are judged when an action is claimed, by data that was read right before.

use crate::end_reason::EndReason;

/// Objections to contacting a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Objections {
    /// `true` if the customer is on the do-not-call list. This is only a first look: the transaction of the claim checks
    /// that no entry was added since.
    pub suppressed: bool,
    /// `true` if the organization is suspended.
    pub suspended: bool,
    /// `true` if the organization does not own the calling or sending number any more.
    pub number_lost: bool,
}

impl Objections {
    /// No objection.
    pub const NONE: Self = Self { suppressed: false, suspended: false, number_lost: false };

    /// Objection that the customer is on the do-not-call list.
    pub const SUPPRESSED: Self = Self { suppressed: true, ..Self::NONE };

    /// Objection that the organization is suspended.
    pub const SUSPENDED: Self = Self { suspended: true, ..Self::NONE };

    /// Objection that the number was taken from the organization.
    pub const NUMBER_LOST: Self = Self { number_lost: true, ..Self::NONE };

    /// All reasons with which an objection can end a conversation.
    pub const REASONS: [EndReason; 3] =
        [EndReason::ORGANIZATION_SUSPENDED, EndReason::NUMBER_NOT_OWNED, EndReason::DO_NOT_CALL];

    /// Returns the reason with which the conversation has to end; `None` if there is no objection.
    pub fn reason(self) -> Option<EndReason> {
        if self.suspended {
            Some(EndReason::ORGANIZATION_SUSPENDED)
        } else if self.number_lost {
            Some(EndReason::NUMBER_NOT_OWNED)
        } else {
            self.suppressed.then_some(EndReason::DO_NOT_CALL)
        }
    }
}

//! Objections to contacting a customer: judged when something is claimed, by what was read right before.

use crate::end_reason::EndReason;

/// What stands against contacting a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Objections {
    /// The customer is on the do-not-call list. What is read of it is a first look: the claim's own transaction checks
    /// that no entry has come since.
    pub suppressed: bool,
    /// The organization is suspended.
    pub suspended: bool,
    /// The number that calls or texts is not the organization's any more.
    pub number_lost: bool,
}

impl Objections {
    /// Nothing stands against it.
    pub const NONE: Self = Self { suppressed: false, suspended: false, number_lost: false };

    /// The customer is on the do-not-call list.
    pub const SUPPRESSED: Self = Self { suppressed: true, ..Self::NONE };

    /// The organization is suspended.
    pub const SUSPENDED: Self = Self { suspended: true, ..Self::NONE };

    /// The number was taken from the organization.
    pub const NUMBER_LOST: Self = Self { number_lost: true, ..Self::NONE };

    /// Every reason that an objection ends a conversation with.
    pub const REASONS: [EndReason; 3] =
        [EndReason::ORGANIZATION_SUSPENDED, EndReason::NUMBER_NOT_OWNED, EndReason::DO_NOT_CALL];

    /// The reason that a conversation ends with which must not go on.
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

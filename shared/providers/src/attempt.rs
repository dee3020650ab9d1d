//! Marks that name an attempt at a provider. A callback or a search result is matched to its conversation by them.

use std::fmt;

use domain::call::{Call, Dispatch};
use domain::ids::{ConversationId, OrganizationId};
use domain::time::Timestamp;
use store::{DialPermit, SendPermit};

/// One attempt at one conversation. The mode is not part of it: only live conversations reach a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Id of the owning organization.
    pub organization: OrganizationId,
    /// Id of the conversation.
    pub conversation: ConversationId,
    /// Number of the attempt, from 1.
    pub number: u32,
}

impl Attempt {
    /// Returns the last attempt of a call.
    pub fn of(call: &Call) -> Self {
        Self { organization: call.scope.organization.clone(), conversation: call.id, number: call.attempt }
    }

    /// Returns the attempt that a dial permit allows.
    pub fn permitted(permit: &DialPermit) -> Self {
        Self { number: permit.attempt(), ..Self::of(permit.call()) }
    }

    /// Returns the attempt to send an SMS message that a send permit allows.
    pub fn texted(permit: &SendPermit) -> Self {
        let conversation = permit.conversation();
        let organization = conversation.scope.organization.clone();
        Self { organization, conversation: conversation.id, number: permit.attempt() }
    }

    /// Returns the name of the attempt: `<conversation>-<number>`. The name is unique in a deployment and has at most 47
    /// characters. Before the thousandth attempt, which never comes, it has at most 40.
    pub fn name(&self) -> String {
        format!("{}-{}", self.conversation, self.number)
    }

    /// Builds an attempt from its organization and its name. Returns `None` if they are not ours.
    pub fn from_parts(organization: &str, name: &str) -> Option<Self> {
        let (conversation, number) = name.rsplit_once('-')?;
        let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
        let organization = OrganizationId::parse(organization)?;
        Some(Self { organization, conversation: ConversationId::parse(conversation)?, number })
    }

    /// Parses the one-line form of an attempt.
    pub fn parse(text: &str) -> Option<Self> {
        let (organization, name) = text.split_once('/')?;
        Self::from_parts(organization, name)
    }
}

/// One-line form of the attempt: `<organization>/<conversation>-<number>`.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.organization, self.name())
    }
}

/// Returns the start time of a call's last attempt. If that is no longer stored, it returns the creation time of the call.
pub(crate) fn begun_at(call: &Call) -> Timestamp {
    match call.dispatch {
        Dispatch::Asking(asking) => asking.since,
        Dispatch::Unknown(unknown) => unknown.since,
        Dispatch::Waiting { .. } | Dispatch::Live { .. } | Dispatch::Settled => call.created_at,
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ConversationId, OrganizationId};

    use super::Attempt;

    #[test]
    fn an_attempt_is_read_as_it_was_written() {
        let organization = OrganizationId::parse("acme").unwrap();
        let attempt = Attempt { organization, conversation: ConversationId::random([7; 16]), number: 12 };
        assert_eq!(Attempt::parse(&attempt.to_string()), Some(attempt.clone()));
        assert!(attempt.name().len() <= 40, "{}", attempt.name());
    }

    #[test]
    fn what_is_no_attempt_is_not_read_as_one() {
        let id = ConversationId::random([7; 16]);
        for text in [
            String::new(),
            id.to_string(),
            format!("acme/{id}"),
            format!("acme/{id}-0"),
            format!("acme/{id}-x"),
            format!("acme/{id}--1"),
            format!("ACME/{id}-1"),
            format!("acme#test/{id}-1"),
            format!("{id}-1"),
        ] {
            assert_eq!(Attempt::parse(&text), None, "{text}");
        }
    }
}

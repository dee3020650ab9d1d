//! What a call at a provider is marked with, so that a callback or a search tells whose it is.

use std::fmt;

use domain::call::{Call, Dispatch};
use domain::ids::{ConversationId, OrganizationId};
use domain::time::Timestamp;
use store::{DialPermit, SendPermit};

/// One attempt at one conversation. Only live conversations reach a provider, so the mode goes without saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Whose conversation it is.
    pub organization: OrganizationId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The attempt's number.
    pub number: u32,
}

impl Attempt {
    /// The last attempt of a call.
    pub fn of(call: &Call) -> Self {
        Self { organization: call.scope.organization.clone(), conversation: call.id, number: call.attempt }
    }

    /// The attempt that a permit is for.
    pub fn permitted(permit: &DialPermit) -> Self {
        Self { number: permit.attempt(), ..Self::of(permit.call()) }
    }

    /// The attempt to send a text that a permit is for.
    pub fn texted(permit: &SendPermit) -> Self {
        let conversation = permit.conversation();
        let organization = conversation.scope.organization.clone();
        Self { organization, conversation: conversation.id, number: permit.attempt() }
    }

    /// What names the attempt in one word: `<conversation>-<number>`. Unique in a deployment, at most 47 characters, and
    /// at most 40 before the thousandth attempt, which never comes.
    pub fn name(&self) -> String {
        format!("{}-{}", self.conversation, self.number)
    }

    /// Puts an attempt together from a name and an organization; `None` where they are none of ours.
    pub fn from_parts(organization: &str, name: &str) -> Option<Self> {
        let (conversation, number) = name.rsplit_once('-')?;
        let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
        let organization = OrganizationId::parse(organization)?;
        Some(Self { organization, conversation: ConversationId::parse(conversation)?, number })
    }

    /// Reads an attempt from its one line.
    pub fn parse(text: &str) -> Option<Self> {
        let (organization, name) = text.split_once('/')?;
        Self::from_parts(organization, name)
    }
}

/// The whole attempt in one line: `<organization>/<conversation>-<number>`.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.organization, self.name())
    }
}

/// When the last attempt of a call began, as far as that is still known.
pub(crate) fn begun_at(call: &Call) -> Timestamp {
    match call.dispatch {
        Dispatch::Asking { since, .. } | Dispatch::Unknown { since, .. } => since,
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

//! Why a request is not accepted, before a front door has put it into its vendor's words.

use domain::ids::Channel;
use domain::organization::OutOfReach;
use domain::quota::Exhausted;
use domain::voice_settings::LONGEST_OPENING;
use lambda_http::http::StatusCode;
use store::StoreError;

use crate::error::{ApiError, FieldError};

/// Why a request is not accepted.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The key was used for another request.
    KeyReused,
    /// The organization is suspended.
    Suspended,
    /// There is no such agent.
    AgentNotFound,
    /// The agent is not of this channel, which the request needs.
    AgentOfOtherChannel(Channel),
    /// There is no such contact.
    ContactNotFound,
    /// The organization's conversations may not go to the number.
    OutOfReach(OutOfReach),
    /// The number must not be called.
    DoNotCall,
    /// The wallet does not cover the call.
    InsufficientFunds {
        /// What is in it, in minor units.
        balance_minor: i64,
        /// What is required, in minor units.
        required_minor: i64,
        /// The currency.
        currency: String,
    },
    /// Too many calls were accepted within this second.
    TooFast,
    /// The API key has used up what it may.
    Exhausted(Exhausted),
    /// These are wrong.
    Wrong(Vec<Wrong>),
    /// It could not be judged, or not be written.
    Failed(StoreError),
}

/// What is wrong with a request, that only shows beside what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Its window is over.
    WindowPast,
    /// It names no number to call from, and the agent has none.
    SenderMissing,
    /// The number to call from is not the organization's.
    SenderForeign,
    /// The agent's own number is not the organization's any more.
    AgentsNumberForeign,
    /// A variable that the agent requires is missing.
    VariableMissing(String),
    /// A variable cannot go into the prompt, and why.
    VariableUnusable(String, String),
    /// The prompt becomes too long with these variables.
    PromptTooLong,
    /// The opening message becomes too long with these variables.
    OpeningTooLong,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Wrong {
    /// The variable that is wrong, if it is one.
    pub(crate) fn variable(&self) -> Option<&str> {
        match self {
            Self::VariableMissing(name) | Self::VariableUnusable(name, _) => Some(name),
            Self::WindowPast
            | Self::SenderMissing
            | Self::SenderForeign
            | Self::AgentsNumberForeign
            | Self::PromptTooLong
            | Self::OpeningTooLong => None,
        }
    }

    /// What is wrong, for people.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::WindowPast => "is past".to_owned(),
            Self::SenderMissing => "is required: the agent has no number of its own".to_owned(),
            Self::SenderForeign => "is not one of the organization's numbers".to_owned(),
            Self::AgentsNumberForeign => {
                "is the agent's own, and not one of the organization's numbers any more: give the agent another"
                    .to_owned()
            }
            Self::VariableMissing(_) => "is required by the agent".to_owned(),
            Self::VariableUnusable(_, why) => format!("is required by the agent's prompt, and {why}"),
            Self::PromptTooLong => "make the agent's prompt longer than 128 KiB".to_owned(),
            Self::OpeningTooLong => {
                format!("make the agent's opening message longer than {LONGEST_OPENING} characters")
            }
        }
    }

    /// The field that it is said of, where variables are sent as `variables` and the calling number as `sender`.
    pub(crate) fn field(&self, variables: &str, sender: &str) -> FieldError {
        let field = match self {
            Self::WindowPast => "notAfter".to_owned(),
            Self::SenderMissing | Self::SenderForeign | Self::AgentsNumberForeign => sender.to_owned(),
            Self::VariableMissing(name) | Self::VariableUnusable(name, _) => format!("{variables}.{name}"),
            Self::PromptTooLong | Self::OpeningTooLong => variables.to_owned(),
        };
        FieldError::new(field, self.message())
    }
}

impl Refusal {
    /// The error that a client hears of. What is wrong with single fields every front door says in its own way.
    pub(crate) fn into_error(self, wrong: impl FnOnce(Vec<Wrong>) -> ApiError) -> ApiError {
        match self {
            Self::KeyReused => ApiError::KeyReused,
            Self::Suspended => ApiError::PermissionDenied("the organization is suspended".to_owned()),
            Self::AgentNotFound => ApiError::NotFound("agent"),
            Self::AgentOfOtherChannel(wanted) => ApiError::agent_of_other_channel(wanted),
            Self::ContactNotFound => ApiError::NotFound("contact"),
            Self::OutOfReach(why) => ApiError::out_of_reach(why),
            Self::DoNotCall => ApiError::DoNotCall,
            Self::InsufficientFunds { balance_minor, required_minor, currency } => {
                ApiError::InsufficientFunds { balance_minor, required_minor, currency }
            }
            Self::TooFast => ApiError::too_fast(),
            Self::Exhausted(exhausted) => exhausted.into(),
            Self::Wrong(fields) => wrong(fields),
            Self::Failed(error) => error.into(),
        }
    }
}

impl ApiError {
    /// 404: the agent of that name is not of this channel, which the request needs.
    pub(crate) fn agent_of_other_channel(wanted: Channel) -> Self {
        let message = match wanted {
            Channel::Sms => "the agent is one that calls: name an agent of the channel sms",
            Channel::Voice => "the agent is one that holds SMS conversations: name an agent of the channel voice",
        };
        Self::Coded { status: StatusCode::NOT_FOUND, code: "not_found", message: message.to_owned() }
    }
}

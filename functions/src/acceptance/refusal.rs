//! Reasons for not accepting a request, before an front door puts them into its vendor's format.

use domain::ids::Channel;
use domain::organization::OutOfReach;
use domain::quota::Exhausted;
use domain::voice_settings::LONGEST_OPENING;
use lambda_http::http::StatusCode;
use store::StoreError;

use crate::error::{ApiError, FieldError};

/// Reason for not accepting a request.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The idempotency key was used for a different request.
    KeyReused,
    /// The organization is suspended.
    Suspended,
    /// The agent does not exist.
    AgentNotFound,
    /// The agent does not have this channel, which the request needs.
    AgentOfOtherChannel(Channel),
    /// The contact does not exist.
    ContactNotFound,
    /// The organization's conversations may not reach the number.
    OutOfReach(OutOfReach),
    /// The number is on the do-not-call list.
    DoNotCall,
    /// The wallet does not cover the call.
    InsufficientFunds {
        /// Balance of the wallet, in minor units.
        balance_minor: i64,
        /// Required amount, in minor units.
        required_minor: i64,
        /// Currency, as an ISO 4217 code.
        currency: String,
    },
    /// Too many calls were accepted within this second.
    TooFast,
    /// A limit of the API key is used up.
    Exhausted(Exhausted),
    /// The request has these errors.
    Wrong(Vec<Wrong>),
    /// The request could not be checked, or the result could not be written.
    Failed(StoreError),
}

/// Validation error that depends on stored data or on the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The time until which the call may be dialled has passed.
    WindowPast,
    /// The request names no number to call from, and the agent has none.
    SenderMissing,
    /// The number to call from does not belong to the organization.
    SenderForeign,
    /// The agent's own number does not belong to the organization any more.
    AgentsNumberForeign,
    /// A variable that the agent requires is missing.
    VariableMissing(String),
    /// A variable cannot be put into the prompt: its path, and the reason.
    VariableUnusable(String, String),
    /// The prompt is too long with these variables.
    PromptTooLong,
    /// The opening message is too long with these variables.
    OpeningTooLong,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Wrong {
    /// Returns the error under the field names of the native API.
    pub(crate) fn native_field(&self) -> FieldError {
        self.field("dynamicVariables", "fromNumber")
    }

    /// Returns the variable that the error concerns, if it concerns one.
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

    /// Returns a description of the problem, for people.
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

    /// Returns the error of the field that it concerns. `variables` and `sender` are the names of the fields for the variables
    /// and for the calling number.
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
    /// Converts the refusal into the error of the native API.
    pub(crate) fn into_native(self) -> ApiError {
        self.into_error(|wrong| ApiError::Validation(wrong.iter().map(Wrong::native_field).collect()))
    }

    /// Converts the refusal into the error of the response. `wrong` converts errors of single fields, because each front door
    /// describes them in its own way.
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
    /// Returns the 404 for an agent that does not have the channel that the request needs.
    pub(crate) fn agent_of_other_channel(wanted: Channel) -> Self {
        let message = match wanted {
            Channel::Sms => "the agent is one that calls: name an agent of the channel sms",
            Channel::Voice => "the agent is one that holds SMS conversations: name an agent of the channel voice",
        };
        Self::Coded { status: StatusCode::NOT_FOUND, code: "not_found", message: message.to_owned() }
    }
}

//! State of the model: the table, the queue, the provider, and all work in progress.
//!
//! All times are relative to [`NOW`]. When time passes, every moment moves towards the past. So two states with the
//! same future are the same state, whenever they occur.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::agent::AgentRef;
use domain::call::{Analysis, Call, Duty, Input, NewCall, Outcome, Report, Window};
use domain::end_reason::EndReason;
use domain::ids::{AgentId, ConversationId, Mode, Operation, OrganizationId, ProviderCallId, Scope};
use domain::limits::Limits;
use domain::log::EventType;
use domain::objections::Objections;
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::time::{Span, Timestamp};
use serde_json::Map;

use super::rules::Rule;

/// Fixed moment at which everything happens.
pub(super) const NOW: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);

/// Longest wait of a call to be dialled. It is shorter than the time until a lost message is missed, and longer than
/// the first retries.
const WINDOW: Span = Span::seconds(20);

/// Ring and duration limits of the provider. A silent call counts as lost before its duration limit.
pub(super) const LIMITS: Limits = Limits { ring_seconds: 10, max_duration_seconds: 40 };

/// Time limit of a function.
pub(super) const FUNCTION_TIMEOUT: Span = Span::seconds(30);

/// Faults that may occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Setting {
    /// Number of faults.
    pub(super) faults: u8,
    /// `true` if the provider may deny a call that it has placed. Otherwise it does not lie.
    pub(super) denies: bool,
    /// `true` if the reconciler looks ahead, as the real one does. Otherwise it comes late, and every requeue has to
    /// help.
    pub(super) looks_ahead: bool,
    /// `true` if nothing of the call is forgotten.
    pub(super) remembers: bool,
    /// `true` if the called party may opt out and the organization may be suspended.
    pub(super) objects: bool,
    /// `true` if the reconciler gives up an action that it has requeued once without effect. Otherwise nothing fails
    /// often enough to be given up.
    pub(super) gives_up: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// Setting of this run.
    pub(super) setting: Setting,
    /// Number of faults that may still occur.
    pub(super) faults: u8,
    /// Two clients that send the same request.
    pub(super) clients: [Client; 2],
    /// `true` if a third client has yet to close the call.
    pub(super) to_close: bool,
    /// Item of the call.
    pub(super) call: Option<Arc<Call>>,
    /// Entry of the call in the `due` index.
    pub(super) index: Option<Due>,
    /// Times at which the messages that say `look at this call` become visible. The messages are all alike.
    pub(super) messages: Vec<Timestamp>,
    /// Consumers of these messages.
    pub(super) consumers: [Consumer; 2],
    /// Objections against calling: an opt-out or a suspension.
    pub(super) objections: Objections,
    /// Calls at the provider, in the order in which it placed them.
    pub(super) placed: Vec<Placed>,
    /// Callbacks that the provider has sent and the service has not received.
    pub(super) callbacks: Vec<Callback>,
    /// Events so far.
    pub(super) events: Vec<EventType>,
    /// Attempts with a committed claim, one bit each.
    pub(super) claimed: u8,
    /// Attempts that the provider was asked for, one bit each.
    pub(super) asked: u8,
    /// `true` if a call that was open at the provider was given up.
    pub(super) let_go: bool,
    /// Rules that were broken.
    pub(super) broken: BTreeSet<Rule>,
}

/// Client with a request for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Client {
    /// The client has yet to send its request.
    Start,
    /// The request is being served. No such call existed when the table was read.
    Absent,
    /// The client was answered.
    Done,
}

/// Entry in the `due` index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Due {
    /// Due time.
    pub(super) at: Timestamp,
    /// Number of requeues by the reconciler since the last commit.
    pub(super) nudges: u32,
}

/// Consumer of the queue. `age` is the time that it has spent on its message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Consumer {
    /// The consumer waits for a message.
    Idle,
    /// The consumer has read the call and decided on an action.
    Decided {
        age: Span,
        duty: Doing,
        /// `true` if the stored call still has the version that was read.
        fresh: bool,
        /// Objections against calling, as they were read.
        read: Objections,
        /// Call as it was read. Set only if a planted bug commits it without a check of its version.
        seen: Option<Arc<Call>>,
    },
    /// The consumer's claim is committed, and it owns the permit for this attempt.
    Permitted { age: Span, attempt: u32 },
    /// The provider has answered or not, and the consumer has to commit that.
    Telling { age: Span, news: News },
}

/// Action of a consumer: a [`Duty`] with an index into [`State::placed`] instead of the provider's call id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Doing {
    Dial,
    Search,
    Poll,
    HangUp(usize),
    PassTime,
}

/// Result of a provider request that a consumer has to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum News {
    Accepted { attempt: u32, call: usize },
    NotPlaced { attempt: u32 },
    Refused { attempt: u32 },
    Unknown { attempt: u32 },
    Searched { attempt: u32, found: Option<Sight> },
    Polled { call: usize, sight: Option<Sight> },
    HungUp { call: usize, confirmed: bool },
}

/// State of a call as the provider shows it when asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sight {
    pub(super) call: usize,
    pub(super) phase: Phase,
    pub(super) answered: bool,
}

/// Call at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Placed {
    /// Attempt that asked for the call.
    pub(super) attempt: u32,
    pub(super) phase: Phase,
    /// `true` if the call was ever answered.
    pub(super) answered: bool,
    /// `true` if the provider never sends a callback for it.
    pub(super) silent: bool,
    /// `true` if the provider has denied placing it.
    pub(super) denied: bool,
    /// Time at which the provider ends it by itself.
    pub(super) ends_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Phase {
    Dialling,
    Ringing,
    Answered,
    Over,
}

/// Callback that the provider has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Callback {
    pub(super) call: usize,
    pub(super) says: Says,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Says {
    Ringing,
    Answered,
    Ended { answered: bool },
    Analysis,
}

impl State {
    pub(super) fn initial(setting: Setting) -> Self {
        Self {
            setting,
            faults: setting.faults,
            clients: [Client::Start; 2],
            to_close: true,
            call: None,
            index: None,
            messages: Vec::new(),
            consumers: [Consumer::Idle, Consumer::Idle],
            objections: Objections::NONE,
            placed: Vec::new(),
            callbacks: Vec::new(),
            events: Vec::new(),
            claimed: 0,
            asked: 0,
            let_go: false,
            broken: BTreeSet::new(),
        }
    }

    /// Returns `true` if a message can be received now.
    pub(super) fn has_message(&self) -> bool {
        self.messages.first().is_some_and(|visible| *visible <= NOW)
    }

    /// Returns the input that applies this news to the call.
    pub(super) fn input(&self, news: News) -> Input {
        match news {
            News::Accepted { attempt, call } => {
                Input::Outcome { attempt, outcome: Outcome::Accepted { id: call_id(call) } }
            }
            News::NotPlaced { attempt } => {
                Input::Outcome { attempt, outcome: Outcome::NotPlaced { retry_after: None, why: "429".to_owned() } }
            }
            News::Refused { attempt } => {
                let outcome = Outcome::Refused { reason: EndReason::REJECTED, why: "422".to_owned() };
                Input::Outcome { attempt, outcome }
            }
            News::Unknown { attempt } => {
                Input::Outcome { attempt, outcome: Outcome::Unknown { why: "timeout".to_owned() } }
            }
            News::Searched { attempt, found } => {
                Input::Searched { attempt, found: found.map(|sight| (call_id(sight.call), sight.reports())) }
            }
            News::Polled { call, sight } => {
                Input::Polled { call_id: call_id(call), reports: sight.map(Sight::reports) }
            }
            News::HungUp { call, confirmed } => Input::HungUp { call_id: call_id(call), confirmed },
        }
    }

    /// Returns the input that applies this callback to the call.
    pub(super) fn heard(&self, callback: Callback) -> Input {
        let reports = match callback.says {
            Says::Ringing => vec![Report::Ringing],
            Says::Answered => vec![answered()],
            Says::Ended { answered } => vec![ended(answered)],
            Says::Analysis => after(),
        };
        Input::Heard { attempt: self.placed[callback.call].attempt, call_id: call_id(callback.call), reports }
    }
}

impl Doing {
    pub(super) fn from_duty(duty: Duty) -> Self {
        match duty {
            Duty::Dial => Self::Dial,
            Duty::Search => Self::Search,
            Duty::Poll => Self::Poll,
            Duty::HangUp(call_id) => Self::HangUp(call_id.as_str().parse().unwrap()),
            Duty::PassTime => Self::PassTime,
        }
    }
}

impl Consumer {
    pub(super) fn age(&self) -> Span {
        match self {
            Self::Idle => Span::ZERO,
            Self::Decided { age, .. } | Self::Permitted { age, .. } | Self::Telling { age, .. } => *age,
        }
    }
}

impl Sight {
    fn reports(self) -> Vec<Report> {
        match self.phase {
            Phase::Dialling => Vec::new(),
            Phase::Ringing => vec![Report::Ringing],
            Phase::Answered => vec![answered()],
            Phase::Over if self.answered => [vec![answered(), ended(true)], after()].concat(),
            Phase::Over => vec![ended(false)],
        }
    }
}

/// Returns the provider's id for a call, which is its index in [`State::placed`].
pub(super) fn call_id(place: usize) -> ProviderCallId {
    ProviderCallId::new(place.to_string())
}

fn answered() -> Report {
    Report::Answered { at: NOW, by: None }
}

fn ended(answered: bool) -> Report {
    let reason = if answered { EndReason::COMPLETED } else { EndReason::NO_ANSWER };
    Report::Ended {
        at: NOW,
        reason,
        started_at: answered.then_some(NOW),
        answered_by: None,
        duration_seconds: None,
        ended_by: None,
    }
}

/// Returns the reports that follow an answered call. The model needs to know that there is a transcript, not what was
/// said.
fn after() -> Vec<Report> {
    let analysis =
        Analysis { summary: String::new(), successful: None, sentiment: None, opt_out: None, custom: Map::new() };
    vec![Report::Transcript { utterances: Vec::new() }, Report::Analysis { analysis }]
}

/// Returns the call as it is accepted.
pub(super) fn new_call() -> Call {
    let scope = Scope { organization: OrganizationId::parse("acme").unwrap(), mode: Mode::Test };
    let new = NewCall {
        id: ConversationId::for_key(&scope, Operation::CreateCall, "key"),
        fingerprint: String::new(),
        agent: AgentRef {
            id: AgentId::for_slug(&scope.organization, "a"),
            slug: "a".to_owned(),
            name: String::new(),
            version: 1,
        },
        scope,
        provider: Provider::Simulator,
        to: PhoneNumber::parse("+15555550123").unwrap(),
        from: PhoneNumber::parse("+15555550100").unwrap(),
        window: Window { not_before: NOW, not_after: NOW + WINDOW },
        limits: LIMITS,
        contact: None,
        hold: None,
        retention: None,
        request_id: None,
    };
    Call::accept(new, NOW)
}

//! A state of the model: the table, the queue, the provider, and everybody who is in the middle of something.
//!
//! Everything is measured from [`NOW`]: when time passes, every moment moves towards the past. Two states from which the
//! same follows are thereby the same state, whenever they occur.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::call::{Analysis, Call, Duty, Input, NewCall, Outcome, Report, Window};
use domain::conversation::AgentRef;
use domain::end_reason::EndReason;
use domain::ids::ProviderCallId;
use domain::ids::{AgentId, ConversationId, Mode, Operation, OrganizationId, Scope};
use domain::log::EventType;
use domain::objections::Objections;
use domain::organization::{Limits, Provider};
use domain::phone::PhoneNumber;
use domain::time::{Span, Timestamp};
use serde_json::Map;

use super::rules::Rule;

/// The moment at which everything happens.
pub(super) const NOW: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);

/// How long a call may wait to be dialled. Shorter than a lost message takes to be missed, longer than the first retries.
const WINDOW: Span = Span::seconds(20);

/// How long the provider lets it ring and last. The silence of the provider lies before the end of the latter.
pub(super) const LIMITS: Limits = Limits { ring_seconds: 10, max_duration_seconds: 40 };

/// A function does not outlive this.
pub(super) const FUNCTION_TIMEOUT: Span = Span::seconds(30);

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Setting {
    /// How much.
    pub(super) faults: u8,
    /// Whether the provider may deny that it has placed a call; else it does not lie.
    pub(super) denies: bool,
    /// Whether the reconciler looks ahead, as the real one does; else it comes late, and every nudge has to help.
    pub(super) looks_ahead: bool,
    /// Whether nothing of the call is forgotten.
    pub(super) remembers: bool,
    /// Whether the called party may opt out, and the organization be suspended.
    pub(super) objects: bool,
    /// Whether the reconciler gives up what it has put back once without effect; else nothing fails often enough.
    pub(super) gives_up: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// What may go wrong at all.
    pub(super) setting: Setting,
    /// How much may still go wrong.
    pub(super) faults: u8,
    /// The two clients that send the same request.
    pub(super) clients: [Client; 2],
    /// Whether a third client has still to close the call.
    pub(super) to_close: bool,
    /// The call's item.
    pub(super) call: Option<Arc<Call>>,
    /// The item's place in the index of what is due.
    pub(super) index: Option<Due>,
    /// Messages that say `look at this call`, by when they become visible. They are all alike.
    pub(super) messages: Vec<Timestamp>,
    /// The consumers of these messages.
    pub(super) consumers: [Consumer; 2],
    /// What stands against calling.
    pub(super) objections: Objections,
    /// The calls at the provider, in the order in which it placed them.
    pub(super) placed: Vec<Placed>,
    /// What the provider has sent and nobody has received.
    pub(super) callbacks: Vec<Callback>,
    /// The events so far.
    pub(super) events: Vec<EventType>,
    /// The attempts whose claim was committed, a bit each.
    pub(super) claimed: u8,
    /// The attempts for which the provider was asked, a bit each.
    pub(super) asked: u8,
    /// Whether what was open at the provider was given up.
    pub(super) let_go: bool,
    /// The rules that were broken.
    pub(super) broken: BTreeSet<Rule>,
}

/// A client with a request for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Client {
    /// It has yet to send it.
    Start,
    /// It is being served: there was no such call when the table was read.
    Absent,
    /// It was answered.
    Done,
}

/// A place in the index of what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Due {
    /// When.
    pub(super) at: Timestamp,
    /// How often the reconciler has put it back on its queue since the last commit.
    pub(super) nudges: u32,
}

/// A consumer of the queue. `age` is how long it has been at its message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Consumer {
    /// It waits for a message.
    Idle,
    /// It has read the call and knows what to do.
    Decided {
        age: Span,
        duty: Doing,
        /// Whether the call has the version that was read.
        fresh: bool,
        /// What stood against calling when it was read.
        read: Objections,
        /// The call as it was read, where it may be committed without the check of its version.
        seen: Option<Arc<Call>>,
    },
    /// Its claim is committed: it holds the permit for this attempt.
    Permitted { age: Span, attempt: u32 },
    /// The provider has answered, or not, and it has to commit that.
    Telling { age: Span, news: News },
}

/// A [`Duty`], with the place of the provider's call for its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Doing {
    Dial,
    Search,
    Poll,
    HangUp(usize),
    PassTime,
}

/// What a consumer or a callback has to tell.
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

/// What the provider shows of a call when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sight {
    pub(super) call: usize,
    pub(super) phase: Phase,
    pub(super) answered: bool,
}

/// A call at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Placed {
    /// The attempt it was asked for with.
    pub(super) attempt: u32,
    pub(super) phase: Phase,
    /// Whether it was answered, ever.
    pub(super) answered: bool,
    /// Whether the provider never sends a callback for it.
    pub(super) silent: bool,
    /// Whether the provider has said that it has not placed it.
    pub(super) denied: bool,
    /// When the provider ends it by itself.
    pub(super) ends_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Phase {
    Dialling,
    Ringing,
    Answered,
    Over,
}

/// Something the provider has sent unasked.
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

    /// Whether a message can be received now.
    pub(super) fn has_message(&self) -> bool {
        self.messages.first().is_some_and(|visible| *visible <= NOW)
    }

    /// The input that news are.
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

    /// The input that a callback is.
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

/// The provider's id for a call: its place in [`State::placed`].
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

/// What comes after a call that was answered. The model needs to know that there is a transcript, not what was said.
fn after() -> Vec<Report> {
    let analysis =
        Analysis { summary: String::new(), successful: None, sentiment: None, opt_out: None, custom: Map::new() };
    vec![Report::Transcript { utterances: Vec::new() }, Report::Analysis { analysis }]
}

/// The call as it is accepted.
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

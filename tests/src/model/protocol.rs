//! Actions that can happen in a state, and their effects. The rules are the real ones: [`domain::call::step`] decides
//! what becomes of a call. [`due_at`], [`wake_at`] and [`next_action`] decide when the call is looked at and what for.

use std::sync::Arc;

use domain::call::{Call, Dispatch, Input, step};
use domain::conversation::Conversation;
use domain::end_reason::EndReason;
use domain::obligation::LOOK_AHEAD;
use domain::planted::{Bug, is_planted};
use domain::schedule::{due_at, next_action, wake_at};
use domain::time::{Span, Timestamp};

use super::answer::{ANSWERS, Answer, DENIALS};
use super::forget::forget;
use super::rules::{self, Rule};
use super::state::{
    Callback, Client, Consumer, Doing, Due, FUNCTION_TIMEOUT, NOW, News, Phase, State, call_id, new_call,
};

/// Number of requeues without effect after which the reconciler ends a call. In no setting do so many faults occur.
/// Settings that give up do so earlier.
const MOST_NUDGES: u32 = 5;

/// Number of requeues without effect after which such a setting gives up.
const FEWEST_NUDGES: u32 = 1;

/// Time that the reconciler leaves a call alone after its first requeue. The time doubles with each further one.
const FIRST_PATIENCE: Span = Span::seconds(30);

/// Action that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// A client's request is read against the table.
    Request(usize),
    /// The conditional write of a client's request reaches the table.
    Put(usize),
    /// A third client closes the call.
    Close,
    /// A message reaches a consumer. A duplicate stays in the queue.
    Receive { duplicate: bool },
    /// A message is lost, or was never sent because its sender died between commit and enqueueing.
    Lose,
    /// A consumer writes to the table what it has decided.
    Commit(usize),
    /// A consumer asks the provider as it has decided, and the provider gives this answer.
    Ask(usize, Answer),
    /// A consumer dies at any point.
    Crash(usize),
    /// The reconciler finds the call in the index.
    Reconcile,
    /// The called party opts out.
    OptOut,
    /// The organization is suspended.
    Suspend,
    /// The call at the provider enters another phase by itself.
    GoOn(usize, Phase),
    /// A callback arrives. A duplicate arrives again.
    Hear { callback: Callback, duplicate: bool },
    /// A callback never arrives.
    LoseCallback(Callback),
    /// Time passes until the next moment at which anything is due.
    Wait,
}

impl Action {
    fn costs(self, state: &State) -> u8 {
        match self {
            Self::Lose | Self::Crash(_) | Self::LoseCallback(_) => 1,
            Self::Receive { duplicate } | Self::Hear { duplicate, .. } => u8::from(duplicate),
            Self::Ask(_, answer) => answer.costs(),
            // It is also a fault if no worker does what can be done at once.
            Self::Wait => u8::from(state.is_urgent()),
            Self::Request(_)
            | Self::Put(_)
            | Self::Close
            | Self::Commit(_)
            | Self::Reconcile
            | Self::OptOut
            | Self::Suspend
            | Self::GoOn(..) => 0,
        }
    }
}

impl State {
    /// Returns everything that can happen now.
    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        self.client_actions(&mut actions);
        // Once the call exists, the remaining requests are served before anything else. A request changes nothing but
        // by its write, which is then refused.
        if self.call.is_none() || actions.is_empty() {
            self.queue_actions(&mut actions);
            self.provider_actions(&mut actions);
            if self.wait().is_some() {
                actions.push(Action::Wait);
            }
        }
        actions.retain(|action| action.costs(self) <= self.faults);
        actions
    }

    fn client_actions(&self, actions: &mut Vec<Action>) {
        for (place, client) in self.clients.iter().enumerate() {
            match client {
                Client::Start => actions.push(Action::Request(place)),
                Client::Absent => actions.push(Action::Put(place)),
                Client::Done => {}
            }
        }
    }

    fn queue_actions(&self, actions: &mut Vec<Action>) {
        if self.to_close && self.call.is_some() {
            actions.push(Action::Close);
        }
        // Objections only make a difference while the call waits.
        let waits = self.call.iter().any(|call| matches!(call.dispatch, Dispatch::Waiting { .. }) && !call.is_ended());
        if self.setting.objects && waits {
            actions.extend((!self.objections.suppressed).then_some(Action::OptOut));
            actions.extend((!self.objections.suspended).then_some(Action::Suspend));
        }
        if self.has_message() {
            actions.push(Action::Lose);
            if self.consumers.contains(&Consumer::Idle) {
                actions.extend([Action::Receive { duplicate: false }, Action::Receive { duplicate: true }]);
            }
        }
        let sight = if self.setting.looks_ahead { LOOK_AHEAD } else { Span::ZERO };
        if self.index.is_some_and(|due| due.at <= NOW + sight) {
            actions.push(Action::Reconcile);
        }
        for (place, consumer) in self.consumers.iter().enumerate() {
            let answers: &[Answer] = match consumer {
                Consumer::Idle => continue,
                Consumer::Permitted { .. } if self.setting.denies => DENIALS,
                Consumer::Permitted { .. } => ANSWERS,
                Consumer::Decided { duty: Doing::Search | Doing::Poll, .. } => &[Answer::Well, Answer::Failed],
                Consumer::Decided { duty: Doing::HangUp(_), .. } => &[Answer::Well, Answer::Lost, Answer::Failed],
                Consumer::Decided { duty: Doing::Dial | Doing::PassTime, .. } | Consumer::Telling { .. } => {
                    actions.push(Action::Commit(place));
                    &[]
                }
            };
            actions.extend(answers.iter().map(|answer| Action::Ask(place, *answer)));
            actions.push(Action::Crash(place));
        }
    }

    fn provider_actions(&self, actions: &mut Vec<Action>) {
        for (place, placed) in self.placed.iter().enumerate() {
            match placed.phase {
                Phase::Dialling => actions.push(Action::GoOn(place, Phase::Ringing)),
                // A denied call is not answered in this model, which keeps the number of states low.
                Phase::Ringing if !placed.denied => actions.push(Action::GoOn(place, Phase::Answered)),
                Phase::Ringing | Phase::Answered | Phase::Over => {}
            }
            if placed.phase != Phase::Over {
                actions.push(Action::GoOn(place, Phase::Over));
            }
        }
        let mut last = None;
        for callback in &self.callbacks {
            if last.replace(*callback) != Some(*callback) {
                actions.extend([false, true].map(|duplicate| Action::Hear { callback: *callback, duplicate }));
                actions.push(Action::LoseCallback(*callback));
            }
        }
    }

    /// Returns `true` if there is something to be done at once.
    fn is_urgent(&self) -> bool {
        self.has_message()
            || self.consumers.iter().any(|consumer| *consumer != Consumer::Idle)
            || self.index.is_some_and(|due| due.at <= NOW)
    }

    /// Returns the time until something is due. Returns `None` if time must not pass, because nothing is due or a
    /// function would outlive its timeout. The same holds if the provider would let a call live beyond its limit.
    fn wait(&self) -> Option<Span> {
        let owed = self.call.iter().flat_map(|call| call.obligations()).map(|owed| owed.at);
        let alive = || self.placed.iter().filter(|placed| placed.phase != Phase::Over).map(|placed| placed.ends_at);
        let moments = owed.chain(self.index.map(|due| due.at)).chain(self.messages.iter().copied()).chain(alive());
        let span = moments.filter(|moment| *moment > NOW).min()?.since(NOW);
        let outlives = |consumer: &Consumer| {
            *consumer != Consumer::Idle && (NOW + consumer.age() + span).since(NOW) > FUNCTION_TIMEOUT
        };
        let stuck = self.consumers.iter().any(outlives) || alive().any(|ends_at| ends_at <= NOW);
        (!stuck).then_some(span)
    }

    /// Returns the state after an action.
    pub(super) fn after(&self, action: Action) -> Self {
        let mut next = self.clone();
        next.faults -= action.costs(self);
        match action {
            Action::Request(place) => {
                next.clients[place] = if self.call.is_some() { Client::Done } else { Client::Absent };
            }
            Action::Put(place) => next.put(place),
            Action::Close => {
                next.to_close = false;
                next.apply(Input::Close { reason: EndReason::ADMIN_CLOSED }, false);
            }
            Action::Receive { duplicate } => next.receive(duplicate),
            Action::Lose => drop(next.messages.remove(0)),
            Action::Commit(place) => next.commit(place),
            Action::Ask(place, answer) => next.ask(place, answer),
            Action::Crash(place) => next.consumers[place] = Consumer::Idle,
            Action::Reconcile => next.reconcile(),
            Action::OptOut => next.objections.suppressed = true,
            Action::Suspend => next.objections.suspended = true,
            Action::GoOn(place, phase) => next.go_on(place, phase),
            Action::Hear { callback, duplicate } => {
                if !duplicate {
                    next.take(callback);
                }
                next.apply(self.heard(callback), false);
            }
            Action::LoseCallback(callback) => next.take(callback),
            Action::Wait => next.pass(self.wait().unwrap_or(Span::ZERO)),
        }
        next.normalise();
        next
    }

    fn take(&mut self, callback: Callback) {
        let place = self.callbacks.iter().position(|other| *other == callback).unwrap();
        self.callbacks.remove(place);
    }

    /// Makes the one conditional write of an acceptance.
    fn put(&mut self, client: usize) {
        self.clients[client] = Client::Done;
        if self.call.is_none() {
            let call = new_call();
            self.write(None, call);
        }
    }

    fn receive(&mut self, duplicate: bool) {
        if !duplicate {
            self.messages.remove(0);
        }
        let Some(call) = self.call.clone() else { return };
        let Some(duty) = next_action(&*call, NOW) else { return };
        if let Some(idle) = self.consumers.iter_mut().find(|consumer| **consumer == Consumer::Idle) {
            let seen = is_planted(Bug::UnconditionalClaim).then_some(call);
            *idle = Consumer::Decided {
                age: Span::ZERO,
                duty: Doing::from_duty(duty),
                fresh: true,
                read: self.objections,
                seen,
            };
        }
    }

    /// Requeues the call for its exact due time, and moves its entry in the index to a later time.
    fn reconcile(&mut self) {
        let Some(due) = &mut self.index else { return };
        // A requeue without effect means a lost message or a dead consumer. Each takes one fault.
        let nudges =
            if self.setting.looks_ahead { MOST_NUDGES } else { u32::from(self.setting.faults - self.faults) + 1 };
        if self.setting.gives_up && due.nudges >= FEWEST_NUDGES {
            if due.at <= NOW {
                self.give_up();
            }
            return;
        }
        if due.nudges >= nudges {
            if due.at <= NOW {
                self.broken.insert(Rule::Progress);
            }
            return;
        }
        self.messages.push(due.at);
        due.at = due.at.max(NOW) + FIRST_PATIENCE.times(1 << due.nudges);
        due.nudges += 1;
    }

    /// Ends a call that made no progress, unless no action is pending for it.
    fn give_up(&mut self) {
        let idle = self.call.iter().all(|call| next_action(&**call, NOW).is_none());
        self.apply(if idle { Input::Tick } else { Input::Abandon }, false);
        // If that changes nothing, nothing is due.
        if let Some(due) = &mut self.index {
            due.nudges = 0;
        }
    }

    /// Commits what a consumer has decided, or the provider's answer. A claim is refused if the call has changed in the
    /// meantime. Then the call is loaded again and the input is applied again, as the store does.
    fn commit(&mut self, place: usize) {
        let consumer = std::mem::replace(&mut self.consumers[place], Consumer::Idle);
        let age = consumer.age();
        match consumer {
            Consumer::Idle | Consumer::Permitted { .. } => {}
            Consumer::Telling { news, .. } => {
                let input = self.input(news);
                self.apply(input, matches!(news, News::NotPlaced { .. }));
            }
            Consumer::Decided { duty, fresh, read, seen, .. } => {
                // Objections count as they were read while the call is unchanged. The exception is an opt-out, which
                // the commit checks once more. If it finds one, all objections are read again.
                let outdated = self.objections.suppressed && !is_planted(Bug::ClaimSuppressed);
                let objections = if fresh && !outdated { read } else { self.objections };
                let input = || match duty {
                    Doing::Dial => Input::Claim { objections, places: None },
                    Doing::Search | Doing::Poll | Doing::HangUp(_) | Doing::PassTime => Input::Tick,
                };
                let claimed = if fresh {
                    self.apply_at(NOW - age, input(), false)
                } else if let Some(seen) = seen.filter(|_| duty == Doing::Dial) {
                    self.apply_to(&seen, NOW - age, input(), false)
                } else {
                    self.apply(input(), false)
                };
                if let Some(attempt) = claimed {
                    if objections.suspended {
                        self.broken.insert(Rule::Suspended);
                    }
                    self.consumers[place] = Consumer::Permitted { age, attempt };
                }
            }
        }
    }

    /// Loads the call, applies an input, and commits the result. The store repeats this after a version conflict, which
    /// makes no difference to the final commit.
    fn apply(&mut self, input: Input, not_placed: bool) -> Option<u32> {
        self.apply_at(NOW, input, not_placed)
    }

    fn apply_at(&mut self, now: Timestamp, input: Input, not_placed: bool) -> Option<u32> {
        let call = self.call.clone()?;
        self.apply_to(&call, now, input, not_placed)
    }

    fn apply_to(&mut self, call: &Call, now: Timestamp, input: Input, not_placed: bool) -> Option<u32> {
        let step = step(call, input, now);
        if step.call == *call {
            return None;
        }
        rules::judge(self, call, &step, not_placed);
        self.write(Some(call), step.call);
        step.claimed
    }

    /// Writes a call, and sends a message for its new pending action.
    fn write(&mut self, before: Option<&Call>, mut call: Call) {
        let wake = wake_at(&call);
        if let Some(at) = wake.filter(|_| wake != before.and_then(wake_at)) {
            self.messages.push(at);
        }
        self.index = due_at(&call).map(|at| Due { at, nudges: 0 });
        for consumer in &mut self.consumers {
            if let Consumer::Decided { fresh, .. } = consumer {
                *fresh = false;
            }
        }
        if !self.setting.remembers {
            forget(&mut call);
        }
        self.call = Some(Arc::new(call));
    }

    /// Returns `true` if hanging up this call at the provider is a pending action.
    pub(super) fn hangs_up(&self, place: usize) -> bool {
        let duty = domain::call::Duty::HangUp(call_id(place));
        self.call.iter().flat_map(|call| call.obligations()).any(|owed| owed.duty == duty)
    }
}

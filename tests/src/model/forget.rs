//! Reduction of states. Values that no rule reads any more are forgotten, so that states with the same future are
//! equal.

use domain::call::{Call, Closing, Dispatch, HangUp};
use domain::time::{Span, Timestamp};

use super::state::{Consumer, NOW, Phase, Setting, State};

/// Moment before any other of the model.
const LONG_AGO: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

/// Highest number of messages that a state keeps. More make no difference, because there are two consumers and messages
/// may be lost.
const MESSAGES: usize = 2;

impl State {
    /// Lets time pass by moving every moment towards the past.
    pub(super) fn pass(&mut self, span: Span) {
        if let Some(call) = &self.call {
            let mut call = Call::clone(call);
            each_moment(&mut call, |moment| *moment = *moment - span);
            if !self.setting.remembers {
                forget(&mut call);
            }
            self.call = Some(call.into());
        }
        if let Some(due) = &mut self.index {
            due.at = due.at - span;
        }
        for visible in &mut self.messages {
            *visible = *visible - span;
        }
        for placed in &mut self.placed {
            placed.ends_at = placed.ends_at - span;
        }
        for consumer in &mut self.consumers {
            match consumer {
                Consumer::Idle => {}
                Consumer::Decided { age, .. } | Consumer::Permitted { age, .. } | Consumer::Telling { age, .. } => {
                    *age = NOW.since(NOW - *age - span);
                }
            }
        }
    }

    /// Replaces the state by the representative of all states with the same future.
    pub(super) fn normalise(&mut self) {
        for visible in &mut self.messages {
            *visible = NOW.max(*visible);
        }
        for placed in self.placed.iter_mut().filter(|placed| placed.phase == Phase::Over) {
            placed.ends_at = NOW;
        }
        self.messages.sort_unstable();
        self.messages.truncate(MESSAGES);
        self.callbacks.sort_unstable();
        self.clients.sort_unstable();
        if self.consumers[0] == Consumer::Idle {
            self.consumers.swap(0, 1);
        }
        if let Some(due) = &mut self.index {
            due.at = due.at.max(NOW);
        }
    }
}

/// Clears the values of a call that [`domain::call::step`] can no longer depend on.
pub(super) fn forget(call: &mut Call) {
    // Log numbers are checked when they are assigned.
    call.log_length = 0;
    // These two only guard against a wrong clock of the provider. The model's provider has a right one.
    call.created_at = LONG_AGO;
    call.window.not_before = LONG_AGO;
    if !matches!(call.dispatch, Dispatch::Waiting { .. } | Dispatch::Asking(_) | Dispatch::Unknown(_)) {
        call.window.not_after = LONG_AGO;
    }
    let runs = matches!(call.dispatch, Dispatch::Live { hang_up: None, .. });
    if let Some(started_at) = call.started_at.as_mut().filter(|_| !runs) {
        *started_at = LONG_AGO;
    }
    let has_analysis = call.facts.analysis.is_some() || call.facts.analysis_sought;
    let patience = call.provider.analysis_wait().unwrap_or(Span::ZERO).times(1 << call.facts.analysis_tries);
    if let Some(ended_at) = call.ended_at.as_mut().filter(|ended_at| has_analysis || **ended_at + patience <= NOW) {
        *ended_at = LONG_AGO;
    }
    match &mut call.dispatch {
        // `since` only distinguishes a wait with its own message from a long wait. The model has no long waits.
        Dispatch::Waiting { since, from, .. } => *since = *from,
        Dispatch::Live { since, next_poll_at, hang_up: Some(_) } => {
            *since = LONG_AGO;
            *next_poll_at = LONG_AGO;
        }
        Dispatch::Asking(_) | Dispatch::Unknown(_) | Dispatch::Live { .. } | Dispatch::Settled => {}
    }
}

/// Visits every moment of a call.
fn each_moment(call: &mut Call, mut visit: impl FnMut(&mut Timestamp)) {
    visit(&mut call.window.not_before);
    visit(&mut call.window.not_after);
    visit(&mut call.created_at);
    call.started_at.iter_mut().for_each(&mut visit);
    call.ended_at.iter_mut().for_each(&mut visit);
    let hang_up_moments = |hang_up: &mut HangUp, visit: &mut dyn FnMut(&mut Timestamp)| {
        visit(&mut hang_up.since);
        visit(&mut hang_up.next_at);
    };
    match &mut call.dispatch {
        Dispatch::Waiting { since, from, .. } => {
            visit(since);
            visit(from);
        }
        Dispatch::Asking(asking) => {
            visit(&mut asking.since);
            visit(&mut asking.lease_until);
        }
        Dispatch::Unknown(unknown) => {
            visit(&mut unknown.since);
            visit(&mut unknown.next_search_at);
        }
        Dispatch::Live { since, next_poll_at, hang_up } => {
            visit(since);
            visit(next_poll_at);
            if let Some(hang_up) = hang_up {
                hang_up_moments(hang_up, &mut visit);
            }
        }
        Dispatch::Settled => {}
    }
    for stray in &mut call.strays {
        hang_up_moments(&mut stray.hang_up, &mut visit);
    }
    if let Closing::Due { by } = &mut call.closing {
        visit(by);
    }
}

/// Walks at random, once forgetting and once not. The call must become the same in both.
#[test]
fn forgetting_makes_no_difference() {
    let setting = Setting { faults: 3, ..super::USUAL };
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..2_000 {
        let mut forgetful = State::initial(setting);
        let mut mindful = State::initial(Setting { remembers: true, ..setting });
        while let Some(action) = random.choice(forgetful.actions()) {
            forgetful = forgetful.after(action);
            let remembered = mindful.after(action).call;
            let mut call = remembered.as_deref().cloned();
            call.iter_mut().for_each(forget);
            assert_eq!(forgetful.call.as_deref(), call.as_ref());
            // If the last news is remembered, news of the same moment changes nothing and is not written. The model has
            // no milliseconds, so this happens often here. In reality it does not happen. The rest of the state
            // therefore follows the walk that forgets.
            mindful = State { setting: mindful.setting, call: remembered, ..forgetful.clone() };
        }
    }
}

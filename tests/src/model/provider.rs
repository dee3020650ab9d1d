//! Model of the provider. It places calls, loses answers, and reports what happens in its own time.

use domain::call::Dispatch;
use domain::time::Span;

use super::answer::Answer;
use super::rules::Rule;
use super::state::{Callback, Consumer, Doing, LIMITS, NOW, News, Phase, Placed, Says, Sight, State, call_id};

impl State {
    /// Sends a consumer's request to the provider, and leaves the consumer with the news that it has to commit.
    pub(super) fn ask(&mut self, place: usize, answer: Answer) {
        let age = self.consumers[place].age();
        let news = match self.consumers[place] {
            Consumer::Permitted { attempt, .. } => Some(self.dial(attempt, answer)),
            Consumer::Decided { duty: Doing::Search, .. } => self.search(answer),
            Consumer::Decided { duty: Doing::Poll, .. } => self.poll(answer),
            Consumer::Decided { duty: Doing::HangUp(call), .. } => Some(self.hang_up(call, answer)),
            Consumer::Decided { duty: Doing::Dial | Doing::PassTime, .. }
            | Consumer::Idle
            | Consumer::Telling { .. } => None,
        };
        self.consumers[place] = news.map_or(Consumer::Idle, |news| Consumer::Telling { age, news });
    }

    fn dial(&mut self, attempt: u32, answer: Answer) -> News {
        let bit = 1 << attempt;
        if self.claimed & bit == 0 {
            self.broken.insert(Rule::AskedUnclaimed);
        } else if self.asked & bit != 0 {
            self.broken.insert(Rule::AskedTwice);
        }
        self.asked |= bit;
        let call = self.placed.len();
        match answer {
            Answer::Well | Answer::ThenSilent => {
                self.place(attempt, answer);
                News::Accepted { attempt, call }
            }
            Answer::Lost => {
                self.place(attempt, answer);
                News::Unknown { attempt }
            }
            Answer::Failed => News::Unknown { attempt },
            Answer::NotPlaced => News::NotPlaced { attempt },
            Answer::Refused => News::Refused { attempt },
            Answer::NotPlacedFalsely => {
                self.place(attempt, answer);
                News::NotPlaced { attempt }
            }
            Answer::RefusedFalsely => {
                self.place(attempt, answer);
                News::Refused { attempt }
            }
        }
    }

    fn place(&mut self, attempt: u32, answer: Answer) {
        if !self.placed.iter().all(|earlier| earlier.denied && earlier.attempt != attempt) {
            self.broken.insert(Rule::PlacedTwice);
        }
        self.placed.push(Placed {
            attempt,
            phase: Phase::Dialling,
            answered: false,
            silent: answer == Answer::ThenSilent,
            denied: matches!(answer, Answer::NotPlacedFalsely | Answer::RefusedFalsely),
            ends_at: NOW + Span::seconds(LIMITS.ring_seconds),
        });
    }

    fn search(&self, answer: Answer) -> Option<News> {
        let attempt = self.call.as_ref()?.attempt;
        let place = self.placed.iter().position(|placed| placed.attempt == attempt);
        let found = place.filter(|_| answer == Answer::Well).map(|place| self.sight(place));
        Some(News::Searched { attempt, found })
    }

    fn poll(&self, answer: Answer) -> Option<News> {
        let call = self.call.as_ref()?.provider_call_id.as_ref()?.as_str().parse().unwrap();
        Some(News::Polled { call, sight: (answer == Answer::Well).then(|| self.sight(call)) })
    }

    fn hang_up(&mut self, call: usize, answer: Answer) -> News {
        if answer != Answer::Failed && self.placed[call].phase != Phase::Over {
            self.go_on(call, Phase::Over);
        }
        News::HungUp { call, confirmed: answer == Answer::Well }
    }

    fn sight(&self, call: usize) -> Sight {
        Sight { call, phase: self.placed[call].phase, answered: self.placed[call].answered }
    }

    /// Moves a call at the provider to its next phase. The provider sends the callbacks of the phase, unless it is
    /// silent.
    pub(super) fn go_on(&mut self, call: usize, phase: Phase) {
        let placed = &mut self.placed[call];
        placed.phase = phase;
        let answered = placed.answered || phase == Phase::Answered;
        placed.answered = answered;
        if phase == Phase::Answered {
            placed.ends_at = NOW + Span::seconds(LIMITS.max_duration_seconds);
        }
        let says: &[Says] = match phase {
            Phase::Dialling => &[],
            Phase::Ringing => &[Says::Ringing],
            Phase::Answered => &[Says::Answered],
            Phase::Over if answered => &[Says::Ended { answered: true }, Says::Analysis],
            Phase::Over => &[Says::Ended { answered: false }],
        };
        if !placed.silent {
            self.callbacks.extend(says.iter().map(|says| Callback { call, says: *says }));
        }
    }

    /// Returns `true` if the service may not know of this call. Either it still searches for the call, or the provider
    /// has denied the call and has not shown it since.
    pub(super) fn may_be_unknown(&self, place: usize) -> bool {
        let Some(call) = &self.call else { return false };
        let placed = &self.placed[place];
        let known = call.provider_call_id == Some(call_id(place))
            || call.strays.iter().any(|stray| stray.call_id == call_id(place));
        let looked_for = match call.dispatch {
            Dispatch::Asking(_) | Dispatch::Unknown(_) => call.attempt == placed.attempt,
            Dispatch::Waiting { .. } | Dispatch::Live { .. } | Dispatch::Settled => false,
        };
        !known && (looked_for || placed.denied)
    }
}

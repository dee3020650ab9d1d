//! The gate that every request passes on its way out, AWS or not: it counts, delays, and carries out the fault plan.

use std::future::{Future, pending};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use super::clock::VirtualClock;
use super::faults::{Decision, Fault, Plan, Point};

/// A request and its answer each take up to this long; a network of the same region is about that quick.
const LATENCY_MS: std::ops::RangeInclusive<u64> = 1..=20;

/// One request as it was seen at the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its place among all requests since the plan was set.
    pub index: usize,
    /// Whom it went to and what it asked for.
    pub point: Point,
    /// What it was about: the kind of item, the queue's name, the endpoint's host.
    pub about: String,
    /// The virtual time at which it was made, from the start of the simulation.
    pub at: Duration,
    /// What went wrong with it.
    pub fault: Option<Fault>,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<T> {
    /// It came to its end.
    Finished(T),
    /// It died at the request of this index, and everything it was doing with it.
    Crashed(usize),
}

/// Why a request to somebody outside AWS got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It never arrived.
    NotSent,
    /// It arrived and took effect; the answer did not come back.
    AnswerLost,
}

/// The gate. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    clock: VirtualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    plan: Plan,
    operations: Vec<Operation>,
    not_applicable: Vec<(usize, Fault)>,
    latency: fastrand::Rng,
    chance: fastrand::Rng,
}

/// A request that went in and has not come out yet.
#[derive(Debug)]
#[must_use = "a request that entered has to leave, or its answer is never lost"]
pub struct Passage {
    index: usize,
    fault: Option<Fault>,
}

impl Passage {
    /// What goes wrong with the request, for the service to act on.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }
}

/// The signal that ends one invocation.
#[derive(Clone, Debug, Default)]
struct Crash {
    at: Arc<Mutex<Option<usize>>>,
    raised: Arc<Notify>,
}

tokio::task_local! {
    static INVOCATION: Crash;
}

impl Gate {
    /// A gate at which nothing goes wrong yet.
    pub fn new(seed: u64, clock: VirtualClock) -> Self {
        let mut source = fastrand::Rng::with_seed(seed);
        let state = State {
            plan: Plan::none(),
            operations: Vec::new(),
            not_applicable: Vec::new(),
            latency: source.fork(),
            chance: source.fork(),
        };
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    /// Sets the plan and starts counting anew: what went before (the table, the test's own data) is no point.
    pub fn arm(&self, plan: Plan) {
        let mut state = self.state();
        state.plan = plan;
        state.operations.clear();
        state.not_applicable.clear();
    }

    /// From now on nothing goes wrong any more; what was counted stays.
    pub fn calm_down(&self) {
        self.state().plan = Plan::none();
    }

    /// Every request since the plan was set, in the order they were made.
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    /// How many requests there were since the plan was set.
    pub fn points(&self) -> usize {
        self.state().operations.len()
    }

    /// The exact faults of the plan that met a request they cannot happen to: such a run shows nothing.
    pub fn not_applicable(&self) -> Vec<(usize, Fault)> {
        self.state().not_applicable.clone()
    }

    /// Runs one invocation of a function until it ends or the plan kills it. All of its requests have to be made from
    /// within this future, not from a task it spawned: a spawned task would outlive the crash.
    pub async fn invocation<T>(&self, work: impl Future<Output = T>) -> Ended<T> {
        let crash = Crash::default();
        let work = Box::pin(INVOCATION.scope(crash.clone(), work));
        tokio::select! {
            biased;
            () = crash.raised.notified() => {
                let at = crash.at.lock().unwrap().take();
                Ended::Crashed(at.expect("a crash says where it happened before it is raised"))
            }
            answer = work => Ended::Finished(answer),
        }
    }

    /// Makes a request to somebody outside AWS: `effect` is what the request does there.
    pub async fn pass<T>(&self, point: Point, effect: impl Future<Output = T>) -> Result<T, Broken> {
        self.pass_about(point, String::new(), effect).await
    }

    /// The same, and says what it was about.
    pub async fn pass_about<T>(
        &self,
        point: Point,
        about: String,
        effect: impl Future<Output = T>,
    ) -> Result<T, Broken> {
        let passage = self.enter(point, about).await;
        match passage.fault {
            Some(Fault::FailBefore) => return Err(Broken::NotSent),
            Some(Fault::Slow(delay)) => sleep(delay).await,
            _ => {}
        }
        let answer = effect.await;
        if self.leave(passage).await { Ok(answer) } else { Err(Broken::AnswerLost) }
    }

    /// Counts a request and lets it travel to its service. Does not return if the program dies on the way.
    pub async fn enter(&self, point: Point, about: String) -> Passage {
        let (passage, travel) = self.register(point, about);
        sleep(travel).await;
        match passage.fault {
            Some(Fault::CrashBefore) => die(passage.index).await,
            // Without the hook that prints: it is planned.
            Some(Fault::Panic) => resume_unwind(Box::new("a planned panic")),
            _ => {}
        }
        passage
    }

    /// Lets the answer travel back. Does not return if the program dies before it arrives; false if it got lost.
    pub async fn leave(&self, passage: Passage) -> bool {
        if passage.fault == Some(Fault::CrashAfter) {
            die(passage.index).await;
        }
        let travel = self.travel();
        sleep(travel).await;
        passage.fault != Some(Fault::LoseAnswer)
    }

    fn register(&self, point: Point, about: String) -> (Passage, Duration) {
        let at = self.clock.elapsed();
        let mut state = self.state();
        let state = &mut *state;
        let index = state.operations.len();
        let fault = match state.plan.decide(index, &point, &mut state.chance) {
            Decision::Pass => None,
            Decision::Strike(fault) => Some(fault),
            Decision::NotApplicable(fault) => {
                state.not_applicable.push((index, fault));
                None
            }
        };
        state.operations.push(Operation { index, point, about, at, fault });
        (Passage { index, fault }, Duration::from_millis(state.latency.u64(LATENCY_MS)))
    }

    fn travel(&self) -> Duration {
        Duration::from_millis(self.state().latency.u64(LATENCY_MS))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Tells the invocation that it is dead, and stays silent for ever.
async fn die(index: usize) {
    let told = INVOCATION.try_with(|crash| {
        *crash.at.lock().unwrap() = Some(index);
        crash.raised.notify_one();
    });
    assert!(told.is_ok(), "a crash was planned for request {index}, which was not made from within an invocation");
    pending::<()>().await;
}

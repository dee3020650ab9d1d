//! Gate that every outgoing request passes, to AWS or elsewhere. It counts, delays, and carries out the fault plan.

use std::future::{Future, pending};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use super::clock::VirtualClock;
use super::faults::{Decision, Fault, Plan, Point};

/// Travel time of a request, and again of its answer. A network within one region is about that quick.
const LATENCY_MS: std::ops::RangeInclusive<u64> = 1..=20;

/// Request as the gate saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Index among all requests since the plan was set.
    pub index: usize,
    /// Service and operation of the request.
    pub point: Point,
    /// Subject of the request: the kind of item, the queue's name, or the endpoint's host.
    pub about: String,
    /// Virtual time of the request since the start of the simulation.
    pub at: Duration,
    /// Fault that struck the request.
    pub fault: Option<Fault>,
}

/// End of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<T> {
    /// The invocation finished with this value.
    Finished(T),
    /// The invocation died at the request of this index, with everything in progress.
    Crashed(usize),
}

/// Reason why a request to a service outside AWS got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The request never arrived.
    NotSent,
    /// The request arrived and took effect, but the answer did not come back.
    AnswerLost,
}

/// Gate of a simulation. Clones share one gate.
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

/// Request that has entered the gate and not left it yet.
#[derive(Debug)]
#[must_use = "a request that entered has to leave, or its answer is never lost"]
pub struct Passage {
    index: usize,
    fault: Option<Fault>,
}

impl Passage {
    /// Returns the fault of the request, for the service to act on.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }
}

/// Signal that ends one invocation.
#[derive(Clone, Debug, Default)]
struct Crash {
    at: Arc<Mutex<Option<usize>>>,
    raised: Arc<Notify>,
}

tokio::task_local! {
    static INVOCATION: Crash;
}

impl Gate {
    /// Creates a gate without faults.
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

    /// Sets the plan and starts counting anew. Earlier requests, such as those for the table and for test data, do not
    /// count.
    pub fn arm(&self, plan: Plan) {
        let mut state = self.state();
        state.plan = plan;
        state.operations.clear();
        state.not_applicable.clear();
    }

    /// Removes all faults from now on. The counts stay.
    pub fn calm_down(&self) {
        self.state().plan = Plan::none();
    }

    /// Returns every request since the plan was set, in order.
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    /// Returns the number of requests since the plan was set.
    pub fn points(&self) -> usize {
        self.state().operations.len()
    }

    /// Returns the exact faults of the plan that met a request to which they cannot apply. Such a run proves nothing.
    pub fn not_applicable(&self) -> Vec<(usize, Fault)> {
        self.state().not_applicable.clone()
    }

    /// Runs one invocation of a function until it ends or the plan kills it. All of its requests must be made from
    /// within this future. A task that it spawned would outlive the crash.
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

    /// Makes a request to a service outside AWS. `effect` is what the request does there.
    pub async fn pass<T>(&self, point: Point, effect: impl Future<Output = T>) -> Result<T, Broken> {
        self.pass_about(point, String::new(), effect).await
    }

    /// Makes a request like [`Gate::pass`], with its subject for the record.
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
            // This bypasses the hook that prints, because the panic is planned.
            Some(Fault::Panic) => resume_unwind(Box::new("a planned panic")),
            _ => {}
        }
        passage
    }

    /// Lets the answer travel back. Returns `false` if it got lost. Does not return if the program dies before it
    /// arrives.
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

/// Tells the invocation that it is dead, and waits forever.
async fn die(index: usize) {
    let told = INVOCATION.try_with(|crash| {
        *crash.at.lock().unwrap() = Some(index);
        crash.raised.notify_one();
    });
    assert!(told.is_ok(), "a crash was planned for request {index}, which was not made from within an invocation");
    pending::<()>().await;
}

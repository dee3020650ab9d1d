//! A live call with a fault at each request in turn, those to Twilio among them: at most one call is made, and the call ends
//! once.

use domain::call::Dispatch;
use domain::ids::ConversationId;
use domain::planted::{Bug, plant};
use serde_json::{Value, json};

use super::{CUSTOMER, LiveWorld, signature};
use crate::sim::faults::{Fault, Plan};
use crate::world::simulate;

const FAULTS: [Fault; 6] =
    [Fault::CrashBefore, Fault::CrashAfter, Fault::Panic, Fault::LoseAnswer, Fault::FailBefore, Fault::Conflict];

/// How many requests a live call takes where nothing goes wrong, callbacks included. A run that covers fewer shows less
/// than it says.
const POINTS: usize = 18;

impl LiveWorld {
    /// A client asks until it is answered.
    async fn insists(&self) -> ConversationId {
        let body = json!({"agentSlug": "caller", "toNumber": CUSTOMER, "dynamicVariables": {"name": "Ada"}});
        loop {
            let body = body.to_string();
            let parameters = [].into();
            let answer =
                self.tries("create-call", "/v1/calls", self.headers("one"), &parameters, body.as_bytes()).await;
            if let Some(answer) = answer.filter(|answer| answer.status == 202) {
                let answer: Value = serde_json::from_slice(&answer.body).unwrap();
                return ConversationId::parse(answer["data"]["conversationId"].as_str().unwrap()).unwrap();
            }
            self.world.after_seconds(1).await;
        }
    }

    /// Twilio calls back, and four times more where it is not answered as it should be.
    async fn calls_back_as_told(&self, kind: &str, status: &str) {
        let call = self.fake.calls()[0].clone();
        let address = call.field(kind).unwrap();
        let fields = [("CallSid", call.sid.as_str()), ("CallStatus", status), ("CallDuration", "7")];
        for _ in 0..5 {
            let answer = self.tries_to_call_back(address, &fields, &signature(address, &fields)).await;
            if answer.is_some_and(|answer| answer.status == 200) {
                return;
            }
            self.world.after_seconds(1).await;
        }
    }

    /// The course of the call at Twilio, once there is one.
    async fn plays(&self) {
        self.insists().await;
        for _ in 0..600 {
            if !self.fake.calls().is_empty() {
                break;
            }
            self.world.after_seconds(1).await;
        }
        let Some(call) = self.fake.calls().first().cloned() else { return };
        for (kind, status) in [
            ("StatusCallback", "ringing"),
            ("Url", "in-progress"),
            ("StatusCallback", "in-progress"),
            ("StatusCallback", "completed"),
        ] {
            self.world.after_seconds(2).await;
            self.fake.call_becomes(&call.sid, status);
            self.calls_back_as_told(kind, status).await;
        }
    }
}

/// Plays a call under a plan; gives how many requests it took, and what is wrong with what came of it.
fn play(plan: Plan) -> (usize, Vec<String>) {
    simulate(async {
        let live = LiveWorld::virtually(1).await;
        live.world.aws.gate.arm(plan);
        live.world.runs(live.plays()).await;
        let points = live.world.aws.gate.points();
        live.world.aws.gate.calm_down();
        let id = live.insists().await;
        let (call, events) = (live.call(id), live.events(id).await);
        let mut wrong = Vec::new();
        if live.fake.calls().len() > 1 {
            wrong.push(format!("{} calls were made", live.fake.calls().len()));
        }
        if events.iter().filter(|name| *name == "call.ended").count() != 1 {
            wrong.push(format!("it ended by {events:?}"));
        }
        if call.dispatch != Dispatch::Settled {
            wrong.push(format!("it is {:?}", call.dispatch));
        }
        let reason = call.end_reason.map(|reason| reason.to_string()).unwrap_or_default();
        if !matches!(reason.as_str(), "completed" | "dispatch_unconfirmed") {
            wrong.push(format!("it ended as {reason}"));
        }
        if reason == "dispatch_unconfirmed" && !live.fake.calls().is_empty() {
            wrong.push("it was given up, and had been made".to_owned());
        }
        (points, wrong)
    })
}

#[test]
fn a_fault_at_any_request_of_a_live_call_makes_no_second_call() {
    let (points, wrong) = play(Plan::none());
    assert_eq!((points, wrong), (POINTS, Vec::new()), "requests where nothing goes wrong");
    for fault in FAULTS {
        for point in 0..POINTS {
            let (_, wrong) = play(Plan::none().at(point, fault));
            assert!(wrong.is_empty(), "{fault:?} at {point}: {wrong:?}");
        }
    }
}

/// A test that finds no planted bug proves nothing.
#[test]
fn a_lost_answer_that_is_asked_for_again_would_be_found() {
    plant(Some(Bug::RetryTimeout));
    let found = (0..POINTS).any(|point| !play(Plan::none().at(point, Fault::LoseAnswer)).1.is_empty());
    plant(None);
    assert!(found);
}

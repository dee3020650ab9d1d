//! Connection to a fake in virtual time, and the record of what passes it.

use domain::time::Timestamp;
use providers::egress::{Answer, EgressError, OutboundRequest};
use store::SimulatedText;

use super::OURS;
use crate::harness::aws::faults::{Point, Service};
use crate::harness::aws::gate::{Broken, Gate};
use crate::harness::fakes::fake::Fake;
use crate::harness::fakes::server::Asked;
use crate::harness::fakes::vendor::{CreateOutcome, Vendor};
use crate::harness::world::{Carried, Dial, History, Placed, number};

/// Sends a request to the provider through the gate, which may strike it with a fault. A request that arrived is
/// carried out even if its sender dies.
pub(super) async fn through<V: Vendor>(
    gate: Gate,
    fake: Fake<V>,
    history: History,
    request: OutboundRequest,
) -> Result<Answer, EgressError> {
    let point = Point::new(Service::Provider, request.method.as_str());
    let about = request.url.path().to_owned();
    let effect = async {
        let course = tokio::spawn(async move {
            let reaction = fake.clone().answer(Asked::of(&request)).await;
            note(&fake, &history);
            reaction
        });
        course.await.expect("a fake does not panic").without_a_socket().await
    };
    match gate.pass_about(point, about, effect).await {
        Ok(answer) => answer,
        Err(Broken::NotSent) => Err(EgressError::Connect("connection refused".into())),
        Err(Broken::AnswerLost) => Err(EgressError::Broken("connection reset".into())),
    }
}

/// Records the calls that were placed and the messages that were sent.
fn note<V: Vendor>(fake: &Fake<V>, history: &History) {
    for call in fake.calls() {
        let Some((conversation, _)) = CreateOutcome::attempt_of(V::callback(&call.asked)) else { continue };
        let to = V::to(&call.asked).to_owned();
        history.dialled(&call.id, Dial { conversation, to, placed_at: call.created_at });
    }
    for text in fake.texts() {
        let Some((conversation, sent)) = V::text_of(&text) else { continue };
        let to = number(V::to(&text.asked));
        let text = SimulatedText {
            message_id: text.id,
            conversation,
            number: sent,
            attempt: 1,
            to,
            from: number(OURS),
            content: String::new(),
            sent_at: text.created_at,
        };
        history.carried(Carried { text });
    }
}

/// Returns the calls that a fake placed.
pub(super) fn placed<V: Vendor>(fake: &Fake<V>) -> Vec<Placed> {
    let calls = fake.calls().into_iter().filter_map(|call| {
        let (conversation, attempt) = CreateOutcome::attempt_of(V::callback(&call.asked))?;
        // A call that was never ended goes on for ever.
        let over_at = call.over_at.unwrap_or(Timestamp::from_milliseconds(i64::MAX / 2));
        Some(Placed { conversation, attempt, placed_at: call.created_at, over_at, hidden: false })
    });
    calls.collect()
}

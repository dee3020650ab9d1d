//! What Telnyx's answers to `POST /v2/calls` mean. Its codes are those of
//! developers.telnyx.com/development/api-fundamentals/api-errors; what none of them says is judged as for any provider.

use domain::end_reason::EndReason;
use domain::ids::ProviderCallId;

use super::wire::{Complaint, TelnyxCall, Wrapped};
use crate::client::Reply;

/// Codes that say that a number is none, or not in E.164.
const NO_NUMBER: [&str; 2] = ["10002", "10016"];

/// Where the called number stands in a request.
const TO: &str = "/to";

/// The id of the call that was made, where the answer is one we can read.
pub(super) fn call_id(reply: &Reply) -> Option<ProviderCallId> {
    let call: Wrapped<TelnyxCall> = reply.json()?;
    (!call.data.call_control_id.is_empty()).then(|| ProviderCallId::new(call.data.call_control_id))
}

/// What a refusal means, where it says more than that it is one.
pub(super) fn meaning(reply: &Reply) -> Option<EndReason> {
    let complaint: Complaint = reply.json()?;
    let about_to = complaint.errors.iter().any(|error| {
        let no_number = error.code.as_deref().is_some_and(|code| NO_NUMBER.contains(&code));
        let pointer = error.source.as_ref().and_then(|source| source.pointer.as_deref());
        no_number && pointer.is_none_or(|pointer| pointer == TO)
    });
    about_to.then_some(EndReason::INVALID_DESTINATION)
}

#[cfg(test)]
mod tests {
    use domain::dispatch::Outcome;
    use domain::end_reason::EndReason;
    use domain::ids::ProviderCallId;

    use super::{call_id, meaning};
    use crate::client::{Reply, wire};
    use crate::outcome::classify;

    const DIALLED: &str = r#"{"data": {"call_control_id": "v3:abc", "is_alive": false, "record_type": "call"}}"#;

    fn outcome(status: u16, body: &str) -> Outcome<ProviderCallId> {
        classify(wire(Ok(Reply::of(status, body)), call_id, meaning))
    }

    #[test]
    fn a_2xx_is_an_acceptance_where_it_can_be_read_and_else_unknown() {
        assert_eq!(outcome(200, DIALLED), Outcome::Accepted { id: ProviderCallId::new("v3:abc") });
        for body in ["", "ok", &DIALLED[..20], "[]", "{}", r#"{"data": {}}"#, r#"{"data": {"call_control_id": 1}}"#] {
            assert!(matches!(outcome(200, body), Outcome::Unknown { .. }), "{body}");
        }
    }

    #[test]
    fn a_refusal_has_its_reason() {
        let error = |code: &str, pointer: &str| {
            format!(r#"{{"errors": [{{"code": "{code}", "title": "t", "source": {{"pointer": "{pointer}"}}}}]}}"#)
        };
        for (status, body, expected) in [
            (400, error("10015", "/connection_id"), EndReason::REJECTED),
            (422, error("10016", "/to"), EndReason::INVALID_DESTINATION),
            (422, error("10016", "/from"), EndReason::REJECTED),
            (422, r#"{"errors": [{"code": "10002"}]}"#.to_owned(), EndReason::INVALID_DESTINATION),
            (401, error("10009", ""), EndReason::PROVIDER_UNAVAILABLE),
            (402, String::new(), EndReason::PROVIDER_UNAVAILABLE),
            (403, error("10010", ""), EndReason::PROVIDER_UNAVAILABLE),
            (404, error("10005", ""), EndReason::REJECTED),
            (422, "[]".to_owned(), EndReason::REJECTED),
            (422, r#"{"errors": [7, {}]}"#.to_owned(), EndReason::REJECTED),
        ] {
            let refused = outcome(status, &body);
            assert!(matches!(refused, Outcome::Refused { reason, .. } if reason == expected), "{status} {body}");
        }
    }

    #[test]
    fn a_call_was_not_placed_where_we_are_to_slow_down_and_may_have_been_where_it_failed() {
        assert!(matches!(outcome(429, "{}"), Outcome::NotPlaced { retry_after: Some(_), .. }));
        for status in [408, 409, 425, 500, 502, 503, 504] {
            assert!(matches!(outcome(status, DIALLED), Outcome::Unknown { .. }), "{status}");
        }
    }
}

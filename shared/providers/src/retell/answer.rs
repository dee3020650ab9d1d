//! Parsing of Retell's answers to `POST /v2/create-phone-call`. Its API reference lists the statuses 201, 400, 401, 402, 422,
//! 429 and 500. They are all judged by the rules for every provider.

use domain::ids::ProviderCallId;

use super::wire::RetellCall;
use crate::client::Reply;

/// Returns the id of the created call, if the answer can be read.
pub(super) fn call_id(reply: &Reply) -> Option<ProviderCallId> {
    let call: RetellCall = reply.json()?;
    (!call.call_id.is_empty()).then(|| ProviderCallId::new(call.call_id))
}

#[cfg(test)]
mod tests {
    use domain::dispatch::Outcome;
    use domain::end_reason::EndReason;
    use domain::ids::ProviderCallId;

    use super::call_id;
    use crate::client::{Reply, wire};
    use crate::outcome::classify;

    const CREATED: &str = r#"{"call_id": "call_1", "call_status": "registered", "agent_id": "agent_1"}"#;

    fn outcome(status: u16, body: &str) -> Outcome<ProviderCallId> {
        classify(wire(Ok(Reply::of(status, body)), call_id, |_| None))
    }

    #[test]
    fn a_readable_2xx_is_an_acceptance() {
        for status in [200, 201, 202] {
            assert_eq!(outcome(status, CREATED), Outcome::Accepted { id: ProviderCallId::new("call_1") });
        }
    }

    #[test]
    fn a_2xx_that_cannot_be_read_is_unknown() {
        for body in ["", "ok", &CREATED[..20], "[]", "{}", r#"{"call_id": 1}"#, r#"{"call_id": ""}"#, "<html></html>"] {
            assert!(matches!(outcome(201, body), Outcome::Unknown { .. }), "{body}");
        }
    }

    #[test]
    fn a_refusal_has_its_reason() {
        let body = r#"{"status": "error", "message": "Invalid request format, please check API reference."}"#;
        for (status, expected) in [
            (400, EndReason::REJECTED),
            (401, EndReason::PROVIDER_UNAVAILABLE),
            (402, EndReason::PROVIDER_UNAVAILABLE),
            (403, EndReason::PROVIDER_UNAVAILABLE),
            (404, EndReason::REJECTED),
            (422, EndReason::REJECTED),
        ] {
            let refused = outcome(status, body);
            assert!(matches!(refused, Outcome::Refused { reason, .. } if reason == expected), "{status}");
        }
    }

    #[test]
    fn a_call_was_not_placed_where_we_are_to_slow_down_and_may_have_been_where_it_failed() {
        assert!(matches!(outcome(429, "{}"), Outcome::NotPlaced { retry_after: Some(_), .. }));
        for status in [408, 409, 425, 500, 502, 503, 504] {
            assert!(matches!(outcome(status, CREATED), Outcome::Unknown { .. }), "{status}");
        }
    }
}

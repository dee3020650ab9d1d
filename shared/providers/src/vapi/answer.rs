//! Parsing of Vapi's answers to `POST /call`. Its OpenAPI document lists the statuses 201, 400 and 500. They are all judged by
//! the rules for every provider.

use domain::ids::ProviderCallId;

use super::wire::VapiCall;
use crate::client::Reply;

/// Returns the id of the created call, if the answer can be read.
pub(super) fn call_id(reply: &Reply) -> Option<ProviderCallId> {
    let call: VapiCall = reply.json()?;
    (!call.id.is_empty()).then(|| ProviderCallId::new(call.id))
}

#[cfg(test)]
mod tests {
    use domain::dispatch::Outcome;
    use domain::end_reason::EndReason;
    use domain::ids::ProviderCallId;

    use super::call_id;
    use crate::client::{Reply, wire};
    use crate::outcome::classify;

    const CREATED: &str = r#"{"id": "call-1", "status": "queued", "orgId": "o", "monitor": {}}"#;

    fn outcome(status: u16, body: &str) -> Outcome<ProviderCallId> {
        classify(wire(Ok(Reply::of(status, body)), call_id, |_| None))
    }

    #[test]
    fn a_2xx_is_an_acceptance_where_it_can_be_read_and_else_unknown() {
        assert_eq!(outcome(201, CREATED), Outcome::Accepted { id: ProviderCallId::new("call-1") });
        // The answer to a request for several calls has no id of its own.
        for body in ["", "ok", &CREATED[..20], "[]", "{}", r#"{"results": [], "errors": []}"#, r#"{"id": ""}"#] {
            assert!(matches!(outcome(201, body), Outcome::Unknown { .. }), "{body}");
        }
    }

    #[test]
    fn a_refusal_has_its_reason() {
        let body = r#"{"message": ["customer.number must be a valid phone number"], "error": "Bad Request"}"#;
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

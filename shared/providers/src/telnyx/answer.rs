//! Translation of Telnyx's answers to requests for calls and SMS messages. The codes are those of
//! developers.telnyx.com/development/api-fundamentals/api-errors and …/docs/messaging/messages/error-codes. All other answers
//! are judged by the rules for every provider.

use domain::end_reason::EndReason;
use domain::ids::{ProviderCallId, ProviderMessageId};

use super::wire::{Complaint, TelnyxCall, TelnyxError, TelnyxText, Wrapped};
use crate::client::Reply;

/// Error codes of a number that is not one, or is not in E.164. The error's pointer tells which number.
const NO_NUMBER: [&str; 2] = ["10002", "10016"];

/// JSON pointer to the called number.
const TO: &str = "/to";

/// Returns the id of the created call, if the answer can be read.
pub(super) fn call_id(reply: &Reply) -> Option<ProviderCallId> {
    let call: Wrapped<TelnyxCall> = reply.json()?;
    (!call.data.call_control_id.is_empty()).then(|| ProviderCallId::new(call.data.call_control_id))
}

/// Returns the id of the accepted SMS message, if the answer can be read.
pub(super) fn message_id(reply: &Reply) -> Option<ProviderMessageId> {
    let text: Wrapped<TelnyxText> = reply.json()?;
    (!text.data.id.is_empty()).then(|| ProviderMessageId::new(text.data.id))
}

/// Returns the meaning of a refused call, if the answer is specific.
pub(super) fn meaning_of_call(reply: &Reply) -> Option<EndReason> {
    let complaint: Complaint = reply.json()?;
    complaint.errors.iter().any(is_about_to).then_some(EndReason::INVALID_DESTINATION)
}

/// Returns the meaning of a refused SMS message, if the answer is specific.
pub(super) fn meaning_of_text(reply: &Reply) -> Option<EndReason> {
    let complaint: Complaint = reply.json()?;
    complaint.errors.iter().find_map(|error| {
        if error.is_opt_out() {
            return Some(EndReason::OPTED_OUT);
        }
        if is_about_to(error) {
            return Some(EndReason::INVALID_DESTINATION);
        }
        match error.code.as_deref()? {
            "40001" | "40012" | "40310" | "40319" => Some(EndReason::INVALID_DESTINATION),
            "10001" | "10002" | "10016" | "40013" | "40100" | "40305" | "40306" | "40315" | "40320" => {
                Some(EndReason::INVALID_SENDER)
            }
            "40309" => Some(EndReason::DESTINATION_NOT_ALLOWED),
            "20100" | "40312" | "40314" | "40318" => Some(EndReason::PROVIDER_UNAVAILABLE),
            _ => None,
        }
    })
}

fn is_about_to(error: &TelnyxError) -> bool {
    let no_number = error.code.as_deref().is_some_and(|code| NO_NUMBER.contains(&code));
    let pointer = error.source.as_ref().and_then(|source| source.pointer.as_deref());
    no_number && pointer.is_none_or(|pointer| pointer == TO)
}

#[cfg(test)]
mod tests {
    use domain::dispatch::Outcome;
    use domain::end_reason::EndReason;
    use domain::ids::{ProviderCallId, ProviderMessageId};

    use super::{call_id, meaning_of_call, meaning_of_text, message_id};
    use crate::client::{Reply, wire};
    use crate::outcome::classify;

    const DIALLED: &str = r#"{"data": {"call_control_id": "v3:abc", "is_alive": false, "record_type": "call"}}"#;

    fn outcome(status: u16, body: &str) -> Outcome<ProviderCallId> {
        classify(wire(Ok(Reply::of(status, body)), call_id, meaning_of_call))
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

    fn texted(status: u16, body: &str) -> Outcome<ProviderMessageId> {
        classify(wire(Ok(Reply::of(status, body)), message_id, meaning_of_text))
    }

    #[test]
    fn a_text_is_accepted_by_its_id() {
        let taken = r#"{"data": {"id": "40385f64-5717-4562-b3fc-2c963f66afa6", "to": [{"status": "queued"}]}}"#;
        let id = ProviderMessageId::new("40385f64-5717-4562-b3fc-2c963f66afa6");
        assert_eq!(texted(200, taken), Outcome::Accepted { id });
        for body in ["", "ok", &taken[..30], "{}", r#"{"data": {"id": ""}}"#, r#"{"data": {"id": 7}}"#] {
            assert!(matches!(texted(200, body), Outcome::Unknown { .. }), "{body}");
        }
    }

    #[test]
    fn a_refused_text_has_its_reason() {
        let error = |code: &str, title: &str, pointer: &str| {
            format!(r#"{{"errors": [{{"code": "{code}", "title": "{title}", "source": {{"pointer": "{pointer}"}}}}]}}"#)
        };
        for (status, body, expected) in [
            (400, error("40300", "Blocked due to STOP message", ""), EndReason::OPTED_OUT),
            (403, error("40300", "Blocked due to STOP message", ""), EndReason::OPTED_OUT),
            // Telnyx uses the same code for senders that are not set up.
            (400, error("40300", "The from number is not assigned to a messaging profile", ""), EndReason::REJECTED),
            (400, error("40310", "", ""), EndReason::INVALID_DESTINATION),
            (422, error("10016", "", "/to"), EndReason::INVALID_DESTINATION),
            (422, error("10016", "", "/from"), EndReason::INVALID_SENDER),
            (400, error("40305", "", ""), EndReason::INVALID_SENDER),
            (400, error("40100", "", ""), EndReason::INVALID_SENDER),
            (400, error("40309", "", ""), EndReason::DESTINATION_NOT_ALLOWED),
            (403, error("40314", "", ""), EndReason::PROVIDER_UNAVAILABLE),
            (400, error("20100", "", ""), EndReason::PROVIDER_UNAVAILABLE),
            (401, error("10009", "", ""), EndReason::PROVIDER_UNAVAILABLE),
            (422, error("99999", "", ""), EndReason::REJECTED),
            (400, "<html>".to_owned(), EndReason::REJECTED),
        ] {
            let refused = texted(status, &body);
            assert!(matches!(&refused, Outcome::Refused { reason, .. } if *reason == expected), "{body}: {refused:?}");
        }
    }
}

//! Meanings of Twilio's error codes, as far as they are known. Twilio advises against logic that depends on them, and has split
//! some codes into finer ones. So an unknown code is judged by its status alone.

use domain::end_reason::EndReason;
use serde::Deserialize;

use crate::client::Reply;

/// Body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    code: Option<u32>,
}

/// Error code in a delivery report that says that the customer opted out at the carrier.
pub(super) const OPTED_OUT: u32 = 21_610;

/// Returns the meaning of a refusal.
pub(super) fn meaning(reply: &Reply) -> Option<EndReason> {
    let code = reply.json::<Refusal>()?.code?;
    tracing::warn!(status = reply.status, code, "Twilio refused");
    reason(code)
}

/// Returns the meaning of a code, by Twilio's dictionary of errors.
fn reason(code: u32) -> Option<EndReason> {
    match code {
        20_003 => Some(EndReason::PROVIDER_UNAVAILABLE),
        13_224 | 21_211 | 21_217 | 21_612 | 21_614 => Some(EndReason::INVALID_DESTINATION),
        21_210 | 21_212 | 21_606 | 21_659..=21_661 => Some(EndReason::INVALID_SENDER),
        21_215 | 21_216 | 21_219 | 21_408 | 21_608 => Some(EndReason::DESTINATION_NOT_ALLOWED),
        OPTED_OUT => Some(EndReason::OPTED_OUT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::end_reason::EndReason;

    use super::meaning;
    use crate::client::Reply;

    fn of(body: &str) -> Option<EndReason> {
        meaning(&Reply::of(400, body))
    }

    #[test]
    fn a_known_code_has_a_meaning_and_nothing_else_has() {
        let body = |code: u32| format!(r#"{{"code": {code}, "message": "no", "more_info": "…", "status": 400}}"#);
        for (codes, reason) in [
            (vec![20_003], EndReason::PROVIDER_UNAVAILABLE),
            (vec![21_211, 13_224, 21_217, 21_612, 21_614], EndReason::INVALID_DESTINATION),
            (vec![21_210, 21_212, 21_606, 21_659], EndReason::INVALID_SENDER),
            (vec![21_215, 21_408, 21_216, 21_219, 21_608], EndReason::DESTINATION_NOT_ALLOWED),
            (vec![21_610], EndReason::OPTED_OUT),
        ] {
            for code in codes {
                assert_eq!(of(&body(code)).as_ref(), Some(&reason), "{code}");
            }
        }
        assert_eq!(of(&body(21_617)), None);
        for other in ["", "<html>", "{}", r#"{"code": "21211"}"#, r#"{"code": -1}"#] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}

//! Rules for a provider's answer to "place this call" or "send this SMS message". One table serves all providers and the
//! simulator.

use domain::dispatch::Outcome;
use domain::end_reason::EndReason;
use domain::time::Span;

/// Result of a request to a provider, reduced to the facts that [`classify`] needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire<Id> {
    /// Request that was not sent: no connection was established.
    NotSent,
    /// Answer of the provider.
    Answered {
        /// HTTP status.
        status: u16,
        /// Wait that the provider asks for.
        retry_after: Option<Span>,
        /// Id of the call or the SMS message, if the answer could be read.
        id: Option<Id>,
        /// Meaning of the provider's error code, if the code is known.
        meaning: Option<EndReason>,
        /// Error code of the provider, for the log.
        code: Option<String>,
    },
    /// Request that was sent and not answered in time.
    TimedOut,
    /// Connection that broke after the request had begun.
    Broken,
}

/// Classifies an answer. A request may be repeated only if the answer proves that nothing happened: no connection was
/// established, or the provider answered 429. A definite 4xx proves it too, and the provider would refuse again.
///
/// After a 408, a 409, a 425, a 2xx without a readable id, and any other status, such as a 5xx, the outcome is unknown. 401, 402
/// and 403 concern our account at the provider: no callee can be reached through it.
pub fn classify<Id>(wire: Wire<Id>) -> Outcome<Id> {
    match wire {
        Wire::NotSent => Outcome::NotPlaced { retry_after: None, why: "no connection to the provider".to_owned() },
        Wire::TimedOut => Outcome::Unknown { why: "the provider did not answer in time".to_owned() },
        Wire::Broken => Outcome::Unknown { why: "the connection broke before the answer".to_owned() },
        Wire::Answered { status, retry_after, id, meaning, code } => {
            let code = code.map_or_else(String::new, |code| format!(", code {code}"));
            let why = format!("the provider answered {status}{code}");
            match status {
                200..=299 => match id {
                    Some(id) => Outcome::Accepted { id },
                    None => Outcome::Unknown { why },
                },
                429 => Outcome::NotPlaced { retry_after, why },
                408 | 409 | 425 => Outcome::Unknown { why },
                401..=403 => Outcome::Refused { reason: meaning.unwrap_or(EndReason::PROVIDER_UNAVAILABLE), why },
                400..=499 => Outcome::Refused { reason: meaning.unwrap_or(EndReason::REJECTED), why },
                _ => Outcome::Unknown { why },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::dispatch::Outcome;
    use domain::end_reason::EndReason;
    use domain::ids::ProviderCallId;
    use domain::time::Span;

    use super::{Wire, classify};

    fn answered(status: u16) -> Outcome<ProviderCallId> {
        classify(Wire::Answered { status, retry_after: Some(Span::seconds(3)), id: None, meaning: None, code: None })
    }

    #[test]
    fn only_what_provably_never_happened_is_safe_to_go_on_from() {
        for status in [408, 409, 425, 500, 502, 503, 504, 100, 302, 200, 201] {
            assert!(matches!(answered(status), Outcome::Unknown { .. }), "{status}");
        }
        for wire in [Wire::TimedOut, Wire::Broken] {
            assert!(matches!(classify::<ProviderCallId>(wire), Outcome::Unknown { .. }));
        }
        assert!(matches!(classify::<ProviderCallId>(Wire::NotSent), Outcome::NotPlaced { .. }));
        assert!(
            matches!(answered(429), Outcome::NotPlaced { retry_after: Some(wait), .. } if wait == Span::seconds(3))
        );
    }

    #[test]
    fn a_definite_refusal_has_a_reason() {
        for (status, expected) in [
            (400, EndReason::REJECTED),
            (404, EndReason::REJECTED),
            (422, EndReason::REJECTED),
            (401, EndReason::PROVIDER_UNAVAILABLE),
            (402, EndReason::PROVIDER_UNAVAILABLE),
            (403, EndReason::PROVIDER_UNAVAILABLE),
        ] {
            assert!(matches!(answered(status), Outcome::Refused { reason, .. } if reason == expected), "{status}");
        }
    }

    #[test]
    fn a_readable_2xx_is_an_acceptance() {
        let id = ProviderCallId::new("c");
        let wire = Wire::Answered { status: 201, retry_after: None, id: Some(id.clone()), meaning: None, code: None };
        assert_eq!(classify(wire), Outcome::Accepted { id });
    }
}

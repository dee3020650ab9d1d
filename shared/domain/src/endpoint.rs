//! Webhook endpoints: their signing secrets, and the rules by which they are disabled after failures.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::EndpointId;
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

/// Time for which a replaced secret still signs together with its successor.
pub const ROTATION: Span = Span::hours(24);

/// Largest number of secrets that sign at once. Each is a signature in a header, and receivers limit those.
pub const MOST_SECRETS: usize = 5;

/// Time after which a failing endpoint is disabled, if it was tried again and again without a success.
pub const LONGEST_FAILURE: Span = Span::hours(5 * 24);

/// Longest time between two failed attempts of one failure. After a longer time, the endpoint was not tried in between,
/// and a new failure begins. Attempts at one event are at most 26.4 hours apart. The record of the last one is at most
/// [`FAILURE_IS_NOTED_EVERY`] old.
pub const LONGEST_SILENCE: Span = Span::hours(36);

/// Shortest time between two records of a continuing failure. A write for every attempt would cost as much as the
/// attempt.
pub const FAILURE_IS_NOTED_EVERY: Span = Span::hours(6);

/// Webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Id of the endpoint.
    pub id: EndpointId,
    /// Fingerprint of the request that created the endpoint.
    pub fingerprint: String,
    /// URL that receives the events.
    pub url: String,
    /// Event types that the endpoint is subscribed to.
    pub events: Vec<String>,
    /// Secrets that sign, newest first. There are several while one is being rotated.
    pub secrets: Vec<SigningSecret>,
    /// `true` if the endpoint receives events.
    pub enabled: bool,
    /// Reason for which the service disabled the endpoint; `None` if the client did.
    pub disabled_reason: Option<String>,
    /// Time at which the endpoint was created.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// Secret that signs the events of an endpoint.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningSecret {
    /// Secret in the form `whsec_…`.
    pub secret: String,
    /// Time from which the secret does not sign any more; `None` for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Digest of the idempotency key of the request for this secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_under: Option<String>,
}

impl SigningSecret {
    /// Creates a secret that signs from now on, without an end.
    pub const fn new(secret: String) -> Self {
        Self { secret, expires_at: None, asked_under: None }
    }

    fn signs(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningSecret").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Refusal of a rotation: [`MOST_SECRETS`] secrets already sign for the endpoint, because it was rotated too often
/// within [`ROTATION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManySecrets;

impl Endpoint {
    /// Returns the secrets that sign now, newest first.
    pub fn signing(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        self.secrets.iter().filter(move |secret| secret.signs(now)).map(|secret| secret.secret.as_str())
    }

    /// Adds a secret as the newest one. The secret before it also signs, for [`ROTATION`].
    ///
    /// # Errors
    /// [`TooManySecrets`] if too many secrets sign already. Nothing has changed then.
    pub fn rotate(&mut self, next: SigningSecret, now: Timestamp) -> Result<(), TooManySecrets> {
        let mut kept: Vec<SigningSecret> = self.secrets.iter().filter(|secret| secret.signs(now)).cloned().collect();
        if kept.len() >= MOST_SECRETS {
            return Err(TooManySecrets);
        }
        for secret in &mut kept {
            secret.expires_at.get_or_insert(now + ROTATION);
        }
        kept.insert(0, next);
        self.secrets = kept;
        self.updated_at = now;
        Ok(())
    }

    /// Returns the time from which only the newest secret signs; `None` if it already does.
    pub fn signs_alone_from(&self, now: Timestamp) -> Option<Timestamp> {
        self.secrets.iter().filter(|secret| secret.signs(now)).filter_map(|secret| secret.expires_at).max()
    }
}

/// Recorded failure of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Start of the failure.
    pub since: Timestamp,
    /// Time of the last failed attempt, with an error of up to [`FAILURE_IS_NOTED_EVERY`].
    pub last: Timestamp,
}

/// Consequence of a failed attempt for its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A failure begins and is recorded: the first one, or the first one after a silence.
    Begins,
    /// The failure continues, and its last attempt is recorded.
    GoesOn,
    /// The failure continues, and its last record is recent.
    IsNoted,
    /// The failure has lasted for [`LONGEST_FAILURE`], so the endpoint is disabled.
    IsTooLong,
}

impl Failure {
    /// Returns the consequence of a failed attempt, given the recorded failure before it.
    pub fn of(before: Option<Failing>, now: Timestamp) -> Self {
        let Some(Failing { since, last }) = before else { return Self::Begins };
        if now.since(last) > LONGEST_SILENCE && !is_planted(Bug::GiveUpAfterSilence) {
            return Self::Begins;
        }
        match () {
            () if now.since(since) >= LONGEST_FAILURE => Self::IsTooLong,
            () if now.since(last) >= FAILURE_IS_NOTED_EVERY => Self::GoesOn,
            () => Self::IsNoted,
        }
    }
}

/// Data of the event `endpoint.disabled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EndpointDisabled {
    /// Id of the endpoint that receives no more events.
    pub endpoint_id: EndpointId,
    /// URL that the endpoint's events were sent to.
    pub url: String,
    /// Reason for disabling the endpoint.
    pub reason: String,
    /// Time at which the endpoint was disabled.
    pub disabled_at: Timestamp,
}

/// Data of the event `webhook.test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WebhookTest {
    /// Id of the endpoint that is tested.
    pub endpoint_id: EndpointId,
    /// Time at which the test was requested.
    pub requested_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::{
        Endpoint, FAILURE_IS_NOTED_EVERY, Failing, Failure, LONGEST_FAILURE, LONGEST_SILENCE, MOST_SECRETS, ROTATION,
        SigningSecret, TooManySecrets,
    };
    use crate::delivery::{LONGEST_RETRY_AFTER, SCHEDULE};
    use crate::ids::EndpointId;
    use crate::time::{Span, Timestamp};

    fn endpoint(now: Timestamp) -> Endpoint {
        Endpoint {
            id: EndpointId::random([1; 16]),
            fingerprint: String::new(),
            url: "https://example.com".to_owned(),
            events: Vec::new(),
            secrets: vec![SigningSecret::new("first".to_owned())],
            enabled: true,
            disabled_reason: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn a_secret_that_was_replaced_signs_for_a_day_beside_its_successor() {
        let start = Timestamp::from_milliseconds(0);
        let mut endpoint = endpoint(start);
        endpoint.rotate(SigningSecret::new("second".to_owned()), start).unwrap();
        let just_before = start + Span::milliseconds(24 * 3_600_000 - 1);
        assert_eq!(endpoint.signing(just_before).collect::<Vec<_>>(), ["second", "first"]);
        assert_eq!(endpoint.signs_alone_from(just_before), Some(start + ROTATION));
        assert_eq!(endpoint.signing(start + ROTATION).collect::<Vec<_>>(), ["second"]);
        assert_eq!(endpoint.signs_alone_from(start + ROTATION), None);
    }

    #[test]
    fn a_second_rotation_does_not_shorten_or_prolong_the_first_ones_day() {
        let start = Timestamp::from_milliseconds(0);
        let mut endpoint = endpoint(start);
        endpoint.rotate(SigningSecret::new("second".to_owned()), start).unwrap();
        endpoint.rotate(SigningSecret::new("third".to_owned()), start + Span::hours(12)).unwrap();
        assert_eq!(endpoint.signing(start + Span::hours(23)).collect::<Vec<_>>(), ["third", "second", "first"]);
        assert_eq!(endpoint.signing(start + Span::hours(25)).collect::<Vec<_>>(), ["third", "second"]);
        assert_eq!(endpoint.signing(start + Span::hours(36)).collect::<Vec<_>>(), ["third"]);
    }

    #[test]
    fn no_more_secrets_sign_at_once_than_a_header_takes() {
        let start = Timestamp::from_milliseconds(0);
        let mut endpoint = endpoint(start);
        for _ in 1..MOST_SECRETS {
            endpoint.rotate(SigningSecret::new("another".to_owned()), start).unwrap();
        }
        let before = endpoint.clone();
        assert_eq!(endpoint.rotate(SigningSecret::new("last".to_owned()), start), Err(TooManySecrets));
        assert_eq!(endpoint, before);
        endpoint.rotate(SigningSecret::new("next day".to_owned()), start + ROTATION).unwrap();
        assert_eq!(endpoint.secrets.len(), 2);
    }

    #[test]
    fn an_endpoint_is_given_up_that_failed_for_five_days_whenever_it_was_tried() {
        let start = Timestamp::from_milliseconds(0);
        let failing = |since_hours, last_hours| {
            Some(Failing { since: start + Span::hours(since_hours), last: start + Span::hours(last_hours) })
        };
        assert_eq!(Failure::of(None, start), Failure::Begins);
        assert_eq!(Failure::of(failing(0, 0), start + Span::hours(5)), Failure::IsNoted);
        assert_eq!(Failure::of(failing(0, 0), start + Span::hours(26)), Failure::GoesOn);
        assert_eq!(Failure::of(failing(0, 90), start + Span::hours(119)), Failure::GoesOn);
        assert_eq!(Failure::of(failing(0, 90), start + LONGEST_FAILURE), Failure::IsTooLong);
        assert_eq!(Failure::of(failing(0, 75), start + LONGEST_FAILURE), Failure::Begins, "nobody tried for two days");
    }

    #[test]
    fn no_wait_between_two_attempts_at_an_event_is_a_silence() {
        let longest = SCHEDULE.into_iter().chain([LONGEST_RETRY_AFTER]).max().unwrap().as_milliseconds();
        let noted = FAILURE_IS_NOTED_EVERY.as_milliseconds();
        assert!(longest + longest / 10 + noted < LONGEST_SILENCE.as_milliseconds());
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert!(!format!("{:?}", endpoint(Timestamp::from_milliseconds(0))).contains("first"));
    }
}

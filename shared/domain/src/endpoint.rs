//! Webhook endpoints: the secrets that sign for them, and when they are given up.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::EndpointId;
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

/// How long a secret that was replaced goes on signing beside its successor.
pub const ROTATION: Span = Span::hours(24);

/// How many secrets sign at once: each is a signature in a header, and receivers limit those.
pub const MOST_SECRETS: usize = 5;

/// An endpoint that has taken nothing for this long, while it was tried again and again, is disabled.
pub const LONGEST_FAILURE: Span = Span::hours(5 * 24);

/// What lies further apart than this is no failure that goes on: nobody tried in between. Attempts at one event are 26.4 hours apart at
/// most, and what is noted of the last one is [`FAILURE_IS_NOTED_EVERY`] old at most.
pub const LONGEST_SILENCE: Span = Span::hours(36);

/// That an endpoint is failing still is noted once in this time: a write for every attempt would cost as much as the attempt.
pub const FAILURE_IS_NOTED_EVERY: Span = Span::hours(6);

/// A webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// The fingerprint of the request that made it.
    pub fingerprint: String,
    /// Where events go.
    pub url: String,
    /// The event types it gets.
    pub events: Vec<String>,
    /// The secrets that sign, newest first: several while one is being rotated.
    pub secrets: Vec<SigningSecret>,
    /// Disabled endpoints get nothing.
    pub enabled: bool,
    /// Why it was disabled, where it was not its owner who did it.
    pub disabled_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A secret that signs an endpoint's events.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningSecret {
    /// The secret, as `whsec_…`.
    pub secret: String,
    /// From when on it signs no more; none for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The digest of the idempotency key that it was asked for under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_under: Option<String>,
}

impl SigningSecret {
    /// A secret that signs from now on.
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

/// [`MOST_SECRETS`] sign for the endpoint already: it was rotated too often within [`ROTATION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManySecrets;

impl Endpoint {
    /// The secrets that sign now, newest first.
    pub fn signing(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        self.secrets.iter().filter(move |secret| secret.signs(now)).map(|secret| secret.secret.as_str())
    }

    /// Makes another secret the newest one. The one before signs beside it for [`ROTATION`].
    ///
    /// # Errors
    /// [`TooManySecrets`]: then nothing has changed.
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

    /// When the newest secret signs alone; `None` where it does.
    pub fn signs_alone_from(&self, now: Timestamp) -> Option<Timestamp> {
        self.secrets.iter().filter(|secret| secret.signs(now)).filter_map(|secret| secret.expires_at).max()
    }
}

/// An endpoint's failure, as far as it is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// When it began.
    pub since: Timestamp,
    /// When an attempt failed last, give or take [`FAILURE_IS_NOTED_EVERY`].
    pub last: Timestamp,
}

/// What one more attempt that failed means for its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A failure begins, to be noted: the first, or the first after a silence.
    Begins,
    /// It goes on, to be noted.
    GoesOn,
    /// It goes on, and that was noted not long ago.
    IsNoted,
    /// It has gone on for [`LONGEST_FAILURE`]: the endpoint is given up.
    IsTooLong,
}

impl Failure {
    /// Judges an attempt that failed, by what was noted before it.
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

/// The data of `endpoint.disabled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EndpointDisabled {
    /// The endpoint that gets nothing any more.
    pub endpoint_id: EndpointId,
    /// Where its events went.
    pub url: String,
    /// Why it was disabled.
    pub reason: String,
    /// When it was disabled.
    pub disabled_at: Timestamp,
}

/// The data of `webhook.test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WebhookTest {
    /// The endpoint that was tested.
    pub endpoint_id: EndpointId,
    /// When the test was asked for.
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

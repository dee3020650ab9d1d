//! Requests for calls, each for a new call, and the check of their answers.

use hyper::body::Bytes;
use local::seed::Seeded;
use serde_json::{Value, json};

use crate::Failure;
use crate::runtime_api::Answered;

/// Source of requests for calls: the sample event with a new idempotency key each time.
pub(crate) struct Requests {
    event: Value,
    made: u32,
}

impl Requests {
    /// Creates the source with the seeded API key.
    pub(crate) fn new(seeded: &Seeded) -> Result<Self, Failure> {
        let mut event: Value = serde_json::from_str(include_str!("../../events/create-call.json"))?;
        event["headers"]["authorization"] = json!(format!("Bearer {}", seeded.api_key));
        Ok(Self { event, made: 0 })
    }

    /// Returns the event of a new request.
    pub(crate) fn next(&mut self) -> Result<Bytes, Failure> {
        self.made += 1;
        self.event["headers"]["idempotency-key"] = json!(format!("bench-{}", self.made));
        Ok(Bytes::from(serde_json::to_vec(&self.event)?))
    }
}

/// Checks that the call was accepted for the first time. No other answer counts in the figures.
pub(crate) fn check(answer: &Answered) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(&answer.body)?;
    if answer["statusCode"] == 202 && answer["headers"]["idempotent-replayed"].is_null() {
        return Ok(());
    }
    Err(format!("the call was not accepted: {answer}").into())
}

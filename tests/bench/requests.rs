//! Requests for calls, each for another one, and what has to come of them.

use hyper::body::Bytes;
use local::seed::Seeded;
use serde_json::{Value, json};

use crate::Failure;
use crate::runtime_api::Answered;

/// Requests for calls: the sample event, each time under a new idempotency key.
pub(crate) struct Requests {
    event: Value,
    made: u32,
}

impl Requests {
    /// Requests with the key of what was seeded.
    pub(crate) fn new(seeded: &Seeded) -> Result<Self, Failure> {
        let mut event: Value = serde_json::from_str(include_str!("../../events/create-call.json"))?;
        event["headers"]["authorization"] = json!(format!("Bearer {}", seeded.api_key));
        Ok(Self { event, made: 0 })
    }

    /// The event of a request that nobody made before.
    pub(crate) fn next(&mut self) -> Result<Bytes, Failure> {
        self.made += 1;
        self.event["headers"]["idempotency-key"] = json!(format!("bench-{}", self.made));
        Ok(Bytes::from(serde_json::to_vec(&self.event)?))
    }
}

/// A figure counts only if the call was accepted, for the first time.
pub(crate) fn check(answer: &Answered) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(&answer.body)?;
    if answer["statusCode"] == 202 && answer["headers"]["idempotent-replayed"].is_null() {
        return Ok(());
    }
    Err(format!("the call was not accepted: {answer}").into())
}

//! DynamoDB table, with its client, clock and source of randomness.

use std::fmt;
use std::sync::Arc;

use domain::time::Timestamp;

use crate::clock::Clock;
use crate::entropy::{Entropy, NoEntropy};

/// Table over the real DynamoDB client, without a trait in between. Conditional writes behave exactly as in DynamoDB.
#[derive(Clone)]
pub struct Table(Arc<Inner>);

struct Inner {
    dynamodb: aws_sdk_dynamodb::Client,
    name: String,
    clock: Clock,
    entropy: Entropy,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.0.name).finish()
    }
}

impl Table {
    /// Creates a handle to the table with this name.
    pub fn new(dynamodb: aws_sdk_dynamodb::Client, name: impl Into<String>, clock: Clock, entropy: Entropy) -> Self {
        Self(Arc::new(Inner { dynamodb, name: name.into(), clock, entropy }))
    }

    pub(crate) fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        &self.0.dynamodb
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the clock of all operations on this table.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Returns the source of randomness of all operations on this table.
    pub fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    /// Returns a random name for one write, by which its writer can recognize it.
    pub(crate) fn nonce(&self) -> Result<String, NoEntropy> {
        Ok(domain::digest::hex(&self.0.entropy.bytes::<12>()?))
    }
}

//! The table, and the clients of AWS.

use std::fmt;
use std::sync::Arc;

use domain::time::Timestamp;

use crate::clock::Clock;
use crate::entropy::{Entropy, NoEntropy};

/// The table. A concrete type over the real SDK: conditional writes mean what DynamoDB makes of them.
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
    /// The table of this name.
    pub fn new(dynamodb: aws_sdk_dynamodb::Client, name: impl Into<String>, clock: Clock, entropy: Entropy) -> Self {
        Self(Arc::new(Inner { dynamodb, name: name.into(), clock, entropy }))
    }

    pub(crate) fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        &self.0.dynamodb
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The source of everything random here.
    pub fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    /// A name for one write, by which it is recognised as one's own.
    pub(crate) fn nonce(&self) -> Result<String, NoEntropy> {
        Ok(domain::ids::hex(&self.0.entropy.bytes::<12>()?))
    }
}

//! Faults of a single request, and the plan that assigns them to requests.

use std::collections::BTreeMap;
use std::time::Duration;

/// Service that a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// DynamoDB table.
    DynamoDb,
    /// SQS queue.
    Sqs,
    /// Provider that places the calls.
    Provider,
    /// Webhook endpoint of a client.
    Webhook,
}

/// Point at which the program makes a request to another service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// Service that the request goes to.
    pub service: Service,
    /// Operation, in that service's own word (`PutItem`, `SendMessage`).
    pub name: String,
}

impl Point {
    /// Creates a point from a service and an operation.
    pub fn new(service: Service, name: impl Into<String>) -> Self {
        Self { service, name: name.into() }
    }

    /// Returns `true` if this is one of the named operations of DynamoDB.
    fn is_table_operation(&self, names: &[&str]) -> bool {
        self.service == Service::DynamoDb && names.contains(&self.name.as_str())
    }
}

/// Fault of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The program dies before the request takes effect.
    CrashBefore,
    /// The request takes effect, and the program dies before the answer.
    CrashAfter,
    /// The program's own code panics at this request, before it takes effect.
    Panic,
    /// The request takes effect, and the connection breaks before the answer.
    LoseAnswer,
    /// The connection breaks before the request takes effect.
    FailBefore,
    /// The connection breaks, but the request takes effect this much later. By then the program has already reacted to
    /// the broken connection.
    Late(Duration),
    /// The service is too busy. The request has no effect, and the answer says so.
    Throttle,
    /// DynamoDB sees another write on the same item. The request has no effect, and the answer says so.
    Conflict,
    /// A batch is answered with some or all of it left unprocessed.
    Unprocessed,
    /// The request takes effect this much later, even if the program no longer waits for it.
    Slow(Duration),
}

impl Fault {
    /// Returns `true` if this fault can happen to that request. A plan skips faults that cannot.
    pub fn applies_to(self, point: &Point) -> bool {
        let aws = matches!(point.service, Service::DynamoDb | Service::Sqs);
        match self {
            Self::CrashBefore
            | Self::CrashAfter
            | Self::Panic
            | Self::LoseAnswer
            | Self::FailBefore
            | Self::Slow(_) => true,
            Self::Throttle | Self::Late(_) => aws,
            Self::Conflict => point.is_table_operation(&[
                "PutItem",
                "UpdateItem",
                "DeleteItem",
                "TransactWriteItems",
                "TransactGetItems",
            ]),
            Self::Unprocessed => {
                point.is_table_operation(&["BatchGetItem", "BatchWriteItem"])
                    || (point.service == Service::Sqs && point.name == "SendMessageBatch")
            }
        }
    }
}

/// Fault that strikes a share of the requests to which it applies.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Fault that strikes.
    pub fault: Fault,
    /// Share of requests that it strikes, in a thousand.
    pub per_mille: u32,
    /// Service that it is limited to, if any.
    pub service: Option<Service>,
    /// Operations that it is limited to. An empty list means all.
    pub operations: &'static [&'static str],
}

impl Rate {
    /// Creates a rate for all requests to which the fault applies.
    pub fn new(fault: Fault, per_mille: u32) -> Self {
        Self { fault, per_mille, service: None, operations: &[] }
    }

    /// Limits the rate to one service.
    pub fn at_service(self, service: Service) -> Self {
        Self { service: Some(service), ..self }
    }

    /// Limits the rate to some operations.
    pub fn at_operations(self, operations: &'static [&'static str]) -> Self {
        Self { operations, ..self }
    }

    fn concerns(&self, point: &Point) -> bool {
        self.fault.applies_to(point)
            && self.service.is_none_or(|service| service == point.service)
            && (self.operations.is_empty() || self.operations.contains(&point.name.as_str()))
    }
}

/// Plan of faults for the requests of a run. The first request after the plan is set has the index 0.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    exact: BTreeMap<usize, Fault>,
    rates: Vec<Rate>,
}

impl Plan {
    /// Returns a plan without faults.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns the number of requests with a fault of their own.
    pub fn planned(&self) -> usize {
        self.exact.len()
    }

    /// Adds a fault to the request of that index.
    pub fn at(mut self, index: usize, fault: Fault) -> Self {
        self.exact.insert(index, fault);
        self
    }

    /// Adds a rate of faults.
    pub fn with(mut self, rate: Rate) -> Self {
        self.rates.push(rate);
        self
    }

    /// Returns a plan in which a third of all writes to the table conflict with another, plain writes included.
    pub fn conflicts() -> Self {
        Self::none().with(Rate::new(Fault::Conflict, 333).at_operations(&[
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "TransactWriteItems",
        ]))
    }

    /// Decides the fault of this request. If an exact fault does not apply, no rate replaces it.
    pub(super) fn decide(&self, index: usize, point: &Point, chance: &mut fastrand::Rng) -> Decision {
        if let Some(&fault) = self.exact.get(&index) {
            return if fault.applies_to(point) { Decision::Strike(fault) } else { Decision::NotApplicable(fault) };
        }
        // Every rate draws, whether another one strikes or not. So one rate does not change the draws of another.
        let struck: Vec<Fault> = self
            .rates
            .iter()
            .filter(|rate| rate.concerns(point))
            .filter(|rate| chance.u32(0..1000) < rate.per_mille)
            .map(|rate| rate.fault)
            .collect();
        struck.first().map_or(Decision::Pass, |&fault| Decision::Strike(fault))
    }
}

/// Decision of a plan about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The request passes without a fault.
    Pass,
    /// This fault strikes.
    Strike(Fault),
    /// This fault was planned, but cannot happen to such a request.
    NotApplicable(Fault),
}

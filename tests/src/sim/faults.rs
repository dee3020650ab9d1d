//! What can go wrong with one request, and the plan that says which request it goes wrong with.

use std::collections::BTreeMap;
use std::time::Duration;

/// Whom a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The table.
    DynamoDb,
    /// A queue.
    Sqs,
    /// The party that places the calls.
    Provider,
    /// A client's webhook endpoint.
    Webhook,
}

/// One place where the program leaves itself: a request about to be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// Whom the request goes to.
    pub service: Service,
    /// What it asks for, in that service's own word (`PutItem`, `SendMessage`).
    pub name: String,
}

impl Point {
    /// Names a request.
    pub fn new(service: Service, name: impl Into<String>) -> Self {
        Self { service, name: name.into() }
    }

    /// Whether this is one of the named operations of DynamoDB.
    fn is_table_operation(&self, names: &[&str]) -> bool {
        self.service == Service::DynamoDb && names.contains(&self.name.as_str())
    }
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The program dies before the request took effect.
    CrashBefore,
    /// The request takes effect, and the program dies before it hears so.
    CrashAfter,
    /// The program's own code panics at this request, before it took effect.
    Panic,
    /// The request takes effect, and the connection breaks before the answer.
    LoseAnswer,
    /// The connection breaks before the request took effect.
    FailBefore,
    /// The connection breaks, and the request takes effect all the same, this much later: behind whatever the program
    /// did about the broken connection.
    Late(Duration),
    /// The service is too busy for it: no effect, and an answer that says so.
    Throttle,
    /// DynamoDB sees another write on the same item: no effect, and an answer that says so.
    Conflict,
    /// A batch is answered with a part of it, or all of it, left undone.
    Unprocessed,
    /// The request takes effect this much later, whether or not the program still waits for it.
    Slow(Duration),
}

impl Fault {
    /// Whether this can happen to that request. A plan passes over what cannot.
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

/// A fault that strikes a share of the requests it applies to.
#[derive(Clone, Debug)]
pub struct Rate {
    /// What happens.
    pub fault: Fault,
    /// How many of a thousand requests it happens to.
    pub per_mille: u32,
    /// The service it is confined to, if any.
    pub service: Option<Service>,
    /// The operations it is confined to; none named means all.
    pub operations: &'static [&'static str],
}

impl Rate {
    /// A fault at every request it applies to, in so many of a thousand cases.
    pub fn new(fault: Fault, per_mille: u32) -> Self {
        Self { fault, per_mille, service: None, operations: &[] }
    }

    /// The same, at one service only.
    pub fn at_service(self, service: Service) -> Self {
        Self { service: Some(service), ..self }
    }

    /// The same, at some operations only.
    pub fn at_operations(self, operations: &'static [&'static str]) -> Self {
        Self { operations, ..self }
    }

    fn concerns(&self, point: &Point) -> bool {
        self.fault.applies_to(point)
            && self.service.is_none_or(|service| service == point.service)
            && (self.operations.is_empty() || self.operations.contains(&point.name.as_str()))
    }
}

/// Which requests go wrong, and how. The first request after the plan is set has the index 0.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    exact: BTreeMap<usize, Fault>,
    rates: Vec<Rate>,
}

impl Plan {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// How many requests are to go wrong, of those that are named one by one.
    pub fn planned(&self) -> usize {
        self.exact.len()
    }

    /// In addition, this goes wrong with the request of that index.
    pub fn at(mut self, index: usize, fault: Fault) -> Self {
        self.exact.insert(index, fault);
        self
    }

    /// In addition, this goes wrong every so often.
    pub fn with(mut self, rate: Rate) -> Self {
        self.rates.push(rate);
        self
    }

    /// Every third write to the table meets another one, the plain writes too.
    pub fn conflicts() -> Self {
        Self::none().with(Rate::new(Fault::Conflict, 333).at_operations(&[
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "TransactWriteItems",
        ]))
    }

    /// What goes wrong with this request. An exact fault that does not apply to it is not replaced by a rate's.
    pub(super) fn decide(&self, index: usize, point: &Point, chance: &mut fastrand::Rng) -> Decision {
        if let Some(&fault) = self.exact.get(&index) {
            return if fault.applies_to(point) { Decision::Strike(fault) } else { Decision::NotApplicable(fault) };
        }
        // Every rate draws, struck or not, so that one rate's luck does not move another's.
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

/// A plan's word on one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing goes wrong.
    Pass,
    /// This goes wrong.
    Strike(Fault),
    /// This was planned, but cannot happen to such a request.
    NotApplicable(Fault),
}

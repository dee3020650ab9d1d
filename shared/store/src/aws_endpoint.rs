//! Endpoints of DynamoDB and SQS. The SDK's resolver runs once for each set of parameters; its result is cached.

use std::sync::{Mutex, PoisonError};

use aws_smithy_runtime_api::client::endpoint::EndpointFuture;
use aws_smithy_types::endpoint::Endpoint;

/// Largest number of cached endpoints. DynamoDB's parameters include the table, and there is one table.
const REMEMBERED: usize = 16;

/// Cache over the SDK's resolver `R`, by its parameters `P`. The resolver's result depends on these parameters alone.
#[derive(Debug)]
pub(crate) struct IdempotencyRecord<R, P> {
    resolver: R,
    known: Mutex<Vec<(P, Endpoint)>>,
}

impl<R, P: Clone + PartialEq> IdempotencyRecord<R, P> {
    pub(crate) fn new(resolver: R) -> Self {
        Self { resolver, known: Mutex::default() }
    }

    fn known(&self, asked: &P) -> Option<Endpoint> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(parameters, _)| parameters == asked).map(|(_, endpoint)| endpoint.clone())
    }

    fn remember(&self, asked: &P, endpoint: &Endpoint) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < REMEMBERED {
            known.push((asked.clone(), endpoint.clone()));
        }
    }
}

/// Implements the resolver trait of one SDK crate. Each crate has its own trait of the same shape.
macro_rules! remembered_for {
    ($sdk:ident) => {
        impl<R> $sdk::config::endpoint::ResolveEndpoint for IdempotencyRecord<R, $sdk::config::endpoint::Params>
        where
            R: $sdk::config::endpoint::ResolveEndpoint,
        {
            fn resolve_endpoint<'a>(&'a self, asked: &'a $sdk::config::endpoint::Params) -> EndpointFuture<'a> {
                match self.known(asked) {
                    Some(endpoint) => EndpointFuture::ready(Ok(endpoint)),
                    None => EndpointFuture::new(async move {
                        let endpoint = self.resolver.resolve_endpoint(asked).await?;
                        self.remember(asked, &endpoint);
                        Ok(endpoint)
                    }),
                }
            }
        }
    };
}

remembered_for!(aws_sdk_dynamodb);
remembered_for!(aws_sdk_sqs);

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
    use aws_smithy_runtime_api::client::endpoint::EndpointFuture;

    use super::IdempotencyRecord;

    /// SDK resolver with a count of its calls.
    #[derive(Debug)]
    struct Counted(DefaultResolver, Arc<AtomicU32>);

    impl ResolveEndpoint for Counted {
        fn resolve_endpoint<'a>(&'a self, asked: &'a Params) -> EndpointFuture<'a> {
            self.1.fetch_add(1, Ordering::Relaxed);
            ResolveEndpoint::resolve_endpoint(&self.0, asked)
        }
    }

    #[tokio::test]
    async fn the_rules_are_asked_once_for_each_way_of_asking() {
        let count = Arc::<AtomicU32>::default();
        let remembered = IdempotencyRecord::new(Counted(DefaultResolver::new(), Arc::clone(&count)));
        let of = |region: &str| {
            Params::builder().region(region.to_owned()).use_fips(false).use_dual_stack(false).build().unwrap()
        };
        for _ in 0..3 {
            for (region, url) in [
                ("eu-central-1", "https://dynamodb.eu-central-1.amazonaws.com"),
                ("cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
            ] {
                assert_eq!(remembered.resolve_endpoint(&of(region)).await.unwrap().url(), url);
            }
        }
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
}

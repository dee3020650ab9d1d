//! Turnstile between the records of a batch and their provider. The records claim one after another, each as late as possible.
//! A process that dies therefore leaves few records that were claimed and never requested.
//!
//! A record blocks the next one until its own request is under way. The requests themselves run concurrently, so that a slow
//! provider blocks no other record.

use std::future::Future;
use std::pin::pin;

use futures::future::{Either, poll_immediate};
use tokio::sync::{Mutex, MutexGuard};

/// Turnstile of one batch.
#[derive(Debug, Default)]
pub(crate) struct Turnstile(Mutex<()>);

/// Right to claim. Only one record of the batch has it at a time.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    held: MutexGuard<'a, ()>,
    was_free: bool,
}

impl Turnstile {
    /// Waits until no other record of the batch has the right to claim.
    pub(crate) async fn pass(&self) -> Pass<'_> {
        match self.0.try_lock() {
            Ok(held) => Pass { held, was_free: true },
            Err(_) => Pass { held: self.0.lock().await, was_free: false },
        }
    }
}

impl Pass<'_> {
    /// Returns `true` if the record did not have to wait.
    pub(crate) fn was_free(&self) -> bool {
        self.was_free
    }

    /// Sends the request to the provider. As soon as it is under way, the next record may claim.
    pub(crate) async fn hand_on<T>(self, asking: impl Future<Output = T>) -> T {
        let mut asking = pin!(asking);
        let begun = match poll_immediate(asking.as_mut()).await {
            Some(answer) => Either::Left(answer),
            None => Either::Right(asking),
        };
        drop(self.held);
        match begun {
            Either::Left(answer) => answer,
            Either::Right(asking) => asking.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures::future::{join, join_all, pending, poll_immediate};
    use tokio::sync::Notify;

    use super::Turnstile;

    #[tokio::test]
    async fn nobody_claims_while_somebody_has_claimed_and_not_asked() {
        let (turnstile, claimed, asked) = (Turnstile::default(), RefCell::new(0), RefCell::new(0));
        let record = async {
            let pass = turnstile.pass().await;
            *claimed.borrow_mut() += 1;
            tokio::task::yield_now().await;
            assert_eq!(*claimed.borrow(), *asked.borrow() + 1, "one is claimed and not asked for");
            let asking = async {
                *asked.borrow_mut() += 1;
                tokio::task::yield_now().await;
            };
            pass.hand_on(asking).await;
        };
        let records = (0..10).map(|_| async {
            let pass = turnstile.pass().await;
            *claimed.borrow_mut() += 1;
            tokio::task::yield_now().await;
            assert_eq!(*claimed.borrow(), *asked.borrow() + 1);
            pass.hand_on(async { *asked.borrow_mut() += 1 }).await;
        });
        join(record, join_all(records)).await;
        assert_eq!((*claimed.borrow(), *asked.borrow()), (11, 11));
    }

    #[tokio::test]
    async fn a_provider_that_does_not_answer_holds_nobody_up() {
        let (turnstile, answered) = (Turnstile::default(), Notify::new());
        let slow = turnstile.pass().await;
        let mut slow = Box::pin(slow.hand_on(pending::<()>()));
        assert!(poll_immediate(slow.as_mut()).await.is_none());
        let quick = turnstile.pass().await;
        assert!(quick.was_free());
        quick.hand_on(async { answered.notify_one() }).await;
        answered.notified().await;
    }
}

//! Signal that asks every part of the stack to stop.

use tokio::sync::watch;

/// Sender of the signal. Dropping it sends the signal too.
#[derive(Debug)]
pub(crate) struct Stopper(watch::Sender<bool>);

/// Receiver of the signal.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// Creates a sender and its receiver.
pub(crate) fn pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Asks all receivers to stop.
    pub(crate) fn ask(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits until the stop is requested.
    pub(crate) async fn asked(&mut self) {
        // An error means that the sender is gone, and with it the stack. That is also a reason to stop.
        self.0.wait_for(|asked| *asked).await.ok();
    }
}

//! Asking every part of the stack to stop.

use tokio::sync::watch;

/// The side that asks. Dropped without asking, it asks too.
#[derive(Debug)]
pub(crate) struct Stopper(watch::Sender<bool>);

/// The side that is asked.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// A pair of both.
pub(crate) fn pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Asks everything that listens to stop.
    pub(crate) fn ask(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns once the stop was asked for.
    pub(crate) async fn asked(&mut self) {
        // An error means that the sender is gone, and with it the stack: a reason to stop, too.
        self.0.wait_for(|asked| *asked).await.ok();
    }
}

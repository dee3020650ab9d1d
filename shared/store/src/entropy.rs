//! Random bytes. This is the one module that draws randomness.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Source of random bytes. Code that needs them receives one.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<fastrand::Rng>>),
}

/// Error: the machine has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the machine has no randomness to give")]
pub struct NoEntropy(#[source] getrandom::Error);

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Entropy(system)",
            Source::Seeded(_) => "Entropy(seeded)",
        })
    }
}

impl Entropy {
    /// Returns the machine's source of randomness.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Returns a sequence that is derived from a seed, for tests. It must not be used for secrets.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)))))
    }

    /// Returns `N` random bytes.
    ///
    /// # Errors
    /// [`NoEntropy`] if the machine has none to give.
    #[expect(clippy::disallowed_methods, reason = "this is the module that draws randomness")]
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0_u8; N];
        match &self.0 {
            Source::System => getrandom::fill(&mut bytes).map_err(NoEntropy)?,
            Source::Seeded(generator) => generator.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes),
        }
        Ok(bytes)
    }
}

//! Captured log of the program, at the level and in the form of the deployment.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use functions::log_lines;
use store::clock::Clock;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// Log capture of this thread. It ends when this value is dropped.
pub(crate) struct Logs {
    text: Buffer,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Buffer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Logs {
    pub(super) fn capture() -> Self {
        let text = Buffer::default();
        let (clock, namespace) = (Clock::system(), "Ringdown/ringdown".to_owned());
        let subscriber = log_lines::subscriber(LevelFilter::INFO, clock, namespace, text.clone());
        Self { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Returns everything that was logged so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.0.lock().unwrap()).into_owned()
    }
}

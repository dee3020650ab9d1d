//! Progress bar for long work, if a terminal shows it.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget};

/// Creates a bar on stderr for a number of pieces. It is hidden if stderr is no terminal.
pub(crate) fn bar(pieces: usize, what: &'static str) -> ProgressBar {
    let is_terminal = std::io::stderr().is_terminal();
    let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let length = u64::try_from(pieces).ok().filter(|length| *length > 0);
    ProgressBar::with_draw_target(length, target).with_message(what)
}

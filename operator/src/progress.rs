//! How far a long piece of work is, shown to whoever sits in front of it.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget};

/// A bar on stderr for so many pieces; none where stderr is no terminal.
pub(crate) fn bar(pieces: usize, what: &'static str) -> ProgressBar {
    let is_terminal = std::io::stderr().is_terminal();
    let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let length = u64::try_from(pieces).ok().filter(|length| *length > 0);
    ProgressBar::with_draw_target(length, target).with_message(what)
}

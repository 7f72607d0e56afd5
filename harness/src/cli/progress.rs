//! A progress bar on a terminal, and nothing in a pipe.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of `length` steps on the standard error, hidden unless a person watches both streams.
pub(super) fn bar(length: usize) -> ProgressBar {
    let is_watched = io::stdout().is_terminal() && io::stderr().is_terminal();
    let target =
        if is_watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length as u64), target);
    if let Ok(style) =
        ProgressStyle::with_template("{elapsed_precise} [{bar:32}] {pos}/{len} {msg}")
    {
        bar.set_style(style.progress_chars("=> "));
    }
    if is_watched {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

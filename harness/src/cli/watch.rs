//! `harness watch`.

use std::io::{self, IsTerminal};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::size::Size;
use super::{Exit, Output, Trouble};
use crate::backend::Backend;
use crate::measure::{Contender, Order};
use crate::watch::{Ending, Run, Watching, draw};
use crate::workloads::{Parameters, Workload};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which workload: a name that `list` shows
    #[arg(value_parser = Workload::find)]
    workload: &'static Workload,
    /// Which backend: refcount, marksweep, generational, null, or one in epochs
    #[arg(long, default_value_t = Contender::Backend(Backend::Generational))]
    backend: Contender,
    #[command(flatten)]
    size: Size,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// How often the screen is drawn if nothing happens.
const FRAME: Duration = Duration::from_millis(100);

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let &Arguments { workload, backend: contender, seed, .. } = arguments;
    let scale = arguments.size.of(workload)?;
    let order = Order { workload, contender, parameters: Parameters { scale, seed } };
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Trouble::Misuse("to watch a run takes a terminal".to_owned()));
    }
    let run = Run::start(order).map_err(Trouble::Misuse)?;
    let mut watching = Watching::new(format!("{} on {contender}, scale {scale}", workload.name));
    let mut terminal = ratatui::try_init()?;
    let ended = watch(&mut terminal, run, &mut watching);
    ratatui::try_restore()?;
    ended?;
    output.print(&format!("{}: {}\n", watching.name(), watching.status()))?;
    Ok(match watching.ending() {
        Some(Ending::Panic(_)) => Exit::Disagreement,
        Some(Ending::Answer(_)) | None => Exit::Agreement,
    })
}

/// Draws and listens until somebody has enough.
fn watch(terminal: &mut DefaultTerminal, mut run: Run, watching: &mut Watching) -> io::Result<()> {
    loop {
        run.pass_on(watching);
        // A panic has left the screen as it was before, and said something there.
        if matches!(watching.ending(), Some(Ending::Panic(_))) {
            return Ok(());
        }
        terminal.draw(|frame| draw(frame, watching))?;
        if !event::poll(FRAME)? {
            continue;
        }
        // A screen of another size is drawn anew, whatever else there is.
        if let Event::Key(key) = event::read()?
            && key.kind == KeyEventKind::Press
        {
            match key.code {
                _ if is_quit(key) => return Ok(()),
                KeyCode::Char(' ') => run.set_standing(watching.toggle_standing()),
                _ => {}
            }
        }
    }
}

/// In raw mode the terminal does not see to Ctrl-C.
fn is_quit(key: KeyEvent) -> bool {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)
        || (is_control && key.code == KeyCode::Char('c'))
}

//! The hidden subcommand that comes before a measurement: see `measure/at_hand.rs`.

use super::{Exit, Trouble};
use crate::measure::touch;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(long)]
    bytes: usize,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Trouble> {
    touch(arguments.bytes);
    Ok(Exit::Agreement)
}

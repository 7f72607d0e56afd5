//! `--workload`, `--operation` and `--backend`: one by name, several with commas, or all.

use std::str::FromStr;

use crate::backend::{Backend, UnknownBackend};
use crate::measure::{Contender, UnknownContender};
use crate::operations::{Operation, UnknownOperation};
use crate::workloads::{UnknownWorkload, Workload};

/// The word that stands for every one.
const ALL: &str = "all";

/// One by name, or all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Selection<T> {
    All,
    One(T),
}

/// Parses a [`Selection`] of something that `find` finds by its name.
fn select<T, E>(word: &str, find: impl FnOnce(&str) -> Result<T, E>) -> Result<Selection<T>, E> {
    if word == ALL { Ok(Selection::All) } else { find(word).map(Selection::One) }
}

pub(super) fn workload(word: &str) -> Result<Selection<&'static Workload>, UnknownWorkload> {
    select(word, Workload::find)
}

pub(super) fn operation(word: &str) -> Result<Selection<&'static Operation>, UnknownOperation> {
    select(word, Operation::find)
}

pub(super) fn contender(word: &str) -> Result<Selection<Contender>, UnknownContender> {
    select(word, Contender::from_str)
}

pub(super) fn backend(word: &str) -> Result<Selection<Backend>, UnknownBackend> {
    select(word, Backend::from_str)
}

/// What was selected, without repetitions; `all` says what the word `all` means.
pub(super) fn expand<T: Copy>(
    selections: &[Selection<T>],
    all: impl Iterator<Item = T> + Clone,
    is_same: impl Fn(&T, &T) -> bool,
) -> Vec<T> {
    let mut selected: Vec<T> = Vec::new();
    for selection in selections {
        let items: Vec<T> = match *selection {
            Selection::All => all.clone().collect(),
            Selection::One(item) => vec![item],
        };
        for item in items {
            if !selected.iter().any(|known| is_same(known, &item)) {
                selected.push(item);
            }
        }
    }
    selected
}

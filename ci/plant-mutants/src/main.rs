//! Plants the changes that `cargo mutants --list --json` names in a copy of this workspace, all at once.
//!
//! cargo-mutants compiles the program anew for each change. Here each change becomes one more planted bug
//! (`gc-core/src/planted`), so there is one build, in which the environment variable `GC_PLANTED` chooses:
//! Untch, Offutt and Harrold, "Mutation analysis using mutant schemata", 1993. That makes it affordable to
//! ask the whole conformance suite about each. `ci/mutants.sh` calls this.

mod change;
mod compile;
mod list;
mod sites;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use crate::change::Change;
use crate::source::Planted;

/// Plants changes in a copy of the workspace.
#[derive(Debug, Parser)]
struct Options {
    /// The copy, which is written to.
    workspace: PathBuf,
    /// What `cargo mutants --list --json` has printed.
    changes: PathBuf,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let workspace = options.workspace.canonicalize().context("there is no such workspace")?;
    let listed = fs::read_to_string(&options.changes)
        .with_context(|| format!("{} cannot be read", options.changes.display()))?;
    let changes: Vec<Change> =
        serde_json::from_str(&listed).context("this is no list of changes")?;
    let mut originals = BTreeMap::new();
    for change in &changes {
        let text = fs::read_to_string(workspace.join(&change.file))
            .with_context(|| format!("{} cannot be read", change.file))?;
        originals.insert(change.file.as_str(), text);
    }

    // What the compiler complains about is left out, until it complains no more.
    let mut rejected = BTreeSet::new();
    loop {
        let mut planted = BTreeMap::new();
        for (&file, text) in &originals {
            let here = (0..changes.len())
                .filter(|number| changes[*number].file == file && !rejected.contains(number))
                .map(|number| (number, &changes[number]));
            let source = Planted::new(text, here).with_context(|| file.to_owned())?;
            fs::write(workspace.join(file), &source.text)?;
            planted.insert(file, source);
        }
        let done: BTreeMap<usize, &Change> = planted
            .values()
            .flat_map(Planted::numbers)
            .map(|number| (number, &changes[number]))
            .collect();
        list::write(&workspace, &done)?;
        let complaints = compile::complaints(&workspace, &planted)?;
        if complaints.is_empty() {
            report(&changes, &done, &rejected);
            return Ok(());
        }
        let before = rejected.len();
        rejected.extend(complaints);
        ensure!(rejected.len() > before, "the compiler complains about what is not there");
    }
}

/// Says what became of each change.
fn report(changes: &[Change], done: &BTreeMap<usize, &Change>, rejected: &BTreeSet<usize>) {
    let (mut elsewhere, mut constant) = (0, 0);
    for (number, change) in changes.iter().enumerate() {
        if rejected.contains(&number) {
            println!("does not compile: {}", change.name);
        } else if change.is_of_a_constant() {
            constant += 1;
            println!("no function: {}", change.name);
        } else if !done.contains_key(&number) {
            elsewhere += 1;
            println!("no switch fits there: {}", change.name);
        }
    }
    println!(
        "{} changes: {} planted, {} do not compile, {constant} are of constants, for {elsewhere} there is no \
         switch",
        changes.len(),
        done.len(),
        rejected.len(),
    );
}

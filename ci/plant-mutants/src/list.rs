//! The changes in the list of planted bugs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::change::Change;
use crate::source::name;

const LIST: &str = "gc-core/src/planted/bugs.rs";

/// What the first line of ours is behind.
const BEGIN: &str = "    // What cargo-mutants lists.\n";

/// The line that ends the list.
const END: &str = "\n];\n";

/// Puts changes into the list of a copy of the workspace, in the place of those that are there.
pub(crate) fn write(workspace: &Path, changes: &BTreeMap<usize, &Change>) -> Result<()> {
    let path = workspace.join(LIST);
    let text = fs::read_to_string(&path).with_context(|| format!("{LIST} cannot be read"))?;
    let (list, rest) = text.split_once(END).with_context(|| format!("{LIST} has no list"))?;
    let by_hand = list.split(BEGIN).next().unwrap_or(list).trim_end();
    let mut lines = format!("{by_hand}\n{BEGIN}");
    for (number, change) in changes {
        let (name, suites, what) = (name(*number), suites(&change.package)?, &change.name);
        lines.push_str(&format!("    bug({name:?}, &[{suites:?}], {what:?}),\n"));
    }
    fs::write(path, format!("{}{END}{rest}", lines.trim_end()))?;
    Ok(())
}

/// The tests one of which must notice what is changed in a package, by parts of their names. Random programs
/// come first: they take the least time.
fn suites(package: &str) -> Result<&'static str> {
    Ok(match package {
        "gc-core" => "on_random_programs|marksweep::|generational::|refcount::|heap_programs::",
        "gc-generational" => "on_random_programs|generational::|heap_programs::",
        "gc-marksweep" => "on_random_programs|marksweep::|heap_programs::",
        "gc-refcount" => "on_random_programs|refcount::|marksweep::|heap_programs::",
        _ => bail!("nothing is planted in `{package}`"),
    })
}

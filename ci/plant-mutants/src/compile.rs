//! What the compiler says about changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::source::Planted;

/// A line of what cargo prints.
#[derive(Debug, Deserialize)]
struct Line {
    message: Option<Message>,
}

#[derive(Debug, Deserialize)]
struct Message {
    level: String,
    spans: Vec<Place>,
    rendered: String,
}

#[derive(Debug, Deserialize)]
struct Place {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
    expansion: Option<Expansion>,
}

/// The call of the macro that a place is in.
#[derive(Debug, Deserialize)]
struct Expansion {
    span: Box<Place>,
}

/// Compiles the collectors as they are in a copy of the workspace, and returns the changes with errors in
/// them.
///
/// # Errors
///
/// The compiler cannot be called, or it finds errors elsewhere.
pub(crate) fn complaints(
    workspace: &Path,
    planted: &BTreeMap<&str, Planted>,
) -> Result<BTreeSet<usize>> {
    let output = Command::new("cargo")
        .args(["check", "--message-format=json", "--features=gc-core/parallel"])
        .args(["-p=gc-core", "-p=gc-refcount", "-p=gc-marksweep", "-p=gc-generational"])
        .current_dir(workspace)
        .env("RUSTC_WORKSPACE_WRAPPER", workspace.join("ci/rustc-planted.sh"))
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be called")?;
    let mut changes = BTreeSet::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let Ok(Line { message: Some(message) }) = serde_json::from_str(line) else { continue };
        if message.level != "error" || message.spans.is_empty() {
            continue;
        }
        let (primary, others): (Vec<_>, Vec<_>) =
            message.spans.iter().partition(|place| place.is_primary);
        // An error is shown where the two arms of a switch differ: that may be in the original.
        let mut places = primary.into_iter().chain(others);
        let Some(change) = places.find_map(|place| change_at(place, planted)) else {
            bail!("no change is to blame for this:\n{}", message.rendered);
        };
        changes.insert(change);
    }
    if changes.is_empty() && !output.status.success() {
        bail!("the compiler failed without an error: {}", output.status);
    }
    Ok(changes)
}

/// The change that a place is in, or that has called the macro in which it is.
fn change_at(place: &Place, planted: &BTreeMap<&str, Planted>) -> Option<usize> {
    let here = planted
        .get(place.file_name.as_str())
        .and_then(|source| source.change_at(place.byte_start..place.byte_end));
    here.or_else(|| change_at(&place.expansion.as_ref()?.span, planted))
}

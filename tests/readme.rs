//! README.md shows a program and what it prints: both are true.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const README: &str = include_str!("../README.md");
const PROGRAM: &str = include_str!("../examples/cycle.rs");

/// The name of README's column for the collector that is compiled in.
const NAME: &str = if cfg!(feature = "generational") {
    "generational"
} else if cfg!(feature = "marksweep") {
    "marksweep"
} else if cfg!(feature = "refcount") {
    "refcount"
} else {
    "none"
};

/// The text of the first fenced block whose first line is this fence.
fn block(fence: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("\n{fence}\n")).expect("README has such a block");
    let (text, _) = rest.split_once("```").expect("the block has an end");
    text
}

/// What README says that the program prints with a collector: one column of a table whose first
/// line has the names. A column begins where its name does and ends where the next one begins.
fn column(name: &str) -> Vec<&'static str> {
    let mut lines = block("```text").lines();
    let names = lines.next().expect("the table has a first line");
    let begin = names.find(name).expect("the table has this column");
    let behind = begin + name.len();
    let end = names[behind..].find(|c| c != ' ').map_or(usize::MAX, |gap| behind + gap);
    lines
        .map(|line| line.get(begin..end.min(line.len())).unwrap_or_default().trim_end())
        .filter(|cell| !cell.is_empty())
        .collect()
}

/// Where `cargo test` has put the example: next to the folder of this test.
fn example() -> PathBuf {
    let test = env::current_exe().expect("a running program has a path");
    let profile = test.ancestors().nth(2).expect("a test is two folders below its profile's");
    profile.join("examples").join(format!("cycle{}", env::consts::EXE_SUFFIX))
}

#[test]
fn the_program_is_the_example() {
    assert_eq!(block("```rust"), PROGRAM);
}

#[test]
fn the_program_prints_what_readme_says() {
    let hint =
        "`cargo test` builds the example; before one with `--test` say `cargo build --examples`";
    let example = example();
    assert!(fs::exists(&example).unwrap_or(false), "{} is missing: {hint}", example.display());
    let output = Command::new(&example).output().expect("the example runs");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("the example prints text");
    let printed: Vec<_> = printed.lines().collect();
    assert_eq!(printed, column(NAME), "with {NAME}; {hint}");
}

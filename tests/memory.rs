//! README quotes the example `memory`: it prints that.
#![cfg(feature = "insight")]

use std::env;
use std::fs;
use std::process::Command;

const README: &str = include_str!("../README.md");

#[test]
fn the_example_prints_what_readme_quotes() {
    let test = env::current_exe().expect("a running program has a path");
    let profile = test.ancestors().nth(2).expect("a test is two folders below its profile's");
    let example = profile.join("examples").join(format!("memory{}", env::consts::EXE_SUFFIX));
    let hint =
        "`cargo test` builds the example; before one with `--test` say `cargo build --examples`";
    assert!(fs::exists(&example).unwrap_or(false), "{} is missing: {hint}", example.display());
    let output = Command::new(&example).output().expect("the example runs");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("the example prints text");

    let (_, rest) = README
        .split_once("\nThe example prints, among other things:\n\n```text\n")
        .expect("a quotation");
    let (quotation, _) = rest.split_once("```").expect("it has an end");
    assert!(printed.contains(quotation), "{quotation}\nis not in\n{printed}");
    // What grows is what leaks: a session for every tenth request, and what it keeps.
    let sessions = printed.lines().find(|line| line.ends_with("memory::Session<'_>"));
    assert!(sessions.is_some_and(|line| line.contains("+90 ")), "{printed}");
}

//! The commands about operations: what they print, and what they answer to misuse.

use std::process::{Command, Output};

use serde_json::Value;

fn harness(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(arguments)
        .output()
        .expect("the program can be started")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the output is text")
}

#[test]
fn an_operation_answers_with_a_median_or_with_a_reason() {
    let output = harness(&[
        "operations",
        "--operation=mutate-temporary,minor-empty",
        "--backend=refcount",
        "--rounds=2",
        "--format=json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let [refcount, rc, refused] = &lines[..] else { panic!("three answers: {lines:?}") };
    for line in [refcount, rc] {
        let measured = &line["answer"]["measured"];
        let ns = |name: &str| measured[name].as_f64().expect(name);
        assert!(0.0 < ns("least") && ns("least") <= ns("median") && ns("median") <= ns("most"));
    }
    assert_eq!(refcount["runner"], "refcount");
    assert!(rc["runner"].as_str().is_some_and(|name| name.starts_with("Rc")), "{rc}");
    assert_eq!(refused["answer"]["cannot"], "has one generation");
}

#[test]
fn the_table_has_a_row_per_operation() {
    let output =
        harness(&["operations", "--operation=mutate-empty", "--backend=null", "--rounds=1"]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.contains("mutate-empty") && table.contains("null"), "{table}");
}

#[test]
fn misuse_is_answered_with_what_exists() {
    for (arguments, expected) in [
        (
            &["operations", "--operation=free"][..],
            "there is no operation `free`; there are: allocate",
        ),
        (&["operations", "--backend=boehm"], "null, refcount, marksweep, generational"),
        (&["operations", "--rounds=0"], "--rounds"),
        (&["instructions", "--baseline=no/such.json"], "no/such.json"),
        (&["instructions", "--update"], "--baseline"),
    ] {
        let output = harness(arguments);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert_eq!(text(&output.stdout), "");
        assert!(message.contains(expected), "{message}");
    }
}

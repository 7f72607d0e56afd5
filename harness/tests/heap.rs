//! `harness heap` and `harness leaks`: what they say of small programs, and of bad arguments.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use gc_insight::snapshot::Record;
use harness::backend::Backend;
use serde_json::Value;

fn harness(arguments: &[&str]) -> Output {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/programs/heap");
    Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program can be started")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the output is text")
}

/// What is printed, if the exit code is `code` and nothing is complained about.
#[track_caller]
fn answer(arguments: &[&str], code: i32) -> String {
    let output = harness(arguments);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
    text(&output.stdout).to_owned()
}

/// The lines behind the first, with which every answer of `heap` begins.
#[track_caller]
fn heap(arguments: &[&str]) -> Vec<String> {
    let arguments: Vec<&str> = ["heap"].iter().chain(arguments).copied().collect();
    let answer = answer(&arguments, 0);
    let (first, rest) = answer.split_once('\n').expect("there are lines");
    assert!(first.starts_with("after ") && first.contains(" operations on "), "{first}");
    rest.lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_misuse(arguments: &[&str], expected: &str) {
    let output = harness(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(text(&output.stdout), "");
    assert!(message.contains(expected) && !message.contains("internal error"), "{message}");
}

/// Where a test may write.
fn out(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The cells of a table's row.
fn cells(lines: &[String], first: &str) -> Vec<String> {
    let rows = lines.iter().map(|line| line.split_whitespace().map(str::to_owned));
    let mut rows = rows.map(Iterator::collect::<Vec<_>>);
    rows.find(|cells| cells.first().is_some_and(|cell| cell == first)).expect(first)
}

#[test]
fn a_census_tells_types_and_what_is_unreachable() {
    // The session that is a root, its user and the config live. The rest is a cycle, and the cache.
    for (backend, objects, unreachable) in [
        ("refcount", "5", "2"),
        ("marksweep", "5", "2"),
        ("generational", "6", "3"),
        ("null", "6", "3"),
    ] {
        let lines = heap(&["cache.jsonl", "--at", "21", "--backend", backend]);
        for row in ["Node<'_>", "all"] {
            let cells = cells(&lines, row);
            assert_eq!([&cells[1], &cells[4]], [objects, unreachable], "{lines:?}");
        }
    }
}

#[test]
fn the_operations_up_to_a_number_have_run() {
    for (at, objects) in [("0", "0"), ("3", "3"), ("6", "6")] {
        let answer = answer(&["heap", "cache.jsonl", "--at", at], 0);
        assert!(answer.starts_with(&format!("after {at} of 22 operations on marksweep:")));
        let lines: Vec<String> = answer.lines().map(str::to_owned).collect();
        assert_eq!(cells(&lines, "all")[1], objects);
    }
}

#[test]
fn why_something_is_alive_is_told_by_names_on_every_backend() {
    for backend in Backend::ALL {
        let lines = heap(&["cache.jsonl", "--at=20", "--why=config", "--backend", backend.name()]);
        assert!(
            lines[0]
                == "config is alive: root current -> session2.slots[3] -> user2.slots[5] -> config",
            "{lines:?}"
        );
        assert_eq!(lines[1..], ["  held by user1.slots[5]", "  held by user2.slots[5]"]);
        let lines = heap(&["cache.jsonl", "--at=20", "--why=cache", "--backend", backend.name()]);
        assert_eq!(lines, ["cache is alive: root cache -> cache", "  held by root cache"]);
        let lines = heap(&["tidy.jsonl", "--at=9", "--why=c", "--backend", backend.name()]);
        assert_eq!(lines, ["c is alive: handle -> c", "  held by handle"]);
    }
}

#[test]
fn garbage_and_the_dead_are_told_from_the_living() {
    let lines = heap(&["cache.jsonl", "--at=21", "--why=user1", "--backend=refcount"]);
    assert_eq!(
        lines,
        ["user1 is garbage that was not reclaimed", "  held by session1.slots[3] (unreachable)"]
    );
    let lines = heap(&["cache.jsonl", "--at=21", "--why=config"]);
    assert!(lines.contains(&"  held by user1.slots[5] (unreachable)".to_owned()), "{lines:?}");
    assert!(lines.contains(&"  held by user2.slots[5]".to_owned()), "{lines:?}");
    assert_eq!(heap(&["tidy.jsonl", "--why=b"]), ["b is dead"]);
}

#[test]
fn retained_sizes_are_those_of_the_dominator_tree() {
    let lines = heap(&["cache.jsonl", "--at", "20", "--retained"]);
    // Neither session retains the config, and the cache only the session that is no root.
    for (name, objects) in
        [("cache", "3"), ("session1", "2"), ("session2", "2"), ("user1", "1"), ("config", "1")]
    {
        assert_eq!(cells(&lines, name).last().map(String::as_str), Some(objects), "{lines:?}");
    }
}

#[test]
fn a_long_table_says_how_many_are_left_out() {
    let lines = heap(&["long_ring.jsonl", "--at", "1", "--retained"]);
    assert_eq!(
        lines.last().map(String::as_str),
        Some("and 980 more that retain no more than these")
    );
}

#[test]
fn the_files_have_the_program_s_names() {
    let files = ["cache.dot", "cache.heapsnapshot", "cache.json_lines"].map(out);
    let paths = files.each_ref().map(|file| file.to_str().expect("the path is text"));
    let [dot, snapshot, json_lines] = paths;
    let lines = heap(&[
        "cache.jsonl",
        "--at=20",
        "--dot",
        dot,
        "--heapsnapshot",
        snapshot,
        "--json-lines",
        json_lines,
    ]);
    assert_eq!(lines, paths.map(|path| format!("{path} is written")));
    let [dot, snapshot, json_lines] =
        files.map(|file| fs::read_to_string(file).expect("it was written"));

    assert!(dot.starts_with("digraph heap {") && dot.contains("[label=\"session2: Node"));
    let snapshot: Value = serde_json::from_str(&snapshot).expect("it is JSON");
    let strings = snapshot["strings"].as_array().expect("a table");
    assert!(strings.iter().any(|name| name == "<Node<'_> session2>"), "{strings:?}");
    let records: Vec<Record> = json_lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is a record"))
        .collect();
    let labels = records.iter().filter_map(|record| match record {
        Record::Object(object) => object.label.as_deref(),
        Record::Root(_) => None,
    });
    let mut labels: Vec<&str> = labels.collect();
    labels.sort_unstable();
    assert_eq!(labels, ["cache", "config", "session1", "session2", "user1", "user2"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert_misuse(&["heap", "nothing.jsonl"], "nothing.jsonl: ");
    assert_misuse(&["heap", "README.md"], "README.md");
    assert_misuse(&["heap", "cache.jsonl", "--at=23"], "there are 22 operations, not 23");
    assert_misuse(&["heap", "cache.jsonl", "--why=nobody"], "made an object `nobody`");
    // It is made later.
    assert_misuse(&["heap", "cache.jsonl", "--at=2", "--why=config"], "made an object `config`");
    assert_misuse(&["heap", "cache.jsonl", "--backend=boehm"], "no backend `boehm`");
    assert_misuse(&["leaks", "tidy.jsonl", "nothing.jsonl", "--none"], "--none");
    assert_misuse(&["leaks"], "FILES");
    let file = out("large.dot");
    let path = file.to_str().expect("the path is text");
    assert_misuse(
        &["heap", "long_ring.jsonl", "--at=1", "--dot", path],
        "there are 1000 objects, and a picture has at most 300",
    );
    assert!(!file.exists());
}

#[test]
fn a_file_that_cannot_be_written_is_a_failure() {
    let output = harness(&["heap", "cache.jsonl", "--heapsnapshot", "/nowhere/at/all"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nowhere/at/all: "), "{}", text(&output.stderr));
}

#[test]
fn leaks_are_named_and_what_dies_is_not() {
    assert_eq!(answer(&["leaks", "tidy.jsonl"], 0), "tidy.jsonl: nothing leaks\n");
    let leaks = answer(&["leaks", "tidy.jsonl", "cache.jsonl"], 1);
    let lines: Vec<&str> = leaks.lines().collect();
    assert_eq!(lines[..2], ["tidy.jsonl: nothing leaks", "cache.jsonl: 5 objects leak"]);
    for (session, user) in [("session1", "user1"), ("session2", "user2")] {
        // A way around may begin anywhere.
        let ways = [
            format!(": {session}.slots[3] -> {user}.slots[0] -> {session}"),
            format!(": {user}.slots[0] -> {session}.slots[3] -> {user}"),
        ];
        let is_told = |line: &&str| ways.iter().any(|way| line.ends_with(way));
        assert!(lines[2..4].iter().any(is_told), "{leaks}");
    }
    assert_eq!(lines[4], "  kept by several of these: config");
}

#[test]
fn what_leaks_before_a_reset_is_told_too() {
    let leaks = answer(&["leaks", "two_leaks.jsonl"], 1);
    let lines: Vec<&str> = leaks.lines().collect();
    assert_eq!(lines[0], "two_leaks.jsonl: 5 objects leak");
    assert!(lines[1].starts_with("  cycle of 3 objects, ") && lines[1].contains("b.slots[1] -> c"));
    assert_eq!(lines[2], "    and with it: tail");
    assert!(lines[3].starts_with("  cycle of 1 object, "));
    assert!(lines[3].ends_with(": alone.slots[15] -> alone"));
}

#[test]
fn of_a_long_cycle_the_middle_is_counted() {
    let leaks = answer(&["leaks", "long_ring.jsonl"], 1);
    let lines: Vec<&str> = leaks.lines().collect();
    assert_eq!(lines[0], "long_ring.jsonl: 1000 objects leak");
    assert!(lines[1].starts_with("  cycle of 1000 objects, "), "{}", lines[1]);
    assert!(lines[1].contains(" -> ... 985 objects ... -> "), "{}", lines[1]);
    // Nobody has a name.
    assert_eq!(lines[1].matches("Node<'_>.slots[0]").count(), 15, "{}", lines[1]);
}

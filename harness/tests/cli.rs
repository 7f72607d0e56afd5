//! The command line: exit codes, messages, and what is printed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

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

/// Asserts a misuse: exit code 2, nothing on the standard output, and a message with all of
/// `expected`.
#[track_caller]
fn assert_misuse(arguments: &[&str], expected: &[&str]) {
    let output = harness(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(text(&output.stdout), "");
    for part in expected {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

/// The measurements in JSON lines.
fn records(output: &Output) -> Vec<Value> {
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

/// A file in a directory of this test run.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("the file can be written");
    path
}

#[test]
fn list_names_every_workload_and_backend() {
    let output = harness(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    let text = text(&output.stdout);
    for workload in &harness::workloads::WORKLOADS {
        assert!(
            text.contains(workload.name) && text.contains(workload.sentence),
            "{}",
            workload.name
        );
    }
    for backend in harness::backend::Backend::ALL {
        assert!(text.contains(backend.name()), "{backend}");
    }
}

#[test]
fn run_prints_a_line_of_json_per_measurement() {
    let output = harness(&[
        "run",
        "--workload=list",
        "--backend=all",
        "--scale=1000",
        "--seed=7",
        "--format=json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let records = records(&output);
    assert_eq!(records.len(), 4);
    for record in &records {
        assert_eq!(record["workload"], "list");
        assert_eq!(record["scale"], 1000);
        assert_eq!(record["seed"], 7);
        assert_eq!(record["checksum"], records[0]["checksum"]);
        assert_eq!(record["allocated_objects"], 1000);
        for meter in [
            "cpu_ns",
            "wall_ns",
            "peak_rss_bytes",
            "allocated_bytes",
            "collections",
            "gc_cpu_ns",
            "pause_ns_p50",
            "pause_ns_p99",
            "pause_ns_max",
            "live_bytes_max",
        ] {
            assert!(record[meter].is_u64(), "{meter} in {record}");
        }
    }
    let mut backends: Vec<_> =
        records.iter().map(|record| record["backend"].as_str().unwrap()).collect();
    backends.sort_unstable();
    assert_eq!(backends, ["generational", "marksweep", "null", "refcount"]);
}

#[test]
fn run_prints_a_table_without_a_progress_bar_in_a_pipe() {
    let output = harness(&["run", "--workload=churn,quads", "--backend=refcount", "--scale=4"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
    let table = text(&output.stdout);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(
        table.contains("churn") && table.contains("quads") && !table.contains("null"),
        "{table}"
    );
}

#[test]
fn an_unknown_workload_is_answered_with_those_that_exist() {
    assert_misuse(
        &["run", "--workload=life", "--backend=all"],
        &["there is no workload `life`", "binary-trees", "heap-program"],
    );
}

#[test]
fn an_unknown_backend_is_answered_with_those_that_exist() {
    let names = ["there is no backend `boehm`", "null, refcount, marksweep, generational"];
    assert_misuse(&["run", "--workload=list", "--backend=boehm"], &names);
    assert_misuse(&["diff", "--backend=boehm"], &names);
    assert_misuse(&["replay", "--backend=boehm", "file"], &names);
}

#[test]
#[cfg(not(feature = "peers"))]
fn a_peer_needs_its_feature() {
    assert_misuse(&["run", "--workload=list", "--backend=peer:bumpalo"], &["--features peers"]);
}

#[test]
#[cfg(feature = "peers")]
fn a_peer_agrees_with_the_backends_or_says_why_it_does_not_run() {
    let refused = harness(&["run", "--workload=graph", "--backend=peer:bumpalo", "--format=json"]);
    assert_eq!(refused.status.code(), Some(0), "{}", text(&refused.stderr));
    assert!(records(&refused)[0]["skipped"].is_string(), "{}", text(&refused.stdout));
    let output = harness(&[
        "run",
        "--workload=binary-trees",
        "--backend=null,peer:bumpalo",
        "--scale=6",
        "--format=json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let records = records(&output);
    let peer = records
        .iter()
        .find(|record| record["backend"] == "peer:bumpalo")
        .expect("the peer was measured");
    assert_eq!(peer["collections"], Value::Null);
}

#[test]
fn a_scale_out_of_range_is_answered_with_the_range() {
    assert_misuse(
        &["run", "--workload=quads", "--backend=null", "--scale=13"],
        &["from 1 to 12", "not 13"],
    );
    assert_misuse(
        &["run", "--workload=list", "--backend=null", "--scale=0"],
        &["from 1 to 200000000", "not 0"],
    );
    assert_misuse(&["run", "--workload=list", "--backend=null", "--scale=many"], &["--scale"]);
}

#[test]
fn replay_answers_each_operation() {
    let program = file(
        "two.jsonl",
        "# two objects\n{\"op\": \"new\", \"id\": \"a\"}\n\n{\"op\": \"new\", \"id\": \"b\"}\n",
    );
    let output = harness(&["replay", "--backend=refcount", program.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answers = records(&output);
    assert_eq!(answers.iter().map(|answer| &answer["alive"]).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_malformed_heap_program_is_answered_with_its_line() {
    let program =
        file("bad.jsonl", "{\"op\": \"new\", \"id\": \"a\"}\n{\"op\": \"nwe\", \"id\": \"b\"}\n");
    assert_misuse(
        &["replay", "--backend=refcount", program.to_str().unwrap()],
        &["bad.jsonl:2: expected an operation"],
    );
    let program = file("no_json.jsonl", "link a to b\n");
    assert_misuse(
        &["replay", "--backend=refcount", program.to_str().unwrap()],
        &["no_json.jsonl:1: expected a JSON object"],
    );
    assert_misuse(&["replay", "--backend=refcount", "no/such/file.jsonl"], &["no/such/file.jsonl"]);
}

#[test]
fn diff_finds_no_divergence_and_says_so() {
    let output = harness(&["diff", "--programs=20", "--ops=60", "--seed=3"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("20 programs"), "{}", text(&output.stdout));
}

#[test]
fn diff_without_cpython_is_a_misuse() {
    let output = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["diff", "--oracle=cpython", "--programs=1"])
        .env("PATH", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the program can be started");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    let expected = "the oracle needs CPython 3.10 or newer: `python3` cannot be started";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    assert_misuse(&["diff", "--oracle=cpython", "--backend=null"], &["nothing to compare"]);
}

#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in
        [&["list"][..], &["run", "--workload=list", "--backend=all", "--scale=10", "--format=json"]]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_harness"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

/// A command that answers with one JSON object.
fn object(arguments: &[&str]) -> Value {
    let output = harness(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let records = records(&output);
    assert_eq!(records.len(), 1, "{}", text(&output.stdout));
    records[0].clone()
}

#[test]
fn compare_measures_each_contender_on_each_workload() {
    let report = object(&[
        "compare",
        "--workload=list,churn",
        "--backend=refcount,generational",
        "--baseline=refcount",
        "--runs=2",
        "--tiny",
        "--format=json",
    ]);
    assert!(report["allocator"].is_string() && report["runs"] == 2, "{report}");
    let rows = report["rows"].as_array().expect("there are rows");
    let names: Vec<_> = rows
        .iter()
        .map(|row| (row["workload"].as_str().unwrap(), row["contender"].as_str().unwrap()))
        .collect();
    let expected =
        ["list", "churn"].map(|workload| ["refcount", "generational"].map(|who| (workload, who)));
    assert_eq!(names, expected.concat());
    for pair in rows.chunks(2) {
        assert_eq!(pair[0]["ratio"], 1.0);
        assert_eq!(pair[0]["is_baseline"], true);
        assert!(pair[1]["ratio"].is_f64(), "{}", pair[1]);
        assert_eq!(pair[0]["checksum"], pair[1]["checksum"]);
    }
}

#[test]
fn compare_says_over_in_a_cell_and_does_not_fail_for_it() {
    let arguments =
        ["compare", "--workload=list", "--backend=refcount", "--scale=200000000", "--time-limit=1"];
    let output = harness(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("over 1 s"), "{}", text(&output.stdout));
}

#[test]
fn compare_saves_markdown_and_json() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("comparison");
    let output = harness(&[
        "compare",
        "--workload=list",
        "--backend=all",
        "--runs=1",
        "--tiny",
        "--format=markdown",
        "--out",
        folder.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let saved = fs::read_to_string(folder.join("comparison.md")).expect("it was saved");
    assert_eq!(saved, text(&output.stdout));
    assert!(saved.starts_with("| workload | scale | contender |"), "{saved}");
    let json = fs::read_to_string(folder.join("comparison.json")).expect("it was saved");
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert!(json["rows"].as_array().is_some_and(|rows| rows.len() >= 4), "{json}");
}

#[test]
fn the_goals_are_judged_or_it_is_said_why_not() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("goals");
    let out = format!("--out={}", folder.display());
    let report = object(&["compare", "--goals", "--tiny", "--runs=1", "--format=json", &out]);
    assert_eq!(report["is_full_scale"], false);
    let goals = report["goals"].as_array().expect("there are goals");
    for goal in goals {
        let is_judged = goal["is_reached"].is_boolean();
        assert_eq!(is_judged, goal["remark"].is_null(), "{goal}");
        assert!(!is_judged || goal["value"].is_f64(), "{goal}");
    }
    let of_row = |row: &str| goals.iter().filter(|goal| goal["row"] == row).count();
    let rows = ["1", "2", "2b", "3", "4", "5", "6", "7", "7b", "8", "9", "10", "11", "12", "13"];
    assert_eq!(rows.map(of_row), [3, 6, 4, 2, 6, 6, 6, 8, 5, 16, 2, 9, 12, 9, 3]);
    let collected = goals.iter().find(|goal| {
        goal["measure"]
            == "building four million objects \
        with automatic collection, times without"
    });
    assert!(collected.is_some_and(|goal| goal["is_reached"].is_boolean()), "{collected:?}");
    if cfg!(not(feature = "peers")) {
        let first = &goals[0]["remark"];
        assert_eq!(first, "needs --features peers");
    }
    let [reached, missed, not_judged] = ["reached", "missed", "not_judged"]
        .map(|name| report[name].as_u64().unwrap_or_else(|| panic!("no {name}: {report}")));
    assert_eq!(reached + missed + not_judged, goals.len() as u64);
    let markdown = fs::read_to_string(folder.join("goals.md")).expect("it was saved");
    let tally = format!("Reached: {reached}. Missed: {missed}. Not judged: {not_judged}.");
    assert!(markdown.lines().any(|line| line == tally), "{markdown}");
    let is_row = |line: &&str| line.starts_with('|');
    assert_eq!(markdown.lines().filter(is_row).count(), 2 + goals.len(), "{markdown}");
}

#[test]
fn goals_choose_what_is_measured_themselves() {
    assert_misuse(&["compare", "--goals", "--workload=list"], &["--workload"]);
    assert_misuse(&["compare", "--goals", "--baseline=refcount"], &["--baseline"]);
}

#[test]
fn sweep_bounds_the_overhead_in_each_heap() {
    let report = object(&[
        "sweep",
        "--workload=binary-trees",
        "--backend=refcount,generational",
        "--own-least",
        "--runs=1",
        "--tiny",
        "--format=json",
    ]);
    let rows = report["rows"].as_array().expect("there are rows");
    assert_eq!(rows.len(), 2 * 6);
    for row in rows {
        let least = row["least_bytes"].as_f64().expect("there is a least heap");
        let factor = row["heap_factor"].as_f64().expect("there is a factor");
        assert_eq!(row["limit_bytes"], (least * factor) as u64);
        for overhead in ["cpu_overhead", "wall_overhead"] {
            // The total of a run is at least what remains of it, which is at least the baseline.
            let is_bound = row[overhead].as_f64().is_some_and(|overhead| overhead >= 1.0);
            assert!(is_bound || row["word"] == "heap full", "{row}");
        }
    }
}

#[test]
fn sweep_refuses_the_workload_whose_heaps_have_no_limit() {
    assert_misuse(&["sweep", "--workload=heap-program"], &["heap-program", "no limit"]);
}

#[test]
fn report_writes_a_page_and_its_data() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("a/new/folder");
    let _ = fs::remove_dir_all(&folder);
    let out = folder.to_str().expect("a path is text");
    let workloads = "--workloads=list,heap-program";
    let backends = "--backends=refcount,marksweep:epochs,null";
    let output =
        harness(&["report", "--tiny", "--runs=2", workloads, backends, "--seed=3", "--out", out]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), format!("{}\n", folder.join("index.html").display()));

    let json = fs::read_to_string(folder.join("report.json")).expect("it was written");
    let data: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!((&data["rounds"], &data["seed"]), (&2.into(), &3.into()));
    let [list, programs] = &data["workloads"].as_array().expect("a list")[..] else {
        panic!("{json}")
    };
    let names = |rows: &Value| -> Vec<Value> {
        rows.as_array().into_iter().flatten().map(|row| row["contender"].clone()).collect()
    };
    assert_eq!(names(&list["times"]), ["refcount", "marksweep:epochs", "null"]);
    // The null collector is measured and not watched.
    assert_eq!(names(&list["watched"]), ["refcount", "marksweep:epochs"]);
    for watched in list["watched"].as_array().expect("a list") {
        assert!(watched["collector"]["pauses"].as_u64() > Some(0), "{watched}");
        let looks = watched["heap"]["looks"].as_array().expect("a list");
        assert!(looks.iter().any(|look| look["objects"].as_u64() > Some(0)), "{watched}");
        assert_eq!(watched["trouble"], Value::Array(Vec::new()));
    }
    // This one shows its arenas to nobody.
    assert_eq!(programs["watched"][0]["heap"], Value::Null);
    assert!(programs["times"][0]["cpu_ns"]["median"].as_u64() > Some(0));

    let html = fs::read_to_string(folder.join("index.html")).expect("it was written");
    for part in ["<!DOCTYPE html>", "Live memory by type", "2 interleaved rounds", "seed 3"] {
        assert!(html.contains(part), "`{part}` is not in the page");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_not_begun() {
    let out = file("report-is-a-file", "");
    let out = out.to_str().expect("a path is text");
    assert_misuse(&["report", "--out", out], &["report-is-a-file"]);
    assert_misuse(&["report", "--out", out, "--workloads=lists"], &["lists", "large-arrays"]);
    assert_misuse(&["report"], &["--out"]);
}

#[test]
fn watch_takes_a_terminal_and_one_of_our_collectors() {
    assert_misuse(&["watch", "list", "--tiny"], &["terminal"]);
    assert_misuse(&["watch", "lists"], &["lists"]);
    assert_misuse(&["watch", "list", "--backend=boehm"], &["boehm"]);
}

#[test]
fn soak_runs_a_round_and_says_what_it_did() {
    let output = harness(&["soak", "--rounds=1", "--seed=3"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    assert!(said.starts_with("soak from seed 3\nseed 3: 60 runs, "), "{said}");
    assert!(said.ends_with(": answers agree, accounts balance, memory is flat\n"), "{said}");
    assert_misuse(&["soak", "--minutes=-1"], &["million minutes"]);
}

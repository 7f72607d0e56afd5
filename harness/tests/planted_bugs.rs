//! Each bug that was planted in the collectors is caught by a test: see `ci/planted-bugs.sh`, which builds
//! with the bugs. Without them there is nothing here.
//!
//! The suites are part of this very program, which runs itself once for each bug and collector. A run ends
//! with the first test that fails, a crash, or a test that does not end.
#![cfg(gc_planted)]

use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use gc_core::planted::BUGS;

#[path = "heap_programs.rs"]
mod heap_programs;

harness::conformance!(refcount, gc_refcount::Refcount);
harness::conformance!(marksweep, gc_marksweep::MarkSweep);
harness::conformance!(generational, gc_generational::Generational);

/// A run of one suite on one collector takes a tenth of this on a slow machine.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// What the tests of this file begin with; the runs of itself leave them out.
const SELF: &str = "planted_bugs_";

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Passed,
    Failed { test: String },
    Crashed { status: String },
    Hung,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Passed => f.write_str("NOT CAUGHT"),
            End::Failed { test } => f.write_str(test),
            End::Crashed { status } => write!(f, "a crash ({status})"),
            End::Hung => f.write_str("a test that does not end"),
        }
    }
}

/// Runs those of the tests in this program whose names have this in them, with a bug, until the first fails.
fn run(bug: &str, tests: &str) -> End {
    let mut child = Command::new(env::current_exe().expect("this program is a file"))
        .args([tests, "--skip", SELF])
        .env("GC_PLANTED", bug)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a program can be started");
    let end = watch(&mut child);
    if end != End::Passed {
        // It may have ended by itself.
        let _ = child.kill();
    }
    let status = child.wait().expect("it was not waited for before");
    match end {
        End::Passed if !status.success() => End::Crashed { status: status.to_string() },
        end => end,
    }
}

/// Reads what a run prints until a test has failed.
fn watch(child: &mut Child) -> End {
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let end = Instant::now() + TIME_LIMIT;
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                let failed = line.strip_prefix("test ").and_then(|l| l.strip_suffix(" ... FAILED"));
                if let Some(test) = failed {
                    return End::Failed { test: test.to_owned() };
                }
            }
            Err(RecvTimeoutError::Disconnected) => return End::Passed,
            Err(RecvTimeoutError::Timeout) => return End::Hung,
        }
    }
}

/// Runs what concerns a collector: its conformance suite, and if all of that passes the heap programs, which
/// are for all collectors.
fn run_suites(bug: &str, backend: &str) -> End {
    match run(bug, &format!("{backend}::")) {
        End::Passed => run(bug, "heap_programs::"),
        end => end,
    }
}

#[test]
fn planted_bugs_are_caught() {
    for backend in ["refcount", "marksweep", "generational"] {
        assert_eq!(run_suites("", backend), End::Passed, "{backend}, without a bug");
    }
    let mut escaped = Vec::new();
    for bug in BUGS.iter().filter(|bug| env::var("ONLY").map_or(true, |only| bug.name.contains(&only))) {
        for backend in bug.backends {
            let begin = Instant::now();
            let end = run_suites(bug.name, backend);
            println!("{:30} {backend:13} {end} ({:.1} s)", bug.name, begin.elapsed().as_secs_f32());
            if end == End::Passed {
                escaped.push(format!("{} ({backend}): {}", bug.name, bug.what));
            }
        }
    }
    assert!(escaped.is_empty(), "{} bugs were not caught:\n{}", escaped.len(), escaped.join("\n"));
}

/// Calls `each` with the text of every Rust file in a folder and those below it.
fn for_each_source(folder: &Path, each: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).expect("a folder of this workspace") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            for_each_source(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&fs::read_to_string(path).expect("Rust source"));
        }
    }
}

#[test]
fn planted_bugs_that_are_listed_are_in_the_sources() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut planted = BTreeSet::new();
    for package in ["gc-core", "gc-refcount", "gc-marksweep", "gc-generational"] {
        for_each_source(&workspace.join(package).join("src"), &mut |text| {
            let mentions = text.split("planted!(\"").skip(1);
            let names = mentions.filter_map(|mention| mention.split_once('"'));
            planted.extend(names.map(|(name, _)| name.to_owned()));
        });
    }
    // The example of the macro.
    planted.remove("a-bug");
    // Those that are not listed do not compile.
    let listed: BTreeSet<String> = BUGS.iter().map(|bug| bug.name.to_owned()).collect();
    assert_eq!(listed.len(), BUGS.len(), "two bugs have one name");
    assert_eq!(planted, listed);
}

//! Each bug that was planted in the collectors is caught by a test: see `ci/planted-bugs.sh`, which builds
//! with the bugs. Without them there is nothing here.
//!
//! The suites are part of this very program, which runs itself for each bug and collector. A run ends with
//! the first test that fails, a crash, or a test that does not end.
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

use gc_core::planted::{BUGS, Bug};
use rayon::prelude::*;

#[path = "heap_programs.rs"]
mod heap_programs;

harness::conformance!(refcount, gc_refcount::Refcount);
harness::conformance!(marksweep, gc_marksweep::MarkSweep);
harness::conformance!(generational, gc_generational::Generational);

/// Of one test: the longest (`finalizers_may_do_anything_with_maps`) takes less than a tenth of this where two
/// cores are busy.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// What the tests of this file begin with: the runs of itself leave them out.
const SELF: &str = "planted_bugs_";

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Passed,
    Failed { test: String },
    Crashed { test: String, status: String },
    Hung { test: String },
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Passed => f.write_str("NOT CAUGHT"),
            End::Failed { test } => f.write_str(test),
            End::Crashed { test, status } => write!(f, "{test} ({status})"),
            End::Hung { test } => write!(f, "{test} (does not end)"),
        }
    }
}

/// Runs those of the tests in this program whose names have `tests` in them, with a bug, until the first
/// fails.
fn run(bug: &str, tests: &str) -> End {
    let mut child = Command::new(env::current_exe().expect("this program is a file"))
        .args([tests, "--skip", SELF, "--test-threads=1"])
        .env("GC_PLANTED", bug)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a program can be started");
    let mut end = watch(&mut child);
    if matches!(end, End::Failed { .. } | End::Hung { .. }) {
        // Of the others the pipe is closed: they have ended, and by what is what is asked below.
        let _ = child.kill();
    }
    let how = child.wait().expect("nobody has waited for it");
    match &mut end {
        End::Crashed { status, .. } => *status = how.to_string(),
        // A signal: what a test has left of the process's memory ends it later.
        End::Passed if how.code().is_none() => {
            end = End::Crashed { test: "between two tests".to_owned(), status: how.to_string() };
        }
        End::Passed => {
            assert!(how.success(), "{tests} with `{bug}`: {how}, and no test has failed")
        }
        End::Failed { .. } | End::Hung { .. } => {}
    }
    end
}

/// Reads what a run prints until a test has failed. With one thread the name of a test is printed when it
/// begins: the last line of a run that crashes has nothing else.
fn watch(child: &mut Child) -> End {
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    thread::spawn(move || {
        // Nobody reads on when a test has failed.
        stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let mut limit = Instant::now() + TIME_LIMIT;
    let mut is_hung = false;
    let mut unfinished = None;
    loop {
        // When it was killed it prints no more.
        let wait =
            if is_hung { TIME_LIMIT } else { limit.saturating_duration_since(Instant::now()) };
        match lines.recv_timeout(wait) {
            Ok(line) => {
                let Some(line) = line.strip_prefix("test ") else { continue };
                limit = Instant::now() + TIME_LIMIT;
                if let Some(test) = line.strip_suffix(" ... FAILED") {
                    return End::Failed { test: test.to_owned() };
                }
                unfinished = line.strip_suffix(" ... ").map(str::to_owned);
            }
            Err(RecvTimeoutError::Disconnected) => {
                return match unfinished {
                    Some(test) if is_hung => End::Hung { test },
                    Some(test) => End::Crashed { test, status: String::new() },
                    None => End::Passed,
                };
            }
            Err(RecvTimeoutError::Timeout) => {
                is_hung = true;
                child.kill().expect("a child may be killed");
            }
        }
    }
}

/// Runs what concerns a collector: its conformance suite, and if all of that passes the heap programs, which
/// are for all collectors. For what `ci/mutants.sh` plants the list has the tests themselves.
fn run_suites(bug: &str, backend: &str) -> End {
    let of_collector = format!("{backend}::|heap_programs::");
    let suites = if backend.contains('|') { backend } else { &of_collector };
    let mut ends = suites.split('|').map(|tests| run(bug, tests));
    ends.find(|end| *end != End::Passed).unwrap_or(End::Passed)
}

#[test]
fn planted_bugs_are_caught() {
    let only = env::var("ONLY").unwrap_or_default();
    let is_chosen =
        |name: &str| only.is_empty() || only.split_whitespace().any(|part| name.contains(part));
    let chosen = || BUGS.iter().filter(|bug| is_chosen(bug.name));
    let runs: Vec<_> =
        chosen().flat_map(|bug| bug.backends.iter().map(move |backend| (bug, backend))).collect();
    assert!(!runs.is_empty(), "no bug has `{only}` in its name");
    let run_one = |&(bug, backend): &(&Bug, &&str)| {
        let begin = Instant::now();
        let end = run_suites(bug.name, backend);
        let collector = if backend.contains('|') { "" } else { backend };
        let (name, seconds) = (bug.name, begin.elapsed().as_secs_f32());
        println!("{name:30} {collector:12} {seconds:4.1} s  {end}");
        (end == End::Passed).then(|| format!("{name} ({collector}): {}", bug.what))
    };
    // One by one: a thread that took many at once would be left with those that last long.
    let escaped: Vec<_> = runs.par_iter().with_max_len(1).filter_map(run_one).collect();
    assert!(escaped.is_empty(), "{} are not caught:\n{}", escaped.len(), escaped.join("\n"));
}

#[test]
fn planted_bugs_that_nobody_asks_for_are_not_there() {
    let suites = ["refcount::", "marksweep::", "generational::", "heap_programs::"];
    suites.par_iter().with_max_len(1).for_each(|tests| assert_eq!(run("", tests), End::Passed));
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

//! The example `tutorial` prints what is stored in `tutorial.txt`, for the collectors that are compiled
//! in. What it measures may change.

use std::env;
use std::fs;
use std::process::Command;

const EXPECTED: &str = include_str!("tutorial.txt");

/// Whether a line is about a collector that is not compiled in.
fn is_left_out(line: &str) -> bool {
    let collectors = [
        ("refcount", cfg!(feature = "refcount")),
        ("marksweep", cfg!(feature = "marksweep")),
        ("generational", cfg!(feature = "generational")),
        ("null", false),
    ];
    let speaker = line.strip_prefix("    ").and_then(|line| line.split(' ').next());
    collectors.iter().any(|&(name, is_there)| speaker == Some(name) && !is_there)
}

/// The lines without their figures.
fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !is_left_out(line));
    lines.map(|line| line.split_once(", peak ").map_or(line, |(line, _)| line)).collect()
}

/// The peaks in MiB that were printed, of the list and of the stream in turn for each collector.
fn peaks(text: &str, step: &str) -> Vec<u64> {
    let (_, answers) = text.split_once(step).expect("the step is printed");
    let answers = answers.lines().skip(1).take_while(|line| line.starts_with("    "));
    let peak = |line: &str| line.split_once(", peak ")?.1.strip_suffix(" MiB")?.parse().ok();
    answers.filter_map(peak).collect()
}

#[test]
fn the_tutorial_prints_what_is_stored() {
    let test = env::current_exe().expect("a running program has a path");
    let profile = test.ancestors().nth(2).expect("a test is two folders below its profile's");
    let example = profile.join("examples").join(format!("tutorial{}", env::consts::EXE_SUFFIX));
    let hint = "`cargo test` builds the example; with `--test` add `--examples`";
    assert!(fs::exists(&example).unwrap_or(false), "{} is missing: {hint}", example.display());
    let output = Command::new(&example).output().expect("the example runs");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("the example prints text");
    assert_eq!(lines(&printed), lines(EXPECTED), "{hint}");

    let lists = peaks(&printed, "print(sum([n * n for n in range(1_000_000)]))");
    let streams = peaks(&printed, "print(sum(n * n for n in range(1_000_000)))");
    assert!(lists.len() == streams.len() && !lists.is_empty());
    if cfg!(any(feature = "refcount", feature = "marksweep", feature = "generational")) {
        let mut pairs = lists.iter().zip(&streams);
        assert!(pairs.all(|(list, stream)| *list > 3 * stream), "{lists:?} {streams:?}");
    }
}

//! `harness profile`: what it counts is what the arena counts, and each of its files is what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn harness(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(arguments)
        .output()
        .expect("the program can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn temporary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The objects that the arenas of a run have counted.
fn allocated_objects(backend: &str) -> f64 {
    let arguments =
        ["run", "--workload=rings", "--scale=500", "--format=json", "--backend", backend];
    let output = harness(&arguments);
    let record: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    record["allocated_objects"].as_f64().expect("a number")
}

#[test]
fn the_exact_profile_has_every_object_and_an_estimate_is_near_it() {
    for backend in ["refcount", "marksweep", "generational", "null"] {
        let file = temporary(&format!("{backend}.json"));
        let path = file.to_str().expect("a path of text");
        let total = |interval: &str| {
            let interval = format!("--interval={interval}");
            let arguments = [
                "profile",
                "rings",
                "--scale=500",
                "--backend",
                backend,
                &interval,
                "--json",
                path,
            ];
            harness(&arguments);
            let profile: Value =
                serde_json::from_slice(&fs::read(&file).expect("it was written")).expect("JSON");
            let sites = profile["sites"].as_array().expect("a list").clone();
            let objects = |site: &Value| site["allocated"]["objects"].as_f64().expect("a number");
            sites.iter().map(objects).sum::<f64>()
        };
        let truth = allocated_objects(backend);
        let exact = total("1");
        // What the root is made of comes before the profile: 102 objects.
        assert_eq!(truth - exact, 102.0, "on {backend}");
        let estimate = total("1000");
        assert!((estimate / truth - 1.0).abs() < 0.25, "{estimate} for {truth} on {backend}");
    }
}

#[test]
fn every_file_is_of_its_kind() {
    let [folded, picture, pprof] = ["rings.folded", "rings.svg", "rings.pb.gz"]
        .map(|name| temporary(name).display().to_string());
    let output = harness(&[
        "profile",
        "rings",
        "--scale=500",
        "--interval=1",
        "--stacks",
        "--show=allocated",
        "--folded",
        &folded,
        "--flame-graph",
        &picture,
        "--pprof",
        &pprof,
    ]);
    let table = String::from_utf8(output.stdout).expect("text");
    assert!(table.contains("rings.rs") && table.contains("Occurrences"), "{table}");

    let folded = fs::read_to_string(folded).expect("it was written");
    let mut bytes = 0;
    for line in folded.lines() {
        let (stack, number) = line.rsplit_once(' ').expect("a stack and a number");
        bytes += number.parse::<u64>().expect("a number");
        // From the workload's function to the type. Some compilers keep the types of a generic function.
        let has_function = ["rings::run;", "rings::run::<"].iter().any(|run| stack.contains(run));
        assert!(has_function && stack.contains("rings.rs:"), "{stack}");
        assert!(!stack.contains("gc_core::heap::"), "{stack}");
    }
    assert!(bytes > 10_000, "{bytes}");
    let picture = fs::read_to_string(picture).expect("it was written");
    assert!(picture.contains("<svg") && picture.contains("rings on generational"));
    assert_eq!(fs::read(pprof).expect("it was written")[..2], [0x1f, 0x8b], "it is compressed");
}

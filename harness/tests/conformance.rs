//! The conformance suite: one line for each backend.

use std::fs;
use std::path::Path;

harness::conformance!(null, gc_core::NullCollector);
harness::conformance!(refcount, gc_refcount::Refcount);
harness::conformance!(marksweep, gc_marksweep::MarkSweep);
harness::conformance!(generational, gc_generational::Generational);

#[test]
fn every_claim_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/conformance");
    let list = fs::read_to_string(folder.join("mod.rs")).expect("the list of claims");
    let listed: Vec<&str> = list.split_whitespace().collect();
    let mut claims = 0;
    for file in fs::read_dir(&folder).expect("the claims") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("Rust source");
        for line in text.lines().filter_map(|line| line.strip_prefix("pub fn ")) {
            if let Some((claim, _)) = line.split_once("<C: Collector + Default>()") {
                assert!(listed.contains(&claim), "`{claim}` is not in the list");
                claims += 1;
            }
        }
    }
    assert!(claims > 100, "only {claims} claims were found");
}

//! Replays the inputs in `corpus`, and some random ones, without a tool. `ci/fuzz.sh` finds better ones.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fuzz::{TARGETS, Target};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

/// Random inputs of each target: a few seconds.
const INPUTS: u64 = 400;

const INPUT_BYTES_MAX: u32 = 300;

fn run(target: Target, name: &str, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        eprintln!("the input was {name} of {}: {input:?}", target.name);
        std::panic::resume_unwind(panic);
    }
}

fn replay(name: &str) {
    let target = *TARGETS.iter().find(|target| target.name == name).expect("there is this target");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut inputs = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        run(target, &path.display().to_string(), &fs::read(&path).unwrap());
        inputs += 1;
    }
    assert!(inputs > 0, "the corpus is there");
    for seed in 0..INPUTS {
        let mut random = Pcg64Mcg::new(u128::from(seed) << 1 | 1);
        let mut input = vec![0; (random.next_u32() % INPUT_BYTES_MAX) as usize];
        random.fill_bytes(&mut input);
        run(target, &format!("seed {seed}"), &input);
    }
}

#[test]
fn heap_programs_give_the_answers_of_the_model() {
    replay("heap_programs");
}

#[test]
fn sequences_of_calls_lose_nothing_and_drop_everything_once() {
    replay("arena_api");
}

#[test]
fn readers_reject_what_they_do_not_understand() {
    replay("readers");
}

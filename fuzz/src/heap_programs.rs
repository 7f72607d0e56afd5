//! Heap programs on every backend, against the model.

use harness::backend::Backend;
use harness::heap_program::diff::{check, settings};
use harness::heap_program::generate::{Vocabulary, generate_from};
use harness::heap_program::judge::{Mismatch, Setting};
use harness::heap_program::program::Program;
use harness::heap_program::shrink::shrink;
use harness::with_collector;

use crate::choices::Choices;

/// From a nursery of one object to one that is never full.
const NURSERIES_BYTES: [Option<usize>; 5] =
    [None, Some(1), Some(1 << 10), Some(4 << 10), Some(32 << 10)];

/// Runs the program that the bytes describe on the backend that the first of them choose.
///
/// # Panics
///
/// Panics with the smallest program to which the backend gives the wrong answer, if it does so to this
/// one.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let backend = choices.one_of(&Backend::ALL);
    let mut setting = choices.one_of(&settings(backend.attributes()));
    // When objects die is told by the mode, and these decide nothing of it.
    if setting.setup.automatic {
        setting.setup.nursery_bytes = choices.one_of(&NURSERIES_BYTES);
    }
    setting.setup.roots_in_handles = choices.flag();
    let program = generate_from(choices.rest(), Vocabulary::Modelled);
    if let Some(mismatch) = judge(backend, &program, setting) {
        report(backend, &program, setting, mismatch);
    }
}

fn judge(backend: Backend, program: &Program, setting: Setting) -> Option<Mismatch> {
    with_collector!(backend, C => check::<C>(program, setting))
}

fn report(backend: Backend, program: &Program, setting: Setting, mismatch: Mismatch) -> ! {
    let smallest = shrink(program, &mut |program| judge(backend, program, setting).is_some());
    let mismatch = judge(backend, &smallest, setting).unwrap_or(mismatch);
    let mut text = Vec::new();
    smallest.write(&mut text).expect("a vector takes everything");
    panic!(
        "{backend} ({setting:?})\n{}expected: {}\nfound:    {}",
        String::from_utf8_lossy(&text),
        mismatch.expected,
        mismatch.found
    );
}

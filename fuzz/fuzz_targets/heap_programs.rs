//! See [`fuzz::heap_programs`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::heap_programs::run(bytes));

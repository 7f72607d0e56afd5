//! See [`fuzz::arena_api`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::arena_api::run(bytes));

//! What is written of a heap says what the heap itself says: for random heaps, on every collector.

mod devtools;
mod dot;
mod failures;
mod heaps;
mod json_lines;

/// Defines a module with a test for each collector, by a generic function.
macro_rules! on_every_collector {
    ($($test:ident),+ $(,)?) => {
        mod null { $(#[test] fn $test() { super::$test::<gc_core::NullCollector>(); })+ }
        mod refcount { $(#[test] fn $test() { super::$test::<gc_refcount::Refcount>(); })+ }
        mod marksweep { $(#[test] fn $test() { super::$test::<gc_marksweep::MarkSweep>(); })+ }
        mod generational { $(#[test] fn $test() { super::$test::<gc_generational::Generational>(); })+ }
    };
}

pub(crate) use on_every_collector;

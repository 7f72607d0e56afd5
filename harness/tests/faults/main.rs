//! Faults: no memory, panics, finalizers that do their worst, structures as deep as memory, arenas
//! without number.
//!
//! - [`exhaustion`]: the n-th request for memory is refused, for every n; every limit.
//! - [`panics`]: the n-th place at which code of the user runs panics, for every n.
//! - [`finalizers`]: finalizers that panic, keep, fill the heap, and make more of themselves.
//! - [`deep`]: structures of every shape that are as deep as there are objects.
//! - [`many`]: arenas, references, objects and bytes in any number; a collector that is disabled.
//!
//! What takes minutes or gigabytes is ignored, and run by `ci/large.sh`.

mod allocator;
mod deep;
mod exhaustion;
mod finalizers;
mod many;
mod panics;
mod points;
mod witness;

#[global_allocator]
static ALLOCATOR: allocator::Failing = allocator::Failing;

/// Makes a test of each claim for each collector.
#[macro_export]
macro_rules! on_every_collector {
    ($(#[doc = $doc:literal] $name:ident => $claim:ident)*) => {
        $($crate::on_every_collector! { @ [] [#[doc = $doc]] $name $claim })*
    };
    (#[ignore = $reason:literal] $name:ident => $claim:ident) => {
        $crate::on_every_collector! { @ [#[ignore = $reason]] [] $name $claim }
    };
    (@ $ignore:tt [$($doc:tt)*] $name:ident $claim:ident) => {
        $($doc)*
        mod $name {
            $crate::on_every_collector! { @test $ignore on_null $claim gc_core::NullCollector }
            $crate::on_every_collector! { @test $ignore on_refcount $claim gc_refcount::Refcount }
            $crate::on_every_collector! { @test $ignore on_marksweep $claim gc_marksweep::MarkSweep }
            $crate::on_every_collector! {
                @test $ignore on_generational $claim gc_generational::Generational
            }
        }
    };
    (@test [$($ignore:tt)*] $test:ident $claim:ident $collector:ty) => {
        #[test]
        $($ignore)*
        fn $test() {
            super::$claim::<$collector>();
        }
    };
}

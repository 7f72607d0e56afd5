//! Faults: no memory, panics, finalizers that do their worst, structures as deep as memory, arenas
//! without number.
//!
//! - [`exhaustion`]: the n-th request for memory is refused, for every n; every limit.
//! - [`panics`]: the n-th place at which code of the user runs panics, for every n.

mod allocator;
mod exhaustion;
mod panics;
mod points;
mod witness;

#[global_allocator]
static ALLOCATOR: allocator::Failing = allocator::Failing;

/// Makes a test of each claim for each collector.
#[macro_export]
macro_rules! on_every_collector {
    ($($(#[$attribute:meta])* $name:ident => $claim:ident)*) => {
        $(
            $(#[$attribute])*
            mod $name {
                #[test]
                fn on_null() {
                    super::$claim::<gc_core::NullCollector>();
                }

                #[test]
                fn on_refcount() {
                    super::$claim::<gc_refcount::Refcount>();
                }

                #[test]
                fn on_marksweep() {
                    super::$claim::<gc_marksweep::MarkSweep>();
                }

                #[test]
                fn on_generational() {
                    super::$claim::<gc_generational::Generational>();
                }
            }
        )*
    };
}

//! Garbage collectors for Rust: one API, and the algorithm is yours to choose.
//!
//! This crate is a facade: everything is in `gc-core` and in the collectors' own crates, re-exported
//! here. The Cargo features `generational` (the default), `marksweep` and `refcount` choose which
//! collectors there are, and [`DefaultCollector`] is the most capable of them: generational before
//! marksweep before refcount. Features only add.
//!
//! [`Arena<R>`](Arena) uses the default collector, `Arena<R, Refcount>` names one.
//!
//! # Examples
//!
//! ```
//! use tenure::{Arena, Gc, Lock, Rootable, Trace, unlock};
//!
//! #[derive(Trace)]
//! struct Node<'gc> {
//!     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
//! }
//!
//! let mut arena = Arena::<Rootable![Gc<'_, Node<'_>>]>::new(|mc| {
//!     let a = Gc::new(mc, Node { other: Lock::new(None) });
//!     let b = Gc::new(mc, Node { other: Lock::new(Some(a)) });
//!     unlock!(Gc::write(mc, a), Node, other).set(Some(b));
//!     a
//! });
//! arena.collect();
//! arena.enter(|_, a| {
//!     let b = a.other.get().unwrap();
//!     assert!(Gc::ptr_eq(b.other.get().unwrap(), *a));
//! });
//! ```
#![no_std]

#[doc(no_inline)]
pub use gc_core::*;
pub use gc_derive::TraceForFacade as Trace;
#[cfg(feature = "generational")]
pub use gc_generational::Generational;
#[cfg(feature = "insight")]
#[doc(no_inline)]
pub use gc_insight as insight;
#[cfg(feature = "marksweep")]
pub use gc_marksweep::MarkSweep;
#[cfg(feature = "refcount")]
pub use gc_refcount::Refcount;

/// The collector that [`Arena`] uses unless it is told another.
///
/// # Examples
///
/// ```
/// use tenure::{Arena, Collector, DefaultCollector, Generational, Rootable};
///
/// let arena: Arena<Rootable![()]> = Arena::new(|_| ());
/// assert_eq!(*arena.attributes(), DefaultCollector::ATTRIBUTES);
/// assert_eq!(*arena.attributes(), Generational::ATTRIBUTES);
/// ```
#[cfg(feature = "generational")]
pub type DefaultCollector = Generational;

/// The collector that [`Arena`] uses unless it is told another.
///
/// # Examples
///
/// ```
/// use tenure::{Arena, Collector, MarkSweep, Rootable};
///
/// let arena: Arena<Rootable![()]> = Arena::new(|_| ());
/// assert_eq!(*arena.attributes(), MarkSweep::ATTRIBUTES);
/// ```
#[cfg(all(feature = "marksweep", not(feature = "generational")))]
pub type DefaultCollector = MarkSweep;

/// The collector that [`Arena`] uses unless it is told another.
///
/// # Examples
///
/// ```
/// use tenure::{Arena, Collector, Refcount, Rootable};
///
/// let arena: Arena<Rootable![()]> = Arena::new(|_| ());
/// assert_eq!(*arena.attributes(), Refcount::ATTRIBUTES);
/// ```
#[cfg(all(feature = "refcount", not(feature = "generational"), not(feature = "marksweep")))]
pub type DefaultCollector = Refcount;

/// The collector that [`Arena`] uses unless it is told another: without a feature, the one that
/// never collects.
///
/// # Examples
///
/// ```
/// use tenure::{Arena, Collector, NullCollector, Rootable};
///
/// let arena: Arena<Rootable![()]> = Arena::new(|_| ());
/// assert_eq!(*arena.attributes(), NullCollector::ATTRIBUTES);
/// ```
#[cfg(not(any(feature = "refcount", feature = "marksweep", feature = "generational")))]
pub type DefaultCollector = NullCollector;

/// A garbage-collected heap with a root: see [`gc_core::Arena`].
///
/// # Examples
///
/// ```
/// use tenure::{Arena, Gc, NullCollector, Rootable};
///
/// let default: Arena<Rootable![Gc<'_, str>]> = Arena::new(|mc| Gc::new_str(mc, "kept"));
/// let chosen: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// assert_eq!(default.enter(|_, text| text.len()), 4);
/// assert_eq!(chosen.attributes().name, "null");
/// ```
pub type Arena<R, C = DefaultCollector> = gc_core::Arena<R, C>;

/// Makes an [`Arena`] with other settings than the defaults: see [`gc_core::ArenaBuilder`].
///
/// # Examples
///
/// ```
/// use tenure::{Arena, Gc, Rootable};
///
/// type Small = Arena<Rootable![()]>;
/// let arena = Small::builder().limit_bytes(1 << 20).build(|_| ());
/// assert!(arena.enter(|mc, ()| Gc::try_new(mc, [0_u8; 100]).is_ok()));
/// assert!(arena.enter(|mc, ()| mc.metrics().add_external(2 << 20).is_err()));
/// ```
pub type ArenaBuilder<R, C = DefaultCollector> = gc_core::ArenaBuilder<R, C>;

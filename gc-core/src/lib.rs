//! The vocabulary, the shared heap and the contracts of pluggable garbage collectors.
//!
//! This crate has everything a mutator needs ([`Arena`], [`Gc`], [`Lock`], [`Trace`]) and everything
//! that collectors share ([`heap`], [`collector`]). It contains no policy but the empty one,
//! [`NullCollector`]; collectors are crates of their own.
//!
//! # How safety is argued
//!
//! 1. **Brands.** A [`Gc<'gc, T>`](Gc) carries the lifetime of one call of [`Arena::enter`] or
//!    [`Arena::mutate`], which is invariant and cannot be named outside. So it cannot leave the
//!    closure, be stored in another arena, or survive a collection in a local variable: between two
//!    calls, the only references are those in the heap, in the root and in handles.
//! 2. **Safepoints.** A collection needs `&mut Arena`, which cannot be had while a closure runs. So
//!    objects are neither freed nor moved while anyone looks.
//! 3. **Tracing.** What the collector must find is what types report through [`Trace`], which is
//!    derived, and whose shared half ([`Trace::visit`]) and exclusive half ([`Trace::relocate`]) are
//!    kept apart.
//! 4. **Witnesses.** An object is written to through [`Write`] only, which is made by the write
//!    barrier and leads nowhere out of the object.
//!
//! Most names are [gc-arena]'s, whose design the mutator's side follows.
//!
//! [gc-arena]: https://github.com/kyren/gc-arena
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", gc_planted))]
extern crate std;

pub mod collector;
pub mod heap;
#[doc(hidden)]
pub mod planted;

mod arena;
mod brand;
mod builder;
mod calls;
mod clock;
mod collections;
mod control;
mod dyn_gc;
mod dynamic_roots;
mod error;
mod event;
mod finalize;
mod gc;
mod handles;
mod id;
mod inspect;
mod lock;
mod mutation;
mod null;
mod on_death;
mod pacing;
mod place;
mod pointee;
mod profile;
mod recorder;
mod rootable;
mod send;
mod send_check;
mod short_name;
mod slice;
mod trace;
mod trace_check;
mod trace_impls;
mod weak;
mod weak_entry;
mod write;
mod zeal;

#[doc(hidden)]
pub use alloc::boxed::Box as __Box;
pub use arena::Arena;
pub use brand::Brand;
pub use builder::ArenaBuilder;
pub use calls::{CallError, CallKind, Outcome, PendingCall};
pub use collections::{
    DefaultHashBuilder, GcHashMap, GcHashSet, GcVec, MapIter, VecIter, WeakMap, WeakSet,
    WeakValueMap,
};
pub use collector::{Attributes, Collector};
#[doc(hidden)]
pub use dyn_gc::{__dyn_object, __dyn_with_object};
pub use dynamic_roots::{DynamicRoot, DynamicRootSet};
pub use error::{AlreadyFinalized, HeapFull};
pub use event::{Collection, Event, GenerationStats, Listener, Reason, Stats};
pub use finalize::Finalize;
#[doc(hidden)]
pub use finalize::{DeclaredFinalizer, DeclaresFinalizer};
pub use gc::Gc;
#[cfg(feature = "derive")]
#[doc(hidden)]
pub use gc_derive::__unelide_lifetimes;
#[cfg(feature = "derive")]
pub use gc_derive::Trace;
pub use handles::HandleTable;
pub use heap::{BlockUsage, FaultKind, FaultyObject, HeapFault, HeapFaults};
pub use id::GcId;
pub use inspect::{
    AnyGc, Components, Cycle, Dominators, Garbage, HeapGraph, HeapView, Holder, Holding,
    NoSuchGeneration, Node, NumberedObjects, RootPath,
};
pub use lock::{Lock, OnceLock, RefLock};
pub use mutation::{Metrics, Mutation};
pub use null::NullCollector;
pub use on_death::OnDeath;
pub use pacing::{Pacing, Threshold};
pub use place::{NamedEdges, Place, Step};
pub use pointee::Pointee;
pub use profile::{AllocationProfile, AllocationSite, Estimate, Sampling, SiteProfile};
#[doc(hidden)]
pub use rootable::__DynRootable;
pub use rootable::{Root, Rootable};
pub use send::{NotSend, Obstacle, SendArena};
#[doc(hidden)]
pub use send_check::{__IsSend, __MayBeSend};
pub use send_check::{SendCheck, SendTypes};
pub use slice::SliceWithHeader;
#[doc(hidden)]
pub use trace::{__MustNotImplDrop, SlotMap};
pub use trace::{DynTrace, Edges, Slot, Slots, Trace};
pub use trace_check::{TraceFault, TraceFaults};
pub use trace_impls::Static;
pub use weak::GcWeak;
pub use write::Write;
pub use zeal::{Choice, ParseZealError, Zeal};

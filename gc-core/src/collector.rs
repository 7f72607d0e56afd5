//! What a collector is: the [`Collector`] trait, and its [`Attributes`] as data.
//!
//! This module and [`heap`](crate::heap) are for authors of collectors. A collector is a policy: it
//! decides at a safepoint what to reclaim. The heap, the barrier and the fast paths of allocation
//! are the same for all of them, so no user-visible type but [`Arena`](crate::Arena) names one.
//!
//! The first implementation to read is [`NullCollector`](crate::NullCollector), which reclaims
//! nothing.

use core::fmt;

use crate::event::{Collection, Reason};
use crate::heap::{Heap, ObjectRef};
use crate::trace::{DynTrace, Edges, Slot, Slots};

/// No collector has more generations.
pub const GENERATIONS_MAX: usize = 3;

/// What a collector is like: for people who choose, and for the heap, which arranges itself
/// accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attributes {
    /// The algorithm's name.
    pub name: &'static str,
    /// Unreachable cycles are found.
    pub reclaims_cycles: bool,
    /// What a `mutate` made unreachable without a cycle is dropped before the `mutate` returns.
    pub prompt: bool,
    /// Objects may change their address at a safepoint.
    pub moves_objects: bool,
    /// Reference counts are kept: [`Mutation::ref_count`](crate::Mutation::ref_count) answers.
    pub counts_references: bool,
    /// Generations that can be collected apart, [`GENERATIONS_MAX`] at most: 1 if every collection is a
    /// full one.
    pub generations: u8,
    /// What the write barrier keeps.
    pub barrier: Barrier,
}

impl Attributes {
    /// The attributes of a collector that reclaims nothing; change what is different.
    #[must_use]
    pub const fn new(name: &'static str) -> Attributes {
        Attributes {
            name,
            reclaims_cycles: false,
            prompt: false,
            moves_objects: false,
            counts_references: false,
            generations: 1,
            barrier: Barrier::Remember,
        }
    }
}

/// What the write barrier keeps of an old object before the first store into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// That it is modified.
    Remember,
    /// That it is modified, and what it referred to before.
    Snapshot,
}

/// A garbage-collection policy.
///
/// A collector runs only at safepoints: outside of every `mutate`, with the heap to itself.
///
/// # Safety
///
/// 1. No object that is reachable from the [`Roots`] by edges is reclaimed, and every reference to
///    one that was moved is updated: in objects, in roots, in handle tables and in the weak table.
/// 2. The drop glue of a reclaimed object is scheduled exactly once
///    ([`Heap::schedule_drop`]), and none of another object.
/// 3. When [`safepoint`](Collector::safepoint) or [`collect`](Collector::collect) has emptied the
///    log, no young object is left: those that live are promoted. Otherwise it has done nothing.
/// 4. It calls no code of the user but through `visit` and `relocate`.
pub unsafe trait Collector: 'static {
    /// What this collector is like.
    const ATTRIBUTES: Attributes;

    /// Does what is due at the end of a `mutate`, short of a collection: a counting collector counts.
    /// [Asks](Safepoint::ask_for) for a collection if one is due.
    ///
    /// Called if something happened that asks for attention: the nursery is full, or, for a prompt
    /// collector, something was modified, a handle came or went, or a young object with drop glue
    /// was made.
    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>);

    /// Collects a generation and all younger ones; the oldest is a full collection. If the reason is
    /// that the collector has asked for it, it may do less, at the risk that garbage is left.
    ///
    /// What it did goes into [`Safepoint::collection`].
    fn collect(&mut self, safepoint: &mut Safepoint<'_>, generation: u8, reason: Reason);

    /// Goes on where a safepoint stopped, because a call of the user's had to come first: see the
    /// `Heap` methods that take a `resume`. `resume` is what was given there.
    fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
        let _ = (safepoint, resume);
    }
}

/// What a collector is given at a safepoint.
#[derive(Debug)]
pub struct Safepoint<'a> {
    /// The heap, exclusively.
    pub heap: &'a mut Heap,
    /// The arena's roots.
    pub roots: Roots<'a>,
    /// What the collector did: for the report.
    pub collection: Collection,
    is_enabled: bool,
    asked_for: Option<u8>,
}

impl<'a> Safepoint<'a> {
    #[inline]
    pub(crate) fn new(heap: &'a mut Heap, roots: Roots<'a>, is_enabled: bool) -> Safepoint<'a> {
        Safepoint { heap, roots, collection: Collection::default(), is_enabled, asked_for: None }
    }

    /// Whether a collection may begin by itself: that is enabled, and none waits for calls.
    #[inline]
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Asks for a collection of this generation, now that this safepoint has nothing more to do. If none
    /// may begin by itself nothing happens.
    #[inline]
    pub fn ask_for(&mut self, generation: u8) {
        self.asked_for = Some(generation).filter(|_| self.is_enabled);
    }

    /// The generation that is to be collected.
    #[inline]
    pub(crate) fn asked_for(&self) -> Option<u8> {
        self.asked_for
    }

    /// Does something that reclaims objects and promotes none, and reports what it freed.
    #[inline]
    pub fn free(&mut self, f: impl FnOnce(&mut Heap)) {
        let (objects, bytes) = (self.heap.live_objects(), self.heap.live_bytes());
        f(self.heap);
        self.collection.freed_objects += objects - self.heap.live_objects();
        self.collection.freed_bytes += bytes - self.heap.live_bytes();
    }
}

/// The roots of an arena: its root object. (Its handles are in the heap's
/// [tables](crate::heap::Heap::handle_tables).)
pub struct Roots<'a> {
    root: &'a mut dyn DynTrace,
    is_dirty: &'a mut bool,
}

impl<'a> Roots<'a> {
    pub(crate) fn new(root: &'a mut dyn DynTrace, is_dirty: &'a mut bool) -> Roots<'a> {
        Roots { root, is_dirty }
    }

    /// Whether the root may refer to other objects than at the last [`Roots::settle`]: it is new,
    /// or was borrowed mutably.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        *self.is_dirty
    }

    /// The root is clean from now on.
    pub fn settle(&mut self) {
        *self.is_dirty = false;
    }

    /// Calls `each` for every object the root refers to.
    pub fn for_each_edge(&self, mut each: impl FnMut(ObjectRef)) {
        Edges::collect(&mut each, |edges| self.root.visit_dyn(edges));
    }

    /// Calls `each` for every reference in the root, which may update it.
    pub fn for_each_slot(&mut self, mut each: impl FnMut(&mut Slot)) {
        Slots::collect(&mut each, |slots| self.root.relocate_dyn(slots));
    }
}

impl fmt::Debug for Roots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").field("is_dirty", &self.is_dirty).finish_non_exhaustive()
    }
}

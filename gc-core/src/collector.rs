//! What a collector is: the [`Collector`] trait, and its [`Attributes`] as data.
//!
//! This module and [`heap`](crate::heap) are for authors of collectors. A collector is a policy: it
//! decides at a safepoint what to reclaim. The heap, the barrier and the fast paths of allocation
//! are the same for all of them, so no user-visible type but [`Arena`](crate::Arena) names one.
//!
//! The first implementation to read is [`NullCollector`](crate::NullCollector), which reclaims
//! nothing.

use alloc::vec::Vec;
use core::fmt;

use crate::event::{Collection, Reason};
use crate::heap::{Heap, ObjectRef, Verifier};
use crate::trace::{DynTrace, Edges, Slot, Slots};

/// No collector has more generations.
pub const GENERATIONS_MAX: usize = 3;

/// What a collector is like: for people who choose, and for the heap, which arranges itself
/// accordingly.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, NullCollector, Rootable};
///
/// let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// let attributes = arena.attributes();
/// assert_eq!(attributes.name, "null");
/// assert!(!attributes.reclaims_cycles && !attributes.prompt);
/// // Every collection is a full one.
/// assert_eq!(attributes.generations, 1);
/// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Attributes;
    /// use gc_core::collector::Barrier;
    ///
    /// const COUNTING: Attributes = {
    ///     let mut attributes = Attributes::new("reference counting");
    ///     attributes.prompt = true;
    ///     attributes.counts_references = true;
    ///     attributes.barrier = Barrier::Snapshot;
    ///     attributes
    /// };
    /// assert!(COUNTING.prompt && !COUNTING.moves_objects);
    /// ```
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
///
/// See the example of [`Attributes::new`].
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
/// 1. No object is reclaimed that is reachable from the [`Roots`] by edges, or as the value of an
///    [ephemeron](crate::heap::Ephemeron) whose cell and key are reachable, and every reference to
///    one that was moved is updated: in objects, in roots, in handle tables and in the weak table.
/// 2. The drop glue of a reclaimed object is scheduled exactly once
///    ([`Heap::schedule_drop`]), and none of another object.
/// 3. When [`safepoint`](Collector::safepoint) or [`collect`](Collector::collect) has emptied the
///    log, no young object is left: those that live are promoted, and the nursery has been taken or
///    settled if there were others. Otherwise it has done nothing.
/// 4. It calls no code of the user but through `visit` and `relocate`.
/// 5. If [`IS_SEND`](Collector::IS_SEND) is true, the collector may go to another thread with its arena:
///    it shares nothing with what stays behind, unless that is meant for several threads, as an `Arc`
///    is. Addresses of objects of its heap are no obstacle.
///
/// # Examples
///
/// One in a screen: it marks what is reachable, and reclaims the rest where it lies. To keep it short,
/// what has a finalizer never dies, the entries of weak maps keep their values, and garbage is not
/// saved.
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// use gc_core::heap::{Flag, for_each_edge};
///
/// #[derive(Default)]
/// struct MarkInPlace;
///
/// // SAFETY: all that a root, a handle, a value of an ephemeron, or an object that is frozen or has a
/// // finalizer leads to is marked, and only what is not marked is reclaimed, once. All that lives is
/// // promoted, and stays where it is.
/// unsafe impl Collector for MarkInPlace {
///     const ATTRIBUTES: Attributes = {
///         let mut attributes = Attributes::new("mark in place");
///         attributes.reclaims_cycles = true;
///         attributes
///     };
///
///     fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
///         // The nursery is full, unless the arena's owner has set another threshold.
///         if safepoint.heap.is_threshold_reached(0, 1) != Some(false) {
///             safepoint.ask_for(0);
///         }
///     }
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _generation: u8, _: Reason) {
///         let Safepoint { heap, roots, .. } = &mut *safepoint;
///         // What was modified since the last time does not matter: all of it is looked at.
///         // SAFETY: nothing was reclaimed since it was logged.
///         unsafe { heap.log_mut().drain(|_| ()) }
///         heap.settle_handles();
///         roots.settle();
///
///         let mut pending = heap.take_young_finalizable();
///         roots.for_each_edge(|object| pending.push(object));
///         for table in heap.handle_tables().iter().filter(|table| table.is_owned_by_arena()) {
///             table.for_each_edge(|object| pending.push(object));
///         }
///         heap.for_each_frozen(|object| pending.push(object));
///         pending.extend(heap.weak().all_ephemerons().iter().map(|ephemeron| ephemeron.value));
///         heap.for_each_mature(|object| {
///             // SAFETY: nothing was reclaimed at this safepoint.
///             if unsafe { object.header() }.has(Flag::Finalizable) {
///                 pending.push(object);
///             }
///         });
///         while let Some(object) = pending.pop() {
///             // SAFETY: what lives refers to what lives.
///             if unsafe { heap.mark(object) } {
///                 if !object.is_mature() {
///                     // SAFETY: it is young, and lives.
///                     unsafe { heap.promote_in_place(object) }
///                 }
///                 // SAFETY: it lives, and nothing is borrowed at a safepoint.
///                 unsafe { for_each_edge(object, |target| pending.push(target)) }
///             }
///         }
///         // SAFETY: all that lives of what was young is promoted.
///         unsafe { heap.bury_young_in_place() }
///
///         let mut dead = Vec::new();
///         for block in heap.blocks() {
///             block.for_each_unmarked(|object| dead.push(object));
///             block.clear_marks();
///         }
///         for &object in &dead {
///             // SAFETY: what is dead is untouched until it is reclaimed.
///             unsafe { heap.weak().clear_dead_cell(object) }
///         }
///         safepoint.collection.unreachable = dead.len();
///         safepoint.free(|heap| {
///             for object in dead {
///                 // SAFETY: it is unreachable and mature, and has no finalizer.
///                 unsafe { heap.reclaim(object) }
///             }
///         });
///         safepoint.heap.settle_nursery(true);
///         let nursery_bytes = safepoint.heap.pacing().scale(safepoint.heap.live_bytes() / 2);
///         safepoint.heap.set_nursery_bytes(nursery_bytes.max(1 << 20));
///         // Callbacks of the weak references to what died; there is nothing to resume after them.
///         safepoint.heap.call_back(0);
///     }
/// }
///
/// # use gc_core::{Arena, Gc, GcWeak, Lock, Rootable, Trace, unlock};
/// #[derive(Trace)]
/// struct Node<'gc> {
///     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
/// }
///
/// type Root = Rootable![Option<GcWeak<'_, Node<'_>>>];
/// let mut arena: Arena<Root, MarkInPlace> = Arena::new(|_| None);
/// arena.mutate_root(|mc, root| {
///     let a = Gc::new(mc, Node { other: Lock::new(None) });
///     let b = Gc::new(mc, Node { other: Lock::new(Some(a)) });
///     unlock!(Gc::write(mc, a), Node, other).set(Some(b));
///     *root = Some(Gc::downgrade(mc, a));
/// });
/// arena.collect();
/// assert!(arena.enter(|_, root| root.unwrap().is_dropped()), "a -> b -> a");
/// ```
pub unsafe trait Collector: 'static {
    /// What this collector is like.
    const ATTRIBUTES: Attributes;

    /// Whether an arena with this collector may be sent to another thread: see
    /// [`Arena::into_send`](crate::Arena::into_send).
    const IS_SEND: bool = false;

    /// Does what is due at the end of a `mutate`, short of a collection: a counting collector counts.
    /// [Asks](Safepoint::ask_for) for a collection if one is due.
    ///
    /// Called if something happened that asks for attention: the nursery is full, or, for a prompt
    /// collector, something was modified, a handle came or went, or a young object with drop glue
    /// was made.
    ///
    /// See the example of [`Collector`].
    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>);

    /// Collects a generation and all younger ones; the oldest is a full collection. If the reason is
    /// that the collector has asked for it, it may do less, at the risk that garbage is left.
    ///
    /// What it did goes into [`Safepoint::collection`].
    ///
    /// See the example of [`Collector`].
    fn collect(&mut self, safepoint: &mut Safepoint<'_>, generation: u8, reason: Reason);

    /// Goes on where a safepoint stopped, because a call of the user's had to come first: see the
    /// `Heap` methods that take a `resume`. `resume` is what was given there.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// use gc_core::heap::ObjectRef;
    /// # use gc_core::{Arena, Gc, Lock, Rootable};
    ///
    /// /// Has all finalizers run that were given to objects, whatever refers to these.
    /// #[derive(Default)]
    /// struct Finalizing {
    ///     batch: Vec<ObjectRef>,
    /// }
    ///
    /// /// Where a collection goes on when they have run.
    /// const END: usize = 1;
    ///
    /// // SAFETY: nothing is reclaimed, moved or promoted.
    /// unsafe impl Collector for Finalizing {
    ///     const ATTRIBUTES: Attributes = Attributes::new("finalizing");
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let heap = &mut *safepoint.heap;
    ///         if heap.may_have_calls() {
    ///             self.batch = heap.take_young_finalizable();
    ///             // Until it has ended, no other collection begins.
    ///             heap.begin_collecting();
    ///             heap.finalize_batch(self.batch.iter().copied(), END);
    ///         }
    ///     }
    ///
    ///     fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
    ///         assert_eq!(resume, END);
    ///         assert!(self.batch.iter().all(|&object| safepoint.heap.is_in_batch(object)));
    ///         safepoint.collection.unreachable = self.batch.len();
    ///         safepoint.heap.end_collecting();
    ///         assert!(!safepoint.heap.is_collecting());
    ///     }
    /// }
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, Lock<u32>>], Finalizing> =
    ///     Arena::builder().defer_calls(true).build(|mc| Gc::new(mc, Lock::new(1)));
    /// arena.mutate(|mc, gc| {
    ///     mc.on_unreachable::<Rootable![Lock<u32>], _>(*gc, |mc, gc| gc.set(mc, 2)).unwrap();
    /// });
    /// arena.collect();
    /// arena.next_call().expect("a finalizer waits").run();
    /// assert!(arena.next_call().is_none(), "and then the collection ends");
    /// assert_eq!(arena.enter(|_, gc| gc.get()), 2);
    /// ```
    fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
        let _ = (safepoint, resume);
    }

    /// Checks what only this collector knows of: its own lists, and what the bits that belong to it say.
    ///
    /// Called where [`Arena::verify`](crate::Arena::verify) is, with a heap in which all references were
    /// found to lead to objects. Not while the collector is at work, but perhaps while a collection waits
    /// for calls.
    ///
    /// See the example of [`Verifier`].
    fn verify(&self, verifier: &mut Verifier<'_>) {
        let _ = verifier;
    }

    /// The references that are counted although nothing has them any more, because a call of the
    /// user's comes before they are taken back.
    fn owed(&self) -> Vec<ObjectRef> {
        Vec::new()
    }
}

/// What a collector is given at a safepoint.
///
/// See the example of [`Collector`].
#[derive(Debug)]
pub struct Safepoint<'a> {
    /// The heap, exclusively.
    pub heap: &'a mut Heap,
    /// The arena's roots.
    pub roots: Roots<'a>,
    /// What the collector did: for the report.
    pub collection: &'a mut Collection,
    is_enabled: bool,
    asked_for: Option<u8>,
}

impl<'a> Safepoint<'a> {
    #[inline]
    pub(crate) fn new(
        heap: &'a mut Heap,
        roots: Roots<'a>,
        collection: &'a mut Collection,
        is_enabled: bool,
    ) -> Safepoint<'a> {
        Safepoint { heap, roots, collection, is_enabled, asked_for: None }
    }

    /// Whether a collection may begin by itself: that is enabled, and none waits for calls.
    ///
    /// See the example of [`Collector`], whose `ask_for` heeds it.
    #[inline]
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Asks for a collection of this generation, now that this safepoint has nothing more to do. If none
    /// may begin by itself nothing happens.
    ///
    /// See the example of [`Collector`].
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
    ///
    /// See the example of [`Collector`].
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
///
/// See the example of [`Collector`].
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
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// # use gc_core::Rootable;
    ///
    /// /// Counts how often the root was changed.
    /// struct Dirt(std::rc::Rc<std::cell::Cell<u32>>);
    ///
    /// // SAFETY: nothing is reclaimed, moved or promoted.
    /// unsafe impl Collector for Dirt {
    ///     const ATTRIBUTES: Attributes = Attributes::new("dirt");
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         if safepoint.roots.is_dirty() {
    ///             self.0.set(self.0.get() + 1);
    ///             safepoint.roots.settle();
    ///         }
    ///     }
    /// }
    ///
    /// let dirt = Dirt(Default::default());
    /// let count = dirt.0.clone();
    /// let mut arena = gc_core::ArenaBuilder::<Rootable![u32], _>::new(dirt).build(|_| 0);
    /// for _ in 0..3 {
    ///     arena.collect();
    /// }
    /// assert_eq!(count.get(), 1, "it was new once");
    /// arena.mutate_root(|_, root| *root += 1);
    /// arena.collect();
    /// assert_eq!(count.get(), 2);
    /// ```
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        *self.is_dirty
    }

    /// The root is clean from now on. A collector whose barrier takes snapshots leaves this to
    /// [`Log::compare`](crate::heap::Log::compare), which has to know what the root referred to then.
    ///
    /// See the example of [`Roots::is_dirty`].
    pub fn settle(&mut self) {
        *self.is_dirty = false;
    }

    /// Calls `each` for every object the root refers to.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// # use gc_core::{Arena, Gc, Rootable, Trace};
    ///
    /// /// Lists the types of the objects that the root refers to.
    /// #[derive(Default)]
    /// struct Lister;
    ///
    /// // SAFETY: nothing is reclaimed, moved or promoted.
    /// unsafe impl Collector for Lister {
    ///     const ATTRIBUTES: Attributes = Attributes::new("lister");
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let mut names = Vec::new();
    ///         // This calls `Trace::visit`, which reports into an `Edges`, which is emptied here.
    ///         safepoint.roots.for_each_edge(|object| {
    ///             // SAFETY: the root refers to what is live.
    ///             names.push(unsafe { object.descriptor() }.type_name());
    ///         });
    ///         assert_eq!(names, ["u32", "f64"]);
    ///     }
    /// }
    ///
    /// #[derive(Trace)]
    /// struct Root<'gc>(Gc<'gc, u32>, Option<Gc<'gc, f64>>, bool);
    ///
    /// let mut arena: Arena<Rootable![Root<'_>], Lister> =
    ///     Arena::new(|mc| Root(Gc::new(mc, 1), Some(Gc::new(mc, 1.5)), true));
    /// arena.collect();
    /// ```
    pub fn for_each_edge(&self, mut each: impl FnMut(ObjectRef)) {
        Edges::collect(&mut each, |edges| self.root.visit_dyn(edges));
    }

    /// Calls `each` for every reference in the root, which may update it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// use gc_core::heap::{BlockState, Evacuator};
    /// # use gc_core::{Arena, Gc, Rootable, Trace};
    ///
    /// /// Moves the young objects that the root refers to; they are numbers.
    /// struct Mover(Evacuator);
    ///
    /// // SAFETY: the only references are the root's, which are updated. Nothing is reclaimed.
    /// unsafe impl Collector for Mover {
    ///     const ATTRIBUTES: Attributes = {
    ///         let mut attributes = Attributes::new("mover");
    ///         attributes.moves_objects = true;
    ///         attributes
    ///     };
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let Safepoint { heap, roots, .. } = safepoint;
    ///         // This calls `Trace::relocate`, which reports into a `Slots`; that is emptied here.
    ///         roots.for_each_slot(|slot| {
    ///             if !slot.get().is_mature() {
    ///                 // SAFETY: it is live and small, and nothing else refers to it.
    ///                 let to = unsafe { self.0.evacuate(heap, slot.get()) }.unwrap();
    ///                 // SAFETY: that is where it is now.
    ///                 unsafe { slot.set(to) }
    ///             }
    ///         });
    ///     }
    /// }
    ///
    /// impl Default for Mover {
    ///     fn default() -> Mover {
    ///         Mover(Evacuator::new(BlockState::Mature))
    ///     }
    /// }
    ///
    /// #[derive(Trace)]
    /// struct Root<'gc>(Gc<'gc, u32>, Gc<'gc, u32>);
    ///
    /// let mut arena: Arena<Rootable![Root<'_>], Mover> =
    ///     Arena::new(|mc| Root(Gc::new(mc, 1), Gc::new(mc, 2)));
    /// let address = arena.enter(|_, root| Gc::raw(root.0).addr());
    /// arena.collect();
    /// assert_ne!(arena.enter(|_, root| Gc::raw(root.0).addr()), address);
    /// assert_eq!(arena.enter(|_, root| (*root.0, *root.1)), (1, 2));
    /// ```
    pub fn for_each_slot(&mut self, mut each: impl FnMut(&mut Slot)) {
        Slots::collect(&mut each, |slots| self.root.relocate_dyn(slots));
    }
}

impl fmt::Debug for Roots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").field("is_dirty", &self.is_dirty).finish_non_exhaustive()
    }
}

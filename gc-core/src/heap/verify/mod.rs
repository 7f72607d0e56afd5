//! The verifier: walks over the whole heap, and compares what is known of it in one place with what is
//! known in another.
//!
//! It works in stages, and each relies on what the ones before have found in order. An address is
//! looked up in the chunks of the heap, and in their start bits, before anything is read there.
//!
//! 1. `blocks`, `large`: chunks, blocks and pages; `objects`: headers, and how much lives.
//! 2. `edges`: every reference in an object, and of the roots, leads to an object, and no old one to a
//!    young one unless the log has it.
//! 3. `log`, `handles`, `weak`, `lists`: all tables and lists, by what headers say and the other way
//!    round. [`Collector::verify`](crate::Collector::verify): what only the collector knows of.
//! 4. Counts, and what `visit`, `relocate` and `describe` report: see `trace_check.rs`.
//!
//! It runs before a safepoint and after it (`due.rs` says when), where nothing is half done. What is young
//! is known by where the mutator has allocated since the last safepoint that collected; once the nursery
//! was settled there is no such place, so nothing young is left to lead to.
//!
//! Note [Weaker]: where a collector that moves nothing allocates in holes, the objects of a hole
//! that is full are found by what refers to them, if it is not the last one of its block: of those that
//! nothing refers to nothing is said. While calls wait, what is dead may be a member of a batch, and what
//! is about to die may have left the weak table. Counts are compared after a safepoint, when they are
//! up to date.

mod blocks;
mod due;
mod edges;
mod fault;
mod handles;
mod large;
mod lists;
mod log;
mod objects;
mod territory;
#[cfg(test)]
mod tests;
mod weak;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

pub(crate) use due::Due;
pub(crate) use due::Verification;
pub(crate) use fault::Faults;
pub use fault::{FaultKind, FaultyObject, HeapFault, HeapFaults};

use self::territory::{Standing, Territory};
use super::{Descriptor, Flag, Heap, ObjectRef, ObjectSet};
use crate::arena::Arena;
use crate::collector::Collector;
use crate::rootable::{Root, Rootable};
use crate::trace::{DynTrace, Trace};

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Looks over the whole heap, and checks that all that is known of it agrees: that every reference
    /// leads to an object, that no old object refers to a young one unless the write barrier has
    /// logged it, that counts are right, and that all lists, tables, flags and numbers fit what is
    /// there. For authors of unsafe code and of collectors; see
    /// [`ArenaBuilder::verify`](crate::ArenaBuilder::verify) for a check at every safepoint. What it
    /// cannot see is a reference that a type has and reports to nobody.
    ///
    /// Brings the counts up to date first, as [`inspect`](Arena::inspect) does, if the heap is in order
    /// so far.
    ///
    /// # Errors
    ///
    /// [`HeapFaults`], which says what is wrong with which objects. The arena should not be used any
    /// more.
    ///
    /// # Complexity
    ///
    /// O(objects and references), blocks and entries of tables, and memory for a count of each object.
    /// No recursion.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![Vec<Gc<'_, u32>>], NullCollector> =
    ///     Arena::new(|mc| vec![Gc::new(mc, 1), Gc::new(mc, 2)]);
    /// arena.verify()?;
    /// # Ok::<(), gc_core::HeapFaults>(())
    /// ```
    ///
    /// See [`HeapFaults`] for one that is not in order.
    pub fn verify(&mut self) -> Result<(), HeapFaults> {
        let is_settled = !self.is_root_dirty && self.heap.is_settled();
        if C::ATTRIBUTES.counts_references && !is_settled {
            self.verify_as(Depth::Heap)?;
            self.settle_counts();
        }
        self.verify_as(Depth::Traces)
    }

    /// Verifies the heap as it is.
    pub(crate) fn verify_as(&mut self, depth: Depth) -> Result<(), HeapFaults> {
        self.heap.settle_newborn();
        let mut verifier = Verifier::new(&self.heap);
        if verifier.check(&self.root, self.is_root_dirty) {
            self.collector.verify(&mut verifier);
        }
        let Verifier { mut faults, young_bytes, steps, territory, .. } = verifier;
        if faults.is_empty() && depth != Depth::Heap {
            for fault in self.find_trace_faults(depth == Depth::Traces) {
                let kind = fault.kind();
                let message = fault.to_string();
                faults.push(HeapFault { kind, object: None, holder: None, message });
            }
        }
        drop(territory);
        self.heap.note_verified(young_bytes, steps);
        faults.into_result()
    }

    /// [`verify_as`](Arena::verify_as), and panics with what is found.
    #[track_caller]
    pub(crate) fn assert_verified(&mut self, depth: Depth) {
        if let Err(faults) = self.verify_as(depth) {
            panic!("{faults}");
        }
    }
}

/// How much is verified: each is a part of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// All but what follows.
    Heap,
    /// Counts, too. They have to be up to date.
    Counts,
    /// Whether types report the same to all who ask, too.
    Traces,
}

/// A look over a heap, in the middle of which a collector is asked for what only it knows of:
/// [`Collector::verify`](crate::Collector::verify).
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// use gc_core::heap::{ObjectRef, Verifier};
/// # use gc_core::{Arena, Gc, Rootable};
///
/// /// Keeps a list of the objects that the root refers to.
/// #[derive(Default)]
/// struct Listing(Vec<ObjectRef>);
///
/// // SAFETY: nothing is reclaimed or moved, and what is young and lives is promoted.
/// unsafe impl Collector for Listing {
///     const ATTRIBUTES: Attributes = Attributes::new("listing");
///
///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         let Safepoint { heap, roots, .. } = safepoint;
///         roots.for_each_edge(|object| {
///             if !object.is_mature() {
///                 // SAFETY: it is young, and lives.
///                 unsafe { heap.promote_in_place(object) }
///                 self.0.push(object);
///             }
///         });
///         heap.settle_nursery(true);
///     }
///
///     fn verify(&self, verifier: &mut Verifier<'_>) {
///         verifier.check_no_marks();
///         let listed = verifier.check_list("the list", &self.0);
///         verifier.for_each_mature(|verifier, object| {
///             if !listed.contains(object) {
///                 verifier.add_fault(Some(object), "it is in no list");
///             }
///         });
///         // What is old here may refer to what is young if it was logged.
///         let is_young = |_, target: ObjectRef| !target.is_mature();
///         verifier.check_remembered(is_young, |_| false, "it is young, and nobody knows");
///         assert!(self.0.iter().all(|&object| !verifier.new_finalizable().contains(object)));
///         assert!(self.0.iter().all(|&object| verifier.is_mature(object)));
///         assert_eq!(verifier.heap().live_objects(), self.0.len());
///     }
/// }
///
/// let mut arena: Arena<Rootable![Gc<'_, u32>], Listing> = Arena::new(|mc| Gc::new(mc, 42));
/// arena.collect();
/// assert!(arena.verify().is_ok());
/// ```
pub struct Verifier<'a> {
    heap: &'a Heap,
    territory: Territory,
    /// Young objects that were found.
    young: Vec<ObjectRef>,
    young_bytes: usize,
    faults: Faults,
    /// References and entries that were looked at.
    steps: usize,
}

/// Objects of a list.
///
/// See the example of [`Verifier`].
#[derive(Default)]
pub struct Listed(ObjectSet);

impl Listed {
    /// Whether an object is in the list.
    ///
    /// See the example of [`Verifier`].
    #[must_use]
    pub fn contains(&self, object: ObjectRef) -> bool {
        self.0.contains(object)
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").finish_non_exhaustive()
    }
}

impl<'a> Verifier<'a> {
    fn new(heap: &'a Heap) -> Verifier<'a> {
        let territory = Territory::of(heap);
        Verifier {
            heap,
            territory,
            young: Vec::new(),
            young_bytes: 0,
            faults: Faults::default(),
            steps: 0,
        }
    }

    /// All stages but the collector's; whether all references were found to lead to objects.
    fn check(&mut self, root: &dyn DynTrace, is_root_dirty: bool) -> bool {
        self.check_blocks();
        self.check_objects();
        self.check_large();
        if !self.faults.is_empty() {
            return false;
        }
        self.check_edges(root, is_root_dirty);
        if !self.faults.is_empty() {
            return false;
        }
        self.check_log();
        self.check_handles();
        self.check_weak();
        self.check_lists();
        true
    }

    /// The heap.
    ///
    /// See the example of [`Verifier`].
    #[must_use]
    pub fn heap(&self) -> &'a Heap {
        self.heap
    }

    /// Whether this is a mature object. Nothing is read that is not the heap's.
    ///
    /// See the example of [`Verifier`].
    #[must_use]
    pub fn is_mature(&self, object: ObjectRef) -> bool {
        self.territory.standing(object) == Standing::Mature
    }

    /// Calls `each` for every mature object, which can be read: all headers were looked at.
    ///
    /// See the example of [`Verifier`].
    pub fn for_each_mature(&mut self, mut each: impl FnMut(&mut Verifier<'a>, ObjectRef)) {
        self.heap.for_each_mature(|object| each(self, object));
    }

    /// Checks a list of mature objects: that each is one, and that none is there twice. What the list
    /// has that is mature is returned.
    ///
    /// See the example of [`Verifier`].
    pub fn check_list(&mut self, name: &'static str, objects: &[ObjectRef]) -> Listed {
        let mut listed = Listed::default();
        for &object in objects {
            self.steps += 1;
            match self.territory.standing(object) {
                Standing::Mature if listed.0.insert(object) => {}
                Standing::Mature => {
                    self.fault(FaultKind::Collector, Some(object), twice(name));
                }
                _ => self.fault(FaultKind::Collector, Some(object), not_mature(name)),
            }
        }
        listed
    }

    /// What got its first finalizer since the heap's list of that was last
    /// [taken](Heap::take_young_finalizable).
    ///
    /// See the example of [`Verifier`].
    #[must_use]
    pub fn new_finalizable(&self) -> Listed {
        let mut listed = Listed::default();
        for &object in &*self.heap.young_finalizable.borrow() {
            listed.0.insert(object);
        }
        listed
    }

    /// Checks that nothing is marked, and that nothing was counted as marked: for collectors that use
    /// marks within a collection only.
    ///
    /// See the example of [`Verifier`].
    pub fn check_no_marks(&mut self) {
        for block in self.heap.blocks() {
            block.for_each_marked(|object| {
                self.fault(FaultKind::Marks, Some(object), "it is marked, outside of a collection");
            });
            if block.marked_bytes() > 0 {
                self.fault(FaultKind::Marks, None, "a block has bytes that were marked");
            }
        }
    }

    /// Adds a fault of the collector's own: about an object, or about all of it.
    ///
    /// See the example of [`Verifier`].
    pub fn add_fault(&mut self, object: Option<ObjectRef>, message: impl Into<String>) {
        self.fault(FaultKind::Collector, object, message);
    }

    fn fault(&mut self, kind: FaultKind, object: Option<ObjectRef>, message: impl Into<String>) {
        let object = object.map(|object| self.name(object));
        self.faults.push(HeapFault { kind, object, holder: None, message: message.into() });
    }

    fn fault_of_holder(
        &mut self,
        kind: FaultKind,
        object: ObjectRef,
        holder: ObjectRef,
        message: impl Into<String>,
    ) {
        let (object, holder) = (Some(self.name(object)), Some(self.name(holder)));
        self.faults.push(HeapFault { kind, object, holder, message: message.into() });
    }

    /// What to call what is, or is not, at an address.
    fn name(&self, object: ObjectRef) -> FaultyObject {
        let place = self.territory.place(object);
        let mut faulty = FaultyObject { type_name: None, place, id: None };
        if matches!(self.territory.standing(object), Standing::Mature | Standing::Young)
            && let Ok(descriptor) = self.descriptor(object)
        {
            faulty.type_name = Some(descriptor.type_name());
            // SAFETY: it has a header.
            if unsafe { object.header() }.has(Flag::Identified) {
                faulty.id = self.heap.ids().id_if_any(object);
            }
        }
        faulty
    }

    /// Checks that something of a table is an object, mature or young.
    fn check_live(&mut self, kind: FaultKind, name: &str, object: ObjectRef) -> bool {
        self.steps += 1;
        match self.find(object) {
            Standing::Nothing(what) => {
                let message = alloc::format!("{name} leads to it, and there is {what}");
                self.fault(kind, Some(object), message);
                false
            }
            _ => true,
        }
    }

    /// What is at an address. What may be a young object is looked at, and is one if it has a header.
    fn find(&mut self, object: ObjectRef) -> Standing {
        match self.territory.standing(object) {
            Standing::MaybeYoung(block) => {
                let room_bytes = block.end().addr() - object.start().addr();
                match self.size_of(object, room_bytes) {
                    Ok(_) => {
                        self.note_young(object);
                        Standing::Young
                    }
                    Err(what) => Standing::Nothing(what),
                }
            }
            standing => standing,
        }
    }

    /// The descriptor of what begins in a block of the heap, or why there is none.
    fn descriptor(&self, object: ObjectRef) -> Result<&'static Descriptor, &'static str> {
        // SAFETY: it begins in a block, so its memory can be read, and a header is made of cells.
        let header = unsafe { object.header() };
        if header.is_forwarded() {
            return Err("a forwarding address that was left");
        }
        let descriptor = header.descriptor_ptr();
        let address = descriptor.addr();
        let is_plausible = address != 0
            && address.is_multiple_of(align_of::<Descriptor>())
            && !self.territory.contains(address)
            // What is beyond is not the program's.
            && (cfg!(not(target_arch = "x86_64")) || address >> 47 == 0);
        // SAFETY: a header leads to static memory, or it is overwritten with something that looks like
        // that: then this is as much as can be done.
        if !is_plausible || !unsafe { Descriptor::is_intact(descriptor) } {
            return Err("a header that leads to no type");
        }
        // SAFETY: that is what it is.
        Ok(unsafe { &*descriptor })
    }

    /// The bytes of what begins in a block of the heap, if it is an object that is not larger than the
    /// room it has.
    fn size_of(&self, object: ObjectRef, room_bytes: usize) -> Result<usize, &'static str> {
        let descriptor = self.descriptor(object)?;
        let align_bytes = descriptor.align_bytes();
        if !object.as_ptr().addr().is_multiple_of(align_bytes) {
            return Err("an object that is not aligned as its type asks");
        }
        if descriptor.is_array() {
            // SAFETY: its header says that it is an array, and a block has room for two words.
            let len = unsafe { object.element_count() };
            if len.checked_mul(descriptor.stride_bytes()).is_none_or(|bytes| bytes > room_bytes) {
                return Err("an array that is longer than the room it has");
            }
        }
        // SAFETY: it has a header, and a length that is possible.
        let bytes = unsafe { object.bytes() };
        if bytes > room_bytes {
            Err("an object that is larger than the room it has")
        } else {
            Ok(bytes)
        }
    }
}

impl fmt::Debug for Verifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("faults", &self.faults).finish_non_exhaustive()
    }
}

fn twice(list: &str) -> String {
    alloc::format!("it is twice in {list}")
}

fn not_mature(list: &str) -> String {
    alloc::format!("it is in {list}, and is no mature object")
}

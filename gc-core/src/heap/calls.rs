//! Calls that wait: finalizers and callbacks of what became unreachable, until the arena runs them.
//!
//! Note [Frames]: a safepoint may stop in the middle of its work because a call has to come first: a
//! finalizer before its object is torn down, a callback before the children of its target die. What
//! is to be called then is a frame on a stack, with a word by which the collector remembers where it
//! was ([`Collector::resume`](crate::collector::Collector::resume)). A call may make more garbage,
//! whose frames lie above and are worked off before: so calls are nested as CPython nests them, and
//! no stack but this one grows.
//!
//! Note [Batches]: a collection of cycles finds many objects at once. Their ordinary weak references
//! are cleared, and then the callbacks of these run, then the finalizers, and only then it is seen
//! what is still unreachable. Until that has been torn down, the collection is not over: see
//! [`Heap::is_collecting`].

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec::Vec;

use hashbrown::{HashMap, HashSet};

use super::reclaim::{Panic, run_all};
use super::weak_table::Fired;
use super::{Flag, Heap, ObjectRef};
use crate::calls::{CallKind, Callback, Finalizer};
use crate::finalize::DeclaredFinalizer;
use crate::handles::HandleTable;
use crate::id::AddressHash;

/// Keeps an object alive and knows its address, as a handle of the arena's own.
#[derive(Debug)]
pub(crate) struct Guard {
    table: Rc<HandleTable>,
    index: usize,
}

impl Guard {
    /// A new guard of an object, with a slot that is yet to be counted.
    pub(crate) fn fresh(heap: &Heap, object: ObjectRef) -> Guard {
        let table = heap.arena_handles();
        Guard { index: table.insert(object), table }
    }

    /// The object.
    pub(super) fn object(&self) -> Option<ObjectRef> {
        self.table.get(self.index)
    }

    /// The object, if it is of this heap.
    pub(crate) fn object_in(&self, heap: &Heap) -> Option<ObjectRef> {
        if !Rc::ptr_eq(&self.table, &heap.arena_handles()) {
            return None;
        }
        self.object()
    }
}

impl Clone for Guard {
    fn clone(&self) -> Guard {
        self.table.retain(self.index);
        Guard { table: Rc::clone(&self.table), index: self.index }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.table.release(self.index);
    }
}

/// The finalizers of an object whose turn it is.
#[derive(Default)]
pub(crate) struct Finalizers {
    /// What its type declares: this comes first.
    pub(crate) declared: Option<DeclaredFinalizer>,
    /// What the object was given, in this order.
    pub(crate) given: Vec<Finalizer>,
}

/// A call whose turn it is.
pub(crate) enum Call {
    /// The callback of a weak reference, until it has run.
    Callback(Option<Callback>),
    /// The finalizers of an object, as far as they have not run.
    Finalizers(Guard, Finalizers),
}

impl Call {
    pub(crate) fn kind(&self) -> CallKind {
        match self {
            Call::Callback(callback) => {
                callback.as_ref().map_or(CallKind::Callback, |callback| callback.kind)
            }
            Call::Finalizers(..) => CallKind::Finalizer,
        }
    }
}

/// A call that waits.
enum Waiting {
    Callback(Callback),
    /// For the finalizers of an object that is kept by this.
    Guarded(Guard, Finalizers),
    /// For the finalizers of an object of the batch, unless it dies before.
    Batched(ObjectRef),
    /// What the finalizers did has run its course: the object is kept no longer.
    Release(Guard),
}

/// Calls that come before the rest of what a safepoint has begun.
struct Frame {
    calls: VecDeque<Waiting>,
    resume: usize,
}

/// What comes next.
pub(crate) enum Next {
    Call(Call),
    /// An object was kept, and is no longer: the counts are to be brought up to date.
    Settle,
    /// The calls of a frame have run: the collector goes on.
    Resume(usize),
}

/// All calls of a heap that are registered or waiting.
#[derive(Default)]
pub(crate) struct Calls {
    frames: Vec<Frame>,
    /// The frames below this index wait for the call that is being worked on.
    floor: usize,
    /// How many objects have finalizers that have not had their turn.
    pub(super) finalizable: usize,
    /// The finalizers that they were given.
    pub(super) finalizers: HashMap<ObjectRef, Vec<Finalizer>, AddressHash>,
    /// The objects of the batch that have died since it was found.
    batch_dead: HashSet<ObjectRef, AddressHash>,
    /// Collections that wait.
    collecting: usize,
}

impl Calls {
    /// Notes that a call begins; returns what [`end`](Calls::end) takes.
    pub(crate) fn begin(&mut self) -> usize {
        core::mem::replace(&mut self.floor, self.frames.len())
    }

    /// Notes that a call ends.
    pub(crate) fn end(&mut self, floor_before: usize) {
        self.floor = floor_before.min(self.frames.len());
    }

    /// Whether there is something to do.
    #[inline]
    pub(crate) fn is_any_waiting(&self) -> bool {
        self.frames.len() > self.floor
    }

    /// Whether there are calls, or a collection that waits for some.
    pub(super) fn is_anything_waiting(&self) -> bool {
        !self.frames.is_empty() || self.collecting > 0
    }

    /// Whether finalizers were given to objects that live.
    pub(crate) fn has_given_finalizers(&self) -> bool {
        !self.finalizers.is_empty()
    }

    fn push(&mut self, calls: VecDeque<Waiting>, resume: usize) {
        // Where nothing is left to do in a frame but to resume at the same place, this one replaces it:
        // so a list whose objects all have finalizers needs one frame.
        if self.is_any_waiting()
            && let Some(top) = self.frames.last_mut()
            && top.calls.is_empty()
            && top.resume == resume
        {
            top.calls = calls;
        } else {
            self.frames.push(Frame { calls, resume });
        }
    }

    pub(crate) fn register(&mut self, object: ObjectRef, finalizer: Finalizer) {
        self.finalizers.entry(object).or_default().push(finalizer);
    }

    /// An object with a finalizer has moved.
    fn relocate(&mut self, from: ObjectRef, to: ObjectRef) {
        if let Some(finalizers) = self.finalizers.remove(&from) {
            self.finalizers.insert(to, finalizers);
        }
    }

    /// Drops the finalizers that were given and never run: the heap is being dropped. One whose drop
    /// glue panics keeps the others from nothing (a hash table that is dropped would forget them); the
    /// first panic is returned.
    pub(super) fn drop_finalizers(&mut self) -> Option<Panic> {
        run_all(self.finalizers.drain().flat_map(|(_, given)| given), drop)
    }

    /// Calls `each` for every object of a batch that lives and whose finalizers wait: for the verifier.
    pub(super) fn for_each_batched(&self, mut each: impl FnMut(ObjectRef)) {
        for waiting in self.frames.iter().flat_map(|frame| &frame.calls) {
            match *waiting {
                Waiting::Batched(object) if !self.batch_dead.contains(&object) => each(object),
                _ => {}
            }
        }
    }

    /// An object of the batch has died.
    pub(super) fn forget_batched(&mut self, object: ObjectRef) {
        self.batch_dead.insert(object);
    }
}

impl core::fmt::Debug for Calls {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Calls")
            .field("frames", &self.frames.len())
            .field("finalizable", &self.finalizable)
            .field("collecting", &self.collecting)
            .finish_non_exhaustive()
    }
}

/// For collectors.
impl Heap {
    /// Whether a collection waits for calls: no other may begin.
    ///
    /// See the example of [`Collector::resume`](crate::Collector::resume).
    #[must_use]
    pub fn is_collecting(&self) -> bool {
        self.calls.borrow().collecting > 0
    }

    /// Whether there may be calls when objects are found dead: some have finalizers, or are weakly
    /// held.
    ///
    /// See the example of [`Collector::resume`](crate::Collector::resume).
    #[must_use]
    pub fn may_have_calls(&mut self) -> bool {
        self.calls.get_mut().finalizable > 0 || !self.weak.get_mut().is_empty()
    }

    /// Begins a collection that waits for calls.
    ///
    /// See the example of [`Collector::resume`](crate::Collector::resume).
    pub fn begin_collecting(&mut self) {
        self.is_calling = true;
        self.calls.get_mut().collecting += 1;
    }

    /// A collection that waited has ended.
    ///
    /// See the example of [`Collector::resume`](crate::Collector::resume).
    pub fn end_collecting(&mut self) {
        let calls = self.calls.get_mut();
        calls.collecting = calls.collecting.saturating_sub(1);
        if calls.collecting == 0 {
            calls.batch_dead.clear();
        }
    }

    /// Whether finalizers were given to objects, or weak references with callbacks, since
    /// [`take_young_delayed`](Heap::take_young_delayed) was called.
    ///
    /// See the example of [`WeakTable`](super::WeakTable).
    #[inline]
    #[must_use]
    pub fn has_young_delayed(&mut self) -> bool {
        self.is_young_listed.get()
            && (!self.young_finalizable.get_mut().is_empty()
                || self.weak.get_mut().has_new_callbacks())
    }

    /// Takes the objects to which finalizers were given since this was last called, or weak references
    /// with callbacks; some may be there twice.
    ///
    /// See the example of [`WeakTable`](super::WeakTable).
    pub fn take_young_delayed(&mut self) -> Vec<ObjectRef> {
        let mut objects = self.take_young_finalizable();
        objects.append(&mut self.weak.get_mut().take_new_callbacks());
        objects
    }

    /// Takes the objects to which finalizers were given since this was last called.
    ///
    /// See the example of [`Collector`](crate::Collector).
    pub fn take_young_finalizable(&mut self) -> Vec<ObjectRef> {
        core::mem::take(self.young_finalizable.get_mut())
    }

    /// An object with a finalizer lives on at another address.
    pub fn relocate_finalizers(&mut self, from: ObjectRef, to: ObjectRef) {
        self.calls.get_mut().relocate(from, to);
    }

    /// Has the callbacks run whose weak references were cleared, if there are any, and then the
    /// collector resumed. Says whether there are any.
    ///
    /// See the example of [`Collector`](crate::Collector).
    pub fn call_back(&mut self, resume: usize) -> bool {
        let mut fired = self.weak.get_mut().take_fired();
        if fired.is_empty() {
            return false;
        }
        if crate::planted!("callbacks-run-backwards") {
            fired.reverse();
        }
        // CPython, too, holds all weak references to an object until the last of them has been called back.
        let mut calls = VecDeque::with_capacity(2 * fired.len());
        let guards: Vec<Guard> =
            fired.iter().filter_map(|fired| self.guard_cell(fired.cell)).collect();
        calls.extend(fired.into_iter().map(|fired| Waiting::Callback(fired.callback)));
        calls.extend(guards.into_iter().map(Waiting::Release));
        self.push_calls(calls, resume);
        true
    }

    /// Takes the callbacks that are to be called because of a collection: each keeps its weak reference
    /// until it has run.
    fn take_fired_by_collection(&mut self) -> VecDeque<Waiting> {
        let mut calls = VecDeque::new();
        for Fired { callback, cell } in self.weak.get_mut().take_fired() {
            calls.push_back(Waiting::Callback(callback));
            calls.extend(self.guard_cell(cell).map(Waiting::Release));
        }
        calls
    }

    /// Guards a weak reference whose callback is to be called, where that decides about what happens: a
    /// collection in the callback counts what it finds. One to which nothing refers is not guarded.
    fn guard_cell(&mut self, cell: ObjectRef) -> Option<Guard> {
        if !self.settings.counts_references || crate::planted!("called-weak-is-not-kept") {
            return None;
        }
        // SAFETY: it was cleared as one whose memory is untouched, and nothing was reclaimed since: see
        // Note [Fired].
        if unsafe { cell.header() }.count() == 0 {
            return None;
        }
        // SAFETY: it is counted, and so it lives.
        unsafe { self.census.counts.increment(cell) }
        let table = self.arena_handles();
        Some(Guard { index: table.insert_settled(cell), table })
    }

    /// Has the finalizers of an object run, and then the collector resumed. The object has one
    /// reference more until then.
    ///
    /// # Safety
    ///
    /// The object is live, has [`Flag::Finalizable`], and its count includes one reference that
    /// nothing else has: this takes it over.
    pub unsafe fn finalize_counted(&mut self, object: ObjectRef, resume: usize) {
        let table = self.arena_handles();
        let guard = Guard { index: table.insert_settled(object), table };
        // SAFETY: live, says the caller.
        let finalizers = unsafe { self.take_finalizers(object) };
        let calls = VecDeque::from([Waiting::Guarded(guard, finalizers)]);
        self.push_calls(calls, resume);
    }

    /// Has the callbacks run whose weak references were cleared, then the finalizers of the objects of
    /// a batch, and then the collector resumed. An object that dies in between drops out, if it has
    /// [`Flag::Batched`].
    ///
    /// See the example of [`Collector::resume`](crate::Collector::resume).
    pub fn finalize_batch(&mut self, objects: impl IntoIterator<Item = ObjectRef>, resume: usize) {
        let mut calls = self.take_fired_by_collection();
        calls.extend(objects.into_iter().map(Waiting::Batched));
        self.push_calls(calls, resume);
    }

    /// As [`finalize_batch`](Heap::finalize_batch), for objects that nothing else keeps: each has a
    /// fresh handle in the arena's own table from now on.
    ///
    /// # Safety
    ///
    /// The objects' memory is untouched, and they have [`Flag::Finalizable`].
    ///
    /// # Examples
    ///
    /// See the example of [`Collector::resume`](crate::Collector::resume), for a batch.
    pub unsafe fn finalize_revived(
        &mut self,
        objects: impl IntoIterator<Item = ObjectRef>,
        resume: usize,
    ) {
        let mut calls = self.take_fired_by_collection();
        for object in objects {
            let guard = Guard::fresh(self, object);
            // SAFETY: untouched, says the caller.
            let finalizers = unsafe { self.take_finalizers(object) };
            calls.push_back(Waiting::Guarded(guard, finalizers));
        }
        self.push_calls(calls, resume);
    }

    fn push_calls(&mut self, calls: VecDeque<Waiting>, resume: usize) {
        self.is_calling = true;
        self.calls.get_mut().push(calls, resume);
    }

    /// Whether an object of the batch is still there.
    ///
    /// See the example of [`Collector::resume`](crate::Collector::resume).
    #[must_use]
    pub fn is_in_batch(&self, object: ObjectRef) -> bool {
        !self.calls.borrow().batch_dead.contains(&object)
    }

    /// The finalizers of an object, which have their turn now.
    ///
    /// # Safety
    ///
    /// The object's memory is untouched.
    unsafe fn take_finalizers(&mut self, object: ObjectRef) -> Finalizers {
        // SAFETY: the caller's promise.
        let header = unsafe { object.header() };
        header.clear(Flag::Finalizable);
        if !crate::planted!("finalized-twice") {
            header.set(Flag::Finalized);
        }
        // If it was frozen its count has gone to zero: what its finalizers keep is as good as new.
        if header.has(Flag::Frozen) {
            header.clear(Flag::Frozen);
            self.forget_frozen();
        }
        self.count_finalized();
        let calls = self.calls.get_mut();
        calls.finalizable -= 1;
        let given = calls.finalizers.remove(&object).unwrap_or_default();
        // SAFETY: the caller's promise.
        Finalizers { declared: unsafe { object.descriptor() }.finalizer(), given }
    }
}

/// For the arena.
impl Heap {
    pub(crate) fn calls(&mut self) -> &mut Calls {
        self.calls.get_mut()
    }

    /// Registers a finalizer; whether that was possible: the object has not been finalized yet.
    ///
    /// # Safety
    ///
    /// The object is live.
    pub(crate) unsafe fn add_finalizer(&self, object: ObjectRef, finalizer: Finalizer) -> bool {
        // SAFETY: the caller's promise.
        let header = unsafe { object.header() };
        if header.has(Flag::Finalized) {
            return false;
        }
        if !header.has(Flag::Finalizable) {
            // SAFETY: the caller's promise; it has none yet.
            unsafe { self.note_finalizable(object) }
        }
        self.calls.borrow_mut().register(object, finalizer);
        true
    }

    /// Makes room to note one more object that has a finalizer, if there is memory.
    pub(crate) fn has_room_for_finalizable(&self) -> bool {
        self.young_finalizable.borrow_mut().try_reserve(1).is_ok()
    }

    /// Notes that an object has a finalizer, which is its first.
    ///
    /// # Safety
    ///
    /// The object is live, and neither [`Flag::Finalizable`] nor [`Flag::Finalized`].
    #[inline(never)]
    pub(crate) unsafe fn note_finalizable(&self, object: ObjectRef) {
        // SAFETY: the caller's promise.
        unsafe { object.header() }.set(Flag::Finalizable);
        self.calls.borrow_mut().finalizable += 1;
        self.young_finalizable.borrow_mut().push(object);
        self.is_young_listed.set(true);
        self.note_change();
    }

    /// Whether there are calls that wait, or a collection that waits for some.
    #[inline]
    pub(crate) fn is_calling(&self) -> bool {
        self.is_calling
    }

    /// What is to be done next, if something is.
    pub(crate) fn next_call(&mut self) -> Option<Next> {
        loop {
            let calls = self.calls.get_mut();
            if !calls.is_any_waiting() {
                self.is_calling = !calls.frames.is_empty() || calls.collecting > 0;
                return None;
            }
            let frame = calls.frames.last_mut()?;
            let Some(waiting) = frame.calls.pop_front() else {
                // The collector goes on with counts that are up to date.
                let is_settled = self.log.get_mut().is_empty() && !self.are_handles_changed();
                if self.settings.counts_references && !is_settled {
                    return Some(Next::Settle);
                }
                let frame = self.calls.get_mut().frames.pop()?;
                return Some(Next::Resume(frame.resume));
            };
            match waiting {
                Waiting::Callback(callback) => {
                    return Some(Next::Call(Call::Callback(Some(callback))));
                }
                Waiting::Guarded(guard, finalizers) => {
                    frame.calls.push_front(Waiting::Release(guard.clone()));
                    return Some(Next::Call(Call::Finalizers(guard, finalizers)));
                }
                Waiting::Release(guard) => {
                    drop(guard);
                    return Some(Next::Settle);
                }
                Waiting::Batched(object) => self.guard_batched(object),
            }
        }
    }

    /// Guards an object of the batch whose turn it is, unless it has died, or its finalizers have run
    /// because its count went to zero.
    fn guard_batched(&mut self, object: ObjectRef) {
        // SAFETY: it was live when the batch was found, and would have left it at its death.
        if !self.is_in_batch(object) || !unsafe { object.header() }.has(Flag::Finalizable) {
            return;
        }
        let guard = Guard::fresh(self, object);
        // SAFETY: as above.
        let finalizers = unsafe { self.take_finalizers(object) };
        if let Some(frame) = self.calls.get_mut().frames.last_mut() {
            frame.calls.push_front(Waiting::Guarded(guard, finalizers));
        }
    }
}

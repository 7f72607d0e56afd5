//! Promotion in place and death: what a collector that does not move an object does with it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::mem;

use super::residency::Thrift;
use super::{Block, BlockState, Flag, Flags, Heap, ObjectRef};
use crate::event::Collection;
use crate::handles::Owner;

/// What died at this safepoint and has yet to be torn down.
#[derive(Debug, Default)]
pub(crate) struct Dead {
    /// Drop glue to run, in order of death.
    drops: Vec<ObjectRef>,
    /// Large objects whose memory is given back after that.
    large: Vec<ObjectRef>,
}

impl Dead {
    pub(super) fn is_empty(&self) -> bool {
        self.drops.is_empty() && self.large.is_empty()
    }
}

impl Heap {
    /// Makes a young object mature where it is.
    ///
    /// # Safety
    ///
    /// The object is young and live.
    ///
    /// # Examples
    ///
    /// See the example of [`Heap`].
    #[inline]
    pub unsafe fn promote_in_place(&mut self, object: ObjectRef) {
        // SAFETY: the caller's promises; a collector has the heap exclusively only at a safepoint.
        unsafe { self.census.promote_in_place(object) }
    }

    /// Takes the list of objects with drop glue that were made since it was last taken.
    ///
    /// All that are not promoted must go to [`Heap::schedule_drop`].
    ///
    /// See the example of [`Evacuator`](super::Evacuator).
    pub fn take_young_drops(&mut self) -> Vec<ObjectRef> {
        mem::take(self.young_drops.get_mut())
    }

    /// Has the drop glue of a dead object run at the end of this safepoint, if it has any.
    ///
    /// Its memory is not handed out before that.
    ///
    /// # Safety
    ///
    /// The object is dead, and this is called once for it.
    ///
    /// # Examples
    ///
    /// See the example of [`Heap::sweep`].
    #[inline]
    pub unsafe fn schedule_drop(&mut self, object: ObjectRef) {
        if crate::planted!("never-dropped") {
            return;
        }
        if crate::planted!("dropped-during-collection") {
            // SAFETY: live, says the caller.
            let descriptor = unsafe { object.descriptor() };
            // SAFETY: it is not: this is the bug.
            return descriptor.drop_glue().into_iter().for_each(|glue| unsafe { glue(object) });
        }
        // SAFETY: its memory is untouched: the object died at this safepoint.
        if unsafe { object.descriptor() }.drop_glue().is_some() {
            if crate::planted!("dropped-twice") {
                self.dead.drops.push(object);
            }
            self.dead.drops.push(object);
        }
    }

    /// Has the memory of a dead large object given back at the end of this safepoint.
    ///
    /// # Safety
    ///
    /// The object is large and dead, and this is called once for it.
    ///
    /// # Examples
    ///
    /// See the example of [`Heap::sweep`], which does this for the large objects of its block.
    pub unsafe fn schedule_release_large(&mut self, object: ObjectRef) {
        if crate::planted!("large-is-kept") {
            return;
        }
        self.dead.large.push(object);
    }

    /// Reclaims a mature object: it leaves all tables, its drop glue is scheduled, its memory
    /// becomes a hole.
    ///
    /// # Safety
    ///
    /// The object is mature, nothing that lives refers to it, it has no finalizer that has not run, and
    /// this is called once for it.
    ///
    /// # Examples
    ///
    /// See the example of [`Collector`](crate::Collector).
    #[inline]
    pub unsafe fn reclaim(&mut self, object: ObjectRef) {
        // SAFETY: it dies just now, its memory is untouched.
        let header = unsafe { object.header() };
        debug_assert!(!header.has(Flag::Finalizable), "its finalizer comes first");
        debug_assert!(!self.weak.get_mut().is_fired(object), "its callback is taken first");
        // SAFETY: as above.
        let bytes = unsafe { object.bytes() };
        self.census.remove(1, bytes - 8 * usize::from(crate::planted!("live-bytes-drift")));
        // SAFETY: dead, and only here.
        unsafe { self.schedule_drop(object) }
        if header.has_any(Flags::TOLD_OF_DEATH) {
            // SAFETY: just found dead; whatever else dies at this safepoint is untouched too.
            unsafe { self.forget_in_tables(object) }
        }
        if !crate::planted!("start-bit-stays") {
            object.chunk().starts().remove(object);
        }
        let block = Block::containing(object);
        if block.remove_live_bytes(bytes - 8 * usize::from(crate::planted!("block-bytes-drift"))) {
            // SAFETY: dead, and only here.
            unsafe { self.look_at(block, object) }
        }
    }

    /// Sees to a block in which an object died, and little lives; or to a large object.
    ///
    /// # Safety
    ///
    /// The object is dead, and this is called once for it.
    #[cold]
    #[inline(never)]
    unsafe fn look_at(&mut self, block: Block, object: ObjectRef) {
        if block.state() == BlockState::Large {
            // SAFETY: the caller's promise.
            unsafe { self.schedule_release_large(object) }
        } else {
            self.pool().release_or_queue(block);
        }
    }

    /// Clears weak references to an object that is dead, and forgets its identity.
    ///
    /// # Safety
    ///
    /// The object was just found dead, and whatever else died at this safepoint is untouched.
    #[cold]
    #[inline(never)]
    unsafe fn forget_in_tables(&mut self, object: ObjectRef) {
        // SAFETY: untouched, says the caller.
        let header = unsafe { object.header() };
        if header.has(Flag::WeaklyHeld) {
            // SAFETY: the caller's promise.
            unsafe { self.weak().remove(object) }
        }
        if header.has(Flag::Identified) {
            self.ids().remove(object);
        }
        if header.has(Flag::Batched) {
            self.calls().forget_batched(object);
        }
        if header.has(Flag::Frozen) {
            self.forget_frozen();
        }
    }

    /// Sees to the young objects that this safepoint did not promote: they are dead.
    ///
    /// Clears weak references to them, schedules their drop glue and the release of large ones, and
    /// forgets their identities. Sets of handles learn where they are now. The blocks they lie in are
    /// the collector's own business.
    ///
    /// # Safety
    ///
    /// Every young object that lives has been promoted or evacuated. `fate` gives the address after
    /// the collection of an object that was live before it, or `None` if it is dead. Nothing that
    /// was promoted in this collection has been reclaimed. `drops` is what
    /// [`Heap::take_young_drops`] gave just now, so that a second call in the same collection, after
    /// a full trace, has none of the first one's.
    ///
    /// # Examples
    ///
    /// See the example of [`Evacuator`](super::Evacuator).
    pub unsafe fn bury_young(
        &mut self,
        mut drops: Vec<ObjectRef>,
        fate: impl Fn(ObjectRef) -> Option<ObjectRef>,
        mut survived: impl FnMut(ObjectRef),
    ) {
        // SAFETY: the caller's promise.
        unsafe { self.weak.get_mut().update_young(&fate) }
        self.ids().forget_dead_young();
        for object in drops.drain(..) {
            match fate(object) {
                Some(_) if crate::planted!("survivor-is-dropped") => {
                    // SAFETY: it lives: this is the bug.
                    unsafe { self.schedule_drop(object) }
                }
                Some(to) => survived(to),
                // SAFETY: dead, and an object is in the list once.
                None if crate::planted!("young-is-not-dropped") => {}
                // SAFETY: it is dead.
                None => unsafe { self.schedule_drop(object) },
            }
        }
        self.recycle_young_drops(drops);
        if self.settings.moves_objects {
            for table in self.handle_tables() {
                if let Some(to) = table.owning_object().and_then(&fate) {
                    table.set_owner(Owner::Object(to));
                }
            }
            self.weak.get_mut().collections.relocate(&fate);
        }
        for object in self.large.get_mut().take_young() {
            if !object.is_mature() || crate::planted!("large-is-freed-alive") {
                // SAFETY: dead, and an object is in the list once.
                unsafe { self.schedule_release_large(object) }
            }
        }
    }

    /// [`Heap::bury_young`] for a collector that promotes in place.
    ///
    /// # Safety
    ///
    /// Every young object that lives has been promoted in place, and none of them was reclaimed.
    ///
    /// # Examples
    ///
    /// See the example of [`Heap`].
    #[inline]
    pub unsafe fn bury_young_in_place(&mut self) {
        if self.is_young_listed.get() || self.ids().has_young() {
            self.is_young_listed.set(false);
            let drops = self.take_young_drops();
            let fate = |object: ObjectRef| object.is_mature().then_some(object);
            // SAFETY: what is mature lives where it was, and what is not is dead.
            unsafe { self.bury_young(drops, fate, |_| {}) }
        }
    }

    /// Gives the list of [`Heap::take_young_drops`] back for reuse.
    fn recycle_young_drops(&mut self, drops: Vec<ObjectRef>) {
        let young = self.young_drops.get_mut();
        if young.is_empty() {
            *young = drops;
        }
    }

    /// Forgets the identities of objects that are not live any more.
    ///
    /// See the example of [`Heap::sweep`].
    pub fn retain_ids(&mut self, is_live: impl FnMut(ObjectRef) -> bool) {
        self.ids().retain(is_live);
    }

    /// Bytes of mature objects, headers included.
    ///
    /// See the example of [`Heap`].
    #[must_use]
    pub fn live_bytes(&self) -> usize {
        self.census.bytes()
    }

    /// Mature objects.
    ///
    /// See the example of [`Heap`].
    #[must_use]
    pub fn live_objects(&self) -> usize {
        self.census.objects()
    }

    /// Counts a safepoint at which the collector ran, and what it freed.
    #[inline]
    pub(crate) fn count_safepoint(&mut self, collection: &Collection) {
        self.stats.safepoints += 1;
        self.stats.freed_objects += collection.freed_objects as u64;
        self.stats.live_bytes_max = self.stats.live_bytes_max.max(self.census.bytes());
    }

    /// Counts a collection that has ended.
    pub(crate) fn count_collection(&mut self) {
        self.stats.collections += 1;
    }

    /// Counts an object whose finalizers have their turn.
    pub(super) fn count_finalized(&mut self) {
        self.stats.finalized_objects += 1;
    }

    /// Objects whose finalizers have had their turn.
    pub(crate) fn finalized_objects(&self) -> u64 {
        self.stats.finalized_objects
    }

    /// Runs the drop glue of what died, and then gives memory back.
    ///
    /// If drop glue panics the rest still runs, and the first panic is returned.
    #[inline]
    pub(crate) fn tear_down(&mut self, thrift: Thrift) -> Option<Panic> {
        let panic = if self.dead.is_empty() { None } else { self.tear_down_dead() };
        if self.is_free_told() {
            self.tell_free();
        }
        if thrift == Thrift::Eager || self.pool.get_mut().is_trim_due() {
            self.trim(thrift);
        }
        self.tidy_tables();
        panic
    }

    #[inline(never)]
    fn tear_down_dead(&mut self) -> Option<Panic> {
        let mut drops = mem::take(&mut self.dead.drops);
        // SAFETY: `schedule_drop` was called once for each.
        let panic = unsafe { run_drops(drops.drain(..)) };
        // Drop glue cannot make garbage: that takes a safepoint.
        self.dead.drops = drops;
        if !self.dead.large.is_empty() {
            let dead = mem::take(&mut self.dead.large);
            // SAFETY: large, dead, and their drop glue has run.
            unsafe { self.large.get_mut().release(self.pool.get_mut(), dead) }
            if self.settings.returns_memory {
                self.large.get_mut().trim(self.pool.get_mut(), Thrift::Lazy);
            }
        }
        panic
    }

    /// Gives free memory back to the system, if there is much of it.
    fn trim(&mut self, thrift: Thrift) {
        if !self.settings.returns_memory {
            return;
        }
        if thrift == Thrift::Eager {
            self.large.get_mut().trim(self.pool.get_mut(), thrift);
        }
        let external_bytes = self.external_bytes.get();
        let pool = self.pool.get_mut();
        // Large objects are live, or young, or dead since this safepoint.
        let large_bytes = pool.used_bytes() - pool.taken_bytes() - external_bytes;
        if pool.trim(self.census.bytes().saturating_sub(large_bytes), thrift) {
            self.log.get_mut().trim();
            self.dead.drops = Vec::new();
        }
    }

    /// Runs the drop glue of every object, young or mature: the heap is being dropped.
    ///
    /// If some of it panics the rest still runs, and the first panic is returned.
    pub(crate) fn drop_everything(&mut self) -> Option<Panic> {
        if !self.has_droppable.get() {
            return None;
        }
        let mut drops = mem::take(&mut self.dead.drops);
        drops.append(&mut self.take_young_drops());
        self.for_each_mature(|object| {
            // SAFETY: a mature object is live.
            if unsafe { object.descriptor() }.drop_glue().is_some() {
                drops.push(object);
            }
        });
        // SAFETY: all of them are in no list but one, and never used again.
        unsafe { run_drops(drops.drain(..)) }
    }
}

/// What a panic carries.
pub(crate) type Panic = Box<dyn Any + Send>;

/// Lets a panic that was caught go on.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn resume(panic: Option<Panic>) {
    if let Some(panic) = panic {
        std::panic::resume_unwind(panic);
    }
}

#[cfg(not(feature = "std"))]
pub(crate) fn resume(panic: Option<Panic>) {
    debug_assert!(panic.is_none(), "without `std` no panic is caught");
}

/// Of two panics the first. The other is leaked: dropping what a panic carries may panic again.
pub(crate) fn first(panic: Option<Panic>, other: Option<Panic>) -> Option<Panic> {
    if panic.is_none() {
        return other;
    }
    mem::forget(other);
    panic
}

/// Runs drop glue. If some panics the rest still runs, and the first panic is returned.
///
/// # Safety
///
/// Each object is dead, and its drop glue has not run.
unsafe fn run_drops(drops: impl Iterator<Item = ObjectRef>) -> Option<Panic> {
    run_all(drops, |object| {
        // SAFETY: a dead object's memory is untouched until its drop glue has run.
        if let Some(glue) = unsafe { object.descriptor() }.drop_glue() {
            // SAFETY: the caller says that it has not run.
            unsafe { glue(object) }
        }
    })
}

/// Runs code of the user for each of these. If it panics for some it still runs for the rest, and the
/// first panic is returned.
pub(crate) fn run_all<T>(
    mut items: impl Iterator<Item = T>,
    mut each: impl FnMut(T),
) -> Option<Panic> {
    #[cfg_attr(not(feature = "std"), expect(unused_mut, reason = "moved into the guard below"))]
    let mut run = || items.by_ref().for_each(&mut each);
    #[cfg(feature = "std")]
    {
        let mut first = None;
        // The iterator has passed what panicked: the loop goes on behind it.
        while let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&mut run)) {
            match first {
                None => first = Some(panic),
                // Dropping what a panic carries may panic again: it is leaked.
                Some(_) => mem::forget(panic),
            }
        }
        first
    }
    #[cfg(not(feature = "std"))]
    {
        // A panic cannot be caught here: what is left runs while it unwinds.
        struct OnUnwind<F: FnMut()>(F);
        impl<F: FnMut()> Drop for OnUnwind<F> {
            fn drop(&mut self) {
                (self.0)();
            }
        }
        let mut guard = OnUnwind(run);
        (guard.0)();
        mem::forget(guard);
        None
    }
}

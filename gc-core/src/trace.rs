//! How a type tells the collector where its references are.
//!
//! Tracing has two methods because it happens in two situations. [`Trace::visit`] reads: it may run
//! while shared references to the value are alive (the write barrier takes a snapshot of an object
//! in the middle of `mutate`). [`Trace::relocate`] may rewrite every reference, and runs only at a
//! safepoint, when nothing else can see the value. One method with `&mut self` would alias, one
//! with `&self` could not move.
//!
//! Both report into a bounded buffer that the collector empties, so that neither recurses into the
//! object graph and neither knows which collector is asking.
//!
//! A third, [`Trace::describe`], is for people: it says where in the value each reference is.

use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::finalize::DeclaredFinalizer;
use crate::heap::ObjectRef;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;

/// A type whose values may live in the heap of an arena.
///
/// Derive it: `#[derive(Trace)]` writes the methods and the constants from one list of fields, and
/// refuses types that implement `Drop`. Nobody should need an implementation by hand; for a type
/// without references there are [`Static`](crate::Static) and
/// [`static_trace!`](crate::static_trace).
///
/// # Safety
///
/// 1. [`visit`](Trace::visit) and [`relocate`](Trace::relocate) call the method of the same name on
///    every part of the value that can hold a [`Gc`](crate::Gc), each exactly once, and on nothing
///    else. What is visited depends on the value alone.
/// 2. Neither calls anything that could enter an arena, allocate in one, or run code that is not
///    part of an implementation of `Trace`. Neither unwinds: it would abort the process.
/// 3. `relocate` does not read a part again that it has reported.
/// 4. `HAS_GC` is false only if no value of the type ever holds a `Gc`. `SLOTS`, if it is
///    [`SlotMap::Words`], names exactly the words that `visit` reports.
/// 5. The type has no drop glue of its own that follows a `Gc`, and hands out no `&mut` to a part
///    that holds a `Gc` except through [`Write`](crate::Write).
/// 6. A `Gc` inside is never shared by two owners (as in `Rc<Lock<Gc<T>>>`): each place is owned by
///    one object.
/// 7. `visit` may run in another thread than the one that made the value, while that one waits, and
///    at the same time as `visit` of other values; no value is visited by two threads at once. So it
///    only reads, and only what belongs to the value: no thread-local variable, no count or flag that
///    other values share. (`relocate` runs in the arena's thread.)
/// 8. `FINALIZER`, if there is one, is that of this very type at any lifetime, and if it has one, each
///    value has a [`Brand`](crate::Brand) of it.
/// 9. [`describe`](Trace::describe), if it is written, reports what `visit` reports, in the same order,
///    and runs no code that is not part of an implementation of `Trace`. (A wrong one gives wrong
///    names, and does no other harm: which references there are is what `visit` says.)
/// 10. [`check_send`](Trace::check_send), if it is written, answers for every part of every value of the
///     type: it names the part to the [`SendCheck`], or it is safe to send that part to another thread,
///     provided that all objects of its arena go along. It does nothing else.
///
/// # Examples
///
/// ```
/// use gc_core::{Gc, Lock, Trace};
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     name: String,
///     next: Lock<Option<Gc<'gc, Node<'gc>>>>,
/// }
/// #[derive(Trace)]
/// struct Point {
///     x: f64,
///     y: f64,
/// }
/// assert!(<Node as Trace>::HAS_GC);
/// assert!(!<Vec<Point> as Trace>::HAS_GC);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot live in a garbage-collected heap: it does not implement `Trace`",
    label = "not `Trace`",
    note = "derive it with `#[derive(Trace)]`",
    note = "for a cell that holds a `Gc` use `Lock`, `RefLock` or `OnceLock` in place of `Cell`, `RefCell` or `OnceCell`",
    note = "for a map whose keys hold a `Gc` use `GcHashMap`; for a type without references wrap it in `Static` or use `static_trace!`",
    note = "`&'gc T`, `Rc` and `Arc` of something that holds a `Gc` have no place in the heap: use `Gc` itself"
)]
pub unsafe trait Trace {
    /// Whether values of this type can hold a [`Gc`](crate::Gc): if not, they are never scanned.
    const HAS_GC: bool;

    /// Which words of a value hold its references, where that is fixed.
    #[doc(hidden)]
    const SLOTS: SlotMap;

    /// What `#[trace(finalize)]` declares.
    #[doc(hidden)]
    const FINALIZER: Option<DeclaredFinalizer> = None;

    /// Reports every reference in the value.
    ///
    /// See the example of [`Roots::for_each_edge`](crate::collector::Roots::for_each_edge).
    fn visit(&self, edges: &mut Edges);

    /// Reports the place of every reference in the value, so that it can be rewritten.
    ///
    /// See the example of [`Roots::for_each_slot`](crate::collector::Roots::for_each_slot).
    fn relocate(&mut self, slots: &mut Slots);

    /// Reports every reference in the value with the way to it, for people: what [`visit`](Trace::visit)
    /// reports, in the same order.
    ///
    /// Not called by collectors. If it is not written, the references have no names of their own, and
    /// are told by the place of the value they are in.
    ///
    /// See the example of [`NamedEdges`].
    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.unnamed(|edges| self.visit(edges));
    }

    /// Says whether values of this type may go to another thread, together with everything that their
    /// references lead to: see [`Arena::into_send`](crate::Arena::into_send).
    ///
    /// The derive asks the types of the fields. If it is not written, the answer is no.
    ///
    /// See the example of [`SendCheck`].
    fn check_send(check: &mut SendCheck<'_>) {
        check.refuse::<Self>();
    }
}

/// Which words of a value hold references: the fast lane of scanning.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotMap {
    /// None.
    Empty,
    /// Bit `i` set: word `i` holds a thin `Gc`, or null where `None` is.
    Words(u64),
    /// Only `visit` knows.
    Dynamic,
}

/// Implemented by the derive for a type that has no `Drop`, and here for those that have: both at once is
/// a conflict.
///
/// That the trait is this one is proved by [`SlotMap::__check_drop`]: a derived implementation names it by a path
/// that the user may have bent.
#[doc(hidden)]
pub trait __MustNotImplDrop {
    /// `()` for what has no `Drop`.
    type Ban;
}

#[allow(drop_bounds, reason = "an impl of `Drop` is meant, not drop glue")]
impl<T: Drop + ?Sized> __MustNotImplDrop for T {
    type Ban = core::convert::Infallible;
}

impl SlotMap {
    /// Compiles only if the derive has said that the type has no `Drop`.
    #[doc(hidden)]
    pub const fn __check_drop<T: __MustNotImplDrop<Ban = ()> + ?Sized>() {}

    /// The map of a struct with one more field at this offset.
    ///
    /// What does not fit 64 aligned words becomes [`SlotMap::Dynamic`].
    #[must_use]
    pub const fn field(self, offset_bytes: usize, field: SlotMap) -> SlotMap {
        let word_bytes = size_of::<usize>();
        match (self, field) {
            (map, SlotMap::Empty) => map,
            (SlotMap::Dynamic, _) | (_, SlotMap::Dynamic) => SlotMap::Dynamic,
            (map, SlotMap::Words(words)) => {
                let first = offset_bytes / word_bytes;
                let last = first + (63 - words.leading_zeros() as usize);
                if !offset_bytes.is_multiple_of(word_bytes) || last >= 64 {
                    return SlotMap::Dynamic;
                }
                match map {
                    SlotMap::Words(others) => SlotMap::Words(others | words << first),
                    _ => SlotMap::Words(words << first),
                }
            }
        }
    }
}

/// How many references are gathered before the collector takes them: 512 bytes of stack.
const BUFFER_LEN: usize = if cfg!(gc_zeal) { 4 } else { 64 };

/// Takes the references that [`Trace::visit`] reports.
///
/// Only a collector can make one, so safe code cannot learn addresses from a `visit`.
///
/// See the example of [`Roots::for_each_edge`](crate::collector::Roots::for_each_edge).
pub struct Edges {
    buffer: [MaybeUninit<ObjectRef>; BUFFER_LEN],
    len: usize,
    /// Empties the buffer into the collector's closure.
    flush: unsafe fn(*mut (), &[ObjectRef]),
    closure: *mut (),
}

impl Edges {
    /// Runs `report` with a sink whose references arrive at `each`, in the order reported.
    #[inline]
    pub(crate) fn collect<F: FnMut(ObjectRef)>(each: &mut F, report: impl FnOnce(&mut Edges)) {
        unsafe fn flush<F: FnMut(ObjectRef)>(closure: *mut (), objects: &[ObjectRef]) {
            // SAFETY: `closure` is the `&mut F` that `collect` made it from; `collect` does not
            // use it while the sink is alive.
            let each = unsafe { &mut *closure.cast::<F>() };
            for &object in objects {
                each(object);
            }
        }
        let mut edges = Edges {
            buffer: [const { MaybeUninit::uninit() }; BUFFER_LEN],
            len: 0,
            flush: flush::<F>,
            closure: core::ptr::from_mut(each).cast(),
        };
        let guard = AbortOnUnwind;
        report(&mut edges);
        edges.flush();
        core::mem::forget(guard);
    }

    #[inline]
    pub(crate) fn push(&mut self, object: ObjectRef) {
        if self.len == BUFFER_LEN {
            self.flush();
        }
        self.buffer[self.len].write(object);
        self.len += 1;
    }

    fn flush(&mut self) {
        let filled: *const [MaybeUninit<ObjectRef>] = &raw const self.buffer[..self.len];
        // SAFETY: the first `len` entries were written by `push`.
        let filled = unsafe { &*(filled as *const [ObjectRef]) };
        // SAFETY: `flush` and `closure` were made together by `collect`, which is still running.
        unsafe { (self.flush)(self.closure, filled) }
        self.len = 0;
    }
}

impl fmt::Debug for Edges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edges").field("len", &self.len).finish_non_exhaustive()
    }
}

/// The place of one reference: it may be read and rewritten.
///
/// See the example of [`Roots::for_each_slot`](crate::collector::Roots::for_each_slot).
#[derive(Debug)]
pub struct Slot(NonNull<ObjectRef>);

impl Slot {
    /// A slot at this place.
    ///
    /// # Safety
    ///
    /// The place holds a reference to an object, and nothing else reads or writes it while the
    /// slot exists.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Slot;
    /// use gc_core::heap::ObjectRef;
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable};
    /// use std::ptr::NonNull;
    ///
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// # let new = || ObjectRef::from_ptr(Gc::raw(Gc::new(mc, 1)).as_ptr().cast()).unwrap();
    /// # let (from, to) = (new(), new());
    /// // A table of a collector's own, with references to `from` that now is at `to`.
    /// let mut table = [from; 2];
    /// for place in &mut table {
    ///     // SAFETY: the place holds a reference, and is borrowed for this alone.
    ///     let slot = unsafe { Slot::new(NonNull::from(place)) };
    ///     assert_eq!(slot.get(), from);
    ///     // As one that waits for its object to be copied would be kept.
    ///     // SAFETY: the table stays where it is, and nothing borrows from it.
    ///     let mut slot = unsafe { slot.for_later() };
    ///     // SAFETY: `to` is the copy of `from`.
    ///     unsafe { slot.set(to) }
    /// }
    /// assert_eq!(table, [to; 2]);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub unsafe fn new(place: NonNull<ObjectRef>) -> Slot {
        Slot(place)
    }

    /// The same place, to be looked at later.
    ///
    /// # Safety
    ///
    /// 1. Until the last use of what is returned, the object that the place is part of is neither
    ///    moved nor reclaimed.
    /// 2. The place was found by the object's map of words, not by [`Trace::relocate`]: nothing
    ///    borrows from it.
    ///
    /// # Examples
    ///
    /// See the example of [`Slot::new`].
    #[inline]
    #[must_use]
    pub unsafe fn for_later(&self) -> Slot {
        Slot(self.0)
    }

    /// The object referred to.
    ///
    /// See the example of [`Slot::new`].
    #[inline]
    #[must_use]
    pub fn get(&self) -> ObjectRef {
        // SAFETY: `new`'s caller says that the place holds a reference.
        unsafe { self.0.read() }
    }

    /// Makes the place refer to the object's new address.
    ///
    /// # Safety
    ///
    /// `to` is a copy of the object that the slot referred to.
    ///
    /// # Examples
    ///
    /// See the example of [`Slot::new`].
    #[inline]
    pub unsafe fn set(&mut self, to: ObjectRef) {
        // SAFETY: `new`'s caller says that the place is ours to write.
        unsafe { self.0.write(to) }
    }
}

/// Takes the places that [`Trace::relocate`] reports.
///
/// See the example of [`Roots::for_each_slot`](crate::collector::Roots::for_each_slot).
pub struct Slots {
    buffer: [MaybeUninit<NonNull<ObjectRef>>; BUFFER_LEN],
    len: usize,
    flush: unsafe fn(*mut (), &[NonNull<ObjectRef>]),
    closure: *mut (),
}

impl Slots {
    /// Runs `report` with a sink whose places arrive at `each`, in the order reported.
    #[inline]
    pub(crate) fn collect<F: FnMut(&mut Slot)>(each: &mut F, report: impl FnOnce(&mut Slots)) {
        unsafe fn flush<F: FnMut(&mut Slot)>(closure: *mut (), places: &[NonNull<ObjectRef>]) {
            // SAFETY: as in `Edges::collect`.
            let each = unsafe { &mut *closure.cast::<F>() };
            for &place in places {
                // SAFETY: `push`'s caller reported a place of its own, and rule 3 of `Trace` says
                // that it does not look at it again.
                each(&mut unsafe { Slot::new(place) });
            }
        }
        let mut slots = Slots {
            buffer: [const { MaybeUninit::uninit() }; BUFFER_LEN],
            len: 0,
            flush: flush::<F>,
            closure: core::ptr::from_mut(each).cast(),
        };
        let guard = AbortOnUnwind;
        report(&mut slots);
        slots.flush();
        core::mem::forget(guard);
    }

    #[inline]
    pub(crate) fn push(&mut self, place: NonNull<ObjectRef>) {
        if self.len == BUFFER_LEN {
            self.flush();
        }
        self.buffer[self.len].write(place);
        self.len += 1;
    }

    fn flush(&mut self) {
        let filled: *const [MaybeUninit<NonNull<ObjectRef>>] = &raw const self.buffer[..self.len];
        // SAFETY: the first `len` entries were written by `push`.
        let filled = unsafe { &*(filled as *const [NonNull<ObjectRef>]) };
        // SAFETY: `flush` and `closure` were made together by `collect`, which is still running.
        unsafe { (self.flush)(self.closure, filled) }
        self.len = 0;
    }
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").field("len", &self.len).finish_non_exhaustive()
    }
}

/// A `visit` that unwinds leaves a collection half done, with references that were not updated:
/// there is no safe way on. A panic while a panic unwinds ends the process.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    #[cold]
    fn drop(&mut self) {
        panic!("an implementation of `Trace` panicked while the heap was being walked");
    }
}

/// [`Trace`] without its constants, so that it can be a trait object.
///
/// A trait whose objects live in the heap has it as a supertrait, and
/// [`dyn_trace!`](crate::dyn_trace) does the rest. Implemented by everything that is `Trace`.
///
/// # Safety
///
/// The obligations of [`Trace`]; the blanket implementation is the only one.
///
/// # Examples
///
/// See the example of [`dyn_trace!`](crate::dyn_trace).
pub unsafe trait DynTrace {
    #[doc(hidden)]
    fn visit_dyn(&self, edges: &mut Edges);

    #[doc(hidden)]
    fn relocate_dyn(&mut self, slots: &mut Slots);

    #[doc(hidden)]
    fn describe_dyn(&self, edges: &mut NamedEdges<'_>);
}

// SAFETY: all forward to `Trace`, whose implementor gave the promises.
unsafe impl<T: Trace> DynTrace for T {
    fn visit_dyn(&self, edges: &mut Edges) {
        self.visit(edges);
    }

    fn relocate_dyn(&mut self, slots: &mut Slots) {
        self.relocate(slots);
    }

    fn describe_dyn(&self, edges: &mut NamedEdges<'_>) {
        self.describe(edges);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_put_at_their_offsets() {
        let word = size_of::<usize>();
        let map = SlotMap::Empty
            .field(0, SlotMap::Words(1))
            .field(word, SlotMap::Empty)
            .field(2 * word, SlotMap::Words(0b11));
        assert_eq!(map, SlotMap::Words(0b1101));
    }

    #[test]
    fn what_does_not_fit_64_words_is_dynamic() {
        let word = size_of::<usize>();
        let fits = SlotMap::Empty.field(63 * word, SlotMap::Words(1));
        assert_eq!(fits, SlotMap::Words(1 << 63));
        assert_eq!(SlotMap::Empty.field(64 * word, SlotMap::Words(1)), SlotMap::Dynamic);
        assert_eq!(SlotMap::Empty.field(63 * word, SlotMap::Words(2)), SlotMap::Dynamic);
        assert_eq!(SlotMap::Empty.field(word / 2, SlotMap::Words(1)), SlotMap::Dynamic);
        assert_eq!(fits.field(0, SlotMap::Dynamic), SlotMap::Dynamic);
    }

    #[test]
    fn a_sink_passes_on_more_than_it_holds_in_order() {
        let mut memory = [0u8; 1000];
        let base = memory.as_mut_ptr();
        let mut seen = alloc::vec::Vec::new();
        Edges::collect(&mut |object| seen.push(object), |edges| {
            for i in 0..1000 {
                edges.push(ObjectRef::from_ptr(base.wrapping_add(i)).unwrap());
            }
        });
        assert_eq!(seen.len(), 1000);
        assert!(seen.is_sorted());
    }
}

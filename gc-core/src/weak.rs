//! Weak references: [`GcWeak`], and the cells behind them.

use core::cell::Cell;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

use crate::Gc;
use crate::calls::Callback;
use crate::heap::{Descriptor, Flag, ObjectRef};
use crate::id::{GcId, IdTable};
use crate::mutation::{Invariant, Mutation};
use crate::place::NamedEdges;
use crate::pointee::Pointee;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// The kinds of weak references, by their cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeakKind {
    /// Cleared by the collection that finds the target unreachable, before finalizers run. All of one
    /// object share a cell.
    Ordinary,
    /// Cleared when the target is reclaimed: a finalizer may have kept it. All of one object share a
    /// cell.
    Tracking,
    /// As the ordinary ones, with a callback. Each has a cell of its own.
    Callback,
    /// As the ordinary ones, for an entry of a weak collection. Each has a cell of its own.
    Entry,
}

/// The type of a kind's cells: a [`WeakCell`] and perhaps more behind it.
pub(crate) trait WeakCellKind: Trace {
    const KIND: WeakKind;
}

/// What a weak reference refers to: an object of its own, which the collector clears when the target
/// dies.
///
/// Its reference to the target is no edge: it is not traced, and the collector updates it through
/// the heap's weak table.
#[derive(Debug)]
pub(crate) struct WeakCell {
    target: Cell<Option<ObjectRef>>,
    /// The target's identity, once someone asked this cell for it: it outlives the target.
    id: Cell<Option<GcId>>,
}

/// The cell that the tracking weak references to an object share.
#[repr(transparent)]
struct TrackingCell(WeakCell);

/// The cell of a weak reference with a callback.
#[repr(C)]
pub(crate) struct CallbackCell {
    cell: WeakCell,
    callback: Cell<Option<Callback>>,
    /// Cells that were made later have a larger one.
    number: u64,
}

/// A type of cells: the target is deliberately no edge, and there is nothing else to report.
macro_rules! weak_cell {
    ($cell:ty, $kind:expr) => {
        // SAFETY: as the macro says.
        unsafe impl $crate::Trace for $cell {
            const HAS_GC: bool = false;
            const SLOTS: $crate::SlotMap = $crate::SlotMap::Empty;
            fn visit(&self, _: &mut $crate::Edges) {}
            fn relocate(&mut self, _: &mut $crate::Slots) {}
            fn check_send(_: &mut $crate::SendCheck<'_>) {}
        }

        impl $crate::weak::WeakCellKind for $cell {
            const KIND: $crate::weak::WeakKind = $kind;
        }
    };
}

pub(crate) use weak_cell;

weak_cell!(WeakCell, WeakKind::Ordinary);
weak_cell!(TrackingCell, WeakKind::Tracking);
weak_cell!(CallbackCell, WeakKind::Callback);

impl CallbackCell {
    /// The cell at this address.
    ///
    /// # Safety
    ///
    /// `object` is the cell of a weak reference with a callback, whose memory is untouched.
    unsafe fn of<'a>(object: ObjectRef) -> &'a CallbackCell {
        // SAFETY: the caller says so; a cell is changed only through its `Cell`s.
        unsafe { &*object.as_ptr().cast::<CallbackCell>() }
    }

    /// The number of the cell at this address.
    ///
    /// # Safety
    ///
    /// As [`of`](CallbackCell::of).
    pub(crate) unsafe fn number_of(object: ObjectRef) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { CallbackCell::of(object) }.number
    }

    /// Whether the callback of a cell is yet to be called.
    ///
    /// # Safety
    ///
    /// As [`of`](CallbackCell::of).
    pub(crate) unsafe fn has_callback(object: ObjectRef) -> bool {
        // SAFETY: the caller's promise.
        let slot = &unsafe { CallbackCell::of(object) }.callback;
        let callback = slot.take();
        let has_callback = callback.is_some();
        slot.set(callback);
        has_callback
    }

    /// Takes the callback of the cell at this address: it is called once.
    ///
    /// # Safety
    ///
    /// As [`of`](CallbackCell::of).
    pub(crate) unsafe fn take_callback(object: ObjectRef) -> Option<Callback> {
        // SAFETY: the caller's promise.
        unsafe { CallbackCell::of(object) }.callback.take()
    }
}

impl WeakCell {
    pub(crate) fn new(target: ObjectRef) -> WeakCell {
        WeakCell { target: Cell::new(Some(target)), id: Cell::new(None) }
    }

    /// The cell at this address.
    ///
    /// # Safety
    ///
    /// `object` is a weak cell of any kind whose memory is untouched.
    pub(crate) unsafe fn of<'a>(object: ObjectRef) -> &'a WeakCell {
        // SAFETY: the caller says so, and every kind begins with a `WeakCell`; a cell is changed
        // only through its `Cell`s.
        unsafe { &*object.as_ptr().cast::<WeakCell>() }
    }

    pub(crate) fn target(&self) -> Option<ObjectRef> {
        self.target.get()
    }

    /// Has the cell refer to nothing; returns what it referred to.
    pub(crate) fn forget_target(&self) -> Option<ObjectRef> {
        self.target.take()
    }

    pub(crate) fn set_target(&self, target: ObjectRef) {
        self.target.set(Some(target));
    }

    /// The target is dead: keeps the identity it may have had, and forgets it.
    ///
    /// # Safety
    ///
    /// The target's memory is untouched, and it is still in the identity table.
    pub(crate) unsafe fn clear(&self) {
        let Some(target) = self.target.take() else { return };
        // SAFETY: the caller says that the memory is untouched.
        if self.id.get().is_none() && unsafe { target.header() }.has(Flag::Identified) {
            // SAFETY: as above.
            self.id.set(Some(unsafe { target.chunk().ids().id(target) }));
        }
    }

    fn id(&self, ids: &IdTable) -> GcId {
        if let Some(id) = self.id.get() {
            return id;
        }
        let id = match self.target() {
            // SAFETY: the target is cleared when it dies, so this one is live.
            Some(target) => unsafe { ids.id(target) },
            // Nobody ever asked for the identity of the target, or `clear` would have kept it.
            None => ids.fresh(),
        };
        self.id.set(Some(id));
        id
    }
}

/// A reference that does not keep its object alive.
///
/// `Copy`, and one word for everything but trait objects. There are three kinds, which differ in what
/// happens when the object becomes unreachable; none of them ever shows an object that was torn down,
/// or a part of one.
///
/// - [`Gc::downgrade`]: cleared by the collection that finds the object unreachable, before finalizers
///   run. (So is one that is found unreachable itself: if a finalizer brings it back, it may give
///   nothing.) An object that dies by its count is finalized first; only if nothing refers to it then
///   is the weak reference cleared.
/// - [`Gc::downgrade_tracking`]: cleared when the object is reclaimed, after finalizers.
/// - [`Gc::downgrade_with_callback`]: as the first, and something is called then.
///
/// # Equality
///
/// Two weak references are equal if their [`id`](GcWeak::id)s are, and that is what is hashed: so they
/// may be keys of a map. References to one object are equal while it lives, and what was compared or
/// hashed once has the same answer for ever. When the object has died before any of its weak references
/// was compared or hashed, and before its identity was asked for, only copies are certain to be equal.
/// (A `Gc` compares and hashes as its value does, which a dead one has no more.)
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, GcWeak, Lock, NullCollector, Rootable};
///
/// type Root = Rootable![Lock<Option<GcWeak<'_, u32>>>];
/// let arena: Arena<Root, NullCollector> = Arena::new(|mc| {
///     let answer = Gc::new(mc, 42);
///     Lock::new(Some(Gc::downgrade(mc, answer)))
/// });
/// arena.enter(|mc, root| {
///     let weak = root.get().unwrap();
///     assert_eq!(weak.upgrade(mc).map(|answer| *answer), Some(42));
/// });
/// ```
pub struct GcWeak<'gc, T: ?Sized + Pointee + 'gc> {
    /// The target's pointer with the cell's address in it: a trait object keeps its vtable here.
    cell: T::Ptr,
    _brand: PhantomData<(&'gc T, Invariant<'gc>)>,
}

impl<T: ?Sized + Pointee> Copy for GcWeak<'_, T> {}

impl<T: ?Sized + Pointee> Clone for GcWeak<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> GcWeak<'gc, T> {
    /// The ordinary weak reference to an object.
    #[track_caller]
    pub(crate) fn ordinary(mc: &Mutation<'gc>, target: Gc<'gc, T>) -> GcWeak<'gc, T> {
        GcWeak::shared(mc, target, WeakCell::new)
    }

    /// The weak reference to an object that outlasts its finalizers.
    #[track_caller]
    pub(crate) fn tracking(mc: &Mutation<'gc>, target: Gc<'gc, T>) -> GcWeak<'gc, T> {
        GcWeak::shared(mc, target, |target| TrackingCell(WeakCell::new(target)))
    }

    /// A weak reference to an object with a callback.
    #[track_caller]
    pub(crate) fn with_callback(
        mc: &Mutation<'gc>,
        target: Gc<'gc, T>,
        callback: Callback,
    ) -> GcWeak<'gc, T> {
        let number = mc.heap().next_weak_number();
        let cell = WeakCell::new(target.object());
        let cell = CallbackCell { cell, callback: Cell::new(Some(callback)), number };
        GcWeak::to_new_cell(mc, target, cell)
    }

    #[track_caller]
    fn shared<U: WeakCellKind>(
        mc: &Mutation<'gc>,
        target: Gc<'gc, T>,
        cell: impl FnOnce(ObjectRef) -> U,
    ) -> GcWeak<'gc, T> {
        match mc.heap().weak_cell_of(target.object(), U::KIND) {
            Some(cell) => GcWeak::to_cell(target, cell),
            None => GcWeak::to_new_cell(mc, target, cell(target.object())),
        }
    }

    #[track_caller]
    fn to_new_cell<U: WeakCellKind>(
        mc: &Mutation<'gc>,
        target: Gc<'gc, T>,
        cell: U,
    ) -> GcWeak<'gc, T> {
        let cell = mc.allocate(Descriptor::of_weak_cell::<U>(), cell);
        GcWeak::to_allocated_cell(mc, target, cell)
    }

    /// The weak reference whose cell was just allocated.
    pub(crate) fn to_allocated_cell(
        mc: &Mutation<'gc>,
        target: Gc<'gc, T>,
        cell: ObjectRef,
    ) -> GcWeak<'gc, T> {
        let object = target.object();
        // SAFETY: it was just allocated.
        unsafe { cell.header() }.set(Flag::WeaklyHeld);
        // SAFETY: a `Gc` of the running `mutate` is live.
        unsafe { object.header() }.set(Flag::WeaklyHeld);
        // SAFETY: both are live, and the cell is the object's.
        unsafe { mc.heap().add_weak_cell(object, cell) }
        GcWeak::to_cell(target, cell)
    }

    fn to_cell(target: Gc<'gc, T>, cell: ObjectRef) -> GcWeak<'gc, T> {
        GcWeak { cell: T::with_object(target.as_raw(), cell), _brand: PhantomData }
    }

    /// The cell, as an object.
    pub(crate) fn cell_object(self) -> ObjectRef {
        T::object(self.cell)
    }

    fn cell(self) -> &'gc WeakCell {
        // SAFETY: the address in `self.cell` is a cell's (see `to_cell`), and reachable through
        // `self`.
        unsafe { WeakCell::of(self.cell_object()) }
    }

    /// The object, if it is still alive.
    ///
    /// The object is then alive until the end of this `mutate` at least.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let answer = Gc::new(mc, 42);
    /// let weak = Gc::downgrade(mc, answer);
    /// assert!(weak.upgrade(mc).is_some_and(|same| Gc::ptr_eq(same, answer)));
    /// # });
    /// ```
    #[must_use]
    pub fn upgrade(self, mc: &Mutation<'gc>) -> Option<Gc<'gc, T>> {
        let _ = mc;
        self.get()
    }

    /// [`upgrade`](GcWeak::upgrade), for those who are inside of a `mutate` for certain.
    pub(crate) fn get(self) -> Option<Gc<'gc, T>> {
        let target = self.cell().target()?;
        // SAFETY: the target is live, since it was not cleared; its type is that of the reference
        // the weak one was made from, whose metadata `self.cell` kept.
        Some(unsafe { Gc::from_raw(T::with_object(self.cell, target)) })
    }

    /// Whether both have the same cell.
    pub(crate) fn is_same_cell(self, other: Self) -> bool {
        self.cell_object() == other.cell_object()
    }

    /// Whether this refers to an object.
    pub(crate) fn is_to(self, object: Gc<'gc, T>) -> bool {
        self.cell().target() == Some(object.object())
    }

    /// Whether the object is dead.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let answer = Gc::new(mc, 42);
    /// assert!(!Gc::downgrade(mc, answer).is_dropped());
    /// # });
    /// ```
    #[must_use]
    pub fn is_dropped(self) -> bool {
        self.cell().target().is_none()
    }

    /// Whether both refer to the same object, or are copies of one weak reference.
    ///
    /// Two that were made apart by [`Gc::downgrade`] are the same also when the object is dead; one
    /// with a callback is then the same as its copies only. For an answer that does not change use
    /// `==`, which compares [`id`](GcWeak::id)s.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let (a, b) = (Gc::new(mc, 42), Gc::new(mc, 42));
    /// let weak = Gc::downgrade(mc, a);
    /// assert!(GcWeak::ptr_eq(weak, Gc::downgrade_tracking(mc, a)));
    /// assert!(!GcWeak::ptr_eq(weak, Gc::downgrade(mc, b)));
    /// # });
    /// ```
    #[must_use]
    pub fn ptr_eq(a: Self, b: Self) -> bool {
        T::object(a.cell) == T::object(b.cell)
            || a.cell().target().is_some_and(|target| b.cell().target() == Some(target))
    }

    /// The object's identity: the same that [`Gc::id`] gives, also when the object is dead.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let answer = Gc::new(mc, 42);
    /// assert_eq!(Gc::downgrade(mc, answer).id(), Gc::id(answer));
    /// # });
    /// ```
    #[must_use]
    pub fn id(self) -> GcId {
        self.cell().id(T::object(self.cell).chunk().ids())
    }
}

// SAFETY: a weak reference is an ordinary reference to its cell, and reports it as one. It is one
// word with the cell's address exactly where `Gc` has its object's, so the same map describes it.
unsafe impl<'gc, T: ?Sized + Pointee + 'gc> Trace for GcWeak<'gc, T> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <Gc<'gc, T> as Trace>::SLOTS;

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        edges.push(T::object(self.cell));
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        slots.push(T::place(&mut self.cell));
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.push(T::object(self.cell));
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

impl<T: ?Sized + Pointee> PartialEq for GcWeak<'_, T> {
    /// By [`id`](GcWeak::id).
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl<T: ?Sized + Pointee> Eq for GcWeak<'_, T> {}

impl<T: ?Sized + Pointee> Hash for GcWeak<'_, T> {
    /// By [`id`](GcWeak::id).
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl<T: ?Sized + Pointee> fmt::Debug for GcWeak<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_dropped() { "(dropped)" } else { "(GcWeak)" })
    }
}

//! Weak references: [`GcWeak`].

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

use crate::Gc;
use crate::heap::{Descriptor, Flag, ObjectRef};
use crate::id::{GcId, IdTable};
use crate::mutation::{Invariant, Mutation};
use crate::pointee::Pointee;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// What all weak references to one object share: an object of its own, which the collector clears
/// when the target dies.
///
/// Its reference to the target is no edge: it is not traced, and the collector updates it through
/// the heap's weak table.
#[derive(Debug)]
pub(crate) struct WeakCell {
    target: Cell<Option<ObjectRef>>,
    /// The target's identity, once someone asked this cell for it: it outlives the target.
    id: Cell<Option<GcId>>,
}

// SAFETY: the target is deliberately no edge; there is nothing else to report.
unsafe impl Trace for WeakCell {
    const HAS_GC: bool = false;
    const SLOTS: SlotMap = SlotMap::Empty;
    fn visit(&self, _: &mut Edges) {}
    fn relocate(&mut self, _: &mut Slots) {}
}

impl WeakCell {
    pub(crate) fn new(target: ObjectRef) -> WeakCell {
        WeakCell { target: Cell::new(Some(target)), id: Cell::new(None) }
    }

    pub(crate) fn descriptor() -> &'static Descriptor {
        Descriptor::of_weak_cell::<WeakCell>()
    }

    /// The cell at this address.
    ///
    /// # Safety
    ///
    /// `object` is a weak cell whose memory is untouched.
    pub(crate) unsafe fn of<'a>(object: ObjectRef) -> &'a WeakCell {
        // SAFETY: the caller says so; a cell is changed only through its `Cell`s.
        unsafe { &*object.as_ptr().cast::<WeakCell>() }
    }

    pub(crate) fn target(&self) -> Option<ObjectRef> {
        self.target.get()
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
/// `Copy`, and one word for everything but trait objects. It is cleared by the collection that finds
/// the object dead, before any of the object is torn down, so that a dead object is never seen.
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
    pub(crate) fn new(mc: &Mutation<'gc>, target: Gc<'gc, T>) -> GcWeak<'gc, T> {
        let object = target.object();
        // SAFETY: a `Gc` of the running `mutate` is live.
        let header = unsafe { object.header() };
        let cell = match mc.heap().weak_cell_of(object) {
            Some(cell) => cell,
            None => {
                let cell = mc.allocate(WeakCell::descriptor(), WeakCell::new(object));
                // SAFETY: it was just allocated.
                unsafe { cell.header() }.set(Flag::WeaklyHeld);
                header.set(Flag::WeaklyHeld);
                mc.heap().add_weak_cell(object, cell);
                cell
            }
        };
        GcWeak { cell: T::with_object(target.as_raw(), cell), _brand: PhantomData }
    }

    fn cell(self) -> &'gc WeakCell {
        // SAFETY: the address in `self.cell` is a cell's (see `new`), and reachable through `self`.
        unsafe { WeakCell::of(T::object(self.cell)) }
    }

    /// The object, if it is still alive.
    ///
    /// The object is then alive until the end of this `mutate` at least.
    #[must_use]
    pub fn upgrade(self, mc: &Mutation<'gc>) -> Option<Gc<'gc, T>> {
        let _ = mc;
        let target = self.cell().target()?;
        // SAFETY: the target is live, since it was not cleared; its type is that of the reference
        // the weak one was made from, whose metadata `self.cell` kept.
        Some(unsafe { Gc::from_raw(T::with_object(self.cell, target)) })
    }

    /// Whether the object is dead.
    #[must_use]
    pub fn is_dropped(self) -> bool {
        self.cell().target().is_none()
    }

    /// Whether both refer, or referred, to the same object.
    #[must_use]
    pub fn ptr_eq(a: Self, b: Self) -> bool {
        T::object(a.cell) == T::object(b.cell)
    }

    /// The object's identity: the same that [`Gc::id`] gives, also when the object is dead.
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
}

impl<T: ?Sized + Pointee> fmt::Debug for GcWeak<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_dropped() { "(dropped)" } else { "(GcWeak)" })
    }
}

//! References from outside the heap: [`DynamicRoot`], and the sets they belong to.

use alloc::rc::Rc;
use core::fmt;
use core::marker::PhantomData;

use crate::Gc;
use crate::handles::{HandleTable, Owner};
use crate::heap::ObjectRef;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::pointee::Pointee;
use crate::rootable::{Root, Rootable};
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// A `'static` handle to an object: what keeps it alive from outside the heap.
///
/// Made by [`Mutation::stash`] or [`DynamicRootSet::stash`], and read by the `fetch` of the same
/// arena or set. It may be cloned and dropped at any time; the object lives at least until the last
/// clone is dropped, if the set does. A handle that is leaked (by `mem::forget`, say) leaks its
/// object until the arena is dropped.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, DynamicRoot, Gc, NullCollector, Rootable};
///
/// // What is not in the heap may hold references into it.
/// struct Window {
///     title: DynamicRoot<Rootable![str]>,
/// }
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// let window = arena.mutate(|mc, ()| Window { title: mc.stash(Gc::new_str(mc, "Hello")) });
/// arena.collect();
/// arena.enter(|mc, ()| assert_eq!(&*mc.fetch(&window.title), "Hello"));
/// ```
pub struct DynamicRoot<R: ?Sized + for<'a> Rootable<'a>>
where
    for<'a> Root<'a, R>: Pointee,
{
    table: Rc<HandleTable>,
    index: usize,
    stored: Stored<R>,
}

impl<R: ?Sized + for<'a> Rootable<'a>> DynamicRoot<R>
where
    for<'a> Root<'a, R>: Pointee,
{
    pub(crate) fn new<'gc>(table: Rc<HandleTable>, gc: Gc<'gc, Root<'gc, R>>) -> DynamicRoot<R> {
        DynamicRoot { index: table.insert(gc.object()), table, stored: Stored::new(gc) }
    }

    pub(crate) fn get<'gc>(&self, table: &Rc<HandleTable>) -> Option<Gc<'gc, Root<'gc, R>>> {
        if !Rc::ptr_eq(&self.table, table) {
            return None;
        }
        let object = table.get(self.index)?;
        // SAFETY: the table keeps the object alive and its address up to date; it is of the type it
        // was stored with. The caller's `'gc` brands the table's arena: it owns the table.
        Some(unsafe { self.stored.restore(object) })
    }
}

/// A reference without its brand and its object: a trait object's vtable is kept here.
pub(crate) struct Stored<R: ?Sized + for<'a> Rootable<'a>>
where
    for<'a> Root<'a, R>: Pointee,
{
    /// The address in it is out of date.
    ptr: <Root<'static, R> as Pointee>::Ptr,
    _root: PhantomData<*const R>,
}

impl<R: ?Sized + for<'a> Rootable<'a>> Copy for Stored<R> where for<'a> Root<'a, R>: Pointee {}

impl<R: ?Sized + for<'a> Rootable<'a>> Clone for Stored<R>
where
    for<'a> Root<'a, R>: Pointee,
{
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: ?Sized + for<'a> Rootable<'a>> Stored<R>
where
    for<'a> Root<'a, R>: Pointee,
{
    pub(crate) fn new<'gc>(gc: Gc<'gc, Root<'gc, R>>) -> Stored<R> {
        let ptr = gc.as_raw();
        // SAFETY: both are the pointer type of the same type at two lifetimes, so they have the
        // same layout, and pointers are `Copy`.
        let ptr = unsafe {
            core::mem::transmute_copy::<
                <Root<'gc, R> as Pointee>::Ptr,
                <Root<'static, R> as Pointee>::Ptr,
            >(&ptr)
        };
        Stored { ptr, _root: PhantomData }
    }

    /// The reference to an object.
    ///
    /// # Safety
    ///
    /// It is the object that the reference was to when it was stored, wherever it is now; it is live,
    /// and of the heap that `'gc` brands.
    pub(crate) unsafe fn restore<'gc>(self, object: ObjectRef) -> Gc<'gc, Root<'gc, R>> {
        // SAFETY: as in `new`.
        let ptr = unsafe {
            core::mem::transmute_copy::<
                <Root<'static, R> as Pointee>::Ptr,
                <Root<'gc, R> as Pointee>::Ptr,
            >(&self.ptr)
        };
        // SAFETY: the caller's promise.
        unsafe { Gc::from_raw(<Root<'gc, R>>::with_object(ptr, object)) }
    }
}

impl<R: ?Sized + for<'a> Rootable<'a>> Clone for DynamicRoot<R>
where
    for<'a> Root<'a, R>: Pointee,
{
    fn clone(&self) -> Self {
        self.table.retain(self.index);
        DynamicRoot { table: Rc::clone(&self.table), index: self.index, stored: self.stored }
    }
}

impl<R: ?Sized + for<'a> Rootable<'a>> Drop for DynamicRoot<R>
where
    for<'a> Root<'a, R>: Pointee,
{
    fn drop(&mut self) {
        self.table.release(self.index);
    }
}

impl<R: ?Sized + for<'a> Rootable<'a>> fmt::Debug for DynamicRoot<R>
where
    for<'a> Root<'a, R>: Pointee,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicRoot").field("index", &self.index).finish_non_exhaustive()
    }
}

/// A set of [`DynamicRoot`]s that is an object of the heap.
///
/// Its handles keep their objects alive as long as the set itself is reachable: a set that an
/// object owns, and a handle to that object in the set, form an ordinary cycle, which a collector
/// that finds cycles reclaims. When the set is dead its handles are stale: nothing can fetch them.
///
/// The arena has a set of its own: see [`Mutation::stash`].
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, DynamicRootSet, Gc, NullCollector, Rootable};
///
/// type Number = Rootable![u32];
/// let mut arena: Arena<Rootable![Option<DynamicRootSet<'_>>], NullCollector> =
///     Arena::new(|mc| Some(DynamicRootSet::new(mc)));
/// let handle = arena.mutate(|mc, set| set.unwrap().stash::<Number>(mc, Gc::new(mc, 42)));
/// arena.enter(|_, set| assert_eq!(*set.unwrap().fetch(&handle), 42));
/// // From now on neither the set nor the handle keeps the number alive.
/// arena.mutate_root(|_, set| *set = None);
/// ```
#[derive(Clone, Copy)]
pub struct DynamicRootSet<'gc>(Gc<'gc, Set>);

/// The object behind a [`DynamicRootSet`].
struct Set {
    table: Rc<HandleTable>,
}

// SAFETY: the slots of the table are the references of its owner, which this is. They hold bare
// addresses, whose brand is restored by `DynamicRoot::get`. The table's borrow flag is no other
// object's: a table has one owner, and the thread that has its handles waits while others visit.
unsafe impl Trace for Set {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Dynamic;

    fn visit(&self, edges: &mut Edges) {
        self.table.report_edges(edges);
    }

    fn relocate(&mut self, slots: &mut Slots) {
        self.table.report_slots(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.table.describe_edges(edges);
    }

    // The table goes along: who else has it, `Arena::into_send` asks.
    fn check_send(_: &mut SendCheck<'_>) {}
}

impl Drop for Set {
    fn drop(&mut self) {
        self.table.abandon();
    }
}

impl<'gc> DynamicRootSet<'gc> {
    /// Makes an empty set.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let (a, b) = (DynamicRootSet::new(mc), DynamicRootSet::new(mc));
    /// let handle = a.stash::<Rootable![str]>(mc, Gc::new_str(mc, "kept"));
    /// assert!(a.contains(&handle) && !b.contains(&handle));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc>) -> DynamicRootSet<'gc> {
        let table = mc.heap().new_handle_table();
        let set = Gc::new(mc, Set { table });
        set.table.set_owner(Owner::Object(set.object()));
        DynamicRootSet(set)
    }

    /// Makes a handle to an object in this set.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = DynamicRootSet::new(mc);
    /// let handle = set.stash::<Rootable![str]>(mc, Gc::new_str(mc, "kept"));
    /// let same = handle.clone();
    /// assert!(Gc::ptr_eq(set.fetch(&handle), set.fetch(&same)));
    /// # });
    /// ```
    pub fn stash<R>(self, mc: &Mutation<'gc>, gc: Gc<'gc, Root<'gc, R>>) -> DynamicRoot<R>
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
    {
        let _ = mc;
        DynamicRoot::new(Rc::clone(&self.0.as_ref().table), gc)
    }

    /// What a handle of this set refers to.
    ///
    /// # Panics
    ///
    /// If the handle is of another set: see [`try_fetch`](DynamicRootSet::try_fetch).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = DynamicRootSet::new(mc);
    /// let handle = set.stash::<Rootable![u32]>(mc, Gc::new(mc, 42));
    /// assert_eq!(*set.fetch(&handle), 42);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fetch<R>(self, handle: &DynamicRoot<R>) -> Gc<'gc, Root<'gc, R>>
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
    {
        self.try_fetch(handle).expect("a handle of this set, but it is of another")
    }

    /// What a handle of this set refers to; `None` if it is of another.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = DynamicRootSet::new(mc);
    /// let handle = set.stash::<Rootable![u32]>(mc, Gc::new(mc, 42));
    /// assert!(set.try_fetch(&handle).is_some());
    /// // It is not of the arena's own set.
    /// assert!(mc.try_fetch(&handle).is_none());
    /// # });
    /// ```
    #[must_use]
    pub fn try_fetch<R>(self, handle: &DynamicRoot<R>) -> Option<Gc<'gc, Root<'gc, R>>>
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
    {
        handle.get(&self.0.as_ref().table)
    }

    /// Whether the handle is of this set.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = DynamicRootSet::new(mc);
    /// let answer = Gc::new(mc, 42);
    /// assert!(set.contains(&set.stash::<Rootable![u32]>(mc, answer)));
    /// assert!(!set.contains(&mc.stash::<Rootable![u32]>(answer)));
    /// # });
    /// ```
    #[must_use]
    pub fn contains<R>(self, handle: &DynamicRoot<R>) -> bool
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
    {
        Rc::ptr_eq(&handle.table, &self.0.as_ref().table)
    }
}

// SAFETY: the set is one reference; both methods pass it on.
unsafe impl<'gc> Trace for DynamicRootSet<'gc> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <Gc<'gc, Set> as Trace>::SLOTS;

    fn visit(&self, edges: &mut Edges) {
        self.0.visit(edges);
    }

    fn relocate(&mut self, slots: &mut Slots) {
        self.0.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.0.describe(edges);
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

impl fmt::Debug for DynamicRootSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynamicRootSet")
    }
}

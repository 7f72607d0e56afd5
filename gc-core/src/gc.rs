//! The reference to an object: [`Gc`].

use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::calls::{CallKind, Callback, Outcome};
use crate::error::HeapFull;
use crate::heap::{Descriptor, ObjectRef};
use crate::id::GcId;
use crate::mutation::{Invariant, Mutation};
use crate::place::NamedEdges;
use crate::pointee::Pointee;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::weak::GcWeak;
use crate::write::Write;

/// A reference to an object in the heap of an arena.
///
/// `Copy`, one word for everything but trait objects, and dereferenced with one load. Its lifetime
/// keeps it inside one `mutate` of one arena; whatever must live on is reached from the root or from
/// a [`DynamicRoot`](crate::DynamicRoot) when the `mutate` ends.
///
/// Comparing, hashing and printing go through to the value: see [`Gc::ptr_eq`] and [`Gc::id`] for
/// identity. What is inside cannot be borrowed mutably; for what changes there are
/// [`Lock`](crate::Lock), [`RefLock`](crate::RefLock) and [`OnceLock`](crate::OnceLock).
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, Trace, unlock};
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     name: u32,
///     next: Lock<Option<Gc<'gc, Node<'gc>>>>,
/// }
///
/// let mut arena: Arena<Rootable![Gc<'_, Node<'_>>], NullCollector> = Arena::new(|mc| {
///     let a = Gc::new(mc, Node { name: 1, next: Lock::new(None) });
///     let b = Gc::new(mc, Node { name: 2, next: Lock::new(Some(a)) });
///     unlock!(Gc::write(mc, a), Node, next).set(Some(b));
///     a
/// });
/// arena.mutate(|_, a| {
///     let b = a.next.get().unwrap();
///     assert_eq!(b.name, 2);
///     assert!(Gc::ptr_eq(b.next.get().unwrap(), *a));
/// });
/// ```
#[repr(transparent)]
pub struct Gc<'gc, T: ?Sized + Pointee + 'gc> {
    ptr: T::Ptr,
    _brand: PhantomData<(&'gc T, Invariant<'gc>)>,
}

static_assertions::assert_eq_size!(Option<Gc<'static, u8>>, usize);
static_assertions::assert_eq_size!(Option<Gc<'static, [u8]>>, usize);
static_assertions::assert_not_impl_any!(Gc<'static, u8>: Send, Sync);
static_assertions::assert_not_impl_any!(Mutation<'static>: Send, Sync);

impl<T: ?Sized + Pointee> Copy for Gc<'_, T> {}

impl<T: ?Sized + Pointee> Clone for Gc<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, T: Trace + 'gc> Gc<'gc, T> {
    /// Allocates a value.
    ///
    /// Never collects.
    ///
    /// # Panics
    ///
    /// If the heap is full: see [`Gc::try_new`]. The arena stays usable.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let point = Gc::new(mc, (3, 4));
    /// let same = point;
    /// assert_eq!(point.0 * same.0 + point.1 * same.1, 25);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc>, value: T) -> Gc<'gc, T> {
        let object = mc.allocate(Descriptor::of::<T>(), value);
        // SAFETY: just allocated, with the descriptor of `T`.
        unsafe { Gc::of_new_object(mc, object) }
    }

    /// Allocates a value, or gives it back if the heap is full.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the arena's limit is reached or the system has no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// let arena = Small::builder().limit_bytes(64 << 10).build(|_| ());
    /// arena.enter(|mc, ()| {
    ///     let full = Gc::try_new(mc, [7_u8; 100 << 10]).unwrap_err();
    ///     assert_eq!(full.into_value()[0], 7);
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_new(mc: &Mutation<'gc>, value: T) -> Result<Gc<'gc, T>, HeapFull<T>> {
        if const { T::FINALIZER.is_some() } && !mc.heap().has_room_for_finalizable() {
            return Err(mc.heap_full(value));
        }
        // SAFETY: the descriptor is that of `T`.
        match unsafe { mc.heap().allocate(Descriptor::of::<T>(), value) } {
            // SAFETY: just allocated, with the descriptor of `T`.
            Ok(object) => Ok(unsafe { Gc::of_new_object(mc, object) }),
            Err(value) => Err(mc.heap_full(value)),
        }
    }

    /// # Safety
    ///
    /// The object is a `T` that was just made in the heap that `'gc` brands.
    #[inline]
    unsafe fn of_new_object(mc: &Mutation<'gc>, object: ObjectRef) -> Gc<'gc, T> {
        if const { T::FINALIZER.is_some() } {
            // SAFETY: just made, says the caller.
            unsafe { mc.heap().note_finalizable(object) }
        }
        Gc { ptr: object.as_non_null().cast(), _brand: PhantomData }
    }

    /// The same object, seen as a `U` that its value begins with.
    ///
    /// Everything a collector does comes from the object's header, so the object is still treated
    /// as the `T` that it is.
    ///
    /// # Safety
    ///
    /// The value begins with a valid `U` at offset zero (`U` is a prefix of a `repr(C)` type, say),
    /// and whatever is written through it leaves a valid `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// #[derive(Trace)]
    /// #[repr(C)]
    /// struct Shape(u32);
    /// #[derive(Trace)]
    /// #[repr(C)]
    /// struct Square(Shape, f64);
    ///
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let square = Gc::new(mc, Square(Shape(4), 1.5));
    /// // SAFETY: a `repr(C)` struct begins with its first field.
    /// let shape = unsafe { Gc::cast::<Shape>(square) };
    /// assert_eq!(shape.0, 4);
    /// assert_eq!(Gc::id(shape), Gc::id(square));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub unsafe fn cast<U: 'gc>(gc: Gc<'gc, T>) -> Gc<'gc, U> {
        Gc { ptr: gc.ptr.cast(), _brand: PhantomData }
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> Gc<'gc, T> {
    /// The value, for as long as the `mutate` lasts.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// // Not a borrow of `person`, which is gone when this returns.
    /// fn name<'gc>(person: Gc<'gc, (String, u32)>) -> &'gc str {
    ///     &person.as_ref().0
    /// }
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// assert_eq!(name(Gc::new(mc, ("Ada".to_string(), 36))), "Ada");
    /// # });
    /// ```
    #[inline]
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "the lifetime differs: it is that of the brand"
    )]
    pub fn as_ref(self) -> &'gc T {
        // SAFETY: objects are reclaimed and moved only at safepoints, which `'gc` does not outlast.
        let value = unsafe { T::as_ptr(self.ptr) };
        // SAFETY: as above; what changes inside is in cells.
        unsafe { &*value }
    }

    /// Whether both refer to the same object.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let (a, b) = (Gc::new(mc, 1), Gc::new(mc, 1));
    /// assert!(a == b && !Gc::ptr_eq(a, b));
    /// assert!(Gc::ptr_eq(a, a));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn ptr_eq(a: Gc<'gc, T>, b: Gc<'gc, T>) -> bool {
        a.object() == b.object()
    }

    /// The object's identity, given on the first request.
    ///
    /// It is the same after the object has moved, and no other object ever has it.
    ///
    /// # Complexity
    ///
    /// A look-up in a hash table.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![Gc<'_, u32>], NullCollector>::new(|mc| Gc::new(mc, 1));
    /// let id = arena.enter(|_, gc| Gc::id(*gc));
    /// arena.collect();
    /// assert_eq!(arena.enter(|_, gc| Gc::id(*gc)), id);
    /// assert_ne!(arena.enter(|mc, _| Gc::id(Gc::new(mc, 1))), id);
    /// ```
    #[inline]
    #[must_use]
    pub fn id(gc: Gc<'gc, T>) -> GcId {
        let object = gc.object();
        // SAFETY: a `Gc` of the running `mutate` is live; its chunk belongs to its heap.
        unsafe { object.chunk().ids().id(object) }
    }

    /// A weak reference to the object: see [`GcWeak`].
    ///
    /// # Panics
    ///
    /// If the heap is full: the weak references to one object share a small object of their own.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let answer = Gc::new(mc, 42);
    /// let weak = Gc::downgrade(mc, answer);
    /// assert_eq!(weak.upgrade(mc), Some(answer));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn downgrade(mc: &Mutation<'gc>, gc: Gc<'gc, T>) -> GcWeak<'gc, T> {
        GcWeak::ordinary(mc, gc)
    }

    /// A weak reference that is cleared only when the object is reclaimed: also while the object's
    /// finalizers run it leads to the object, and further if one of them has kept it.
    ///
    /// .NET calls this a long weak reference.
    ///
    /// # Panics
    ///
    /// As [`downgrade`](Gc::downgrade).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let file = Gc::new(mc, 7);
    /// // `short` may be cleared already while a finalizer runs, and `long` is not.
    /// let (short, long) = (Gc::downgrade(mc, file), Gc::downgrade_tracking(mc, file));
    /// assert_eq!(short.upgrade(mc), long.upgrade(mc));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn downgrade_tracking(mc: &Mutation<'gc>, gc: Gc<'gc, T>) -> GcWeak<'gc, T> {
        GcWeak::tracking(mc, gc)
    }

    /// A weak reference with a callback, which is called once, after it was cleared.
    ///
    /// It is not called if the weak reference dies before the object or is found unreachable together
    /// with it: keep it where it is reachable. If one object has several, the newest is called first.
    /// The callback runs after the safepoint that found the object dead, before `mutate` or `collect`
    /// returns. It may do with the heap what any `mutate` may. If it panics or returns an error, that
    /// goes to the [error hook](crate::Arena::set_error_hook).
    ///
    /// # Panics
    ///
    /// If the heap is full: such a weak reference has a small object of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, GcWeak, Rootable, Trace};
    /// # use gc_core::NullCollector as Collector;
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// #[derive(Trace)]
    /// struct Root<'gc> {
    ///     object: Option<Gc<'gc, u32>>,
    ///     weak: Option<GcWeak<'gc, u32>>,
    /// }
    ///
    /// let called = Rc::new(Cell::new(0));
    /// let mut arena: Arena<Rootable![Root<'_>], Collector> =
    ///     Arena::new(|_| Root { object: None, weak: None });
    /// arena.mutate_root(|mc, root| {
    ///     let object = Gc::new(mc, 42);
    ///     let called = Rc::clone(&called);
    ///     let callback = move |_: &gc_core::Mutation<'_>| called.set(called.get() + 1);
    ///     root.weak = Some(Gc::downgrade_with_callback(mc, object, callback));
    ///     root.object = Some(object);
    /// });
    /// arena.mutate_root(|_, root| root.object = None);
    /// // A collector that counts has called back by now.
    /// assert!(called.get() <= 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn downgrade_with_callback<O: Outcome>(
        mc: &Mutation<'gc>,
        gc: Gc<'gc, T>,
        callback: impl for<'a> FnOnce(&'a Mutation<'a>) -> O + 'static,
    ) -> GcWeak<'gc, T> {
        GcWeak::with_callback(mc, gc, Callback::new(CallKind::Callback, callback))
    }

    /// The witness that the object was logged, through which its locks can be opened.
    ///
    /// This is the write barrier: it costs one load and a branch that is not taken, but for the
    /// first time an old object is written to after a safepoint.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let counter = Gc::new(mc, Lock::new(1));
    /// Gc::write(mc, counter).unlock().set(2);
    /// assert_eq!(counter.get(), 2);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn write(mc: &Mutation<'gc>, gc: Gc<'gc, T>) -> &'gc Write<T> {
        // SAFETY: a `Gc` of the running `mutate` is live and of its heap. A `&mut` into the object
        // comes from its locks, which are opened through a `Write`, so it was logged before.
        unsafe { mc.heap().write_barrier(gc.object()) }
        // SAFETY: the object is logged, or young.
        unsafe { Write::assume(gc.as_ref()) }
    }

    /// The same object without its type.
    ///
    /// It keeps the object alive, and says nothing else of it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// // References to objects of different types in one list.
    /// let text = Gc::new_str(mc, "text");
    /// let kept = GcVec::from_slice(mc, &[Gc::erase(text), Gc::erase(Gc::new(mc, 1.5))]);
    /// assert_eq!(kept.get(0).map(Gc::id), Some(Gc::id(text)));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn erase(gc: Gc<'gc, T>) -> Gc<'gc, ()> {
        Gc { ptr: gc.object().as_non_null().cast(), _brand: PhantomData }
    }

    /// The address of the value, valid until this `mutate` ends: within one `mutate` no object
    /// moves.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let pair = Gc::new(mc, (1, 2));
    /// assert_eq!(Gc::raw(pair).addr().get(), (&raw const pair.0).addr());
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn raw(gc: Gc<'gc, T>) -> NonNull<()> {
        gc.object().as_non_null().cast()
    }

    #[inline]
    pub(crate) fn object(self) -> ObjectRef {
        T::object(self.ptr)
    }

    #[inline]
    pub(crate) fn as_raw(self) -> T::Ptr {
        self.ptr
    }

    /// A reference from what it stores.
    ///
    /// # Safety
    ///
    /// `ptr` is that of a live object of the heap that `'gc` brands, and the object is a `T`, or
    /// begins with one.
    #[doc(hidden)]
    #[inline]
    pub unsafe fn from_raw(ptr: T::Ptr) -> Gc<'gc, T> {
        Gc { ptr, _brand: PhantomData }
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> Deref for Gc<'gc, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        Gc::as_ref(*self)
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> AsRef<T> for Gc<'gc, T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> Borrow<T> for Gc<'gc, T> {
    fn borrow(&self) -> &T {
        self
    }
}

// SAFETY: a reference is one edge. Where it is thin it is a `NonNull` of one word, transparently,
// which is what `Words` promises. It names no constant of `T`, so types may be recursive.
unsafe impl<'gc, T: ?Sized + Pointee + 'gc> Trace for Gc<'gc, T> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = if T::IS_THIN { SlotMap::Words(1) } else { SlotMap::Dynamic };

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        edges.push(self.object());
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        slots.push(T::place(&mut self.ptr));
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.push(self.object());
    }

    // The object's own type is asked.
    fn check_send(_: &mut SendCheck<'_>) {}
}

impl<'gc, T: ?Sized + Pointee + PartialEq + 'gc> PartialEq for Gc<'gc, T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<'gc, T: ?Sized + Pointee + Eq + 'gc> Eq for Gc<'gc, T> {}

impl<'gc, T: ?Sized + Pointee + PartialOrd + 'gc> PartialOrd for Gc<'gc, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<'gc, T: ?Sized + Pointee + Ord + 'gc> Ord for Gc<'gc, T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<'gc, T: ?Sized + Pointee + Hash + 'gc> Hash for Gc<'gc, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<'gc, T: ?Sized + Pointee + fmt::Debug + 'gc> fmt::Debug for Gc<'gc, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'gc, T: ?Sized + Pointee + fmt::Display + 'gc> fmt::Display for Gc<'gc, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> fmt::Pointer for Gc<'gc, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&Gc::raw(*self), f)
    }
}

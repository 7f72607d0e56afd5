//! What a mutator holds while it runs: [`Mutation`].

use alloc::boxed::Box;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

use crate::calls::{Finalizer, Outcome};
use crate::dynamic_roots::{DynamicRoot, Stored};
use crate::error::{AlreadyFinalized, HeapFull};
use crate::heap::{Descriptor, Flag, Heap, ObjectRef};
use crate::inspect::AnyGc;
use crate::pointee::Pointee;
use crate::rootable::{Root, Rootable};
use crate::{Gc, Write};

/// Makes a type invariant in `'gc`, so that no two arenas' references can be mixed.
pub(crate) type Invariant<'gc> = PhantomData<Cell<&'gc ()>>;

/// The permission to allocate and to write in an arena, for as long as one `mutate` or `enter`
/// runs.
///
/// Its lifetime `'gc` is the brand of the arena's references: it is different in every call, and
/// nothing that carries it can leave.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, GcVec, Mutation, NullCollector, Rootable};
///
/// // What allocates or writes takes a `&Mutation`; what only reads need not.
/// fn split<'gc>(mc: &Mutation<'gc>, text: &str) -> GcVec<'gc, Gc<'gc, str>> {
///     GcVec::from_iter_in(mc, text.split(' ').map(|word| Gc::new_str(mc, word)))
/// }
/// let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.enter(|mc, ()| assert_eq!(&*split(mc, "one two").get(1).unwrap(), "two"));
/// ```
#[repr(transparent)]
pub struct Mutation<'gc> {
    heap: Heap,
    _brand: Invariant<'gc>,
}

impl<'gc> Mutation<'gc> {
    /// Brands a heap.
    ///
    /// # Safety
    ///
    /// `'gc` is a lifetime that nothing else brands (one of a higher-ranked closure), and the heap
    /// is not collected while it lasts.
    pub(crate) unsafe fn brand(heap: &'gc Heap) -> &'gc Mutation<'gc> {
        // SAFETY: `Mutation` is transparent over `Heap`.
        unsafe { &*core::ptr::from_ref(heap).cast::<Mutation<'gc>>() }
    }

    #[inline]
    pub(crate) fn heap(&self) -> &Heap {
        &self.heap
    }

    /// Allocates, or panics if the heap is exhausted.
    #[inline]
    #[track_caller]
    pub(crate) fn allocate<T>(&self, descriptor: &'static Descriptor, value: T) -> ObjectRef {
        // SAFETY: the callers in this crate pass the descriptor of `T`.
        match unsafe { self.heap.allocate(descriptor, value) } {
            Ok(object) => object,
            Err(value) => {
                drop(value);
                self.exhausted()
            }
        }
    }

    /// The error that says why the heap could not give memory.
    pub(crate) fn heap_full<T>(&self, value: T) -> HeapFull<T> {
        HeapFull::new(value, self.heap.settings().limit_bytes)
    }

    #[cold]
    #[track_caller]
    pub(crate) fn exhausted(&self) -> ! {
        panic!("{}", self.heap_full(()))
    }

    /// Logs an object before a store into it: the write barrier, for those who write unsafe code.
    ///
    /// Safe code gets the barrier through [`Gc::write`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let counter = Gc::new(mc, Lock::new(1));
    /// mc.write_barrier(counter);
    /// // SAFETY: the object was logged just now.
    /// unsafe { counter.unlock_unchecked() }.set(2);
    /// assert_eq!(counter.get(), 2);
    /// # });
    /// ```
    #[inline]
    pub fn write_barrier<T: ?Sized + Pointee>(&self, gc: Gc<'gc, T>) {
        let _: &Write<T> = Gc::write(self, gc);
    }

    /// Makes a handle in the arena's own set: see [`DynamicRootSet`](crate::DynamicRootSet).
    ///
    /// The handle keeps the object alive, is `'static`, and may be dropped at any time.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, DynamicRoot, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// type Text = Rootable![str];
    /// let kept: DynamicRoot<Text> = arena.mutate(|mc, ()| mc.stash::<Text>(Gc::new_str(mc, "kept")));
    /// arena.mutate(|mc, ()| assert_eq!(&*mc.fetch(&kept), "kept"));
    /// ```
    pub fn stash<R>(&self, gc: Gc<'gc, Root<'gc, R>>) -> DynamicRoot<R>
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
    {
        DynamicRoot::new(self.heap.arena_handles(), gc)
    }

    /// What a handle of the arena's own set refers to.
    ///
    /// # Panics
    ///
    /// If the handle is of another arena or of another set: see [`try_fetch`](Mutation::try_fetch).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// let handle = arena.mutate(|mc, ()| mc.stash::<Rootable![u32]>(Gc::new(mc, 42)));
    /// assert_eq!(arena.enter(|mc, ()| *mc.fetch(&handle)), 42);
    /// ```
    #[track_caller]
    pub fn fetch<R>(&self, handle: &DynamicRoot<R>) -> Gc<'gc, Root<'gc, R>>
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
    {
        self.try_fetch(handle).expect("a handle of this arena's own set, but it is of another")
    }

    /// What a handle of the arena's own set refers to; `None` if it is of another arena or set.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// let (a, b) = (Small::new(|_| ()), Small::new(|_| ()));
    /// let handle = a.enter(|mc, ()| mc.stash::<Rootable![u32]>(Gc::new(mc, 42)));
    /// assert_eq!(a.enter(|mc, ()| mc.try_fetch(&handle).map(|gc| *gc)), Some(42));
    /// assert!(b.enter(|mc, ()| mc.try_fetch(&handle).is_none()));
    /// ```
    pub fn try_fetch<R>(&self, handle: &DynamicRoot<R>) -> Option<Gc<'gc, Root<'gc, R>>>
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
    {
        handle.get(&self.heap.arena_handles())
    }

    /// The number of references to an object from other objects, from the root, from handles and from
    /// the entries of [`WeakMap`](crate::WeakMap)s whose value it is, as of the last safepoint; `None` for an object that is younger than that, and with a
    /// collector that does not count.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// // This collector does not count, and the object is younger than the last safepoint.
    /// assert_eq!(mc.ref_count(Gc::new(mc, 42)), None);
    /// # });
    /// ```
    pub fn ref_count<T: ?Sized + Pointee>(&self, gc: Gc<'gc, T>) -> Option<usize> {
        let object = gc.object();
        if !self.heap.settings().counts_references || !object.is_mature() {
            return None;
        }
        // SAFETY: a `Gc` of the running `mutate` is live.
        Some(unsafe { self.heap.census.counts.get(object) })
    }

    /// The generation that an object is in, the youngest being 0; `None` if it is frozen: then no
    /// collection looks for it. (For what does not depend on the collector, such as an object's size,
    /// see [`AnyGc`]; for all objects of the arena [`Arena::inspect`](crate::Arena::inspect).)
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// assert_eq!(mc.generation(Gc::new(mc, 42)), Some(0));
    /// # });
    /// ```
    pub fn generation<T: ?Sized + Pointee>(&self, gc: Gc<'gc, T>) -> Option<u8> {
        AnyGc::from(gc).generation(self.heap.settings().oldest_generation())
    }

    /// Has something run when an object becomes unreachable: a finalizer.
    ///
    /// It gets the object, which is still whole, as is everything that the object refers to, and may
    /// store it somewhere: then the object lives on. Finalizers run once per object, whatever becomes
    /// of it; several of one object run in the order in which they were given. They run after the
    /// safepoint that found the object unreachable, before `mutate` or `collect` returns, and may do
    /// with the heap what any `mutate` may. If one panics or returns an error, that goes to the
    /// [error hook](crate::Arena::set_error_hook), and the others run all the same.
    ///
    /// - An object whose count goes to zero is finalized first; then its weak references are cleared
    ///   and their callbacks run, and then what it referred to dies in the order of its places.
    /// - A collection of cycles first clears the ordinary weak references to all that it has found and
    ///   runs their callbacks, then it runs all finalizers, and then it reclaims what is still
    ///   unreachable.
    ///
    /// What is alive when the arena is dropped is not finalized: its drop glue runs. The closure must
    /// not own a handle to the object, which would keep it.
    ///
    /// # Errors
    ///
    /// [`AlreadyFinalized`] if the object's finalizers have had their turn.
    ///
    /// # Complexity
    ///
    /// An entry in a hash table. The object costs more than others when it dies, and at each move.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.mutate(|mc, ()| {
    ///     let file = Gc::new(mc, 7u32);
    ///     mc.on_unreachable::<Rootable![u32], _>(file, |_, file| println!("closing {file}"))
    /// })?;
    /// # Ok::<(), gc_core::AlreadyFinalized>(())
    /// ```
    pub fn on_unreachable<R, O>(
        &self,
        gc: Gc<'gc, Root<'gc, R>>,
        finalizer: impl for<'a> FnOnce(&'a Mutation<'a>, Gc<'a, Root<'a, R>>) -> O + 'static,
    ) -> Result<(), AlreadyFinalized>
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
        O: Outcome,
    {
        let stored = Stored::<R>::new(gc);
        let finalizer: Finalizer = Box::new(move |mc, object| {
            // SAFETY: it is the object that the reference was to, and `mc` is a mutation of its heap.
            let gc = unsafe { stored.restore(object) };
            finalizer(mc, gc).into_result()
        });
        // SAFETY: a `Gc` of the running `mutate` is live.
        if unsafe { self.heap.add_finalizer(gc.object(), finalizer) } {
            Ok(())
        } else {
            Err(AlreadyFinalized)
        }
    }

    /// Whether the finalizers of an object have had their turn.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let file = Gc::new(mc, 7);
    /// mc.on_unreachable::<Rootable![u32], _>(file, |mc, file| {
    ///     assert!(mc.is_finalized(file), "its turn is now");
    /// })
    /// .unwrap();
    /// assert!(!mc.is_finalized(file));
    /// # });
    /// ```
    #[must_use]
    pub fn is_finalized<T: ?Sized + Pointee>(&self, gc: Gc<'gc, T>) -> bool {
        // SAFETY: a `Gc` of the running `mutate` is live.
        unsafe { gc.object().header() }.has(Flag::Finalized)
    }

    /// Names an object, for who looks at the heap: [`HeapView::objects_with_tag`] finds it, and snapshots
    /// show it by that name. With `None` it has none any more. A name keeps nothing alive, goes with the
    /// object when it moves, and ends with it; several objects may have the same.
    ///
    /// # Complexity
    ///
    /// An entry in a hash table. The object costs more than others when it dies, and at each move.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, str>], NullCollector> =
    ///     Arena::new(|mc| Gc::new_str(mc, "settings"));
    /// arena.mutate(|mc, settings| mc.set_tag(*settings, Some("the settings")));
    /// arena.inspect(|heap, settings| {
    ///     let settings = AnyGc::from(*settings);
    ///     assert_eq!(heap.tag(settings).as_deref(), Some("the settings"));
    ///     assert!(heap.objects_with_tag("the settings").eq([settings]));
    /// });
    /// ```
    ///
    /// [`HeapView::objects_with_tag`]: crate::HeapView::objects_with_tag
    pub fn set_tag<T: ?Sized + Pointee>(&self, gc: Gc<'gc, T>, tag: Option<&str>) {
        // SAFETY: a `Gc` of the running `mutate` is live.
        unsafe { self.heap.ids().set_tag(gc.object(), tag) }
    }

    /// How much memory the arena uses, and what its objects own outside of it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let before = mc.metrics().stats().allocated_objects;
    /// let _ = Gc::new(mc, 42);
    /// assert_eq!(mc.metrics().stats().allocated_objects, before + 1);
    /// # });
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics<'_> {
        Metrics { heap: &self.heap }
    }
}

impl fmt::Debug for Mutation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mutation").field(&self.heap).finish()
    }
}

/// See [`Mutation::metrics`].
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, HeapFull, Mutation, NullCollector, Rootable, Static};
///
/// /// An image whose pixels are outside the heap.
/// struct Image(Vec<u8>);
///
/// fn load<'gc>(mc: &Mutation<'gc>, bytes: usize) -> Result<Gc<'gc, Static<Image>>, HeapFull<()>> {
///     // The collector should know how much there is to win.
///     mc.metrics().add_external(bytes)?;
///     Ok(Gc::new(mc, Static(Image(vec![0; bytes]))))
/// }
/// type Small = Arena<Rootable![()], NullCollector>;
/// let arena = Small::builder().limit_bytes(1 << 20).build(|_| ());
/// assert_eq!(arena.enter(|mc, ()| load(mc, 100_000).unwrap().0.0.len()), 100_000);
/// assert!(arena.enter(|mc, ()| load(mc, 1_000_000).is_err()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Metrics<'a> {
    heap: &'a Heap,
}

impl Metrics<'_> {
    /// What has happened so far.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let _ = GcVec::from_slice(mc, &[1, 2, 3]);
    /// let stats = mc.metrics().stats();
    /// // The vector and its storage.
    /// assert_eq!(stats.allocated_objects, 2);
    /// assert!(stats.allocated_bytes > 0 && stats.live_bytes == 0);
    /// # });
    /// ```
    #[must_use]
    pub fn stats(&self) -> crate::Stats {
        self.heap.stats()
    }

    /// Tells the collector of bytes outside the heap that an object owns: they bring the next
    /// collection nearer, and count against the limit until they are
    /// [removed](Metrics::remove_external).
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the limit would be exceeded; then nothing is counted.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let before = mc.metrics().stats().used_bytes;
    /// mc.metrics().add_external(1_000).unwrap();
    /// assert_eq!(mc.metrics().stats().used_bytes, before + 1_000);
    /// # });
    /// ```
    pub fn add_external(&self, bytes: usize) -> Result<(), HeapFull<()>> {
        let limit_bytes = self.heap.settings().limit_bytes;
        self.heap.add_external(bytes).map_err(|_| HeapFull::new((), limit_bytes))
    }

    /// Tells the collector that bytes outside the heap are gone. More than were added is the same as
    /// all.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let before = mc.metrics().stats().used_bytes;
    /// mc.metrics().add_external(1_000).unwrap();
    /// mc.metrics().remove_external(1_000);
    /// assert_eq!(mc.metrics().stats().used_bytes, before);
    /// # });
    /// ```
    pub fn remove_external(&self, bytes: usize) {
        self.heap.remove_external(bytes);
    }
}

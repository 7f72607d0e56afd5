//! Looking at the heap as it is: which objects there are, what refers to what.
//!
//! [`Arena::inspect`] takes the arena exclusively and gives no permission to change anything, so for
//! the time of its closure all objects stay what and where they are, and none is borrowed mutably.
//! What was found garbage and not reclaimed is an object like any other here.
//!
//! Nothing makes a list of the heap: the iterators read the start bits of one word at a time, and the
//! references of one object, or of a piece of an array.

mod any_gc;
mod garbage;
mod graph;
mod numbering;
mod places;
mod references;

use alloc::rc::Rc;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

pub use any_gc::AnyGc;
pub use garbage::{Cycle, Garbage, Holder};
use graph::Links;
pub use graph::{Components, Dominators, HeapGraph, Node, RootPath};
pub use numbering::NumberedObjects;
pub use places::Holding;
use references::References;

use crate::Gc;
use crate::arena::Arena;
use crate::collector::Collector;
use crate::dynamic_roots::DynamicRoot;
use crate::handles::HandleTable;
use crate::heap::{BlockUsage, Contents, Flag, ObjectRef, ObjectSet, Thrift};
use crate::id::GcId;
use crate::mutation::Invariant;
use crate::pointee::Pointee;
use crate::profile::{AllocationProfile, AllocationSite};
use crate::rootable::{Root, Rootable};
use crate::trace::{DynTrace, Edges, Trace};

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Runs the closure with the heap laid open and the root: to look at objects, and to change
    /// nothing.
    ///
    /// Never collects. A collector that counts brings its counts up to date first, if they are not:
    /// what nothing refers to dies then, as it would at the end of a `mutate`, and an epoch ends (see
    /// [`ArenaBuilder::prompt`](crate::ArenaBuilder::prompt)). When the next collection starts is not
    /// changed by that.
    ///
    /// # Complexity
    ///
    /// O(1), but for the counts.
    ///
    /// # Examples
    ///
    /// How many objects of each type are there, and how large are they?
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    /// use std::collections::BTreeMap;
    ///
    /// let mut arena: Arena<Rootable![Vec<Gc<'_, u64>>], NullCollector> =
    ///     Arena::new(|mc| (0..10).map(|number| Gc::new(mc, number)).collect());
    /// arena.mutate(|mc, _| _ = Gc::new_str(mc, "garbage"));
    /// let types = arena.inspect(|heap, _| {
    ///     let mut types = BTreeMap::new();
    ///     for object in heap.objects() {
    ///         let (count, bytes) = types.entry(object.type_name()).or_insert((0, 0));
    ///         *count += 1;
    ///         *bytes += object.size_bytes();
    ///     }
    ///     types
    /// });
    /// assert_eq!((types["u64"].0, types["[u8]"].0), (10, 1));
    /// ```
    pub fn inspect<F, T>(&mut self, f: F) -> T
    where
        F: for<'gc> FnOnce(&'gc HeapView<'gc>, &'gc Root<'gc, R>) -> T,
    {
        self.settle_counts();
        // SAFETY: the root at another lifetime has the same layout; what it refers to is of the heap
        // that the closure's lifetime brands. Nothing is collected while `self` is borrowed.
        let root = unsafe { &*(&raw const self.root).cast::<Root<'_, R>>() };
        let owed = self.collector.owed();
        let contents = self.heap.contents();
        let view = HeapView { contents, root, owed: &owed, _brand: PhantomData };
        f(&view, root)
    }

    /// Brings the counts of a collector that counts up to date, until there is nothing left to count.
    pub(crate) fn settle_counts(&mut self) {
        while C::ATTRIBUTES.counts_references && (self.is_root_dirty || !self.heap.is_settled()) {
            // If it asks for a collection, the next safepoint asks again.
            self.run(Thrift::Lazy, C::safepoint);
            self.run_calls();
        }
    }
}

/// The heap of an arena as it is, to be looked at: see [`Arena::inspect`].
///
/// Objects are listed whether they are reachable or not: garbage that was not reclaimed is there,
/// too. What a counting collector never counted is not: objects that nothing but the like of them
/// ever referred to, and that are dead since the `mutate` in which they were made. The small objects
/// behind weak references are hidden; those in which the library's collections keep their elements
/// are arrays like others.
///
/// See the example of [`Arena::inspect`].
#[derive(Clone, Copy)]
pub struct HeapView<'gc> {
    contents: Contents<'gc>,
    root: &'gc dyn DynTrace,
    /// What is counted although nothing refers to it any more.
    owed: &'gc [ObjectRef],
    _brand: Invariant<'gc>,
}

/// A generation was asked for that the collector does not have.
///
/// See the example of [`HeapView::objects_in_generation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchGeneration {
    generation: u8,
    oldest: u8,
}

impl NoSuchGeneration {
    /// The oldest generation that there is. The youngest is 0.
    ///
    /// See the example of [`HeapView::objects_in_generation`].
    #[must_use]
    pub fn oldest(&self) -> u8 {
        self.oldest
    }
}

impl fmt::Display for NoSuchGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NoSuchGeneration { generation, oldest } = self;
        match oldest {
            0 => write!(f, "there is no generation {generation}: the collector has only 0"),
            _ => write!(f, "there is no generation {generation}: the collector has 0 to {oldest}"),
        }
    }
}

impl core::error::Error for NoSuchGeneration {}

impl<'gc> HeapView<'gc> {
    /// # Safety
    ///
    /// The object is of this heap.
    unsafe fn show(object: ObjectRef) -> Option<AnyGc<'gc>> {
        // SAFETY: nothing is reclaimed within `'gc`; of the heap, says the caller.
        let object = unsafe { AnyGc::new(object) };
        (!object.is_hidden()).then_some(object)
    }

    /// Every object, reachable or not, in no particular order.
    ///
    /// # Complexity
    ///
    /// O(objects and blocks) for all of them. Takes no memory.
    ///
    /// # Examples
    ///
    /// See the example of [`Arena::inspect`].
    pub fn objects(&self) -> impl Iterator<Item = AnyGc<'gc>> + use<'gc> {
        // SAFETY: they are of this heap.
        self.contents.objects().filter_map(|object| unsafe { HeapView::show(object) })
    }

    /// The objects of a generation: those that are as old as it, and not frozen. Generation 0 is the
    /// youngest.
    ///
    /// # Errors
    ///
    /// [`NoSuchGeneration`] if the collector has not so many.
    ///
    /// # Complexity
    ///
    /// As [`objects`](HeapView::objects).
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, u64>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
    /// arena.inspect(|heap, _| {
    ///     assert_eq!(heap.objects_in_generation(0).map(Iterator::count), Ok(1));
    ///     let error = heap.objects_in_generation(200).err().expect("there is only one");
    ///     assert_eq!(error.oldest(), 0);
    ///     assert_eq!(error.to_string(), "there is no generation 200: the collector has only 0");
    /// });
    /// ```
    pub fn objects_in_generation(
        &self,
        generation: u8,
    ) -> Result<impl Iterator<Item = AnyGc<'gc>> + use<'gc>, NoSuchGeneration> {
        let oldest = self.contents.settings.oldest_generation();
        if generation > oldest {
            return Err(NoSuchGeneration { generation, oldest });
        }
        let is_in = move |object: &AnyGc<'gc>| object.generation(oldest) == Some(generation);
        Ok(self.objects().filter(is_in))
    }

    /// The objects of a type, by its [name](AnyGc::type_name). Lifetimes do not matter: `Node<'_>`
    /// will do.
    ///
    /// # Complexity
    ///
    /// As [`objects`](HeapView::objects).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![GcVec<'_, u32>], NullCollector>::new(|mc| GcVec::new(mc));
    /// arena.mutate(|mc, _| (0..3).for_each(|n| _ = Gc::new(mc, f64::from(n))));
    /// arena.inspect(|heap, _| assert_eq!(heap.objects_of_type::<f64>().count(), 3));
    /// ```
    pub fn objects_of_type<T: ?Sized>(&self) -> impl Iterator<Item = AnyGc<'gc>> + use<'gc, T> {
        let name = core::any::type_name::<T>();
        self.objects().filter(move |object| object.type_name() == name)
    }

    /// The object with this identity, if there is one.
    ///
    /// # Complexity
    ///
    /// O(objects that were asked for their identity).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![Gc<'_, u32>], NullCollector>::new(|mc| Gc::new(mc, 1));
    /// let id = arena.enter(|_, number| Gc::id(*number));
    /// arena.inspect(|heap, number| {
    ///     assert_eq!(heap.object_with_id(id), Some(AnyGc::from(*number)));
    /// });
    /// ```
    #[must_use]
    pub fn object_with_id(&self, id: GcId) -> Option<AnyGc<'gc>> {
        let object = self.contents.ids.object(id)?;
        // SAFETY: it is of this heap, or it would have left the table.
        unsafe { HeapView::show(object) }
    }

    /// What the heap's memory is used for: every block, free ones included, and then every large object
    /// with its pages, and the free pages between those. For a map of the heap, and for how fragmented
    /// it is.
    ///
    /// # Complexity
    ///
    /// O(objects and blocks); memory for the large objects, and for the blocks of the nursery.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::heap::{BLOCK_BYTES, object_bytes};
    /// use gc_core::{Arena, BlockUsage, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, u64>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
    /// arena.inspect(|heap, _| {
    ///     let blocks: Vec<BlockUsage> = heap.blocks().filter(|block| !block.is_free()).collect();
    ///     let [block] = blocks[..] else { panic!("one is in use") };
    ///     // What was just made is young; the rest of the block is one hole.
    ///     assert_eq!((block.live_bytes, block.young_bytes, block.holes), (0, object_bytes(8), 1));
    ///     assert_eq!(block.free_bytes, BLOCK_BYTES - object_bytes(8));
    /// });
    /// ```
    pub fn blocks(&self) -> impl Iterator<Item = BlockUsage> + use<'gc> {
        self.contents.usage()
    }

    /// The objects that the program has given this [name](crate::Mutation::set_tag).
    ///
    /// # Complexity
    ///
    /// O(objects with a name).
    ///
    /// # Examples
    ///
    /// See the example of [`Mutation::set_tag`](crate::Mutation::set_tag).
    pub fn objects_with_tag(&self, tag: &str) -> impl Iterator<Item = AnyGc<'gc>> + use<'gc> {
        let objects = self.contents.ids.objects_with_tag(tag).into_iter();
        // SAFETY: they are of this heap, or they would have left the table.
        objects.filter_map(|object| unsafe { HeapView::show(object) })
    }

    /// The name that the program has given an object.
    ///
    /// See the example of [`Mutation::set_tag`](crate::Mutation::set_tag).
    #[must_use]
    pub fn tag(&self, of: AnyGc<'gc>) -> Option<Arc<str>> {
        self.contents.ids.tag(of.object())
    }

    /// What a handle of the arena's own set refers to; `None` if it is of another arena or set.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// let handle = arena.mutate(|mc, ()| mc.stash::<Rootable![u32]>(Gc::new(mc, 42)));
    /// arena.inspect(|heap, ()| {
    ///     let answer = heap.try_fetch(&handle).expect("it is of this arena");
    ///     assert_eq!((*answer, heap.count_handles(AnyGc::from(answer))), (42, 1));
    /// });
    /// ```
    #[must_use]
    pub fn try_fetch<R>(&self, handle: &DynamicRoot<R>) -> Option<Gc<'gc, Root<'gc, R>>>
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Pointee,
    {
        handle.get(self.arena_handles())
    }

    fn arena_handles(&self) -> &'gc Rc<HandleTable> {
        &self.contents.handle_tables[0]
    }

    /// The objects that an object refers to, once for each reference, in the order of its fields. A weak
    /// reference is none. [`for_each_reference`](HeapView::for_each_reference) also names them.
    ///
    /// # Complexity
    ///
    /// O(references). Of an array a few elements are looked at at a time; of another object all
    /// references.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Pair<'gc> = Gc<'gc, (Gc<'gc, u32>, Gc<'gc, f64>)>;
    /// let mut arena = Arena::<Rootable![Pair<'_>], NullCollector>::new(|mc| {
    ///     Gc::new(mc, (Gc::new(mc, 1), Gc::new(mc, 1.5)))
    /// });
    /// arena.inspect(|heap, pair| {
    ///     assert_eq!(heap.referents(AnyGc::from(*pair)).count(), 2);
    ///     let number = AnyGc::from(pair.0);
    ///     assert!(heap.referents(AnyGc::from(*pair)).any(|object| object == number));
    /// });
    /// ```
    pub fn referents(&self, of: AnyGc<'gc>) -> impl Iterator<Item = AnyGc<'gc>> + use<'gc> {
        let references = References::new(of.object());
        // SAFETY: what an object refers to is of its heap.
        references.filter_map(|object| unsafe { HeapView::show(object) })
    }

    /// The objects that refer to an object, each once; also those that are unreachable.
    ///
    /// The root and handles are no objects, nor are the entries of weak maps: see
    /// [`count_in_root`](HeapView::count_in_root), [`count_handles`](HeapView::count_handles) and
    /// [`count_in_weak_maps`](HeapView::count_in_weak_maps). A set of handles is one.
    ///
    /// # Complexity
    ///
    /// O(objects and references) for all of them. Takes no memory.
    ///
    /// # Examples
    ///
    /// Who holds this object?
    ///
    /// ```
    /// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable};
    ///
    /// type Pair<'gc> = (Gc<'gc, u32>, Gc<'gc, u32>);
    /// let mut arena: Arena<Rootable![Gc<'_, Pair<'_>>], NullCollector> = Arena::new(|mc| {
    ///     let number = Gc::new(mc, 7);
    ///     Gc::new(mc, (number, number))
    /// });
    /// arena.inspect(|heap, pair| {
    ///     let number = AnyGc::from(pair.0);
    ///     assert!(heap.referrers(number).eq([AnyGc::from(*pair)]));
    ///     assert_eq!((heap.count_in_root(number), heap.count_handles(number)), (0, 0));
    ///     assert_eq!(heap.count_in_root(AnyGc::from(*pair)), 1);
    /// });
    /// ```
    pub fn referrers(&self, to: AnyGc<'gc>) -> impl Iterator<Item = AnyGc<'gc>> + use<'gc> {
        self.objects().filter(move |holder| holder.refers_to(to))
    }

    /// How many references to an object are in the root.
    ///
    /// # Complexity
    ///
    /// O(references in the root).
    ///
    /// # Examples
    ///
    /// See the example of [`referrers`](HeapView::referrers).
    #[must_use]
    pub fn count_in_root(&self, to: AnyGc<'gc>) -> usize {
        let mut count = 0;
        self.for_each_in_root(|object| count += usize::from(object == to.object()));
        count
    }

    fn for_each_in_root(&self, mut each: impl FnMut(ObjectRef)) {
        Edges::collect(&mut each, |edges| self.root.visit_dyn(edges));
    }

    /// How many handles of the arena's own set keep an object: [`DynamicRoot`]s and their clones, and
    /// one for a finalizer of it that has its turn.
    ///
    /// # Complexity
    ///
    /// O(handles).
    ///
    /// # Examples
    ///
    /// See the example of [`try_fetch`](HeapView::try_fetch).
    #[must_use]
    pub fn count_handles(&self, to: AnyGc<'gc>) -> usize {
        self.arena_handles().count_handles(to.object())
    }

    /// What is unreachable and was not reclaimed, by the cycles that hold it: what a collector that
    /// only counts has leaked, and what the next full collection of another would find.
    ///
    /// Reclaims nothing, and calls no finalizer. What is [frozen](AnyGc::is_frozen), and what only
    /// waits for a finalizer or a callback before it dies by its count, is not among it.
    ///
    /// # Complexity
    ///
    /// O(objects and references) time, and the garbage is sorted. For what is reachable it takes a bit for each 8 bytes of the
    /// heap, and for the rest memory in proportion to its objects and references. No recursion.
    ///
    /// # Examples
    ///
    /// Which cycle has leaked?
    ///
    /// ```
    /// use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, Trace, unlock};
    ///
    /// #[derive(Trace)]
    /// struct Node<'gc> {
    ///     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
    /// }
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.mutate(|mc, ()| {
    ///     let a = Gc::new(mc, Node { other: Lock::new(None) });
    ///     let b = Gc::new(mc, Node { other: Lock::new(Some(a)) });
    ///     unlock!(Gc::write(mc, a), Node, other).set(Some(b));
    /// });
    /// let report = arena.inspect(|heap, _| heap.find_garbage().to_string());
    /// assert!(report.starts_with("2 objects, "));
    /// let short = report.replace("<'_>", "");
    /// assert!(short.contains("Node.other -> Node.other -> Node"));
    /// ```
    #[must_use]
    pub fn find_garbage(&self) -> Garbage<'gc> {
        let reachable = self.reachable();
        let is_garbage = |object: &AnyGc<'gc>| !reachable.contains(object.object());
        let garbage = self.objects().filter(is_garbage).collect();
        let links = Links::new(self.contents.weak, Some(reachable));
        Garbage::of(&self.graph_of(garbage, [], &links))
            .locate(|object| self.allocation_site(object))
    }

    /// What is reachable, hidden objects included.
    fn reachable(&self) -> ObjectSet {
        let mut reachable = ObjectSet::default();
        // SAFETY: nothing is reclaimed within `'gc`; outside of a collection nothing is forwarded, and
        // a `&mut` takes a `Mutation`, which nobody has of this arena.
        unsafe { reachable.reach(self.roots(), self.contents.weak) }
        reachable
    }

    /// What leads from object to object.
    fn links(&self) -> Links<'gc> {
        let weak = self.contents.weak;
        Links::new(weak, weak.has_ephemerons().then(|| self.reachable()))
    }

    /// What is held from outside: those in the root first. One that is held several times may come several
    /// times.
    fn roots(&self) -> impl Iterator<Item = ObjectRef> + use<'gc> {
        let mut roots = Vec::new();
        self.for_each_in_root(|object| roots.push(object));
        self.arena_handles().for_each_edge(|object| roots.push(object));
        roots.extend(self.owed);
        let contents = (self.contents.frozen_objects > 0).then_some(self.contents);
        let frozen = contents.into_iter().flat_map(Contents::objects).filter(|object| {
            // SAFETY: nothing is reclaimed within `'gc`.
            unsafe { object.header() }.has(Flag::Frozen)
        });
        roots.into_iter().chain(frozen)
    }

    /// Where an object was allocated, if allocations are [profiled](Arena::profile_allocations) and it was
    /// sampled.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable, Sampling};
    ///
    /// let mut arena: Arena<Rootable![Option<Gc<'_, u32>>], NullCollector> = Arena::new(|_| None);
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// arena.mutate_root(|mc, root| *root = Some(Gc::new(mc, 42)));
    /// arena.inspect(|heap, root| {
    ///     let site = heap.allocation_site(AnyGc::from(root.expect("it was put there")));
    ///     assert_eq!(site.expect("every object is noted").location().line(), line!() - 3);
    /// });
    /// ```
    #[must_use]
    pub fn allocation_site(&self, of: AnyGc<'gc>) -> Option<AllocationSite> {
        self.contents.sampler.site_of(of.object(), self.contents.ids)
    }

    /// Who has allocated what: see [`Arena::allocation_profile`].
    ///
    /// See the example of [`Arena::profile_allocations`].
    #[must_use]
    pub fn allocation_profile(&self) -> Option<AllocationProfile> {
        self.contents.sampler.profile(self.contents.ids)
    }

    /// What collections have found unreachable and were told to keep: see
    /// [`Arena::save_garbage`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.save_garbage(true);
    /// arena.collect();
    /// arena.inspect(|heap, _| {
    ///     for object in heap.saved_garbage() {
    ///         println!("{} of {} bytes", object.type_name(), object.size_bytes());
    ///     }
    /// });
    /// ```
    pub fn saved_garbage(&self) -> impl Iterator<Item = AnyGc<'gc>> + use<'gc> {
        // SAFETY: they are of this heap, and handles keep them.
        self.contents.saved().filter_map(|object| unsafe { HeapView::show(object) })
    }

    /// How many entries of [`WeakMap`](crate::WeakMap)s have an object as their value, as long as their
    /// keys live. These are no [referrers](HeapView::referrers): map and key keep the value together.
    ///
    /// # Complexity
    ///
    /// O(weakly held objects).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Root<'gc> = (WeakMap<'gc, u32, str>, Gc<'gc, u32>);
    /// let mut arena: Arena<Rootable!['gc => Root<'gc>], NullCollector> = Arena::new(|mc| {
    ///     let (map, key) = (WeakMap::new(mc), Gc::new(mc, 1));
    ///     map.insert(mc, key, Gc::new_str(mc, "one"));
    ///     (map, key)
    /// });
    /// arena.inspect(|heap, _| {
    ///     let text = heap.objects_of_type::<[u8]>().next().expect("a string is bytes");
    ///     assert_eq!((heap.count_in_weak_maps(text), heap.referrers(text).count()), (1, 0));
    /// });
    /// ```
    #[must_use]
    pub fn count_in_weak_maps(&self, to: AnyGc<'gc>) -> usize {
        let ephemerons = self.contents.weak.all_ephemerons();
        ephemerons.iter().filter(|ephemeron| ephemeron.value == to.object()).count()
    }

    /// The number of references to an object from others, from the root and from handles; `None` with
    /// a collector that does not count. Clones of one handle count once.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![Gc<'_, u32>], NullCollector>::new(|mc| Gc::new(mc, 1));
    /// // This collector does not count.
    /// arena.inspect(|heap, number| assert_eq!(heap.ref_count(AnyGc::from(*number)), None));
    /// ```
    #[must_use]
    pub fn ref_count(&self, of: AnyGc<'gc>) -> Option<usize> {
        // SAFETY: nothing is reclaimed within `'gc`.
        let count = || unsafe { self.contents.census.counts.get(of.object()) };
        self.contents.settings.counts_references.then(count)
    }

    /// The generation that an object is in, the youngest being 0; `None` if it is
    /// [frozen](AnyGc::is_frozen): then no collection looks for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![Gc<'_, u32>], NullCollector>::new(|mc| Gc::new(mc, 1));
    /// arena.inspect(|heap, number| assert_eq!(heap.generation(AnyGc::from(*number)), Some(0)));
    /// ```
    #[must_use]
    pub fn generation(&self, of: AnyGc<'gc>) -> Option<u8> {
        of.generation(self.contents.settings.oldest_generation())
    }
}

impl fmt::Debug for HeapView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeapView").finish_non_exhaustive()
    }
}

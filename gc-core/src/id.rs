//! Identity that outlives moves: [`GcId`].
//!
//! Most objects are never asked for an identity, so it costs them nothing: the first request puts
//! the object into its heap's table and sets a flag in its header, so that a collector that moves
//! or frees it knows to look. The table is found from the object's own address through its chunk,
//! which is why no context is needed: `Hash::hash` has none to offer.
//!
//! What else is known of single objects and must follow them, samples of allocations and names that the
//! program gives, is beside it: the flag is the same.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::hash::BuildHasherDefault;
use core::num::NonZeroU64;
use core::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::HashMap;

use crate::heap::{Flag, ObjectRef, Sample};

/// The identity of one object, equal for two references exactly if they are to the same object.
///
/// Given on the first request, the same after the object has moved, unique in the process and never
/// given to another object, and still comparable when the object is dead. The order is the order of
/// first requests within one arena, roughly.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, GcId, NullCollector, Rootable};
/// use std::collections::HashMap;
///
/// let arena: Arena<Rootable![Gc<'_, str>], NullCollector> =
///     Arena::new(|mc| Gc::new_str(mc, "Ada"));
/// // What is known of objects beside the heap; it keeps none of them alive.
/// let mut ages: HashMap<GcId, u32> = HashMap::new();
/// arena.enter(|_, ada| ages.insert(Gc::id(*ada), 36));
/// assert_eq!(arena.enter(|_, ada| ages.get(&Gc::id(*ada)).copied()), Some(36));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GcId(NonZeroU64);

impl GcId {
    /// The identity as a number, for people and files.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let (a, b) = (Gc::id(Gc::new(mc, 1)), Gc::id(Gc::new(mc, 1)));
    /// assert!(a.as_u64() < b.as_u64());
    /// assert_eq!(format!("{a:?}"), format!("GcId({})", a.as_u64()));
    /// # });
    /// ```
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for GcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GcId({})", self.0)
    }
}

/// The identities that an arena takes at once from the process.
const BATCH: u64 = if cfg!(gc_zeal) { 2 } else { 1 << 12 };

/// Counts batches, so that identities of different arenas differ too. The one global of this crate:
/// it holds no state but its own next value.
static NEXT_BATCH: AtomicUsize = AtomicUsize::new(0);

/// Identities that were asked for lately are found without hashing. A power of two.
const RECENT_LEN: usize = 64;

/// An object and its identity; `None` where nothing was asked for yet.
type Recent = Cell<Option<(ObjectRef, GcId)>>;

/// Something that is known of some objects.
#[derive(Debug)]
struct Notes<T>(RefCell<HashMap<ObjectRef, T, AddressHash>>);

impl<T> Default for Notes<T> {
    fn default() -> Notes<T> {
        Notes(RefCell::default())
    }
}

impl<T> Notes<T> {
    fn relocate(&self, from: ObjectRef, to: ObjectRef) {
        let mut notes = self.0.borrow_mut();
        if let Some(note) = notes.remove(&from) {
            notes.insert(to, note);
        }
    }

    fn remove(&self, object: ObjectRef) {
        self.0.borrow_mut().remove(&object);
    }
}

/// The identities of one heap's objects.
#[derive(Debug)]
pub(crate) struct IdTable {
    /// Each at the place that its object's address says. What is here is in the table, too.
    recent: [Recent; RECENT_LEN],
    ids: Notes<GcId>,
    /// The objects whose allocation was sampled.
    samples: Notes<Sample>,
    /// The objects that the program has given a name.
    tags: Notes<Arc<str>>,
    /// The objects that were young when one of these got an entry for them, since the last safepoint that
    /// collected.
    young: RefCell<Vec<ObjectRef>>,
    /// Whether there are any.
    has_young: Cell<bool>,
    next: Cell<u64>,
    batch_end: Cell<u64>,
}

impl Default for IdTable {
    fn default() -> IdTable {
        IdTable {
            recent: [const { Cell::new(None) }; RECENT_LEN],
            ids: Notes::default(),
            samples: Notes::default(),
            tags: Notes::default(),
            young: RefCell::default(),
            has_young: Cell::new(false),
            next: Cell::new(0),
            batch_end: Cell::new(0),
        }
    }
}

impl IdTable {
    #[inline]
    fn recent(&self, object: ObjectRef) -> &Recent {
        // Objects are at least two granules of eight bytes apart.
        &self.recent[object.as_ptr().addr() / 16 % RECENT_LEN]
    }

    /// The identity of a live object.
    ///
    /// # Safety
    ///
    /// The object is live and of this table's heap.
    #[inline]
    pub(crate) unsafe fn id(&self, object: ObjectRef) -> GcId {
        match self.recent(object).get() {
            Some((recent, id)) if recent == object => id,
            // SAFETY: the caller says that the object is live.
            _ => unsafe { self.find_or_give(object) },
        }
    }

    /// The identity of an object that was not asked for lately.
    ///
    /// # Safety
    ///
    /// As [`id`](IdTable::id).
    #[cold]
    unsafe fn find_or_give(&self, object: ObjectRef) -> GcId {
        // SAFETY: the caller says that the object is live.
        unsafe { object.header() }.set(Flag::Identified);
        let id = *self.ids.0.borrow_mut().entry(object).or_insert_with(|| {
            self.note_if_young(object);
            self.fresh()
        });
        self.recent(object).set(Some((object, id)));
        id
    }

    fn note_if_young(&self, object: ObjectRef) {
        if !object.is_mature() {
            self.young.borrow_mut().push(object);
            self.has_young.set(true);
        }
    }

    /// Notes that the allocation of an object was sampled.
    ///
    /// # Safety
    ///
    /// The object was not reclaimed, and is of this table's heap.
    pub(crate) unsafe fn add_sample(&self, object: ObjectRef, sample: Sample) {
        // SAFETY: it was not reclaimed, says the caller.
        unsafe { object.header() }.set(Flag::Identified);
        self.note_if_young(object);
        self.samples.0.borrow_mut().insert(object, sample);
    }

    /// Names an object, or takes its name.
    ///
    /// # Safety
    ///
    /// As [`add_sample`](IdTable::add_sample).
    pub(crate) unsafe fn set_tag(&self, object: ObjectRef, tag: Option<&str>) {
        let Some(tag) = tag else { return self.tags.remove(object) };
        // SAFETY: it was not reclaimed, says the caller.
        unsafe { object.header() }.set(Flag::Identified);
        self.note_if_young(object);
        self.tags.0.borrow_mut().insert(object, tag.into());
    }

    /// The name of an object.
    pub(crate) fn tag(&self, object: ObjectRef) -> Option<Arc<str>> {
        self.tags.0.borrow().get(&object).cloned()
    }

    /// The objects of a name.
    ///
    /// Costs O(objects with a name).
    pub(crate) fn objects_with_tag(&self, tag: &str) -> Vec<ObjectRef> {
        let tags = self.tags.0.borrow();
        tags.iter().filter(|(_, other)| &***other == tag).map(|(&object, _)| object).collect()
    }

    /// What is known of the allocation of an object.
    pub(crate) fn sample(&self, object: ObjectRef) -> Option<Sample> {
        self.samples.0.borrow().get(&object).copied()
    }

    pub(crate) fn for_each_sample(&self, each: impl FnMut(&Sample)) {
        self.samples.0.borrow().values().for_each(each);
    }

    /// From now on no object was sampled.
    pub(crate) fn forget_samples(&self) {
        self.samples.0.take();
    }

    /// The identity of an object, if it has one.
    pub(crate) fn id_if_any(&self, object: ObjectRef) -> Option<GcId> {
        self.ids.0.borrow().get(&object).copied()
    }

    /// Calls `each` for every object of which something is known here, with what: for the verifier.
    pub(crate) fn for_each_noted(&self, mut each: impl FnMut(&'static str, ObjectRef)) {
        self.ids.0.borrow().keys().for_each(|&object| each("the table of identities", object));
        self.samples.0.borrow().keys().for_each(|&object| each("the table of samples", object));
        self.tags.0.borrow().keys().for_each(|&object| each("the table of names", object));
    }

    /// An object that has another identity among those that were asked for lately than in the table.
    pub(crate) fn stray(&self) -> Option<ObjectRef> {
        let recent = self.recent.iter().filter_map(Cell::get);
        let mut strays = recent.filter(|&(object, id)| self.id_if_any(object) != Some(id));
        strays.next().map(|(object, _)| object)
    }

    /// Whether young objects have got identities since the last safepoint that collected.
    #[inline]
    pub(crate) fn has_young(&self) -> bool {
        self.has_young.get()
    }

    /// Forgets the young objects that were neither promoted nor moved.
    pub(crate) fn forget_dead_young(&self) {
        self.has_young.set(false);
        for object in self.young.borrow_mut().drain(..) {
            if !object.is_mature() {
                self.remove(object);
            }
        }
    }

    /// The object with this identity.
    ///
    /// Costs O(objects with an identity).
    pub(crate) fn object(&self, id: GcId) -> Option<ObjectRef> {
        let ids = self.ids.0.borrow();
        ids.iter().find_map(|(&object, &other)| (other == id).then_some(object))
    }

    /// An identity that no object has.
    pub(crate) fn fresh(&self) -> GcId {
        if self.next.get() == self.batch_end.get() {
            let batch = NEXT_BATCH.fetch_add(1, Ordering::Relaxed) as u64;
            // Zero is kept free for the niche.
            self.next.set(batch * BATCH + 1);
            self.batch_end.set((batch + 1) * BATCH + 1);
        }
        let id = NonZeroU64::new(self.next.get()).expect("a batch begins above zero");
        self.next.set(id.get() + 1);
        GcId(id)
    }

    /// Notes that an identified object has moved.
    pub(crate) fn relocate(&self, from: ObjectRef, to: ObjectRef) {
        self.forget_recent(from);
        self.ids.relocate(from, to);
        self.samples.relocate(from, to);
        self.tags.relocate(from, to);
    }

    /// Notes that an identified object is dead.
    pub(crate) fn remove(&self, object: ObjectRef) {
        if crate::planted!("identity-is-given-again") {
            return;
        }
        self.forget_recent(object);
        self.ids.remove(object);
        self.samples.remove(object);
        self.tags.remove(object);
    }

    /// Keeps the entries of the objects that `is_live` approves.
    pub(crate) fn retain(&self, mut is_live: impl FnMut(ObjectRef) -> bool) {
        self.ids.0.borrow_mut().retain(|&object, _| {
            let is_live = is_live(object);
            if !is_live {
                self.forget_recent(object);
            }
            is_live
        });
        self.samples.0.borrow_mut().retain(|&object, _| is_live(object));
        self.tags.0.borrow_mut().retain(|&object, _| is_live(object));
    }

    /// The object at this address is dead or elsewhere.
    fn forget_recent(&self, object: ObjectRef) {
        let recent = self.recent(object);
        if recent.get().is_some_and(|(recent, _)| recent == object) {
            recent.set(None);
        }
    }
}

/// Hashes addresses of objects: one multiplication spreads them well enough.
///
/// # Examples
///
/// ```
/// use gc_core::heap::{AddressHash, ObjectRef};
/// # use gc_core::{Arena, Gc, NullCollector, Rootable};
/// use std::collections::HashMap;
///
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// # let object = ObjectRef::from_ptr(Gc::raw(Gc::new(mc, 1)).as_ptr().cast()).unwrap();
/// let mut ages: HashMap<ObjectRef, u32, AddressHash> = HashMap::default();
/// ages.insert(object, 3);
/// assert_eq!(ages.get(&object), Some(&3));
/// # });
/// ```
pub type AddressHash = BuildHasherDefault<AddressHasher>;

/// See [`AddressHash`].
///
/// See the example of [`AddressHash`].
#[derive(Debug, Default)]
pub struct AddressHasher(u64);

impl core::hash::Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        // hashbrown takes the table index from the low bits and a tag from the high ones.
        self.0.rotate_left(32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(byte.into());
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_usize(value as usize);
    }

    fn write_usize(&mut self, value: usize) {
        // The multiplier of Fibonacci hashing: 2^64 divided by the golden ratio.
        self.0 = (self.0 ^ value as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tables_never_give_the_same_identity() {
        let (a, b) = (IdTable::default(), IdTable::default());
        let mut ids: alloc::vec::Vec<_> =
            (0..2 * BATCH).flat_map(|_| [a.fresh(), b.fresh()]).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len() as u64, 4 * BATCH);
    }
}

//! Cells that a collector can see into: [`Lock`], [`RefLock`] and [`OnceLock`].
//!
//! They are `Cell`, `RefCell` and `OnceCell` whose writing side is opened by a
//! [`Write`](crate::Write) only, which is to say after the write barrier.
//!
//! A collector looks into a `RefLock` whatever its borrow flag says: it does so when no `&mut` can
//! exist (before the barrier hands out the first since the last safepoint, or at a safepoint). A
//! guard that was forgotten leaves the flag set for ever, and is no reason to leak what is inside.

use core::cell::{BorrowError, BorrowMutError, Cell, OnceCell, Ref, RefCell, RefMut};
use core::fmt;
use core::mem::{ManuallyDrop, MaybeUninit};

use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::{Gc, Write};

/// A [`Cell`] in the heap.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, Trace, unlock};
///
/// #[derive(Trace)]
/// struct Account {
///     owner: String,
///     balance: Lock<i64>,
/// }
///
/// let arena: Arena<Rootable![Gc<'_, Account>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Account { owner: "Ada".into(), balance: Lock::new(100) }));
/// arena.enter(|mc, account| {
///     unlock!(Gc::write(mc, *account), Account, balance).set(70);
///     assert_eq!((&*account.owner, account.balance.get()), ("Ada", 70));
/// });
/// ```
#[repr(transparent)]
#[derive(Default)]
pub struct Lock<T> {
    cell: Cell<T>,
}

impl<T> Lock<T> {
    /// A lock with this value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// const ZERO: Lock<u32> = Lock::new(0);
    /// assert_eq!(ZERO.get(), 0);
    /// ```
    #[inline]
    pub const fn new(value: T) -> Lock<T> {
        Lock { cell: Cell::new(value) }
    }

    /// The value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let lock = Gc::new(mc, Lock::new(1));
    /// lock.set(mc, lock.get() + 1);
    /// assert_eq!(lock.get(), 2);
    /// # });
    /// ```
    #[inline]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.cell.get()
    }

    /// The value, out of a lock that is not in a heap.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// assert_eq!(Lock::new("text").into_inner(), "text");
    /// ```
    #[inline]
    pub fn into_inner(self) -> T {
        self.cell.into_inner()
    }

    /// The value, through an exclusive borrow.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut lock = Lock::new(vec![1]);
    /// lock.get_mut().push(2);
    /// assert_eq!(lock.into_inner(), [1, 2]);
    /// ```
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.cell.get_mut()
    }

    /// The cell, without a barrier.
    ///
    /// # Safety
    ///
    /// The object that the lock is part of was logged since the last safepoint, or is young.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let lock = Gc::new(mc, Lock::new(1));
    /// mc.write_barrier(lock);
    /// // SAFETY: the object was logged just now.
    /// unsafe { lock.unlock_unchecked() }.set(2);
    /// assert_eq!(lock.get(), 2);
    /// # });
    /// ```
    #[inline]
    pub unsafe fn unlock_unchecked(&self) -> &Cell<T> {
        &self.cell
    }
}

impl<T> Write<Lock<T>> {
    /// The cell.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let locks = Gc::new(mc, [Lock::new(1), Lock::new(2)]);
    /// let [first, second] = [0, 1].map(|index| Gc::write(mc, locks)[index].unlock());
    /// first.swap(second);
    /// assert_eq!(locks[0].get(), 2);
    /// # });
    /// ```
    #[inline]
    pub fn unlock(&self) -> &Cell<T> {
        &self.__inner.cell
    }
}

impl<'gc, T: 'gc> Gc<'gc, Lock<T>> {
    /// Stores a value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let lock = Gc::new(mc, Lock::new(1));
    /// lock.set(mc, 2);
    /// assert_eq!(lock.get(), 2);
    /// # });
    /// ```
    #[inline]
    pub fn set(self, mc: &Mutation<'gc>, value: T) {
        self.unlock(mc).set(value);
    }

    /// The cell, after the write barrier.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let lock = Gc::new(mc, Lock::new(vec![1, 2]));
    /// assert_eq!(lock.unlock(mc).take(), [1, 2]);
    /// assert!(lock.unlock(mc).take().is_empty());
    /// # });
    /// ```
    #[inline]
    pub fn unlock(self, mc: &Mutation<'gc>) -> &'gc Cell<T> {
        Gc::write(mc, self).unlock()
    }
}

/// Where a `RefCell<T>` has its value: in front of the flag that says what is borrowed, or behind it.
///
/// `RefCell` does not tell before there is a value, so one is made whose bytes all differ from those of
/// a flag that says that nothing is borrowed. It has the size and the alignment of a `T`, and what an
/// `UnsafeCell` holds has no other influence on where it is put; [`RefLock::new`] makes sure of that.
/// `None` if there are bytes that belong to neither.
const fn value_offset_bytes<T>() -> Option<usize> {
    let flag_bytes = size_of::<isize>();
    if size_of::<T>() == 0
        || size_of::<RefCell<T>>() != flag_bytes + size_of::<T>()
        || align_of::<RefCell<T>>() != align_of::<isize>()
    {
        return None;
    }
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the bytes of the value are ours.
    unsafe { value.as_mut_ptr().cast::<u8>().write_bytes(u8::MAX, size_of::<T>()) }
    let cell = ManuallyDrop::new(RefCell::new(value));
    // SAFETY: aligned (checked above), and all bytes are initialized, for each is the flag's or the
    // value's.
    match unsafe { (&raw const cell).cast::<isize>().read() } {
        0 => Some(flag_bytes),
        -1 => Some(0),
        _ => None,
    }
}

impl<T: Default> Default for RefLock<T> {
    fn default() -> RefLock<T> {
        RefLock::new(T::default())
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lock").field(&self.get()).finish()
    }
}

impl<T> From<T> for Lock<T> {
    fn from(value: T) -> Lock<T> {
        Lock::new(value)
    }
}

impl<T: Copy> Clone for Lock<T> {
    fn clone(&self) -> Lock<T> {
        Lock::new(self.get())
    }
}

// SAFETY: the one value inside is passed on. Nothing holds a reference to it: `Cell` gives none out
// through `&`, and a `&mut` to the lock would be part of a `&mut` to what it is in. `Cell<T>` is
// laid out as `T`, so the slots are those of `T`.
unsafe impl<T: Trace> Trace for Lock<T> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = T::SLOTS;

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        // SAFETY: no `&mut` to the value exists (see above), and `visit` writes nothing.
        unsafe { &*self.cell.as_ptr() }.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.cell.get_mut().relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        // SAFETY: as in `visit`.
        unsafe { &*self.cell.as_ptr() }.describe(edges);
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

/// A [`RefCell`] in the heap.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, RefLock, Rootable, Trace, unlock};
///
/// #[derive(Trace)]
/// struct Room<'gc> {
///     guests: RefLock<Vec<Gc<'gc, str>>>,
/// }
///
/// let arena: Arena<Rootable![Gc<'_, Room<'_>>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Room { guests: RefLock::default() }));
/// arena.enter(|mc, room| {
///     let guests = unlock!(Gc::write(mc, *room), Room, guests);
///     guests.borrow_mut().push(Gc::new_str(mc, "Ada"));
///     assert_eq!(&*room.guests.borrow()[0], "Ada");
/// });
/// ```
pub struct RefLock<T: ?Sized> {
    cell: RefCell<T>,
}

impl<T> RefLock<T> {
    /// Where the value lies in the lock, if that can be found out before there is one: then it is
    /// scanned by its words. See [`value_offset_bytes`].
    const VALUE_OFFSET_BYTES: Option<usize> = value_offset_bytes::<T>();

    /// A lock with this value.
    ///
    /// # Panics
    ///
    /// With a compiler that lays a `RefCell` out by anything but the size and the alignment of its
    /// value: none that is supported does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// assert_eq!(RefLock::new([1, 2]).borrow().len(), 2);
    /// ```
    #[inline]
    pub fn new(value: T) -> RefLock<T> {
        let cell = RefCell::new(value);
        if let Some(offset_bytes) = Self::VALUE_OFFSET_BYTES {
            // Nothing is left of this in a program: both sides are constants.
            let place_bytes = cell.as_ptr().addr() - core::ptr::from_ref(&cell).addr();
            assert!(
                place_bytes == offset_bytes,
                "a `RefCell` is laid out by its value's size alone"
            );
        }
        RefLock { cell }
    }

    /// The value, out of a lock that is not in a heap.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// assert_eq!(RefLock::new("text").into_inner(), "text");
    /// ```
    #[inline]
    pub fn into_inner(self) -> T {
        self.cell.into_inner()
    }
}

impl<T: ?Sized> RefLock<T> {
    /// Borrows the value.
    ///
    /// # Panics
    ///
    /// If it is borrowed mutably.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let list = Gc::new(mc, RefLock::new(vec![1]));
    /// list.borrow_mut(mc).push(2);
    /// assert_eq!(*list.borrow(), [1, 2]);
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.cell.borrow()
    }

    /// Borrows the value.
    ///
    /// # Errors
    ///
    /// If it is borrowed mutably.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let list = Gc::new(mc, RefLock::new(vec![1]));
    /// let guard = list.borrow_mut(mc);
    /// assert!(list.try_borrow().is_err());
    /// drop(guard);
    /// assert_eq!(list.try_borrow().unwrap().len(), 1);
    /// # });
    /// ```
    #[inline]
    pub fn try_borrow(&self) -> Result<Ref<'_, T>, BorrowError> {
        self.cell.try_borrow()
    }

    /// The value, through an exclusive borrow.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut lock = RefLock::new(vec![1]);
    /// lock.get_mut().push(2);
    /// assert_eq!(*lock.borrow(), [1, 2]);
    /// ```
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.cell.get_mut()
    }

    /// The cell, without a barrier.
    ///
    /// # Safety
    ///
    /// The object that the lock is part of was logged since the last safepoint, or is young.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let list = Gc::new(mc, RefLock::new(vec![1]));
    /// mc.write_barrier(list);
    /// // SAFETY: the object was logged just now.
    /// unsafe { list.unlock_unchecked() }.borrow_mut().push(2);
    /// assert_eq!(*list.borrow(), [1, 2]);
    /// # });
    /// ```
    #[inline]
    pub unsafe fn unlock_unchecked(&self) -> &RefCell<T> {
        &self.cell
    }
}

impl<T: ?Sized> Write<RefLock<T>> {
    /// The cell.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let lists = Gc::new(mc, [RefLock::new(vec![1]), RefLock::default()]);
    /// Gc::write(mc, lists)[1].unlock().borrow_mut().push(2);
    /// assert_eq!(*lists[1].borrow(), [2]);
    /// # });
    /// ```
    #[inline]
    pub fn unlock(&self) -> &RefCell<T> {
        &self.__inner.cell
    }
}

impl<'gc, T: 'gc> Gc<'gc, RefLock<T>> {
    /// Borrows the value mutably.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let list = Gc::new(mc, RefLock::new(vec![3, 1, 2]));
    /// list.borrow_mut(mc).sort();
    /// assert_eq!(*list.borrow(), [1, 2, 3]);
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn borrow_mut(self, mc: &Mutation<'gc>) -> RefMut<'gc, T> {
        self.unlock(mc).borrow_mut()
    }

    /// Borrows the value mutably.
    ///
    /// # Errors
    ///
    /// If it is borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let list = Gc::new(mc, RefLock::new(vec![1]));
    /// let reader = list.borrow();
    /// assert!(list.try_borrow_mut(mc).is_err());
    /// drop(reader);
    /// list.try_borrow_mut(mc).unwrap().push(2);
    /// assert_eq!(list.borrow().len(), 2);
    /// # });
    /// ```
    #[inline]
    pub fn try_borrow_mut(self, mc: &Mutation<'gc>) -> Result<RefMut<'gc, T>, BorrowMutError> {
        self.unlock(mc).try_borrow_mut()
    }

    /// The cell, after the write barrier.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let list = Gc::new(mc, RefLock::new(vec![1]));
    /// assert_eq!(list.unlock(mc).replace(vec![2, 3]), [1]);
    /// assert_eq!(*list.borrow(), [2, 3]);
    /// # });
    /// ```
    #[inline]
    pub fn unlock(self, mc: &Mutation<'gc>) -> &'gc RefCell<T> {
        Gc::write(mc, self).unlock()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RefLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("RefLock");
        match self.try_borrow() {
            Ok(value) => tuple.field(&&*value),
            Err(_) => tuple.field(&format_args!("<borrowed>")),
        };
        tuple.finish()
    }
}

impl<T> From<T> for RefLock<T> {
    fn from(value: T) -> RefLock<T> {
        RefLock::new(value)
    }
}

// SAFETY: the one value inside is passed on, unless it holds no reference: then it is left alone, for
// `Write::from_static` lends it without a log. Else a `&mut` to it comes from a guard, for which the object
// had to be logged; `visit` runs on an object that was not, or at a safepoint, when guards that were
// forgotten are gone with their `mutate`. The value's words lie behind `VALUE_OFFSET_BYTES`: every lock
// is made by `new`, which has checked that.
unsafe impl<T: Trace> Trace for RefLock<T> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = match Self::VALUE_OFFSET_BYTES {
        _ if !T::HAS_GC => SlotMap::Empty,
        Some(offset_bytes) => SlotMap::Empty.field(offset_bytes, T::SLOTS),
        None => SlotMap::Dynamic,
    };

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        if T::HAS_GC {
            // SAFETY: no `&mut` to the value exists (see above).
            unsafe { &*self.cell.as_ptr() }.visit(edges);
        }
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.cell.get_mut().relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        if T::HAS_GC {
            // SAFETY: as in `visit`.
            unsafe { &*self.cell.as_ptr() }.describe(edges);
        }
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

/// A [`OnceCell`] in the heap.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, OnceLock, Rootable, Trace, unlock};
///
/// #[derive(Trace)]
/// struct Class<'gc> {
///     parent: OnceLock<Gc<'gc, Class<'gc>>>,
/// }
///
/// let arena: Arena<Rootable![Gc<'_, Class<'_>>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Class { parent: OnceLock::new() }));
/// arena.enter(|mc, class| {
///     // A class may be its own parent: it is known when there is an object.
///     let parent = unlock!(Gc::write(mc, *class), Class, parent);
///     assert!(parent.set(*class).is_ok());
///     assert!(parent.set(*class).is_err());
///     assert!(Gc::ptr_eq(*class.parent.get().unwrap(), *class));
/// });
/// ```
pub struct OnceLock<T> {
    cell: OnceCell<T>,
}

impl<T> OnceLock<T> {
    /// A lock without a value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// assert_eq!(OnceLock::<u32>::new().get(), None);
    /// ```
    #[inline]
    pub const fn new() -> OnceLock<T> {
        OnceLock { cell: OnceCell::new() }
    }

    /// The value, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let lock = Gc::new(mc, OnceLock::new());
    /// assert_eq!(lock.get(), None);
    /// lock.set(mc, 1).unwrap();
    /// assert_eq!(lock.get(), Some(&1));
    /// # });
    /// ```
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.cell.get()
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

impl<T> Write<OnceLock<T>> {
    /// The cell.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let pair = Gc::new(mc, [OnceLock::new(), OnceLock::new()]);
    /// assert_eq!(Gc::write(mc, pair)[1].unlock().get_or_init(|| 2), &2);
    /// assert_eq!((pair[0].get(), pair[1].get()), (None, Some(&2)));
    /// # });
    /// ```
    #[inline]
    pub fn unlock(&self) -> &OnceCell<T> {
        &self.__inner.cell
    }
}

impl<'gc, T: 'gc> Gc<'gc, OnceLock<T>> {
    /// Stores the value.
    ///
    /// # Errors
    ///
    /// If there is one already: gives the new one back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let lock = Gc::new(mc, OnceLock::new());
    /// assert_eq!(lock.set(mc, 1), Ok(()));
    /// assert_eq!(lock.set(mc, 2), Err(2));
    /// assert_eq!(lock.get(), Some(&1));
    /// # });
    /// ```
    #[inline]
    pub fn set(self, mc: &Mutation<'gc>, value: T) -> Result<(), T> {
        Gc::write(mc, self).unlock().set(value)
    }

    /// The value; made by the closure if there is none.
    ///
    /// # Panics
    ///
    /// If the closure stores a value into this very lock. If it panics itself there is still no value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let length = Gc::new(mc, OnceLock::new());
    /// assert_eq!(length.get_or_init(mc, || "text".len()), &4);
    /// assert_eq!(length.get_or_init(mc, || unreachable!()), &4);
    /// # });
    /// ```
    #[inline]
    pub fn get_or_init(self, mc: &Mutation<'gc>, make: impl FnOnce() -> T) -> &'gc T {
        Gc::write(mc, self).unlock().get_or_init(make)
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceLock").field(&self.get()).finish()
    }
}

// SAFETY: the value inside, if any, is passed on; it is never replaced while a reference exists.
unsafe impl<T: Trace> Trace for OnceLock<T> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = if T::HAS_GC { SlotMap::Dynamic } else { SlotMap::Empty };

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        if let Some(value) = self.cell.get() {
            value.visit(edges);
        }
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        if let Some(value) = self.cell.get_mut() {
            value.relocate(slots);
        }
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        if let Some(value) = self.cell.get() {
            value.describe(edges);
        }
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn what_a_ref_lock_holds_at_fixed_words_is_scanned_by_words() {
        type Edge = Option<Gc<'static, u8>>;
        let words = |map: SlotMap| matches!(map, SlotMap::Words(words) if words.count_ones() == 3);
        assert!(words(<RefLock<[Edge; 3]> as Trace>::SLOTS));
        assert_eq!(<RefLock<[u64; 3]> as Trace>::SLOTS, SlotMap::Empty);
        assert_eq!(<RefLock<Vec<Edge>> as Trace>::SLOTS, SlotMap::Dynamic);
    }

    #[test]
    fn the_value_of_a_ref_lock_lies_where_its_map_says() {
        fn check<T>(value: T) {
            let lock = RefLock::new(value);
            let place_bytes = lock.cell.as_ptr().addr() - core::ptr::from_ref(&lock.cell).addr();
            assert!(value_offset_bytes::<T>().is_none_or(|offset| offset == place_bytes));
        }
        check(Some(&1_u8));
        check([Some(&1_u8); 8]);
        check((true, 1_u64));
        check(Some(true));
        check(1_u128);
        check(());
        assert!(value_offset_bytes::<[usize; 2]>().is_some());
    }
}

//! The witness of the write barrier: [`Write`].
//!
//! A `&Write<T>` says that the `T` may be written to: the object it is part of was logged, or is not
//! in a heap at all, or holds no `Gc`. It is the only key to the locks. What makes it safe is what
//! it cannot do: it never leads out of the object that was logged. There is a projection to a field
//! ([`field!`](crate::field)), to the value in an `Option`, `Box` or `Vec`, and none through `&T`,
//! `Rc`, `Arc` or a user's `Deref`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut, Index};

use crate::trace::Trace;

/// A value that may be written to: see [`Gc::write`](crate::Gc::write).
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, Trace, Write, unlock};
///
/// #[derive(Trace)]
/// struct Account {
///     balance: Lock<i64>,
/// }
///
/// // The caller proves by a `&Write` that the barrier was passed.
/// fn withdraw(account: &Write<Account>, amount: i64) {
///     let balance = unlock!(account, Account, balance);
///     balance.set(balance.get() - amount);
/// }
///
/// let arena: Arena<Rootable![Gc<'_, Account>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Account { balance: Lock::new(100) }));
/// arena.enter(|mc, account| {
///     withdraw(Gc::write(mc, *account), 30);
///     assert_eq!(account.balance.get(), 70);
/// });
/// ```
#[repr(transparent)]
#[derive(Debug)]
pub struct Write<T: ?Sized> {
    #[doc(hidden)]
    pub __inner: T,
}

impl<T: ?Sized> Write<T> {
    /// A witness for a value whose object was logged.
    ///
    /// # Safety
    ///
    /// The object that the value is part of was logged since the last safepoint, or is young, and
    /// the witness is not used after the next safepoint.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let pair = Gc::new(mc, (Lock::new(1), 2));
    /// mc.write_barrier(pair);
    /// // SAFETY: the lock is part of the object that was logged.
    /// unsafe { Write::assume(&pair.0) }.unlock().set(3);
    /// assert_eq!(pair.0.get(), 3);
    /// # });
    /// ```
    #[inline]
    pub unsafe fn assume(value: &T) -> &Write<T> {
        // SAFETY: `Write` is transparent.
        unsafe { &*(core::ptr::from_ref(value) as *const Write<T>) }
    }

    /// A witness for what is borrowed mutably: it is in no heap, or was logged to be borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// // Not in a heap yet.
    /// let mut lock = Lock::new(1);
    /// Write::from_mut(&mut lock).unlock().set(2);
    /// assert_eq!(lock.get(), 2);
    /// ```
    #[inline]
    pub fn from_mut(value: &mut T) -> &mut Write<T> {
        // SAFETY: `Write` is transparent.
        unsafe { &mut *(core::ptr::from_mut(value) as *mut Write<T>) }
    }

    /// A witness for what holds no `Gc`: there is nothing to log, and no collector looks into it.
    ///
    /// A type that may hold one is refused, even if it never does because it is `'static`. A collector
    /// reads the references of an object when it is written to, whoever has borrowed them mutably.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let count = Gc::new(mc, Lock::new(1));
    /// // No barrier: a number concerns no collector.
    /// Write::from_static(&*count).unlock().set(2);
    /// assert_eq!(count.get(), 2);
    /// # });
    /// ```
    ///
    /// A reference concerns them all:
    ///
    /// ```compile_fail,E0080
    /// # use gc_core::*;
    /// let lock: RefLock<Vec<Gc<'static, u8>>> = RefLock::new(Vec::new());
    /// Write::from_static(&lock).unlock().borrow_mut().clear();
    /// ```
    #[inline]
    pub fn from_static(value: &T) -> &Write<T>
    where
        T: Trace + Sized + 'static,
    {
        const { assert!(!T::HAS_GC, "what may hold a `Gc` is written to through `Gc::write`") }
        // SAFETY: nothing in the value concerns a collector, and none looks into its locks.
        unsafe { Write::assume(value) }
    }

    /// For [`field!`](crate::field).
    ///
    /// # Panics
    ///
    /// If the field is not a part of the value: if the pattern that found it went through a
    /// reference. For a field the check is a constant.
    ///
    /// # Safety
    ///
    /// `field` was borrowed from `self` for as long.
    #[doc(hidden)]
    #[inline]
    pub unsafe fn __field<F: ?Sized>(&self, field: &F) -> &Write<F> {
        let whole = core::ptr::from_ref(self).addr();
        let part = core::ptr::from_ref(field).addr();
        assert!(
            size_of_val(field) <= size_of_val(self)
                && part.wrapping_sub(whole) <= size_of_val(self) - size_of_val(field),
            "a field of the value itself, but it was reached through a reference",
        );
        // SAFETY: the field is part of the object that `self` witnesses for.
        unsafe { &*(core::ptr::from_ref(field) as *const Write<F>) }
    }
}

impl<T: ?Sized> Deref for Write<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.__inner
    }
}

impl<T: ?Sized> DerefMut for Write<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.__inner
    }
}

impl<T> Write<Option<T>> {
    /// The value in the option.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let lock = Gc::new(mc, Some(Lock::new(1)));
    /// if let Some(lock) = Gc::write(mc, lock).as_write() {
    ///     lock.unlock().set(2);
    /// }
    /// assert_eq!(format!("{lock:?}"), "Some(Lock(2))");
    /// # });
    /// ```
    #[inline]
    pub fn as_write(&self) -> Option<&Write<T>> {
        // SAFETY: the value of an option is inside of it.
        self.__inner.as_ref().map(|value| unsafe { Write::assume(value) })
    }
}

impl<T: ?Sized> Write<Box<T>> {
    /// The value in the box, which the box owns.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let boxed = Gc::new(mc, Box::new(Lock::new(1)));
    /// Gc::write(mc, boxed).as_deref().unlock().set(2);
    /// assert_eq!(boxed.get(), 2);
    /// # });
    /// ```
    #[inline]
    pub fn as_deref(&self) -> &Write<T> {
        // SAFETY: a box has one owner, which is part of the object.
        unsafe { Write::assume(&*self.__inner) }
    }
}

impl<T> Write<Vec<T>> {
    /// The elements, which the vector owns.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let locks = Gc::new(mc, vec![Lock::new(1), Lock::new(2)]);
    /// Gc::write(mc, locks).as_deref().iter().for_each(|lock| lock.unlock().set(0));
    /// assert_eq!(locks[0].get() + locks[1].get(), 0);
    /// # });
    /// ```
    #[inline]
    pub fn as_deref(&self) -> &Write<[T]> {
        // SAFETY: a vector has one owner, which is part of the object.
        unsafe { Write::assume(&*self.__inner) }
    }
}

impl<T> Write<[T]> {
    /// One of the elements.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let locks = Gc::new_slice(mc, [1, 2].map(Lock::new));
    /// let write = Gc::write(mc, locks);
    /// write.get(1).unwrap().unlock().set(3);
    /// assert_eq!(locks[1].get(), 3);
    /// assert!(write.get(2).is_none());
    /// # });
    /// ```
    #[inline]
    pub fn get(&self, index: usize) -> Option<&Write<T>> {
        // SAFETY: an element is inside the slice.
        self.__inner.get(index).map(|value| unsafe { Write::assume(value) })
    }

    /// All elements.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let locks = Gc::new_slice(mc, [1, 2].map(Lock::new));
    /// for lock in Gc::write(mc, locks).iter() {
    ///     lock.unlock().set(10 * lock.get());
    /// }
    /// assert_eq!(locks[1].get(), 20);
    /// # });
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Write<T>> {
        // SAFETY: an element is inside the slice.
        self.__inner.iter().map(|value| unsafe { Write::assume(value) })
    }
}

impl<T, const N: usize> Write<[T; N]> {
    /// The elements as a slice.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let locks = Gc::new(mc, [1, 2].map(Lock::new));
    /// assert_eq!(Gc::write(mc, locks).as_slice().iter().len(), 2);
    /// # });
    /// ```
    #[inline]
    pub fn as_slice(&self) -> &Write<[T]> {
        // SAFETY: the elements are inside the array.
        unsafe { Write::assume(self.__inner.as_slice()) }
    }
}

impl<T> Index<usize> for Write<[T]> {
    type Output = Write<T>;

    #[inline]
    fn index(&self, index: usize) -> &Write<T> {
        // SAFETY: an element is inside the slice.
        unsafe { Write::assume(&self.__inner[index]) }
    }
}

impl<T> Index<usize> for Write<Vec<T>> {
    type Output = Write<T>;

    #[inline]
    fn index(&self, index: usize) -> &Write<T> {
        &self.as_deref()[index]
    }
}

impl<T, const N: usize> Index<usize> for Write<[T; N]> {
    type Output = Write<T>;

    #[inline]
    fn index(&self, index: usize) -> &Write<T> {
        &self.as_slice()[index]
    }
}

/// The witness for a field of a struct, from the witness for the struct.
///
/// `field!(write, Type, field)` is a `&Write<Field>`, where `write` is a `&Write<Type>`. It does not
/// go through references or smart pointers.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, Trace, Write, field};
///
/// #[derive(Trace)]
/// struct Pair<'gc> {
///     first: Lock<Option<Gc<'gc, u32>>>,
///     second: u32,
/// }
///
/// let arena: Arena<Rootable![Gc<'_, Pair<'_>>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Pair { first: Lock::new(None), second: 2 }));
/// arena.enter(|mc, pair| {
///     let first: &Write<Lock<_>> = field!(Gc::write(mc, *pair), Pair, first);
///     first.unlock().set(Some(Gc::new(mc, 1)));
///     assert_eq!(*pair.first.get().unwrap() + pair.second, 3);
/// });
/// ```
#[macro_export]
macro_rules! field {
    ($value:expr, $type:path, $field:ident) => {
        match $value {
            // An explicit `&` and an explicit `ref`: a pattern that would look through a reference
            // inside is refused, and if it were not, `__field` would see it.
            __whole @ &$crate::Write { __inner: $type { ref $field, .. }, .. } => {
                #[allow(unused_unsafe, reason = "the macro may stand in an unsafe block")]
                // SAFETY: borrowed from the value just now.
                unsafe {
                    $crate::Write::__field(__whole, $field)
                }
            }
        }
    };
}

/// Opens the lock in a field: `unlock!(write, Type, field)` is `field!(write, Type, field).unlock()`.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, Trace, unlock};
///
/// #[derive(Trace)]
/// struct Counter {
///     count: Lock<u32>,
/// }
///
/// let arena: Arena<Rootable![Gc<'_, Counter>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Counter { count: Lock::new(1) }));
/// arena.enter(|mc, counter| {
///     unlock!(Gc::write(mc, *counter), Counter, count).set(2);
///     assert_eq!(counter.count.get(), 2);
/// });
/// ```
#[macro_export]
macro_rules! unlock {
    ($value:expr, $type:path, $field:ident) => {
        $crate::field!($value, $type, $field).unlock()
    };
}

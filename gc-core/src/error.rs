//! What can go wrong: [`HeapFull`], [`AlreadyFinalized`].

use core::fmt;

/// There was no memory for a value, which is given back.
///
/// [`Gc::try_new`](crate::Gc::try_new) and
/// [`Gc::try_slice_from_fn`](crate::Gc::try_slice_from_fn) return it whatever the system refuses: a
/// chunk of memory for objects, or a few bytes for a list of them. What else asks for memory beside
/// that of objects ends the process as `Vec` does if the system has none: the log of the write
/// barrier (so also what stores into a collection), handles, identities, names and samples, weak
/// references, finalizers that are given, and a collection's stacks. A limit
/// ([`ArenaBuilder::limit_bytes`](crate::ArenaBuilder::limit_bytes)) that leaves the system some room
/// keeps a program from that.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, HeapFull, NullCollector, Rootable};
///
/// type Small = Arena<Rootable![()], NullCollector>;
/// let arena = Small::builder().limit_bytes(64 << 10).build(|_| ());
/// let full: HeapFull<[u8; 100_000]> =
///     arena.enter(|mc, ()| Gc::try_new(mc, [7; 100_000]).map(drop).unwrap_err());
/// assert_eq!(full.value[0], 7);
/// assert_eq!(full.to_string(), "the heap is full: its limit of 65536 bytes is reached");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HeapFull<T> {
    /// The value that found no place.
    pub value: T,
    limit_bytes: usize,
}

impl<T> HeapFull<T> {
    pub(crate) fn new(value: T, limit_bytes: usize) -> HeapFull<T> {
        HeapFull { value, limit_bytes }
    }

    /// The value that found no place.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// let small = Small::builder().limit_bytes(64 << 10).build(|_| ());
    /// small.enter(|mc, ()| {
    ///     let (vec, mut n) = (GcVec::new(mc), 0);
    ///     while vec.try_push(mc, n).map_err(HeapFull::into_value) != Err(n) {
    ///         n += 1;
    ///     }
    ///     assert_eq!(vec.len(), n);
    /// });
    /// ```
    pub fn into_value(self) -> T {
        self.value
    }

    /// The limit of the heap in bytes; `None` if there is none, and the system had no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// let small = Small::builder().limit_bytes(64 << 10).build(|_| ());
    /// let full = small.enter(|mc, ()| mc.metrics().add_external(1 << 20)).unwrap_err();
    /// assert_eq!(full.limit_bytes(), Some(64 << 10));
    /// ```
    pub fn limit_bytes(&self) -> Option<usize> {
        (self.limit_bytes != usize::MAX).then_some(self.limit_bytes)
    }

    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> HeapFull<U> {
        HeapFull { value: f(self.value), limit_bytes: self.limit_bytes }
    }
}

impl<T> fmt::Debug for HeapFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeapFull").field("limit_bytes", &self.limit_bytes()).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for HeapFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit_bytes() {
            Some(limit) => write!(f, "the heap is full: its limit of {limit} bytes is reached"),
            None => f.write_str("the heap is full: the system has no memory"),
        }
    }
}

impl<T> core::error::Error for HeapFull<T> {}

/// A finalizer was given to an object whose finalizers have had their turn: they run once per object.
///
/// # Examples
///
/// ```
/// use gc_core::{AlreadyFinalized, Arena, Gc, Mutation, NullCollector, Rootable};
///
/// fn watch<'gc>(mc: &Mutation<'gc>, file: Gc<'gc, u32>) -> Result<(), AlreadyFinalized> {
///     mc.on_unreachable::<Rootable![u32], _>(file, |_, file| println!("{file} is closed"))
/// }
/// let arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 7));
/// // It is reachable still; its finalizers have not had their turn, and it takes another.
/// assert_eq!(arena.enter(|mc, file| watch(mc, *file)), Ok(()));
/// assert_eq!(arena.enter(|mc, file| watch(mc, *file)), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlreadyFinalized;

impl fmt::Display for AlreadyFinalized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the object was finalized before, which happens once: it takes no finalizer")
    }
}

impl core::error::Error for AlreadyFinalized {}

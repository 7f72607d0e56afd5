//! What can go wrong: [`HeapFull`], [`AlreadyFinalized`].

use core::fmt;

/// There was no memory for a value, which is given back.
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
    pub fn into_value(self) -> T {
        self.value
    }

    /// The limit of the heap in bytes; `None` if there is none, and the system had no memory.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlreadyFinalized;

impl fmt::Display for AlreadyFinalized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the object was finalized before, which happens once: it takes no finalizer")
    }
}

impl core::error::Error for AlreadyFinalized {}

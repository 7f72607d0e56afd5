//! How mark bits are set: by one thread, or by several (`shared_bits.rs`).

use alloc::vec::Vec;

use super::{Header, ObjectRef};

/// What a marker does with mark bits, and wants to know on its way.
pub(super) trait Bits {
    /// Whether every array, however short, waits until nothing else is left. Otherwise the next piece
    /// of one is scanned as soon as there is nothing else to put into the queue.
    const DEFERS_ARRAYS: bool = false;

    /// Sets an object's mark bit; whether it was clear.
    fn set(&mut self, object: ObjectRef) -> bool;

    /// The same for one of many neighbors; whether its bit was clear, as far as is known before
    /// [`Bits::settle`].
    #[inline]
    fn set_neighbor(&mut self, object: ObjectRef) -> bool {
        self.set(object)
    }

    /// Takes those of the objects `reached[first..]`, which are the neighbors that were reached since the
    /// last time, away that another thread has marked meanwhile.
    #[inline]
    fn settle(&mut self, reached: &mut Vec<ObjectRef>, first: usize) {
        let _ = (reached, first);
    }

    /// Looks at an object that is being scanned.
    #[inline]
    fn note(&mut self, object: ObjectRef, header: &Header) {
        let _ = (object, header);
    }
}

/// One thread marks: plain loads and stores.
#[derive(Debug)]
pub(super) struct Exclusive;

impl Bits for Exclusive {
    #[inline]
    fn set(&mut self, object: ObjectRef) -> bool {
        let marks = object.chunk().marks();
        // Most references lead to what is marked, and neighbors to bits of one word: a load of it
        // that follows a store waits for that, two nanoseconds instead of one.
        !marks.contains(object) && marks.insert(object)
    }
}

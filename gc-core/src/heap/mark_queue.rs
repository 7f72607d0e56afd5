//! The queue of marking: objects on their way into the cache.

use super::ObjectRef;

/// Objects on their way from the list to the scan. On a machine on which it takes 200 ns to reach memory,
/// marking objects scattered over 128 MB took 36 ns each with a queue of 8, and 26 with this one.
pub(super) const QUEUE_LEN: usize = if cfg!(gc_zeal) { 1 } else { 32 };

/// Cells ahead of the one that is scanned, where cells of a list lie at equal distances.
const LIST_DISTANCE: usize = 16;

/// The objects that will be scanned next, on their way into the cache.
#[derive(Debug, Default)]
pub(super) struct Queue {
    objects: [Option<ObjectRef>; QUEUE_LEN],
    first: usize,
    len: usize,
    list: List,
}

impl Queue {
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.len < QUEUE_LEN
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lets an object pass by an empty queue.
    #[inline]
    pub(super) fn pass(&mut self, object: ObjectRef) -> ObjectRef {
        debug_assert!(self.is_empty());
        if let Some(distance_bytes) = self.list.step(object) {
            object.prefetch_beyond(distance_bytes);
        }
        object
    }

    #[inline]
    pub(super) fn push(&mut self, object: ObjectRef) {
        debug_assert!(self.has_room());
        object.prefetch();
        self.objects[(self.first + self.len) % QUEUE_LEN] = Some(object);
        self.len += 1;
    }

    /// Puts one object into a full queue, and takes the oldest out: nearly all that is marked in a heap
    /// that is more than a list comes and goes like this.
    #[inline]
    pub(super) fn exchange(&mut self, object: ObjectRef) -> Option<ObjectRef> {
        debug_assert!(!self.has_room());
        object.prefetch();
        let oldest = self.objects[self.first].replace(object);
        self.first = (self.first + 1) % QUEUE_LEN;
        oldest
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<ObjectRef> {
        let object = self.objects[self.first].take();
        if crate::planted!("queue-loses-last") && self.len == 1 {
            return None;
        }
        let object = object?;
        self.first = (self.first + 1) % QUEUE_LEN;
        self.len -= 1;
        // What else was reached from the cell of a list has come before the next one.
        Some(if self.is_empty() { self.pass(object) } else { object })
    }
}

/// A list along which objects are marked. The marker learns of each cell only from the one before it; but
/// where they lie at equal distances, in either direction, it can be guessed where the next ones are.
///
/// Processors guess so, too, or do not: some tell streams apart by a few bits of the addresses of load
/// instructions, and with one more load in the loop of the marker such a list took three times as long.
#[derive(Debug, Default)]
struct List {
    last: usize,
    stride: usize,
}

impl List {
    /// Goes on to the next cell. Says how far from there a later one may be.
    #[inline]
    fn step(&mut self, cell: ObjectRef) -> Option<usize> {
        let stride = cell.start().addr().wrapping_sub(self.last);
        let is_equal = stride == self.stride;
        *self = List { last: cell.start().addr(), stride };
        is_equal.then_some(stride.wrapping_mul(LIST_DISTANCE))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn of_a_list_at_equal_distances_a_later_cell_is_guessed_in_either_direction() {
        let distances = |places: &[usize]| {
            let mut list = List::default();
            let cell = |&place: &usize| {
                ObjectRef::from_ptr(core::ptr::without_provenance_mut(8 * place)).unwrap()
            };
            Vec::from_iter(places.iter().map(|place| list.step(cell(place))))
        };
        let ahead =
            |granules: isize| Some((8 * granules).wrapping_mul(LIST_DISTANCE as isize) as usize);
        assert_eq!(distances(&[10, 13, 16, 19, 30]), [None, None, ahead(3), ahead(3), None]);
        assert_eq!(distances(&[100, 98, 96]), [None, None, ahead(-2)]);
    }
}

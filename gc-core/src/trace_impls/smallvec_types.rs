//! Types of `smallvec`.

use smallvec::{Array, SmallVec};

use super::owning_impl::owning_impl;
use crate::Trace;

owning_impl!(
    [A: Array<Item: Trace>] SmallVec<A>: A::Item, iter, iter_mut, elements =>;
);

#[cfg(test)]
mod tests {
    use super::super::{check_places, count_slots};
    use super::*;
    use crate::Gc;

    #[test]
    fn the_elements_are_seen_inside_and_outside() {
        type Few<'gc> = SmallVec<[Gc<'gc, u32>; 3]>;
        count_slots(|gc| Few::from_slice(&[gc; 2]), 2);
        count_slots(|gc| Few::from_slice(&[gc; 5]), 5);
        check_places(|gc| Few::from_slice(&[gc; 2]), &["[0]", "[1]"]);
    }
}

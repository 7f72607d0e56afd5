//! Types of `slotmap`, but for those that need `std` (`SparseSecondaryMap`) or are deprecated
//! (`HopSlotMap`).

use slotmap::{DenseSlotMap, Key, SecondaryMap, SlotMap};

use super::owning_impl::owning_impl;
use crate::Trace;

owning_impl!(
    [K: Key + 'static, V: Trace] SlotMap<K, V>: V, values, values_mut, values => K;
    [K: Key + 'static, V: Trace] DenseSlotMap<K, V>: V, values, values_mut, values => K;
    [K: Key + 'static, V: Trace] SecondaryMap<K, V>: V, values, values_mut, values => K;
);

#[cfg(test)]
mod tests {
    use slotmap::DefaultKey;

    use super::super::{check_places, count_slots};
    use super::*;

    #[test]
    fn the_values_are_seen_and_removed_ones_are_not() {
        let map = |gc| {
            let mut map = SlotMap::<DefaultKey, _>::new();
            let first = map.insert(gc);
            map.insert(gc);
            map.insert(gc);
            map.remove(first);
            map
        };
        count_slots(map, 2);
        check_places(map, &["[0].value", "[1].value"]);
        count_slots(
            |gc| {
                let mut map = SecondaryMap::new();
                map.insert(DefaultKey::default(), gc);
                map
            },
            0,
        );
    }
}

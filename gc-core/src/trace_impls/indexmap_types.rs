//! Types of `indexmap`. Keys that hold a `Gc` belong into a [`GcHashMap`](crate::GcHashMap), which
//! keeps the order of insertion too.

use indexmap::{IndexMap, IndexSet};

use super::core_types::static_impl;
use super::owning_impl::owning_impl;
use crate::Trace;
use crate::trace::{Edges, SlotMap, Slots};

owning_impl!(
    [K: 'static, V: Trace, S: 'static] IndexMap<K, V, S>: V, values, values_mut, values => K, S;
);

static_impl!([T: 'static, S: 'static] IndexSet<T, S>: look_up<T> look_up<S>);

#[cfg(test)]
mod tests {
    use super::super::{check_places, count_slots};
    use super::*;
    use crate::DefaultHashBuilder;

    #[test]
    fn the_values_of_a_map_are_seen() {
        count_slots(|gc| IndexMap::<_, _, DefaultHashBuilder>::from_iter([(1, gc), (2, gc)]), 2);
        check_places(
            |gc| IndexMap::<_, _, DefaultHashBuilder>::from_iter([(1, (gc, gc)), (2, (gc, gc))]),
            &["[0].value.0", "[0].value.1", "[1].value.0", "[1].value.1"],
        );
        const { assert!(!<IndexSet<u8, ()> as Trace>::HAS_GC) }
    }
}

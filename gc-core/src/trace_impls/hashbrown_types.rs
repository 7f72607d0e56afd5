//! Types of `hashbrown`. Keys that hold a `Gc` belong into a [`GcHashMap`](crate::GcHashMap).

use hashbrown::{HashMap, HashSet, HashTable};

use super::core_types::static_impl;
use super::owning_impl::owning_impl;
use crate::Trace;
use crate::trace::{Edges, SlotMap, Slots};

owning_impl!(
    [K: 'static, V: Trace, S: 'static] HashMap<K, V, S>: V, values, values_mut, values => K, S;
    // A table keeps neither keys nor hashers, and an element's place does not depend on where the
    // objects are that it refers to, unless the user hashes addresses.
    [T: Trace] HashTable<T>: T, iter, iter_mut, elements =>;
);

static_impl!([T: 'static, S: 'static] HashSet<T, S>: look_up<T> look_up<S>);

#[cfg(test)]
mod tests {
    use super::super::{check_places, count_slots};
    use super::*;
    use crate::Gc;

    #[test]
    fn the_values_of_a_map_and_the_elements_of_a_table_are_seen() {
        count_slots(|gc| HashMap::<_, _>::from_iter([(1, gc), (2, gc)]), 2);
        let table = |gc| {
            let mut table = HashTable::new();
            table.insert_unique(1, gc, |_| 1);
            table
        };
        count_slots(table, 1);
        check_places(|gc| HashMap::<_, _>::from_iter([(1, gc)]), &["[0].value"]);
        check_places(table, &["[0]"]);
        const { assert!(<HashMap<u8, Gc<'static, u8>> as Trace>::HAS_GC) }
        const { assert!(!<HashSet<u8> as Trace>::HAS_GC) }
    }
}

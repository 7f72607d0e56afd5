//! No type makes its brand longer or shorter: two `mutate`s have nothing in common.

use gc_core::{
    AnyGc, Brand, DynamicRootSet, Gc, GcHashMap, GcHashSet, GcVec, GcWeak, HeapView, Mutation,
    VecIter, WeakMap, WeakSet, WeakValueMap, Write, Lock,
};

macro_rules! shorten {
    ($($name:ident: $type:ident [$($argument:ty),*])+) => {$(
        fn $name<'short, 'long: 'short>(it: $type<'long $(, $argument)*>) -> $type<'short $(, $argument)*> {
            it
        }
    )+};
}

shorten! {
    gc: Gc [u8]
    gc_weak: GcWeak [u8]
    gc_vec: GcVec [u8]
    gc_map: GcHashMap [u8, u8]
    gc_set: GcHashSet [u8]
    weak_map: WeakMap [u8, u8]
    weak_set: WeakSet [u8]
    weak_value_map: WeakValueMap [u8, u8]
    handle_set: DynamicRootSet []
    any: AnyGc []
    view: HeapView []
    brand: Brand []
    elements: VecIter [u8]
}

fn mutation<'short, 'long: 'short>(it: &'short Mutation<'long>) -> &'short Mutation<'short> {
    it
}

fn pointee<'gc, 'short, 'long: 'short>(it: Gc<'gc, &'long u8>) -> Gc<'gc, &'short u8> {
    it
}

fn lock<'a, 'short, 'long: 'short>(
    it: &'a Write<Lock<Option<Gc<'long, u8>>>>,
) -> &'a Write<Lock<Option<Gc<'short, u8>>>> {
    it
}

fn main() {}

//! Objects of every size and alignment keep their contents where they belong.

use std::fmt::Debug;
use std::thread;

use gc_core::collector::Collector;
use gc_core::{Arena, Gc, Lock, Rootable, SliceWithHeader, Trace, static_trace};

use super::trial::{Setting, age};

/// Whether a value lies at a multiple of its alignment.
fn is_aligned<T>(value: &T) -> bool {
    std::ptr::from_ref(value).addr().is_multiple_of(align_of::<T>())
}

/// Keeps two hundred objects of a type, with garbage and small objects in between.
fn keeps_its_place<C, T>(setting: Setting, make: impl Fn(u32) -> T)
where
    C: Collector + Default,
    T: Trace + PartialEq + Debug + 'static,
{
    let mut arena = setting.arena::<Rootable!['gc => Vec<Gc<'gc, T>>], C>(|_| Vec::new());
    for batch in 0..4 {
        arena.mutate_root(|mc, kept| {
            for index in batch * 50..batch * 50 + 50 {
                kept.push(Gc::new(mc, make(index)));
                let _ = Gc::new(mc, index as u8);
                assert_eq!(*Gc::new(mc, make(index + 1)), make(index + 1));
            }
        });
        age(&mut arena);
        arena.mutate_root(|_, kept| {
            for (value, index) in kept.iter().zip(0..) {
                assert!(is_aligned(&**value));
                assert_eq!(**value, make(index));
            }
            // Holes of the type's own size.
            kept.reverse();
            kept.reverse();
        });
    }
    let addresses = arena.enter(|_, kept| {
        let mut addresses: Vec<_> = kept.iter().map(|value| Gc::raw(*value)).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses.len()
    });
    assert_eq!(addresses, 200, "each has an address of its own, even without a size");
}

macro_rules! aligned_types {
    ($($name:ident $align:literal),* $(,)?) => {
        $(
            #[derive(Clone, Copy, PartialEq, Debug)]
            #[repr(align($align))]
            struct $name(u32, [u8; 5]);
            static_trace!($name);
        )*

        /// Alignments from 1 to 4096 bytes.
        pub fn every_alignment_is_kept<C: Collector + Default>() {
            Setting::each(|setting| {
                keeps_its_place::<C, u8>(setting, |index| index as u8);
                keeps_its_place::<C, u16>(setting, |index| index as u16);
                keeps_its_place::<C, (u8, u64)>(setting, |index| (1, index.into()));
                $(keeps_its_place::<C, $name>(setting, |index| $name(index, [7; 5]));)*
            });
        }
    };
}
aligned_types!(A16 16, A32 32, A64 64, A128 128, A512 512, A1024 1024, A2048 2048, A4096 4096);

/// Payloads of 0 bytes to 9 KiB, around the sizes at which the heap changes its mind.
pub fn every_size_is_kept<C: Collector + Default>() {
    fn size<C: Collector + Default, const N: usize>(setting: Setting) {
        keeps_its_place::<C, [u8; N]>(setting, |index| {
            std::array::from_fn(|at| (index as usize + at) as u8)
        });
    }
    for setting in [Setting::Default, Setting::Stressed, Setting::TinyNursery] {
        size::<C, 0>(setting);
        size::<C, 1>(setting);
        size::<C, 7>(setting);
        size::<C, 8>(setting);
        size::<C, 9>(setting);
        size::<C, 120>(setting);
        size::<C, 121>(setting);
        size::<C, 4096>(setting);
        size::<C, 8183>(setting);
        size::<C, 8184>(setting);
        size::<C, 8185>(setting);
        size::<C, 9216>(setting);
    }
}

/// Single objects of 100 KiB and 2 MiB, and slices of that size, among small ones.
pub fn large_objects_are_kept<C: Collector + Default>() {
    type Big = [u64; 100 << 7];
    type Huge = [u64; 2 << 17];
    type Root<'gc> = (Gc<'gc, Big>, Gc<'gc, Huge>, Gc<'gc, [u64]>, Gc<'gc, Lock<Gc<'gc, [u64]>>>);
    let claim = || {
        Setting::each(|setting| {
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let inner = Gc::slice_from_fn(mc, 2 << 17, |i| 4 * i as u64);
                (
                    Gc::new(mc, std::array::from_fn(|i| i as u64)),
                    Gc::new(mc, std::array::from_fn(|i| 2 * i as u64)),
                    Gc::slice_from_fn(mc, 100 << 7, |i| 3 * i as u64),
                    Gc::new(mc, Lock::new(inner)),
                )
            });
            let rises =
                |values: &[u64], by: u64| (0..).zip(values).all(|(i, value)| *value == i * by);
            for round in 0..3 {
                age(&mut arena);
                arena.mutate(|mc, (big, huge, slice, inner)| {
                    assert!(rises(&**big, 1) && rises(&**huge, 2) && rises(slice, 3));
                    assert!(rises(&inner.get(), 4 + round));
                    inner.set(mc, Gc::slice_from_fn(mc, 2 << 17, |i| (5 + round) * i as u64));
                });
            }
        });
    };
    // Values of this size travel over the stack.
    let thread = thread::Builder::new().stack_size(64 << 20).spawn(claim);
    thread.expect("a thread can be started").join().expect("the claim holds");
}

/// Over-aligned objects with references: both the place and what it leads to stay right.
pub fn over_aligned_objects_are_traced<C: Collector + Default>() {
    #[derive(Trace)]
    #[repr(align(256))]
    struct Wide<'gc> {
        number: u8,
        leaf: Lock<Option<Gc<'gc, u32>>>,
        next: Option<Gc<'gc, Wide<'gc>>>,
    }
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable!['gc => Option<Gc<'gc, Wide<'gc>>>], C>(|mc| {
            (0..100).fold(None, |next, number| {
                let leaf = Lock::new(Some(Gc::new(mc, number.into())));
                Some(Gc::new(mc, Wide { number, leaf, next }))
            })
        });
        for round in 0..3 {
            age(&mut arena);
            arena.mutate(|mc, first| {
                let all = std::iter::successors(*first, |wide| wide.next);
                for (wide, number) in all.zip((0..100).rev()) {
                    assert!(is_aligned(&*wide) && wide.number == number);
                    assert_eq!(wide.leaf.get().map(|leaf| *leaf), Some(u32::from(number) + round));
                    let leaf = Gc::new(mc, u32::from(number) + round + 1);
                    gc_core::unlock!(Gc::write(mc, wide), Wide, leaf).set(Some(leaf));
                }
            });
        }
    });
}

/// Arrays without elements, of elements without a size, and of over-aligned elements and headers.
pub fn odd_slices_are_kept<C: Collector + Default>() {
    #[derive(Trace)]
    struct Odd<'gc> {
        none: Gc<'gc, [u64]>,
        empty: Gc<'gc, str>,
        units: Gc<'gc, [()]>,
        wide: Gc<'gc, [A128]>,
        headed: Gc<'gc, SliceWithHeader<A4096, u8>>,
        elements: Gc<'gc, SliceWithHeader<u8, A1024>>,
        bare: Gc<'gc, SliceWithHeader<(), ()>>,
        large: Gc<'gc, [A4096]>,
    }
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable![Odd<'_>], C>(|mc| Odd {
            none: Gc::new_slice(mc, []),
            empty: Gc::new_str(mc, ""),
            units: Gc::slice_from_fn(mc, 1_000_000, |_| ()),
            wide: Gc::slice_from_fn(mc, 10, |i| A128(i as u32, [3; 5])),
            headed: Gc::new_slice_with_header(mc, A4096(1, [4; 5]), 3, |i| i as u8),
            elements: Gc::new_slice_with_header(mc, 9, 3, |i| A1024(i as u32, [5; 5])),
            bare: Gc::new_slice_with_header(mc, (), 5, |_| ()),
            large: Gc::slice_from_fn(mc, 300, |i| A4096(i as u32, [6; 5])),
        });
        for _ in 0..3 {
            age(&mut arena);
            arena.mutate(|_, odd| {
                assert!(odd.none.is_empty() && odd.empty.is_empty());
                assert_eq!((odd.units.len(), odd.bare.slice.len()), (1_000_000, 5));
                assert!(odd.wide.iter().all(is_aligned) && odd.large.iter().all(is_aligned));
                assert!(odd.wide.iter().zip(0..10).all(|(wide, i)| *wide == A128(i, [3; 5])));
                assert!(odd.large.iter().zip(0..300).all(|(wide, i)| *wide == A4096(i, [6; 5])));
                assert!(
                    is_aligned(&odd.headed.header) && odd.elements.slice.iter().all(is_aligned)
                );
                assert_eq!((odd.headed.header, odd.elements.header), (A4096(1, [4; 5]), 9));
                assert_eq!(odd.headed.slice, [0, 1, 2]);
                assert_eq!(odd.elements.slice, [0, 1, 2].map(|i| A1024(i, [5; 5])));
            });
        }
    });
}

/// Two objects of no size are two objects.
pub fn objects_of_no_size_are_told_apart<C: Collector + Default>() {
    let arena: Arena<Rootable![()], C> = Arena::new(|_| ());
    arena.enter(|mc, ()| {
        let [x, y] = [(), ()].map(|()| Gc::new(mc, ()));
        assert!(!Gc::ptr_eq(x, y) && Gc::id(x) != Gc::id(y));
    });
}

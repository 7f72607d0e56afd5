//! Types that are given a lifetime later: [`Rootable`].
//!
//! The type of an arena's root has a lifetime that is different in every `mutate`. What stands for
//! it outside is a type that can be asked for the root's type at any lifetime:
//! `Rootable![Node<'_>]`. The shape is gc-arena's.

use core::marker::PhantomData;

/// A type with one lifetime left open.
///
/// Use [`Rootable!`](macro@crate::Rootable) rather than implementing it.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Collector, Gc, Root, Rootable, Trace};
///
/// // Works on arenas of all roots and collectors.
/// fn used_bytes<R, C: Collector>(arena: &Arena<R, C>) -> usize
/// where
///     R: for<'a> Rootable<'a>,
///     for<'a> Root<'a, R>: Sized + Trace,
/// {
///     arena.stats().used_bytes
/// }
/// # use gc_core::NullCollector;
/// let arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
/// assert!(used_bytes(&arena) > 0);
/// ```
pub trait Rootable<'a> {
    /// The type at this lifetime.
    type Root: ?Sized + 'a;
}

/// The root type `R` at the lifetime `'a`.
///
/// # Examples
///
/// ```
/// use gc_core::{Gc, Root, Rootable};
///
/// type Numbers = Rootable![Gc<'_, [u32]>];
/// fn sum<'gc>(numbers: Root<'gc, Numbers>) -> u32 {
///     let numbers: Gc<'gc, [u32]> = numbers;
///     numbers.iter().sum()
/// }
/// # use gc_core::{Arena, NullCollector};
/// # let arena: Arena<Numbers, NullCollector> = Arena::new(|mc| Gc::new_slice(mc, [1, 2, 3]));
/// # assert_eq!(arena.enter(|_, numbers| sum(*numbers)), 6);
/// ```
pub type Root<'a, R> = <R as Rootable<'a>>::Root;

/// A sized, `'static` token for a [`Rootable`] trait object, usable as a type of its own (a key of
/// downcasts, for example).
#[doc(hidden)]
pub struct __DynRootable<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> core::fmt::Debug for __DynRootable<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Rootable")
    }
}

impl<'a, T: ?Sized + Rootable<'a>> Rootable<'a> for __DynRootable<T> {
    type Root = <T as Rootable<'a>>::Root;
}

/// A type with its lifetime left open, written `'_` or named.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable};
///
/// type Numbers = Arena<Rootable![Gc<'_, [u32]>], NullCollector>;
/// // The same with a name, for where `'_` cannot stand:
/// type Same = Arena<Rootable!['gc => Gc<'gc, [u32]>], NullCollector>;
///
/// let arena = Numbers::new(|mc| Gc::new_slice(mc, [1, 2, 3]));
/// arena.enter(|_, root| assert_eq!(root.iter().sum::<u32>(), 6));
/// ```
#[macro_export]
macro_rules! Rootable {
    ($gc:lifetime => $root:ty) => {
        $crate::__DynRootable::<dyn for<$gc> $crate::Rootable<$gc, Root = $root>>
    };
    ($root:ty) => {
        $crate::Rootable!['__gc => $crate::__unelide_lifetimes!('__gc; $root)]
    };
}

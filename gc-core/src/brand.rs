//! A lifetime as a value: [`Brand`].

use core::fmt;
use core::marker::PhantomData;

use crate::mutation::{Invariant, Mutation};
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// The proof that `'gc` is the lifetime of a `mutate`, made from its [`Mutation`].
/// It takes no memory.
///
/// Without one a value of a type `Node<'gc>` may just as well be a `Node<'static>` that holds no `Gc`,
/// and could go into any arena. A type with a lifetime that declares a finalizer has a field of this
/// type, because its objects are handed to the finalizer with another lifetime than they were made
/// with: see [`Finalize`](crate::Finalize).
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Brand, Gc, NullCollector, Rootable, Trace};
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     name: u32,
///     brand: Brand<'gc>,
/// }
///
/// let arena: Arena<Rootable![Gc<'_, Node<'_>>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Node { name: 1, brand: Brand::new(mc) }));
/// arena.enter(|_, node| assert_eq!(size_of_val(&**node), size_of::<u32>()));
/// ```
#[derive(Clone, Copy)]
pub struct Brand<'gc>(Invariant<'gc>);

impl<'gc> Brand<'gc> {
    /// The lifetime of this `mutate`.
    ///
    /// See the example of [`Brand`].
    #[inline]
    #[must_use]
    pub fn new(_: &Mutation<'gc>) -> Brand<'gc> {
        Brand(PhantomData)
    }
}

impl fmt::Debug for Brand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Brand")
    }
}

// SAFETY: there is nothing in it.
unsafe impl Trace for Brand<'_> {
    const HAS_GC: bool = false;
    const SLOTS: SlotMap = SlotMap::Empty;

    #[inline]
    fn visit(&self, _: &mut Edges) {}

    #[inline]
    fn relocate(&mut self, _: &mut Slots) {}

    fn check_send(_: &mut SendCheck<'_>) {}
}

//! A reference to an object of any type: [`AnyGc`].

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

use crate::Gc;
use crate::heap::{Descriptor, Flag, Header, ObjectRef};
use crate::id::GcId;
use crate::mutation::Invariant;
use crate::pointee::Pointee;
use crate::short_name::Short;

/// A reference to an object whose type is not known, to ask about it.
///
/// One word, and `Copy`. Made from a [`Gc`], or given by a [`HeapView`](crate::HeapView): then it may
/// lead to garbage. It keeps nothing alive, and cannot be stored in the heap. Comparing and hashing
/// are by identity, as of the same closure.
///
/// There is no way back to a [`Gc`]. What the heap knows of a type does not tell `Node<'gc>` from
/// `Node<'static>`, so no check at run time could make that sound. To recognize objects compare them
/// with those at hand, or their [identities](AnyGc::id).
///
/// # Examples
///
/// How large is this object?
///
/// ```
/// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable};
///
/// let arena: Arena<Rootable![Gc<'_, [u64]>], NullCollector> =
///     Arena::new(|mc| Gc::slice_from_fn(mc, 100, |index| index as u64));
/// arena.enter(|_, numbers| {
///     let object = AnyGc::from(*numbers);
///     assert_eq!(object.type_name(), "[u64]");
///     assert_eq!(object.element_count(), Some(100));
///     // The elements, their number, and a header.
///     assert!(object.size_bytes() > 808);
/// });
/// ```
#[derive(Clone, Copy)]
pub struct AnyGc<'gc> {
    object: ObjectRef,
    _brand: Invariant<'gc>,
}

impl<'gc> AnyGc<'gc> {
    /// # Safety
    ///
    /// The object is of the heap that `'gc` brands, and was not reclaimed.
    pub(super) unsafe fn new(object: ObjectRef) -> AnyGc<'gc> {
        AnyGc { object, _brand: PhantomData }
    }

    pub(super) fn object(self) -> ObjectRef {
        self.object
    }

    fn header(self) -> &'gc Header {
        // SAFETY: it was not reclaimed when this was made, and nothing is within `'gc`.
        unsafe { self.object.header() }
    }

    fn descriptor(self) -> &'static Descriptor {
        self.header().descriptor()
    }

    /// The name of the object's type, as [`core::any::type_name`] has it: for people. A `Gc<str>` is
    /// an array of bytes.
    ///
    /// See the example of [`AnyGc`].
    #[must_use]
    pub fn type_name(self) -> &'static str {
        self.descriptor().type_name()
    }

    /// The name of the object's type, without the modules that its parts are in: `Node<'_>` for
    /// `my_crate::graph::Node<'_>`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let object = AnyGc::from(Gc::new(mc, Some(1)));
    /// assert_eq!(object.type_name(), "core::option::Option<i32>");
    /// assert_eq!(object.short_type_name().to_string(), "Option<i32>");
    /// # });
    /// ```
    pub fn short_type_name(self) -> impl fmt::Display + use<> {
        Short(self.type_name())
    }

    /// Bytes that the object takes in the heap, header included: its shallow size. What it owns
    /// outside of the heap, and what it refers to, is not in it.
    ///
    /// See the example of [`AnyGc`].
    #[must_use]
    pub fn size_bytes(self) -> usize {
        // SAFETY: as in `header`.
        unsafe { self.object.bytes() }
    }

    /// The number of elements, if it is an array: a `Gc<[T]>`, a `Gc<str>`, or the like.
    ///
    /// See the example of [`AnyGc`].
    #[must_use]
    pub fn element_count(self) -> Option<usize> {
        // SAFETY: as in `header`.
        self.descriptor().is_array().then(|| unsafe { self.object.element_count() })
    }

    /// Whether objects of its type can refer to others, so that the collector looks into them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 1);
    /// let pair = Gc::new(mc, (number, 2));
    /// assert!(!AnyGc::from(number).is_tracked() && AnyGc::from(pair).is_tracked());
    /// # });
    /// ```
    #[must_use]
    pub fn is_tracked(self) -> bool {
        self.descriptor().has_references()
    }

    /// Whether no safepoint has collected since the object was made.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// assert!(AnyGc::from(Gc::new(mc, 1)).is_young());
    /// # });
    /// ```
    #[must_use]
    pub fn is_young(self) -> bool {
        !self.object.is_mature()
    }

    /// Whether the object has a finalizer that has not run.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let file = Gc::new(mc, 7);
    /// assert!(!AnyGc::from(file).is_finalizable());
    /// mc.on_unreachable::<Rootable![u32], _>(file, |_, file| {
    ///     assert!(AnyGc::from(file).is_finalized(), "its turn is now");
    /// })
    /// .unwrap();
    /// assert!(AnyGc::from(file).is_finalizable() && !AnyGc::from(file).is_finalized());
    /// # });
    /// ```
    #[must_use]
    pub fn is_finalizable(self) -> bool {
        self.header().has(Flag::Finalizable)
    }

    /// Whether the object's finalizers have had their turn.
    ///
    /// See the example of [`is_finalizable`](AnyGc::is_finalizable).
    #[must_use]
    pub fn is_finalized(self) -> bool {
        self.header().has(Flag::Finalized)
    }

    /// Whether the object is in the permanent generation: see [`Arena::freeze`](crate::Arena::freeze).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 1);
    /// // What is frozen is in no generation.
    /// assert!(!AnyGc::from(number).is_frozen() && mc.generation(number).is_some());
    /// # });
    /// ```
    #[must_use]
    pub fn is_frozen(self) -> bool {
        self.header().has(Flag::Frozen)
    }

    /// Whether there are weak references to the object.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 1);
    /// assert!(!AnyGc::from(number).is_weakly_held());
    /// let _weak = Gc::downgrade(mc, number);
    /// assert!(AnyGc::from(number).is_weakly_held());
    /// # });
    /// ```
    #[must_use]
    pub fn is_weakly_held(self) -> bool {
        self.header().has(Flag::WeaklyHeld)
    }

    /// The object's identity, given on the first request: what [`Gc::id`] gives.
    ///
    /// # Complexity
    ///
    /// A look-up in a hash table.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 1);
    /// assert_eq!(AnyGc::from(number).id(), Gc::id(number));
    /// # });
    /// ```
    #[must_use]
    pub fn id(self) -> GcId {
        // SAFETY: as in `header`; its chunk belongs to its heap.
        unsafe { self.object.chunk().ids().id(self.object) }
    }

    /// The generation that the object is in, if it is not frozen.
    pub(crate) fn generation(self, oldest: u8) -> Option<u8> {
        (!self.is_frozen()).then(|| self.object.generation(oldest))
    }

    /// Whether the library made the object for its own ends, and shows it to nobody: the cell of weak
    /// references.
    pub(super) fn is_hidden(self) -> bool {
        self.descriptor().weak_cell().is_some()
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> From<Gc<'gc, T>> for AnyGc<'gc> {
    fn from(gc: Gc<'gc, T>) -> AnyGc<'gc> {
        // SAFETY: within `'gc` a `Gc` leads to an object that is not reclaimed.
        unsafe { AnyGc::new(gc.object()) }
    }
}

impl PartialEq for AnyGc<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object
    }
}

impl Eq for AnyGc<'_> {}

impl Hash for AnyGc<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.object.hash(state);
    }
}

impl fmt::Debug for AnyGc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyGc({}, {} bytes)", self.type_name(), self.size_bytes())
    }
}

//! Trait objects in the heap: `Gc<dyn Trait>`.

use core::ptr::NonNull;

use crate::Gc;
use crate::heap::ObjectRef;
use crate::pointee::Pointee;

/// Makes a trait usable as `Gc<dyn Trait>` and its boxes as parts of objects.
///
/// The trait has [`DynTrace`](crate::DynTrace) as a supertrait. Lifetimes are listed first. One is
/// there in any case: `Gc<'gc, dyn Trait>` means `Gc<'gc, dyn Trait + 'gc>` to the compiler.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, DynTrace, Gc, NullCollector, Rootable, Trace, dyn_trace, unsize};
///
/// trait Shape<'gc>: DynTrace {
///     fn area(&self) -> f64;
/// }
/// dyn_trace!(for<'gc> dyn Shape<'gc> + 'gc);
///
/// #[derive(Trace)]
/// struct Square(f64);
/// impl<'gc> Shape<'gc> for Square {
///     fn area(&self) -> f64 {
///         self.0 * self.0
///     }
/// }
///
/// type Root = Rootable!['gc => Gc<'gc, dyn Shape<'gc> + 'gc>];
/// let arena: Arena<Root, NullCollector> =
///     Arena::new(|mc| unsize!(Gc::new(mc, Square(3.0)) => dyn Shape<'_>));
/// arena.enter(|_, shape| assert_eq!(shape.area(), 9.0));
/// ```
#[macro_export]
macro_rules! dyn_trace {
    (for<$($lifetime:lifetime),* $(,)?> $type:ty) => {
        $crate::dyn_trace!(@impl [$($lifetime),*] $type);
    };
    (@impl [$($lifetime:lifetime),*] $type:ty) => {
        // SAFETY: the pointer is a `NonNull` of the trait object, whose first word is the address
        // (checked by `unsize!`), and it points to the value.
        unsafe impl<$($lifetime),*> $crate::Pointee for $type {
            type Ptr = ::core::ptr::NonNull<$type>;
            const IS_THIN: bool = false;

            #[inline]
            fn object(ptr: Self::Ptr) -> $crate::heap::ObjectRef {
                $crate::__dyn_object(ptr)
            }

            #[inline]
            fn with_object(ptr: Self::Ptr, object: $crate::heap::ObjectRef) -> Self::Ptr {
                $crate::__dyn_with_object(ptr, object)
            }

            #[inline]
            unsafe fn as_ptr(ptr: Self::Ptr) -> *const Self {
                ptr.as_ptr()
            }
        }

        // SAFETY: the one value inside is passed on through the methods of its own type.
        unsafe impl<$($lifetime),*> $crate::Trace for $crate::__Box<$type> {
            const HAS_GC: bool = true;
            const SLOTS: $crate::SlotMap = $crate::SlotMap::Dynamic;

            fn visit(&self, edges: &mut $crate::Edges) {
                $crate::DynTrace::visit_dyn(&**self, edges);
            }

            fn relocate(&mut self, slots: &mut $crate::Slots) {
                $crate::DynTrace::relocate_dyn(&mut **self, slots);
            }

            fn describe(&self, edges: &mut $crate::NamedEdges<'_>) {
                $crate::DynTrace::describe_dyn(&**self, edges);
            }

            fn check_send(check: &mut $crate::SendCheck<'_>) {
                #[allow(unused_imports, reason = "it answers where the compiler does not know")]
                use $crate::__MayBeSend as _;
                // What is inside says its trait object type, if anything does.
                if !<$crate::__IsSend<Self>>::__IS_SEND {
                    check.refuse::<Self>();
                }
            }
        }
    };
    ($type:ty) => {
        $crate::dyn_trace!(@impl [] $type);
    };
}

/// Turns a `Gc<T>` into a `Gc<dyn Trait>`: `unsize!(gc => dyn Trait)`.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, DynTrace, Gc, NullCollector, Rootable, dyn_trace, unsize};
///
/// trait Name: DynTrace {
///     fn name(&self) -> String;
/// }
/// dyn_trace!(for<'gc> dyn Name + 'gc);
///
/// impl Name for u32 {
///     fn name(&self) -> String {
///         format!("number {self}")
///     }
/// }
///
/// let arena: Arena<Rootable![Gc<'_, dyn Name>], NullCollector> =
///     Arena::new(|mc| unsize!(Gc::new(mc, 7_u32) => dyn Name));
/// arena.enter(|_, name| assert_eq!(name.name(), "number 7"));
/// ```
#[macro_export]
macro_rules! unsize {
    ($gc:expr => $type:ty) => {{
        let gc = $gc;
        #[allow(unused_unsafe, reason = "the macro may stand in an unsafe block")]
        // SAFETY: the closure does nothing but coerce.
        unsafe {
            $crate::Gc::__unsize(
                gc,
                |ptr: ::core::ptr::NonNull<_>| -> ::core::ptr::NonNull<$type> { ptr },
            )
        }
    }};
}

impl<'gc, T: 'gc> Gc<'gc, T> {
    /// For [`unsize!`](crate::unsize).
    ///
    /// # Safety
    ///
    /// `coerce` returns its argument, coerced.
    #[doc(hidden)]
    #[inline]
    pub unsafe fn __unsize<U>(
        gc: Gc<'gc, T>,
        coerce: impl FnOnce(NonNull<T>) -> NonNull<U>,
    ) -> Gc<'gc, U>
    where
        U: ?Sized + Pointee<Ptr = NonNull<U>> + 'gc,
    {
        let ptr = coerce(gc.as_raw());
        // What `Pointee::place` relies on. The compiler sees that it holds.
        let first_word = NonNull::from(&ptr).cast::<NonNull<T>>();
        // SAFETY: a pointer to a trait object is at least one pointer long.
        let first_word = unsafe { first_word.read() };
        assert!(
            first_word == gc.as_raw(),
            "the first word of a trait object pointer is its address"
        );
        // SAFETY: the same object, and coercing kept its type.
        unsafe { Gc::from_raw(ptr) }
    }
}

/// For [`dyn_trace!`](crate::dyn_trace): the payload's address.
#[doc(hidden)]
#[inline]
pub fn __dyn_object<T: ?Sized>(ptr: NonNull<T>) -> ObjectRef {
    ObjectRef::from_non_null(ptr.cast())
}

/// For [`dyn_trace!`](crate::dyn_trace): the same pointer, with its vtable, to another payload.
#[doc(hidden)]
#[inline]
pub fn __dyn_with_object<T: ?Sized>(mut ptr: NonNull<T>, object: ObjectRef) -> NonNull<T> {
    let place = NonNull::from(&mut ptr).cast::<ObjectRef>();
    // SAFETY: the first word of the pointer is its address: `__unsize` checked it.
    unsafe { place.write(object) }
    ptr
}

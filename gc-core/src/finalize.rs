//! Finalizers declared on a type: [`Finalize`].
//!
//! A descriptor has its type's finalizer, and allocation marks an object of such a type as one that
//! has a finalizer to run. From there on it is as if [`Mutation::on_unreachable`] had been called
//! first of all, but that nothing is stored for it: what runs is found from the object's header.

use core::fmt;

use crate::Gc;
use crate::brand::Brand;
use crate::calls::{CallResult, Outcome};
use crate::heap::ObjectRef;
use crate::mutation::Mutation;
use crate::rootable::{Root, Rootable};
use crate::trace::Trace;

/// What becomes of every object of a type when it is unreachable: a finalizer that its type declares.
///
/// Say `#[trace(finalize)]` where [`Trace`] is derived, and implement this for the type. Each object
/// that [`Gc::new`] or [`Gc::try_new`] makes is then finalized once, as if it had been given to
/// [`Mutation::on_unreachable`] when it was made: that says when finalizers run, that they may keep the
/// object, and where their errors go. Finalizers that are given to an object besides run after the
/// declared one.
///
/// An *object* is finalized, not a value. There is no `Gc` to a value that is a part of another object
/// (a field, or what is in a [`Lock`](crate::Lock) or a [`Static`](crate::Static)), and it is not
/// finalized; elements of slices and of [`GcVec`](crate::GcVec) do not even compile. Nor is a value
/// finalized that never became an object, because the heap was full, nor what lives when the arena is
/// dropped. If the type implements `Drop` (see `unsafe_drop`), that runs for all of these.
///
/// The finalizer runs in a `mutate` of its own, so it gets the object with another lifetime than the
/// object was made with. Therefore a type with a finalizer has one lifetime at most, its arena's; if it
/// has one, it has a field of type [`Brand`](crate::Brand) (an enum has one in each variant); and its type
/// parameters are `'static`.
///
/// ```compile_fail,E0080
/// # use gc_core::{Arena, Finalize, Gc, Mutation, NullCollector, Rootable, Trace};
/// # #[derive(Trace)]
/// # #[trace(finalize)]
/// # struct File(u32);
/// # impl<'gc> Finalize<'gc> for File {
/// #     type Outcome = ();
/// #     fn finalize(_: &Mutation<'gc>, _: Gc<'gc, File>) {}
/// # }
/// # let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.enter(|mc, ()| Gc::new_slice(mc, [File(1), File(2)]).len());
/// ```
///
/// # Complexity
///
/// As [`on_unreachable`](Mutation::on_unreachable), without the entry in a hash table. Types that do
/// not declare a finalizer do not pay for those that do.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Brand, Finalize, Gc, Lock, Mutation, Rootable, Trace};
/// # use gc_core::NullCollector as Collector;
///
/// #[derive(Trace)]
/// #[trace(finalize)]
/// struct File<'gc> {
///     path: String,
///     parent: Lock<Option<Gc<'gc, File<'gc>>>>,
///     brand: Brand<'gc>,
/// }
///
/// impl<'gc> Finalize<'gc> for File<'gc> {
///     type Outcome = Result<(), std::io::Error>;
///
///     fn finalize(_: &Mutation<'gc>, file: Gc<'gc, File<'gc>>) -> Self::Outcome {
///         if file.parent.get().is_none() {
///             println!("closing {}", file.path);
///         }
///         Ok(())
///     }
/// }
///
/// let mut arena: Arena<Rootable![()], Collector> = Arena::new(|_| ());
/// arena.mutate(|mc, ()| {
///     let (path, parent) = ("/etc/hosts".into(), Lock::new(None));
///     let _ = Gc::new(mc, File { path, parent, brand: Brand::new(mc) });
/// });
/// arena.collect();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` says `#[trace(finalize)]`, but does not implement `Finalize` for every lifetime",
    label = "no finalizer"
)]
pub trait Finalize<'gc>: Trace + DeclaresFinalizer + Sized + 'gc {
    /// What the finalizer returns: `()`, or a [`Result`] whose error is reported.
    type Outcome: Outcome;

    /// Called once with an object that was found unreachable, while it is whole.
    ///
    /// See the example of [`Finalize`].
    ///
    /// # Errors
    ///
    /// They go to the arena's [error hook](crate::Arena::set_error_hook), as panics do.
    fn finalize(mc: &Mutation<'gc>, gc: Gc<'gc, Self>) -> Self::Outcome;
}

/// That the type says `#[trace(finalize)]`, without which a [`Finalize`] would never run.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the finalizer of `{Self}` would never run",
    label = "add `#[trace(finalize)]` to this type"
)]
pub trait DeclaresFinalizer {}

/// The finalizer of a type, as its descriptor has it.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct DeclaredFinalizer(for<'gc> unsafe fn(&'gc Mutation<'gc>, ObjectRef) -> CallResult);

impl DeclaredFinalizer {
    /// The finalizer of the types that `R` stands for.
    ///
    /// Their lifetime is left open, for it is a new one when the finalizer runs: an implementation
    /// for one lifetime only, `'static` say, does not do. A reference to an object of such a type at
    /// another lifetime than its arena's must not exist, or the object would be seen with two: so
    /// values of the types prove theirs by a [`Brand`]. The function shows where it is, and that the
    /// types are what the caller takes them for. It gives the brand in a tuple, because a bare reference
    /// might come from a `Deref` that was never called.
    #[must_use]
    pub const fn of<'gc, R>(
        _brand: for<'v> fn(&'v Root<'gc, R>) -> (&'v Brand<'gc>,),
    ) -> DeclaredFinalizer
    where
        R: for<'a> Rootable<'a> + ?Sized + 'static,
        for<'a> Root<'a, R>: Finalize<'a>,
    {
        unsafe fn finalize<'gc, R>(mc: &'gc Mutation<'gc>, object: ObjectRef) -> CallResult
        where
            R: for<'a> Rootable<'a> + ?Sized + 'static,
            for<'a> Root<'a, R>: Finalize<'a>,
        {
            // SAFETY: the caller passes a live object of this type and of the heap that `'gc` brands.
            let gc = unsafe { Gc::from_raw(object.as_non_null().cast()) };
            <Root<'gc, R> as Finalize<'gc>>::finalize(mc, gc).into_result()
        }
        DeclaredFinalizer(finalize::<R>)
    }

    /// The finalizer of a type without a lifetime, which is the same type in every arena.
    #[must_use]
    pub const fn of_static<T>() -> DeclaredFinalizer
    where
        T: for<'a> Finalize<'a> + 'static,
    {
        unsafe fn finalize<T>(mc: &Mutation<'_>, object: ObjectRef) -> CallResult
        where
            T: for<'a> Finalize<'a> + 'static,
        {
            // SAFETY: as in `of`.
            let gc = unsafe { Gc::from_raw(object.as_non_null().cast()) };
            T::finalize(mc, gc).into_result()
        }
        DeclaredFinalizer(|mc, object| {
            // SAFETY: the caller's promise is the same.
            unsafe { finalize::<T>(mc, object) }
        })
    }

    /// Runs the finalizer.
    ///
    /// # Safety
    ///
    /// The object is live, of the heap that `'gc` brands, and of the type whose finalizer this is.
    pub(crate) unsafe fn run<'gc>(self, mc: &'gc Mutation<'gc>, object: ObjectRef) -> CallResult {
        // SAFETY: the caller's promise.
        unsafe { (self.0)(mc, object) }
    }
}

impl fmt::Debug for DeclaredFinalizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeclaredFinalizer")
    }
}

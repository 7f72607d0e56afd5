//! Functions that are registered for an object's death: [`OnDeath`], Python's `weakref.finalize`.
//!
//! A registration is the callback of a weak reference that an arena handle keeps, so the collectors know
//! nothing of it. The registry owns both, under a number; the callback has only the number. Whoever
//! takes the registration out first (the callback, a call by hand, `detach`, the end of the arena)
//! has the function, and for the others there is none. A registration that goes takes its handle along,
//! by which the weak reference dies.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::rc::{self, Rc};
use core::cell::{Cell, RefCell};
use core::{fmt, iter, mem};

use crate::Gc;
use crate::arena::Arena;
use crate::calls::{CallError, CallKind, CallResult, Callback, Outcome, attempt};
use crate::collector::Collector;
use crate::heap::{Guard, ObjectRef, first, resume, run_all};
use crate::mutation::Mutation;
use crate::pointee::Pointee;
use crate::rootable::{Root, Rootable};
use crate::weak::{GcWeak, WeakCell};

impl<'gc> Mutation<'gc> {
    /// Has a function run once, when an object has died or when the arena is dropped.
    ///
    /// In contrast to a [finalizer](Mutation::on_unreachable) the function does not get the object,
    /// which is gone, and there is a handle by which it can be [called](OnDeath::call) before, or
    /// [detached](OnDeath::detach). The handle may be dropped: the function stays registered. Of several
    /// functions for one object the newest runs first. They run when the callbacks of weak references
    /// do, and what fails in them is reported in the same way: an object that dies by its count has been
    /// finalized before, and one that is found in a cycle has not, so that a finalizer may bring it back
    /// though the function has run.
    ///
    /// **At the end.** When the arena is dropped, the functions that have not run do so then, the newest
    /// first, before anything in the heap is dropped: they have a heap as whole as ever, in which nothing
    /// is collected any more. A function that is registered by one of them is the next. Those for which
    /// [`set_at_exit(false)`](OnDeath::set_at_exit) was called are dropped instead. An arena that is
    /// never dropped (by [`mem::forget`], or because the process ends first) runs nothing.
    ///
    /// **A trap.** What the function owns must not keep the object, as a
    /// [`DynamicRoot`](crate::DynamicRoot) to it or to something that leads to it does: then the
    /// object does not die before the arena is dropped.
    ///
    /// # Panics
    ///
    /// If the heap is full: each registration has a small object of its own.
    ///
    /// # Complexity
    ///
    /// O(log registrations).
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, Rootable};
    /// # use gc_core::NullCollector as Collector;
    /// use std::cell::RefCell;
    /// use std::rc::Rc;
    ///
    /// let closed = Rc::new(RefCell::new(Vec::new()));
    /// let mut arena: Arena<Rootable![()], Collector> = Arena::new(|_| ());
    /// let (first, second) = arena.mutate(|mc, ()| {
    ///     let file = Gc::new(mc, 42);
    ///     let register = |name| {
    ///         let closed = Rc::clone(&closed);
    ///         mc.on_death(file, move |_| closed.borrow_mut().push(name))
    ///     };
    ///     (register("first"), register("second"))
    /// });
    /// first.detach();
    /// assert!(!first.is_alive());
    /// drop((second, arena));
    /// assert_eq!(*closed.borrow(), ["second"]);
    /// ```
    pub fn on_death<T, F, O>(&self, gc: Gc<'gc, T>, function: F) -> OnDeath<F>
    where
        T: ?Sized + Pointee,
        F: for<'a> FnOnce(&'a Mutation<'a>) -> O + 'static,
        O: Outcome,
    {
        let registry = self.heap().deaths();
        let number = registry.next_number();
        let here = Rc::downgrade(registry);
        let callback = Callback::new(CallKind::OnDeath, move |mc| {
            let registration = registration(mc, &here, number);
            registration.map_or(Ok(()), |registration| registration.shared.run(mc))
        });
        let weak = GcWeak::with_callback(self, gc, callback).cell_object();
        let function = Cell::new(Some(function));
        let shared = Rc::new(Shared { number, registry: Rc::downgrade(registry), function });
        let registered = Rc::clone(&shared) as Rc<dyn Registered>;
        let weak = Guard::fresh(self.heap(), weak);
        registry.insert(number, Registration { weak, shared: registered });
        OnDeath(shared)
    }
}

/// Takes a registration out, if it is of this arena and still there.
fn registration(
    mc: &Mutation<'_>,
    registry: &rc::Weak<DeathRegistry>,
    number: u64,
) -> Option<Registration> {
    let registry = registry.upgrade()?;
    if Rc::ptr_eq(&registry, mc.heap().deaths()) { registry.remove(number) } else { None }
}

/// The handle of a function that [`Mutation::on_death`] has registered.
///
/// It is `'static`, may be cloned, and may be kept outside of the arena. The registration is *alive* until
/// the function begins to run, is detached, or the arena is gone.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable};
///
/// let arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 42));
/// let closing = arena.enter(|mc, file| mc.on_death(*file, |_| println!("closing")));
/// arena.enter(|mc, file| {
///     let object = closing.peek(mc).expect("alive");
///     assert!(Gc::ptr_eq(object, Gc::erase(*file)));
/// });
/// closing.set_at_exit(false);
/// assert!(closing.is_alive() && !closing.is_at_exit());
/// drop(arena);
/// assert!(!closing.is_alive());
/// ```
pub struct OnDeath<F>(Rc<Shared<F>>);

impl<F> OnDeath<F> {
    /// Whether the function has not run yet, and may still do so.
    ///
    /// See the example of [`OnDeath`].
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.0.registry.upgrade().is_some_and(|registry| registry.contains(self.0.number))
    }

    /// Runs the function now, and returns its value; the object's death then does nothing any more.
    ///
    /// `None` if it is not alive, or if `mc` is of another arena. A panic goes through.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.enter(|mc, ()| {
    ///     let closing = mc.on_death(Gc::new(mc, 42), |_| Ok::<u32, std::fmt::Error>(7));
    ///     assert_eq!(closing.call(mc), Some(Ok(7)));
    ///     assert_eq!(closing.call(mc), None);
    /// });
    /// ```
    pub fn call<O>(&self, mc: &Mutation<'_>) -> Option<O>
    where
        F: for<'a> FnOnce(&'a Mutation<'a>) -> O,
    {
        let registration = registration(mc, &self.0.registry, self.0.number)?;
        let function = self.0.function.take()?;
        drop(registration);
        // SAFETY: the lifetime is the function's own, as that of a nested `enter` would be; there is no
        // collection while `mc` is borrowed.
        Some(function(unsafe { Mutation::brand(mc.heap()) }))
    }

    /// Gives the function back: it will not run. `None` if it is not alive.
    ///
    /// See the example of [`Mutation::on_death`].
    pub fn detach(&self) -> Option<F> {
        let registration = self.0.registry.upgrade()?.remove(self.0.number)?;
        let function = self.0.function.take();
        drop(registration);
        function
    }

    /// The object, without its type. `None` if the function is not alive, if the object is dead and
    /// the function about to run, or if `mc` is of another arena.
    ///
    /// See the example of [`OnDeath`].
    #[must_use]
    pub fn peek<'gc>(&self, mc: &Mutation<'gc>) -> Option<Gc<'gc, ()>> {
        let registry = self.0.registry.upgrade()?;
        let cell = registry.weak_cell_in(mc, self.0.number)?;
        // SAFETY: it is the cell of a weak reference, which the registration keeps.
        let target = unsafe { WeakCell::of(cell) }.target()?;
        // SAFETY: a weak reference whose target is dead was cleared; it is of the heap that `'gc` brands.
        Some(unsafe { Gc::from_raw(target.as_non_null().cast()) })
    }

    /// Whether the function runs when the arena is dropped, if it is still alive then: the default.
    ///
    /// See the example of [`OnDeath`].
    #[must_use]
    pub fn is_at_exit(&self) -> bool {
        self.0.registry.upgrade().is_some_and(|registry| registry.is_at_exit(self.0.number))
    }

    /// Says whether the function runs when the arena is dropped. Does nothing if it is not alive.
    ///
    /// See the example of [`OnDeath`].
    pub fn set_at_exit(&self, is_at_exit: bool) {
        if let Some(registry) = self.0.registry.upgrade() {
            registry.set_at_exit(self.0.number, is_at_exit);
        }
    }
}

impl<F> Clone for OnDeath<F> {
    fn clone(&self) -> Self {
        OnDeath(Rc::clone(&self.0))
    }
}

impl<F> fmt::Debug for OnDeath<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDeath").field("is_alive", &self.is_alive()).finish_non_exhaustive()
    }
}

/// A function and where it is registered: shared by the registry and the handles.
struct Shared<F> {
    number: u64,
    registry: rc::Weak<DeathRegistry>,
    /// Until the registration goes.
    function: Cell<Option<F>>,
}

/// What the registry knows of a function.
trait Registered {
    fn run(&self, mc: &Mutation<'_>) -> CallResult;
    fn discard(&self);
}

impl<F, O> Registered for Shared<F>
where
    F: for<'a> FnOnce(&'a Mutation<'a>) -> O,
    O: Outcome,
{
    fn run(&self, mc: &Mutation<'_>) -> CallResult {
        let Some(function) = self.function.take() else { return Ok(()) };
        // SAFETY: as in `OnDeath::call`.
        function(unsafe { Mutation::brand(mc.heap()) }).into_result()
    }

    fn discard(&self) {
        self.function.take();
    }
}

/// What the registry has of one registration; the function goes with it, whoever has handles.
struct Registration {
    /// Keeps the weak reference.
    weak: Guard,
    shared: Rc<dyn Registered>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.shared.discard();
    }
}

/// The functions that are registered for the deaths of a heap's objects.
///
/// A registration that is taken out is dropped when the registry is not borrowed any more: what a
/// function owns may have drop glue that comes back here.
#[derive(Default)]
pub(crate) struct DeathRegistry(RefCell<Entries>);

#[derive(Default)]
struct Entries {
    by_number: BTreeMap<u64, Registration>,
    /// The numbers of those that run at exit: the newest is the largest.
    at_exit: BTreeSet<u64>,
    last_number: u64,
}

impl Entries {
    fn remove(&mut self, number: u64) -> Option<Registration> {
        self.at_exit.remove(&number);
        self.by_number.remove(&number)
    }
}

impl DeathRegistry {
    fn next_number(&self) -> u64 {
        let mut entries = self.0.borrow_mut();
        entries.last_number += 1;
        entries.last_number
    }

    fn insert(&self, number: u64, registration: Registration) {
        let mut entries = self.0.borrow_mut();
        entries.by_number.insert(number, registration);
        entries.at_exit.insert(number);
    }

    fn remove(&self, number: u64) -> Option<Registration> {
        self.0.borrow_mut().remove(number)
    }

    /// How many registrations there are.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().by_number.len()
    }

    fn contains(&self, number: u64) -> bool {
        self.0.borrow().by_number.contains_key(&number)
    }

    fn is_at_exit(&self, number: u64) -> bool {
        self.0.borrow().at_exit.contains(&number)
    }

    fn set_at_exit(&self, number: u64, is_at_exit: bool) {
        let mut entries = self.0.borrow_mut();
        if !is_at_exit {
            entries.at_exit.remove(&number);
        } else if entries.by_number.contains_key(&number) {
            entries.at_exit.insert(number);
        }
    }

    /// The weak reference of a registration, if it is of this arena.
    fn weak_cell_in(&self, mc: &Mutation<'_>, number: u64) -> Option<ObjectRef> {
        self.0.borrow().by_number.get(&number)?.weak.object_in(mc.heap())
    }

    /// Takes out the newest that runs at exit.
    fn take_newest_at_exit(&self) -> Option<Registration> {
        let mut entries = self.0.borrow_mut();
        let number = entries.at_exit.pop_last()?;
        entries.remove(number)
    }

    /// Takes those that do not run.
    fn take_rest(&self) -> impl Iterator<Item = Registration> {
        mem::take(&mut self.0.borrow_mut().by_number).into_values()
    }
}

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    /// Runs what is registered for the end of the arena, and drops what is not.
    pub(crate) fn run_at_exit(&mut self) {
        let Some(registry) = self.heap.deaths_if_any().cloned() else { return };
        let registrations = iter::from_fn(|| registry.take_newest_at_exit());
        let ran = run_all(registrations, |registration| {
            // SAFETY: the lifetime is this turn's own, and nothing is collected any more.
            let mc = unsafe { Mutation::brand(&self.heap) };
            if let Some(cause) = attempt(|| registration.shared.run(mc)) {
                // The hook may panic: the others run all the same.
                self.report(&CallError::new(CallKind::OnDeath, cause));
            }
        });
        let dropped = run_all(registry.take_rest(), drop);
        resume(first(ran, dropped));
    }
}

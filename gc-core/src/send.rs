//! Arenas that go to another thread: [`SendArena`].
//!
//! An [`Arena`] is not `Send`. Whether it could be is no question of its type: the heap may hold
//! objects of any type, and the program may have handles. So it is asked of the arena as it is, once,
//! when the program has no further use for it here; while it is a `SendArena` nothing is allocated, or
//! handed out, and so the answer stays true.
//!
//! Note [Sending]: what is sent is a root, a heap, a collector, and what the arena's owner has set. It is
//! sound if nothing of it is shared with what stays, and if all of it may be used by another thread.
//!
//! 1. *Objects and the root* have types that allow it ([`Trace::check_send`]). Those are asked that are
//!    listed, or that code of the program can come to see in any other way
//!    (`Heap::for_each_visible`). What else lies in memory is dead, and has no drop glue.
//! 2. *Counts that are not atomic* are those of handles, of sets and of weak collections, and of
//!    functions for deaths. If the program has none of these, all owners are sent: see Note [Shared
//!    counts]. The registry of the last is let go of, for the program may keep an
//!    [`OnDeath`](crate::OnDeath) that has run, and with it a weak count. Names and stacks, of which the
//!    program may have copies, are in `Arc`s.
//! 3. *Closures* of the program, whose types nobody knows any more, are listeners, hooks, callbacks,
//!    finalizers that were given, and functions for deaths: none may be there. Finalizers that a type
//!    declares are functions of that type, and nothing more.
//! 4. *Nothing is in the middle*: the arena is owned, so no closure of it runs and nothing is borrowed.
//!    No collection waits for calls.
//! 5. *The collector* says that it is no obstacle ([`Collector::IS_SEND`]). Threads that help to mark are
//!    a pool in an `Arc`.
//! 6. *The rest* of the heap are addresses of its own memory, numbers, and static data. None of it
//!    depends on the thread: memory is given back to the allocator of the process, and there are no
//!    thread-local variables.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::type_name;
use core::fmt;

use crate::arena::Arena;
use crate::collector::Collector;
use crate::rootable::{Root, Rootable};
use crate::send_check::{SendCheck, SendTypes};
use crate::short_name::Short;
use crate::trace::{Edges, Trace};
use crate::weak::{CallbackCell, WeakKind};

/// An arena on its way to another thread: it can be sent, turned into an [`Arena`] again, or dropped,
/// and nothing else.
///
/// See the example of [`Arena::into_send`].
pub struct SendArena<R, C>(Arena<R, C>)
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector;

// SAFETY: it is made by `into_send_with` alone, which has found no obstacle, and is not changed
// afterwards: see Note [Sending].
unsafe impl<R, C> Send for SendArena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
}

impl<R, C> SendArena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    /// The arena, for the thread that this is called on.
    ///
    /// See the example of [`Arena::into_send`].
    #[must_use]
    pub fn into_arena(self) -> Arena<R, C> {
        self.0
    }
}

impl<R, C> fmt::Debug for SendArena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SendArena").field(&self.0).finish()
    }
}

/// What is in the way of sending an arena to another thread.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Obstacle, Rootable};
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// let handle = arena.mutate(|mc, ()| mc.stash::<Rootable![u32]>(Gc::new(mc, 42)));
/// let error = arena.into_send().unwrap_err();
/// assert_eq!(error.obstacles(), [Obstacle::Handles]);
/// // When it is gone, nothing is in the way.
/// drop(handle);
/// assert!(error.into_arena().into_send().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// A type that is not `Send`, or of which that is not known: see [`SendTypes`].
    Type {
        /// The type.
        type_name: &'static str,
        /// The type of an object that has a part of this type, or of the root.
        part_of: &'static str,
    },
    /// The program has a [`DynamicRoot`](crate::DynamicRoot), of the arena or of a set in it, or has
    /// forgotten one. One that is stale counts, too.
    Handles,
    /// A listener: see [`Arena::take_listener`].
    Listener,
    /// A hook for errors: see [`Arena::take_error_hook`].
    ErrorHook,
    /// An object has a finalizer that was given by [`on_unreachable`](crate::Mutation::on_unreachable).
    Finalizers,
    /// A weak reference has a callback that was not called, or it is dead and not yet reclaimed.
    Callbacks,
    /// A function is registered by [`on_death`](crate::Mutation::on_death).
    DeathFunctions,
    /// Calls wait for [`next_call`](Arena::next_call).
    Calls,
    /// The collector is not made for it: [`Collector::IS_SEND`].
    Collector,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Obstacle::Type { type_name, part_of } if type_name == part_of => {
                return write!(f, "{} is not known to be `Send`", Short(type_name));
            }
            Obstacle::Type { type_name, part_of } => {
                let (part, whole) = (Short(type_name), Short(part_of));
                return write!(f, "{part}, a part of {whole}, is not known to be `Send`");
            }
            Obstacle::Handles => "there are handles",
            Obstacle::Listener => "there is a listener",
            Obstacle::ErrorHook => "there is a hook for errors",
            Obstacle::Finalizers => "objects were given finalizers",
            Obstacle::Callbacks => "weak references have callbacks",
            Obstacle::DeathFunctions => "functions are registered for deaths",
            Obstacle::Calls => "calls wait",
            Obstacle::Collector => "the collector cannot be sent",
        })
    }
}

/// An arena that cannot be sent to another thread, and why.
///
/// See the example of [`Obstacle`].
pub struct NotSend<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    arena: Box<Arena<R, C>>,
    obstacles: Vec<Obstacle>,
}

impl<R, C> NotSend<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    /// All that is in the way: one entry at least, and one for each type.
    ///
    /// See the example of [`Obstacle`].
    #[must_use]
    pub fn obstacles(&self) -> &[Obstacle] {
        &self.obstacles
    }

    /// The arena, as it was.
    ///
    /// See the example of [`Obstacle`].
    #[must_use]
    pub fn into_arena(self) -> Arena<R, C> {
        *self.arena
    }
}

impl<R, C> fmt::Debug for NotSend<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotSend").field("obstacles", &self.obstacles).finish_non_exhaustive()
    }
}

impl<R, C> fmt::Display for NotSend<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the arena stays on its thread: ")?;
        for (index, obstacle) in self.obstacles.iter().enumerate() {
            write!(f, "{}{obstacle}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl<R, C> core::error::Error for NotSend<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
}

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Makes the arena ready to be sent to another thread, if nothing is in the way.
    ///
    /// All objects must be of types that are `Send` but for their references: see [`SendTypes`] for how
    /// that is known. The program must have no handles, and the arena no closures of the program's: see
    /// [`Obstacle`]. What is unreachable counts until it is reclaimed; [`collect`](Arena::collect)
    /// before, if that is in the way.
    ///
    /// Never collects. Counts are brought up to date first, as by [`inspect`](Arena::inspect).
    ///
    /// # Errors
    ///
    /// [`NotSend`], with the arena and all that is in the way.
    ///
    /// # Panics
    ///
    /// If the drop glue of an object does that dies when counts are brought up to date. The arena is
    /// dropped then.
    ///
    /// # Complexity
    ///
    /// O(objects and references) time, and a bit for every granule of memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    /// use std::thread;
    ///
    /// type List = Arena<Rootable![Vec<Gc<'_, str>>], NullCollector>;
    /// let list = List::new(|mc| vec![Gc::new_str(mc, "made here")]);
    /// let list = list.into_send()?;
    /// let thread = thread::spawn(move || {
    ///     let mut list = list.into_arena();
    ///     list.mutate_root(|mc, list| list.push(Gc::new_str(mc, "and there")));
    ///     list.into_send().expect("nothing has changed that")
    /// });
    /// let list = thread.join().expect("no panic").into_arena();
    /// assert_eq!(list.enter(|_, list| list.len()), 2);
    /// # Ok::<(), gc_core::NotSend<_, _>>(())
    /// ```
    pub fn into_send(self) -> Result<SendArena<R, C>, NotSend<R, C>> {
        self.into_send_with(&SendTypes::new())
    }

    /// As [`into_send`](Arena::into_send), with types that are known to be `Send`.
    ///
    /// # Errors
    ///
    /// As [`into_send`](Arena::into_send).
    ///
    /// # Panics
    ///
    /// As [`into_send`](Arena::into_send).
    ///
    /// # Examples
    ///
    /// See the example of [`SendTypes`].
    pub fn into_send_with(mut self, types: &SendTypes) -> Result<SendArena<R, C>, NotSend<R, C>> {
        self.settle_counts();
        let obstacles = self.obstacles(types);
        if obstacles.is_empty() {
            self.heap.forget_deaths();
            Ok(SendArena(self))
        } else {
            Err(NotSend { arena: Box::new(self), obstacles })
        }
    }

    /// All that is in the way of sending the arena: see Note [Sending].
    fn obstacles(&mut self, types: &SendTypes) -> Vec<Obstacle> {
        let mut obstacles = self.closures();
        let are_calls_waiting = self.heap.are_calls_waiting();
        // Calls have handles of their own, which are not counted.
        let are_handles_outside = !are_calls_waiting && self.heap.are_handles_outside();
        let others = [
            (!C::IS_SEND, Obstacle::Collector),
            (are_calls_waiting, Obstacle::Calls),
            (are_handles_outside, Obstacle::Handles),
        ];
        obstacles.extend(others.into_iter().filter_map(|(is, obstacle)| is.then_some(obstacle)));

        let mut check = SendCheck::new(types);
        check.ask(type_name::<Root<'static, R>>(), <Root<'static, R> as Trace>::check_send);
        let mut roots = self.collector.owed();
        Edges::collect(&mut |object| roots.push(object), |edges| self.root.visit(edges));
        let mut has_callbacks = false;
        let look = |object: crate::heap::ObjectRef| {
            // SAFETY: what is visible was not reclaimed.
            let descriptor = unsafe { object.descriptor() };
            descriptor.check_send(&mut check);
            if descriptor.weak_cell() == Some(WeakKind::Callback) {
                // SAFETY: as above, and its descriptor says that it is such a cell.
                has_callbacks |= unsafe { CallbackCell::has_callback(object) };
            }
        };
        // SAFETY: the roots are; the arena is borrowed exclusively, and counts were brought up to date.
        unsafe { self.heap.for_each_visible(roots, look) }
        obstacles.extend(has_callbacks.then_some(Obstacle::Callbacks));
        let refused = check.into_refused();
        obstacles.extend(refused.map(|(type_name, part_of)| Obstacle::Type { type_name, part_of }));
        obstacles
    }

    /// The closures of the program's that the arena has, but for callbacks.
    fn closures(&mut self) -> Vec<Obstacle> {
        let closures = [
            (self.recorder.listener.is_some(), Obstacle::Listener),
            (self.error_hook.is_some(), Obstacle::ErrorHook),
            (self.heap.calls().has_given_finalizers(), Obstacle::Finalizers),
            (self.heap.registered_deaths() > 0, Obstacle::DeathFunctions),
        ];
        closures.into_iter().filter_map(|(is, obstacle)| is.then_some(obstacle)).collect()
    }
}

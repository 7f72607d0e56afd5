//! Code of the user's that runs because an object became unreachable: finalizers, and the callbacks
//! of weak references.
//!
//! It never runs inside of the collector. What a safepoint finds waits in the heap
//! (`heap/calls.rs`), and runs after the safepoint, one call after the other, each with a
//! [`Mutation`] of its own; before `mutate` or `collect` returns all of it has run.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::error::Error;
use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::arena::Arena;
use crate::collector::Collector;
use crate::heap::{Call, Finalizers, Next, ObjectRef, Thrift};
use crate::mutation::Mutation;
use crate::rootable::{Root, Rootable};
use crate::trace::Trace;

/// What a call comes to.
pub(crate) type CallResult = Result<(), Box<dyn Error>>;

/// The callback of a weak reference.
pub(crate) struct Callback {
    /// What it is a callback for.
    pub(crate) kind: CallKind,
    function: Box<dyn for<'a> FnOnce(&'a Mutation<'a>) -> CallResult>,
}

impl Callback {
    pub(crate) fn new<O: Outcome>(
        kind: CallKind,
        function: impl for<'a> FnOnce(&'a Mutation<'a>) -> O + 'static,
    ) -> Callback {
        Callback { kind, function: Box::new(|mc| function(mc).into_result()) }
    }
}

/// A finalizer, called with its object.
pub(crate) type Finalizer = Box<dyn for<'a> FnOnce(&'a Mutation<'a>, ObjectRef) -> CallResult>;

/// What is told of failures.
pub(crate) type ErrorHook = Box<dyn FnMut(&CallError)>;

/// What a finalizer or a callback returns: nothing, or a [`Result`] whose error is reported.
///
/// # Examples
///
/// ```
/// use gc_core::{Gc, Mutation, Outcome};
/// use std::io;
///
/// // A finalizer that returns nothing, one that may fail, and what both come to.
/// fn report(_: &Mutation<'_>, file: Gc<'_, u32>) {
///     println!("{file} is closed");
/// }
/// fn flush(_: &Mutation<'_>, _: Gc<'_, u32>) -> io::Result<()> {
///     Err(io::Error::other("no space left"))
/// }
/// # use gc_core::{Arena, NullCollector, Rootable};
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let file = Gc::new(mc, 7);
/// assert!(report(mc, file).into_result().is_ok());
/// assert_eq!(flush(mc, file).into_result().unwrap_err().to_string(), "no space left");
/// mc.on_unreachable::<Rootable![u32], _>(file, report).unwrap();
/// mc.on_unreachable::<Rootable![u32], _>(file, flush).unwrap();
/// # });
/// ```
pub trait Outcome {
    /// The outcome as a result.
    ///
    /// # Errors
    ///
    /// What the call failed with.
    ///
    /// # Examples
    ///
    /// See the example of [`Outcome`].
    fn into_result(self) -> Result<(), Box<dyn Error>>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), Box<dyn Error>> {
        Ok(())
    }
}

impl<T, E: Into<Box<dyn Error>>> Outcome for Result<T, E> {
    fn into_result(self) -> Result<(), Box<dyn Error>> {
        self.map(drop).map_err(Into::into)
    }
}

/// What sort of call it is.
///
/// # Examples
///
/// ```
/// use gc_core::CallKind;
///
/// assert_eq!(CallKind::Finalizer.to_string(), "a finalizer");
/// assert_eq!(CallKind::Callback.to_string(), "the callback of a weak reference");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// An object's finalizer.
    Finalizer,
    /// The callback of a weak reference.
    Callback,
    /// A function that [`Mutation::on_death`] has registered.
    OnDeath,
}

impl fmt::Display for CallKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallKind::Finalizer => "a finalizer",
            CallKind::Callback => "the callback of a weak reference",
            CallKind::OnDeath => "a function for an object's death",
        })
    }
}

/// A finalizer or a callback has failed: see [`Arena::set_error_hook`]. Nothing else is different.
///
/// See the example of [`Arena::set_error_hook`].
#[derive(Debug)]
pub struct CallError {
    kind: CallKind,
    cause: Cause,
}

#[derive(Debug)]
pub(crate) enum Cause {
    Error(Box<dyn Error>),
    #[cfg_attr(
        not(feature = "std"),
        expect(dead_code, reason = "no panic is caught without `std`")
    )]
    Panic(Box<dyn Any + Send>),
}

impl CallError {
    pub(crate) fn new(kind: CallKind, cause: Cause) -> CallError {
        CallError { kind, cause }
    }

    /// What has failed.
    ///
    /// See the example of [`Arena::set_error_hook`].
    #[must_use]
    pub fn kind(&self) -> CallKind {
        self.kind
    }

    /// What it has panicked with, if that is how it failed.
    ///
    /// See the example of [`Arena::set_error_hook`].
    #[must_use]
    pub fn panic(&self) -> Option<&(dyn Any + Send)> {
        match &self.cause {
            Cause::Panic(payload) => Some(payload.as_ref()),
            Cause::Error(_) => None,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Error(error) => write!(f, "{} failed: {error}", self.kind),
            Cause::Panic(payload) => match message(payload.as_ref()) {
                Some(message) => write!(f, "{} panicked: {message}", self.kind),
                None => write!(f, "{} panicked", self.kind),
            },
        }
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Error(error) => Some(error.as_ref()),
            Cause::Panic(_) => None,
        }
    }
}

/// Runs a call; what it failed with, if it did.
#[cfg(feature = "std")]
pub(crate) fn attempt(call: impl FnOnce() -> CallResult) -> Option<Cause> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Cause::Error(error)),
        Err(payload) => Some(Cause::Panic(payload)),
    }
}

/// Runs a call; what it failed with, if it returned an error. A panic cannot be caught here.
#[cfg(not(feature = "std"))]
pub(crate) fn attempt(call: impl FnOnce() -> CallResult) -> Option<Cause> {
    call().err().map(Cause::Error)
}

/// What a panic says, if it is a string.
fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    let string = || payload.downcast_ref::<alloc::string::String>().map(|message| &**message);
    payload.downcast_ref::<&str>().copied().or_else(string)
}

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    /// Tells the hook of a failure, or prints it.
    pub(crate) fn report(&mut self, error: &CallError) {
        match &mut self.error_hook {
            Some(hook) => hook(error),
            #[cfg(feature = "std")]
            None => std::eprintln!("ignored: {error}"),
            #[cfg(not(feature = "std"))]
            None => {}
        }
    }
}

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// The finalizer or callback whose turn it is, where these do not run by themselves: see
    /// [`ArenaBuilder::defer_calls`](crate::ArenaBuilder::defer_calls).
    ///
    /// Go on until there is none: what waits for a call, waits until it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> =
    ///     Arena::builder().defer_calls(true).build(|_| ());
    /// arena.mutate(|_, ()| ());
    /// while let Some(mut call) = arena.next_call() {
    ///     call.run();
    /// }
    /// ```
    pub fn next_call(&mut self) -> Option<PendingCall<'_, R, C>> {
        let call = loop {
            match self.heap.next_call() {
                Some(Next::Call(call)) => break call,
                Some(Next::Settle) => self.settle_call(),
                Some(Next::Resume(word)) => {
                    self.run(Thrift::Lazy, |collector, safepoint| {
                        collector.resume(safepoint, word);
                    });
                }
                // Drop glue has released handles after the last call.
                None if self.heap.settings().is_prompt && self.heap.are_handles_changed() => {
                    self.settle_call();
                }
                None => return None,
            }
        };
        Some(PendingCall::new(self, call))
    }

    /// Runs the finalizers and callbacks that wait, and all that follow from them.
    pub(crate) fn run_calls(&mut self) {
        if !self.heap.settings().defers_calls {
            while let Some(mut call) = self.next_call() {
                call.run();
            }
        }
    }

    /// Runs what a call is about; what fails is reported.
    fn run_call(&mut self, kind: CallKind, call: &mut Call) {
        // SAFETY: the lifetime is this function's own, and there is no collection before it returns.
        let mc = unsafe { Mutation::brand(&self.heap) };
        let mut errors = Vec::new();
        match call {
            Call::Callback(callback) => {
                if let Some(callback) = callback.take() {
                    errors.extend(attempt(|| (callback.function)(mc)));
                }
            }
            Call::Finalizers(guard, finalizers) => {
                // The call may have been given to another arena, by `mem::swap`.
                let object = guard.object_in(&self.heap);
                let Finalizers { declared, given } = core::mem::take(finalizers);
                if let (Some(finalizer), Some(object)) = (declared, object) {
                    // SAFETY: the guard keeps the object, whose descriptor had this finalizer.
                    errors.extend(attempt(|| unsafe { finalizer.run(mc, object) }));
                }
                for finalizer in given {
                    if let Some(object) = object {
                        errors.extend(attempt(|| finalizer(mc, object)));
                    }
                }
            }
        }
        for cause in errors {
            self.report(&CallError::new(kind, cause));
        }
    }

    /// Has what fails in finalizers and callbacks reported to a function, instead of printing it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, CallError, CallKind, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// // Tests should not pass over failures.
    /// arena.set_error_hook(|error: &CallError| match error.panic() {
    ///     Some(_) => panic!("{error}"),
    ///     None if error.kind() == CallKind::Finalizer => eprintln!("still open: {error}"),
    ///     None => eprintln!("{error}"),
    /// });
    /// ```
    pub fn set_error_hook(&mut self, hook: impl FnMut(&CallError) + 'static) {
        self.error_hook = Some(Box::new(hook));
    }

    /// Takes the hook: errors are printed again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// arena.set_error_hook(|error| panic!("{error}"));
    /// assert!(arena.take_error_hook().is_some());
    /// // With it the arena could not have gone to another thread.
    /// assert!(arena.into_send().is_ok());
    /// ```
    pub fn take_error_hook(&mut self) -> Option<impl FnMut(&CallError) + use<R, C>> {
        self.error_hook.take()
    }

    /// A call has ended.
    fn end_call(&mut self, floor_before: usize) {
        // First, for drop glue may panic.
        self.heap.calls().end(floor_before);
        self.settle_call();
    }

    /// Brings the counts up to date, if there are any: a call's effects come before what waits for it.
    fn settle_call(&mut self) {
        if self.heap.settings().counts_references || self.heap.is_safepoint_due() {
            self.settle();
        }
    }
}

/// A finalizer or a callback whose turn it is, and the arena for the time of it.
///
/// Given by [`Arena::next_call`], where calls do not run by themselves
/// ([`ArenaBuilder::defer_calls`](crate::ArenaBuilder::defer_calls)). What is done to the arena through
/// this counts as a part of the call: what that makes unreachable has its own calls, which
/// `next_call` of this gives, before whatever follows.
///
/// The call ends when this is dropped. One that was not [run](PendingCall::run) by then never is, and
/// neither is a finalizer if the arena was exchanged for another meanwhile.
///
/// See the example of [`Arena::next_call`].
pub struct PendingCall<'a, R, C>
where
    R: for<'r> Rootable<'r>,
    for<'r> Root<'r, R>: Sized + Trace,
    C: Collector,
{
    arena: &'a mut Arena<R, C>,
    call: Option<Call>,
    kind: CallKind,
    /// The calls that were waiting when this one began: they are none of its own.
    floor_before: usize,
}

impl<'a, R, C> PendingCall<'a, R, C>
where
    R: for<'r> Rootable<'r>,
    for<'r> Root<'r, R>: Sized + Trace,
    C: Collector,
{
    fn new(arena: &'a mut Arena<R, C>, call: Call) -> PendingCall<'a, R, C> {
        let floor_before = arena.heap.calls().begin();
        PendingCall { arena, kind: call.kind(), call: Some(call), floor_before }
    }

    /// What sort of call it is.
    ///
    /// See the example of [`Arena::next_call`].
    #[must_use]
    pub fn kind(&self) -> CallKind {
        self.kind
    }

    /// Runs what was registered. A second time does nothing.
    ///
    /// If it fails the error goes to the arena's [hook](Arena::set_error_hook).
    ///
    /// See the example of [`Arena::next_call`].
    pub fn run(&mut self) {
        if let Some(call) = &mut self.call {
            self.arena.run_call(self.kind, call);
        }
    }
}

impl<R, C> Deref for PendingCall<'_, R, C>
where
    R: for<'r> Rootable<'r>,
    for<'r> Root<'r, R>: Sized + Trace,
    C: Collector,
{
    type Target = Arena<R, C>;

    fn deref(&self) -> &Arena<R, C> {
        self.arena
    }
}

impl<R, C> DerefMut for PendingCall<'_, R, C>
where
    R: for<'r> Rootable<'r>,
    for<'r> Root<'r, R>: Sized + Trace,
    C: Collector,
{
    fn deref_mut(&mut self) -> &mut Arena<R, C> {
        self.arena
    }
}

impl<R, C> Drop for PendingCall<'_, R, C>
where
    R: for<'r> Rootable<'r>,
    for<'r> Root<'r, R>: Sized + Trace,
    C: Collector,
{
    fn drop(&mut self) {
        self.call = None;
        self.arena.end_call(self.floor_before);
    }
}

impl<R, C> fmt::Debug for PendingCall<'_, R, C>
where
    R: for<'r> Rootable<'r>,
    for<'r> Root<'r, R>: Sized + Trace,
    C: Collector,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCall").field("kind", &self.kind).finish_non_exhaustive()
    }
}

//! Which types may be sent to another thread: [`SendCheck`] asks them, part by part.
//!
//! `Send` itself does not say: a type with a [`Gc`](crate::Gc) is not `Send`, since one reference must
//! not leave its thread without the heap. Here the whole heap goes, so a `Gc` is no obstacle: what it
//! refers to is an object, whose own type is asked. What decides are the other parts, and whether these
//! are `Send` is known to the compiler where their types are spelled out: in the expansion of the
//! derive and of [`static_trace!`](crate::static_trace). Where it is not known (a parameter without the
//! bound, the keys of a map), the answer is no, unless [`SendTypes`] has the type.
//!
//! Types are asked at run time, through function pointers, and not by a constant of
//! [`Trace`]: a type may contain itself, as `enum Json { List(Vec<Json>) }` does, and a constant that
//! asked itself would have no value. A type that was asked is not asked again.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::any::{TypeId, type_name};
use core::fmt;
use core::marker::PhantomData;

use crate::trace::Trace;

/// Types that are known to be `Send` where only their names are known: what
/// [`Arena::into_send_with`](crate::Arena::into_send_with) is told.
///
/// `#[derive(Trace)]` and [`static_trace!`](crate::static_trace) see for themselves whether the types
/// they find are `Send`. Generic code cannot: that of `HashMap<K, V>` does not know about `K`, and that
/// of [`Static<T>`](crate::Static), where it is an object by itself, not about `T`. They ask here.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable, SendTypes};
/// use std::collections::HashMap;
///
/// #[derive(PartialEq, Eq, Hash)]
/// struct UserId(u32);
///
/// type Users<'gc> = HashMap<UserId, Gc<'gc, str>>;
/// let arena: Arena<Rootable![Users<'_>], NullCollector> =
///     Arena::new(|mc| HashMap::from([(UserId(1), Gc::new_str(mc, "Ada"))]));
/// // Nobody has told the map about its keys.
/// let arena = arena.into_send().unwrap_err().into_arena();
/// assert!(arena.into_send_with(&SendTypes::new().with::<UserId>()).is_ok());
/// ```
#[derive(Clone)]
pub struct SendTypes(BTreeSet<TypeId>);

impl SendTypes {
    /// Those of the standard library that are likely to be keys: numbers, strings, paths; and hashers.
    ///
    /// See the example of [`SendTypes`].
    #[must_use]
    pub fn new() -> SendTypes {
        let types = SendTypes(BTreeSet::new());
        let types = types.with::<()>().with::<bool>().with::<char>();
        let types = types.with::<u8>().with::<u16>().with::<u32>().with::<u64>().with::<u128>();
        let types = types.with::<i8>().with::<i16>().with::<i32>().with::<i64>().with::<i128>();
        let types = types.with::<usize>().with::<isize>().with::<f32>().with::<f64>();
        let types = types.with::<str>().with::<&'static str>().with::<String>();
        let types = types.with::<alloc::boxed::Box<str>>().with::<alloc::sync::Arc<str>>();
        let types =
            types.with::<TypeId>().with::<crate::GcId>().with::<crate::DefaultHashBuilder>();
        #[cfg(feature = "std")]
        let types = types
            .with::<std::path::PathBuf>()
            .with::<std::ffi::OsString>()
            .with::<std::hash::RandomState>()
            .with::<std::hash::BuildHasherDefault<std::hash::DefaultHasher>>();
        types
    }

    /// And this one.
    ///
    /// See the example of [`SendTypes`].
    #[must_use]
    pub fn with<T: Send + ?Sized + 'static>(mut self) -> SendTypes {
        self.0.insert(TypeId::of::<T>());
        self
    }
}

impl Default for SendTypes {
    fn default() -> SendTypes {
        SendTypes::new()
    }
}

impl fmt::Debug for SendTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendTypes").field("len", &self.0.len()).finish()
    }
}

type Ask = fn(&mut SendCheck<'_>);

/// What [`Trace::check_send`] answers to.
///
/// # Examples
///
/// By hand, as the derive would write it:
///
/// ```
/// use gc_core::{Arena, Edges, Gc, NullCollector, Rootable, SendCheck, Slots, Trace};
/// # use gc_core::SlotMap;
/// use std::rc::Rc;
///
/// struct Note<'gc> {
///     text: Gc<'gc, str>,
///     author: Rc<str>,
/// }
///
/// // SAFETY: the one part that holds a `Gc` is passed on, and all parts are asked.
/// unsafe impl Trace for Note<'_> {
///     const HAS_GC: bool = true;
/// #   const SLOTS: SlotMap = SlotMap::Dynamic;
///
///     fn visit(&self, edges: &mut Edges) {
///         self.text.visit(edges);
///     }
///
///     fn relocate(&mut self, slots: &mut Slots) {
///         self.text.relocate(slots);
///     }
///
///     fn check_send(check: &mut SendCheck<'_>) {
///         check.part::<Gc<'_, str>>();
///         check.refuse::<Rc<str>>();
///     }
/// }
///
/// let arena: Arena<Rootable![Note<'_>], NullCollector> =
///     Arena::new(|mc| Note { text: Gc::new_str(mc, "Hello"), author: "Ada".into() });
/// let error = arena.into_send().unwrap_err();
/// assert!(error.to_string().contains("Rc<str>"));
/// ```
pub struct SendCheck<'a> {
    known: &'a SendTypes,
    /// By the addresses of their functions. Where two types share one, it says the same of both.
    asked: BTreeSet<usize>,
    pending: Vec<Ask>,
    /// What is asked now, for the report.
    whole: &'static str,
    /// The types that are not known to be `Send`, each with what has a part of it.
    refused: BTreeMap<&'static str, &'static str>,
}

impl<'a> SendCheck<'a> {
    pub(crate) fn new(known: &'a SendTypes) -> SendCheck<'a> {
        SendCheck {
            known,
            asked: BTreeSet::new(),
            pending: Vec::new(),
            whole: "",
            refused: BTreeMap::new(),
        }
    }

    /// Asks a type, that of an object or a root, and all of its parts.
    pub(crate) fn ask(&mut self, whole: &'static str, ask: Ask) {
        self.whole = whole;
        self.enqueue(ask);
        while let Some(ask) = self.pending.pop() {
            ask(self);
        }
    }

    fn enqueue(&mut self, ask: Ask) {
        if self.asked.insert((ask as *const ()).addr()) {
            self.pending.push(ask);
        }
    }

    /// The types that were refused, each with the name of what has a part of it.
    pub(crate) fn into_refused(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.refused.into_iter()
    }

    /// A value has a part of this type, which is asked itself.
    ///
    /// See the example of [`SendCheck`].
    pub fn part<T: Trace + ?Sized>(&mut self) {
        self.enqueue(T::check_send);
    }

    /// [`SendCheck::part`] for the derive: of the type whose function this is.
    #[doc(hidden)]
    pub fn __ask(&mut self, check_send: fn(&mut SendCheck<'_>)) {
        self.enqueue(check_send);
    }

    /// A value has a part of this type, which is `Send` if [`SendTypes`] has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Edges, SendCheck, Slots, Trace};
    /// # use gc_core::SlotMap;
    ///
    /// /// Any value.
    /// struct Opaque<T>(T);
    ///
    /// // SAFETY: what is `'static` holds no `Gc`. There is one part, and its type is looked up.
    /// unsafe impl<T: 'static> Trace for Opaque<T> {
    ///     const HAS_GC: bool = false;
    /// #   const SLOTS: SlotMap = SlotMap::Empty;
    ///
    ///     fn visit(&self, _: &mut Edges) {}
    ///
    ///     fn relocate(&mut self, _: &mut Slots) {}
    ///
    ///     fn check_send(check: &mut SendCheck<'_>) {
    ///         check.look_up::<T>();
    ///     }
    /// }
    /// ```
    pub fn look_up<T: ?Sized + 'static>(&mut self) {
        if !self.known.0.contains(&TypeId::of::<T>()) {
            self.refuse::<T>();
        }
    }

    /// A value has a part of this type, which is not `Send`, or not known to be.
    ///
    /// See the example of [`SendCheck`].
    pub fn refuse<T: ?Sized>(&mut self) {
        self.refused.entry(type_name::<T>()).or_insert(self.whole);
    }

    /// A value has a part of this type, and nothing is to be done: the bound says that it is `Send`.
    pub(crate) fn accept<T: Send + ?Sized>(&mut self) {}
}

impl fmt::Debug for SendCheck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendCheck").field("refused", &self.refused).finish_non_exhaustive()
    }
}

/// Whether the compiler knows a type to be `Send`: `<__IsSend<T>>::__IS_SEND`, with [`__MayBeSend`] in scope.
///
/// The inherent constant exists where the bound holds, and comes before that of the trait, which always
/// exists. Which of them is meant is decided where it is written: in generic code by what the bounds
/// say. Lifetimes do not decide it: if the bound holds for some and not for these, the compiler
/// complains.
#[doc(hidden)]
#[derive(Debug)]
pub struct __IsSend<T: ?Sized>(PhantomData<T>);

impl<T: Send + ?Sized> __IsSend<T> {
    pub const __IS_SEND: bool = true;
}

/// The answer of [`__IsSend`] where the compiler does not know.
#[doc(hidden)]
pub trait __MayBeSend {
    const __IS_SEND: bool = false;
}

impl<T: ?Sized> __MayBeSend for __IsSend<T> {}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::collections::{BinaryHeap, LinkedList, VecDeque};
    use alloc::rc::Rc;
    use core::cell::Cell;
    use core::ops::Range;

    use super::*;
    use crate::{AllocationProfile, AllocationSite, Gc, Lock, OnceLock, RefLock, Static};

    static_assertions::assert_impl_all!(AllocationProfile: Send, Sync);
    static_assertions::assert_impl_all!(AllocationSite: Send, Sync);

    /// What the implementations for containers take for granted, for any parameters: the compiler says so.
    #[test]
    fn containers_are_send_if_their_parts_are() {
        fn is_send<T: Send>() {}
        fn are_send<K: Send + 'static, V: Send + 'static, S: Send + 'static>() {
            is_send::<(Lock<V>, RefLock<V>, OnceLock<V>, Static<V>)>();
            is_send::<(Option<V>, Result<K, V>, [V; 3], Range<V>)>();
            is_send::<(Box<V>, Box<[V]>, Vec<V>, VecDeque<V>, LinkedList<V>)>();
            is_send::<(BTreeMap<K, V>, BTreeSet<V>, BinaryHeap<V>)>();
            is_send::<(hashbrown::HashMap<K, V, S>, hashbrown::HashSet<V, S>)>();
            #[cfg(feature = "std")]
            is_send::<(std::collections::HashMap<K, V, S>, std::collections::HashSet<V, S>)>();
        }
        are_send::<u8, u8, u8>();
    }

    fn refused<T: Trace>(known: &SendTypes) -> Vec<&'static str> {
        let mut check = SendCheck::new(known);
        check.ask("whole", T::check_send);
        check.into_refused().map(|(name, _)| name).collect()
    }

    #[test]
    fn every_kind_of_part_is_asked() {
        type Bad = Static<Rc<u8>>;
        let known = SendTypes::new();
        for refused in [
            refused::<(u8, Bad)>(&known),
            refused::<Option<Lock<RefLock<OnceLock<Bad>>>>>(&known),
            refused::<Vec<Box<[Result<u8, Bad>; 2]>>>(&known),
            refused::<BTreeMap<u8, Bad>>(&known),
            refused::<BTreeMap<Rc<u8>, u8>>(&known),
            refused::<BTreeSet<Rc<u8>>>(&known),
        ] {
            assert_eq!(refused, [type_name::<Rc<u8>>()]);
        }
        assert!(refused::<(Gc<'static, Bad>, Vec<String>, fn(Rc<u8>))>(&known).is_empty());
        assert_eq!(refused::<PhantomData<*const u8>>(&known).len(), 1);
        assert_eq!(refused::<Box<Static<Cell<u8>>>>(&known), [type_name::<Cell<u8>>()]);
        assert!(refused::<Box<Static<Cell<u8>>>>(&known.with::<Cell<u8>>()).is_empty());
    }
}

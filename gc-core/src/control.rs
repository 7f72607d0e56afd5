//! What an arena's owner says to the collector and asks of it, beside having it collect: when to start by
//! itself, what to leave alone or to keep, and what has happened.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::arena::Arena;
use crate::collector::{Attributes, Collector, GENERATIONS_MAX};
use crate::event::{GenerationStats, Listener, Reason, Stats};
use crate::heap::Thrift;
use crate::pacing::{Pacing, Threshold};
use crate::rootable::{Root, Rootable};
use crate::trace::Trace;

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Lets collections start by themselves again.
    ///
    /// See the example of [`is_enabled`](Arena::is_enabled).
    pub fn enable(&mut self) {
        self.is_enabled = true;
    }

    /// Keeps collections from starting by themselves. Explicit ones still run, and a counting
    /// collector still frees what nothing refers to.
    ///
    /// See the example of [`is_enabled`](Arena::is_enabled).
    pub fn disable(&mut self) {
        self.is_enabled = false;
    }

    /// Whether collections start by themselves.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// arena.disable();
    /// assert!(!arena.is_enabled());
    /// arena.collect(); // It was asked for.
    /// arena.enable();
    /// assert!(arena.is_enabled());
    /// ```
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Moves all objects to a permanent generation, which collections ignore: none of them is found to
    /// be garbage any more, nor what they refer to. A counting collector still reclaims what nothing
    /// refers to. For a program that has made what it will use to its end.
    ///
    /// Runs a safepoint first, at which a collector that does not count reclaims what has died young;
    /// but while a collection waits for calls, such a collector freezes old objects only.
    ///
    /// # Complexity
    ///
    /// O(objects). A full collection costs as much as before.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
    /// arena.freeze();
    /// arena.unfreeze();
    /// assert_eq!(arena.frozen_objects(), 0);
    /// ```
    pub fn freeze(&mut self) {
        self.run(Thrift::Lazy, |collector, safepoint| {
            if C::ATTRIBUTES.counts_references {
                collector.safepoint(safepoint);
            } else if !safepoint.heap.is_collecting() {
                collector.collect(safepoint, 0, Reason::Automatic);
            }
        });
        self.heap.freeze();
        self.run_calls();
    }

    /// Moves what is frozen to the oldest generation.
    ///
    /// # Complexity
    ///
    /// O(objects), unless none is frozen.
    ///
    /// # Examples
    ///
    /// See the example of [`freeze`](Arena::freeze).
    pub fn unfreeze(&mut self) {
        self.heap.unfreeze();
    }

    /// How many objects are in the permanent generation.
    ///
    /// See the example of [`freeze`](Arena::freeze).
    #[must_use]
    pub fn frozen_objects(&self) -> usize {
        self.heap.frozen_objects()
    }

    /// Whether collections keep what they find unreachable, instead of reclaiming it: for who looks for
    /// leaks. Finalizers and callbacks run as usual. What is found then is reachable until
    /// [`clear_garbage`](Arena::clear_garbage) lets go of it; the collection reports it as
    /// [unreachable](crate::Collection::unreachable), not as freed.
    ///
    /// What a collector reclaims without a collection is not kept: what nothing refers to, by counting.
    /// A collector with generations makes every collection a full one meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.save_garbage(true);
    /// arena.collect();
    /// assert_eq!(arena.saved_garbage(), 0);
    /// arena.save_garbage(false);
    /// arena.clear_garbage();
    /// ```
    pub fn save_garbage(&mut self, is_saving: bool) {
        self.heap.set_saves_garbage(is_saving);
    }

    /// How many objects collections have kept that they found unreachable, and that can refer to others:
    /// [`HeapView::saved_garbage`](crate::HeapView::saved_garbage) shows them.
    ///
    /// See the example of [`save_garbage`](Arena::save_garbage).
    #[must_use]
    pub fn saved_garbage(&self) -> usize {
        self.heap.saved_objects()
    }

    /// Lets go of saved garbage, and runs a safepoint if one is due: a cycle is found again by the next
    /// collection.
    ///
    /// See the example of [`save_garbage`](Arena::save_garbage).
    pub fn clear_garbage(&mut self) {
        self.heap.clear_saved();
        self.safepoint();
    }

    /// What has happened so far. Never changes when a collection starts.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// arena.mutate(|mc, ()| (0..10).for_each(|n| { let _ = Gc::new(mc, n); }));
    /// assert_eq!(arena.stats().allocated_objects, 10);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.heap.stats()
    }

    /// What the collections of each generation have done, the youngest first.
    ///
    /// See the example of [`GenerationStats`].
    #[must_use]
    pub fn generation_stats(&self) -> &[GenerationStats] {
        &self.recorder.generations()[..usize::from(C::ATTRIBUTES.generations)]
    }

    /// What has happened to each generation since it was last collected, the youngest first: objects
    /// that were allocated, and for the older ones collections of the next younger one. (By how many
    /// objects the heap has grown, if the collector counts references.)
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
    /// assert_eq!(arena.generation_counts(), [1]);
    /// arena.collect();
    /// assert_eq!(arena.generation_counts(), [0]);
    /// ```
    #[must_use]
    pub fn generation_counts(&self) -> Vec<usize> {
        self.heap.generation_counts()[..usize::from(C::ATTRIBUTES.generations)].to_vec()
    }

    /// When each generation is collected, the youngest first.
    ///
    /// See the example of [`Threshold`].
    #[must_use]
    pub fn thresholds(&self) -> [Threshold; GENERATIONS_MAX] {
        self.heap.thresholds()
    }

    /// Says when each generation is to be collected. Those for generations that the collector has not
    /// are kept, and mean nothing.
    ///
    /// See the example of [`Threshold`].
    pub fn set_thresholds(&mut self, thresholds: [Threshold; GENERATIONS_MAX]) {
        self.heap.set_thresholds(thresholds);
    }

    /// How memory is weighed against work.
    ///
    /// See the example of [`Pacing`].
    #[must_use]
    pub fn pacing(&self) -> Pacing {
        self.heap.pacing()
    }

    /// Weighs memory against work anew, from the next collection on.
    ///
    /// See the example of [`Pacing`].
    pub fn set_pacing(&mut self, pacing: Pacing) {
        self.heap.set_pacing(pacing);
    }

    /// What the collector is like.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// assert!(!arena.attributes().reclaims_cycles);
    /// ```
    #[must_use]
    pub fn attributes(&self) -> &'static Attributes {
        const { &C::ATTRIBUTES }
    }

    /// Has the listener told of every event from now on; one that was set before is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let (sender, events) = std::sync::mpsc::channel();
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// arena.set_listener(move |event: &Event| sender.send(*event).unwrap());
    /// arena.collect();
    /// let is_stop = |event: &Event| matches!(event, Event::CollectionStop { .. });
    /// assert_eq!(events.try_iter().filter(is_stop).count(), 1);
    /// ```
    pub fn set_listener(&mut self, listener: impl Listener + 'static) {
        self.recorder.listener = Some(Box::new(listener));
    }

    /// Takes the listener back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// arena.set_listener(|event: &Event| println!("{event:?}"));
    /// let listener = arena.take_listener().unwrap();
    /// assert!(arena.take_listener().is_none());
    /// drop(listener);
    /// ```
    pub fn take_listener(&mut self) -> Option<Box<dyn Listener>> {
        self.recorder.listener.take()
    }
}

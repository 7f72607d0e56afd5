//! Marking by several threads, on a pool that the user supplies.
//!
//! Each thread has a [`Marker`] of its own and works as if it were alone, but for the mark bits,
//! which are set atomically: the thread that sets an object's bit scans it, and no other does. Every
//! now and then a thread looks whether another has nothing to do. If so, and if there is enough to
//! share, it offers a part of what it has in its deque, and the other steals that. `activity.rs` says
//! when all are done.
//!
//! A thread that has all the work sets marks without atomic operations, as if there were no others,
//! until it offers some. Marking begins like that, and wakes nobody before there is something to
//! share: a list takes no longer than without a pool.
//!
//! Soundness: the mutator is stopped, so nobody writes to objects. Marking reads them, each in one
//! thread or, if it is a large array, in parts, and obligation 7 of [`Trace`](crate::Trace) allows
//! that. Everything else stays with the thread that owns the heap: roots, handles, weak references,
//! drop glue, listeners.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::iter;
use core::time::Duration;
use std::thread;

use crossbeam_deque::{Steal, Stealer, Worker};
use rayon::ThreadPool;

use super::activity::Activity;
use super::mark::{Marker, Rest};
use super::mark_bits::Exclusive;
use super::shared_bits::Shared;
use super::{Heap, ObjectRef, Settings};

/// Live objects from which on several threads mark: several milliseconds of work. To wake a thread
/// takes some ten microseconds, and more where others want the processor: of a tree of 100,000 objects
/// two threads took between 0.6 and 1.15 times as long as one.
const LIVE_OBJECTS_MIN: usize = 1_000_000;

/// Objects that are offered at a time.
const OFFER_LEN_MAX: usize = if cfg!(gc_zeal) { 4 } else { 512 };

/// A pool of threads for marking.
#[derive(Clone)]
pub(crate) struct Workers(pub(crate) Arc<ThreadPool>);

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("threads", &self.0.current_num_threads()).finish()
    }
}

impl Heap {
    /// The pool, if there is one and the heap is large enough for it.
    pub(super) fn workers_if_worthwhile(&self) -> Option<Workers> {
        let Settings { is_stressed, zeal, .. } = *self.settings();
        let is_large = is_stressed || zeal.short_lists || self.live_objects() >= LIVE_OBJECTS_MIN;
        let workers = self.workers.as_ref().filter(|_| is_large)?;
        (workers.0.current_num_threads() > 1).then(|| workers.clone())
    }
}

/// Marks what is reachable from the pending objects, as [`Heap::mark_reachable`] does.
///
/// # Safety
///
/// The pending objects are live and marked; the rest as for [`Heap::mark_reachable`].
pub(super) unsafe fn mark(workers: &Workers, marker: &mut Marker) {
    while !marker.has_surplus() {
        // SAFETY: the caller's promises, and what is reached is marked before it is pending.
        if !unsafe { marker.scan_some(&mut Exclusive) } {
            return;
        }
    }
    // This thread is one of them.
    let mut deques: Vec<_> =
        iter::repeat_with(Worker::new_lifo).take(workers.0.current_num_threads()).collect();
    let team =
        Team { stealers: deques.iter().map(Worker::stealer).collect(), activity: Activity::new() };
    let team = &team;
    let own = deques.pop().expect("a pool has a thread");
    workers.0.in_place_scope(|scope| {
        for deque in deques {
            scope.spawn(move |_| {
                let mut member = Member::new(team, deque);
                // SAFETY: what others offer is live and marked; the rest is the caller's promise.
                unsafe { member.help() }
            });
        }
        let mut member = Member::new(team, own);
        core::mem::swap(&mut member.marker, marker);
        // SAFETY: the caller's promises.
        unsafe { member.work() }
        // SAFETY: as above.
        unsafe { member.help() }
        core::mem::swap(&mut member.marker, marker);
    });
}

/// What the threads share.
struct Team {
    stealers: Vec<Stealer<Offer>>,
    activity: Activity,
}

struct Objects(Vec<ObjectRef>);

/// Work that another thread may take.
enum Offer {
    Objects(Objects),
    Elements(Elements),
}

struct Elements(Vec<Rest>);

// SAFETY: these are addresses. What is done with them in another thread, while the owner of the heap
// waits, is to mark and to scan (see the head of this file).
unsafe impl Send for Objects {}

// SAFETY: as above.
unsafe impl Send for Elements {}

/// One of the threads.
struct Member<'a> {
    team: &'a Team,
    deque: Worker<Offer>,
    marker: Marker,
    bits: Shared,
}

impl<'a> Member<'a> {
    fn new(team: &'a Team, deque: Worker<Offer>) -> Self {
        Member { team, deque, marker: Marker::default(), bits: Shared::new() }
    }

    /// Scans all that is pending here and in this thread's deque, and leaves.
    ///
    /// # Safety
    ///
    /// What is pending is live and marked, nothing it reaches is forwarded or young, and this is a
    /// safepoint.
    unsafe fn work(&mut self) {
        loop {
            // SAFETY: the caller's promises; what is reached is marked before it is pending.
            while unsafe { self.scan_some() } {
                if self.team.activity.is_below(self.team.stealers.len())
                    && self.deque.is_empty()
                    && self.marker.has_surplus()
                {
                    self.offer();
                }
            }
            match self.deque.pop() {
                Some(offer) => self.accept(offer),
                None => break,
            }
        }
        self.team.activity.leave();
    }

    /// Works on what others offer, until nobody has anything to do.
    ///
    /// # Safety
    ///
    /// As [`Member::work`], for what others offer.
    unsafe fn help(&mut self) {
        let mut pauses = 0;
        loop {
            let stealers = &self.team.stealers;
            let offer = self.team.activity.seek(
                || stealers.iter().any(|stealer| !stealer.is_empty()),
                || stealers.iter().find_map(steal),
                || pause(&mut pauses),
            );
            let Some(offer) = offer else { return };
            pauses = 0;
            self.accept(offer);
            // SAFETY: the caller's promises.
            unsafe { self.work() }
        }
    }

    /// Scans several pending objects; whether there may be more.
    ///
    /// # Safety
    ///
    /// As [`Member::work`].
    #[inline]
    unsafe fn scan_some(&mut self) -> bool {
        if self.deque.is_empty() && self.team.activity.is_alone() {
            // Others only look whether there is an offer, until there is one.
            // SAFETY: the caller's promises.
            unsafe { self.marker.scan_some(&mut Exclusive) }
        } else {
            // SAFETY: as above.
            unsafe { self.marker.scan_some(&mut self.bits) }
        }
    }

    #[cold]
    fn offer(&mut self) {
        if let Some(arrays) = self.marker.split_arrays() {
            self.deque.push(Offer::Elements(Elements(arrays)));
        } else if let Some(objects) = self.marker.split_pending(OFFER_LEN_MAX) {
            self.deque.push(Offer::Objects(Objects(objects)));
        }
    }

    fn accept(&mut self, offer: Offer) {
        if crate::planted!("offer-is-lost") {
            return;
        }
        match offer {
            Offer::Objects(Objects(mut objects)) => self.marker.pending.append(&mut objects),
            Offer::Elements(Elements(mut arrays)) => self.marker.arrays.append(&mut arrays),
        }
    }
}

fn steal(stealer: &Stealer<Offer>) -> Option<Offer> {
    iter::repeat_with(|| stealer.steal()).find(|steal| !steal.is_retry()).and_then(Steal::success)
}

/// Waits a moment, the longer the more often it was in vain: a long list keeps one thread busy, and
/// the others should not be.
fn pause(pauses: &mut u32) {
    *pauses += 1;
    match *pauses {
        0..64 => core::hint::spin_loop(),
        64..128 => thread::yield_now(),
        _ => thread::sleep(Duration::from_micros(50)),
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::super::mark_bits::Bits;
    use super::super::shared_bits::tests::take_marks;
    use super::*;
    use crate::{Arena, Gc, Lock, NullCollector, Rootable, Trace};

    /// An array of references to others.
    #[derive(Trace)]
    #[trace(crate = crate)]
    struct Node<'gc> {
        targets: Gc<'gc, [Lock<Option<Gc<'gc, Node<'gc>>>>]>,
    }

    /// A generator of numbers that look random (Marsaglia, *Xorshift RNGs*, 2003).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % end as u64) as usize
        }
    }

    /// Builds nodes with edges to the nodes of these numbers, and marks them from the first one by one
    /// thread and by several.
    fn compare(edges: &[Vec<usize>]) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let workers = Workers(Arc::new(pool));
        let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
        arena.enter(|mc, ()| {
            let nodes = Vec::from_iter(edges.iter().map(|edges| {
                let targets = Gc::slice_from_fn(mc, edges.len(), |_| Lock::new(None));
                Gc::new(mc, Node { targets })
            }));
            for (node, edges) in nodes.iter().zip(edges) {
                for (index, &target) in edges.iter().enumerate() {
                    let place = Gc::write_at(mc, node.targets, index).unwrap();
                    place.unlock().set(Some(nodes[target]));
                }
            }
            let root = nodes[0].object();
            let objects = Vec::from_iter(
                nodes.iter().flat_map(|node| [node.object(), node.targets.object()]),
            );
            let mut alone = Marker::default();
            assert!(Exclusive.set(root));
            alone.pending.push(root);
            // SAFETY: all objects live while `enter` runs, and nothing is borrowed.
            while unsafe { alone.scan_some(&mut Exclusive) } {}
            let by_one = take_marks(&objects);

            let mut reached = BTreeSet::from([0]);
            let mut pending = Vec::from([0]);
            while let Some(number) = pending.pop() {
                pending.extend(edges[number].iter().filter(|&&target| reached.insert(target)));
            }
            let reached = reached.iter().map(|&number: &usize| nodes[number]);
            let reached = reached.flat_map(|node| [node.object(), node.targets.object()]);
            assert!(by_one == reached.collect(), "one thread missed something");

            for _ in 0..8 {
                let mut marker = Marker::default();
                assert!(Exclusive.set(root));
                marker.pending.push(root);
                // SAFETY: as above, and no other thread runs.
                unsafe { mark(&workers, &mut marker) }
                assert!(marker.pending.is_empty());
                assert!(take_marks(&objects) == by_one, "several threads differ from one");
            }
        });
    }

    #[test]
    fn of_a_random_graph_several_threads_mark_what_one_marks() {
        for seed in 1..=8 {
            let mut numbers = Numbers(seed);
            let edges =
                (0..2000).map(|_| (0..numbers.below(4)).map(|_| numbers.below(2000)).collect());
            compare(&Vec::from_iter(edges));
        }
    }

    #[test]
    fn of_a_tree_no_branch_is_lost() {
        for seed in 1..=8 {
            let mut numbers = Numbers(seed);
            let mut edges = alloc::vec![Vec::new(); 2000];
            for child in 1..edges.len() {
                edges[numbers.below(child)].push(child);
            }
            compare(&edges);
        }
    }

    #[test]
    fn of_a_large_array_no_element_is_lost() {
        let mut edges = alloc::vec![Vec::new(); 5000];
        edges[0] = Vec::from_iter(1..5000);
        compare(&edges);
    }

    #[test]
    fn a_path_that_cannot_be_shared_is_marked_to_its_end() {
        let mut edges = Vec::from_iter((1..5000).map(|next| Vec::from([next])));
        edges.push(Vec::new());
        compare(&edges);
    }
}

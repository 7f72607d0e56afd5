//! When several threads that take work from each other are done.
//!
//! A thread is *active* while it has work, and no thread has work that is not. Only active threads
//! offer work, each in a place of its own, and a thread leaves only when its place is empty. So when
//! nobody is active no work is left, and none can appear.
//!
//! A thread that takes work from another enters *before* it takes it: between the two there is no
//! moment at which the work is counted nowhere.
//!
//! So a thread that finds nobody else active is *alone*: who enters after that finds nothing but what
//! this thread offers later, and sees what it did before the offer.

#[cfg(not(all(test, loom)))]
use core::sync::atomic::{AtomicUsize, Ordering, fence};
#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicUsize, Ordering, fence};

/// How many threads are active.
#[derive(Debug)]
pub(super) struct Activity {
    active: AtomicUsize,
}

impl Activity {
    /// One thread is active: the one that has the first work. The others begin with
    /// [`Activity::seek`], some perhaps when all is done.
    pub(super) fn new() -> Activity {
        Activity { active: AtomicUsize::new(1) }
    }

    /// Whether fewer than this many threads are active, as far as this one knows.
    #[inline]
    pub(super) fn is_below(&self, threads: usize) -> bool {
        self.active.load(Ordering::Relaxed) < threads
    }

    /// Whether this thread, which is active and *has seen before* that its place is empty, is the only
    /// one that has work. If so it stays that until it offers some, and it sees all that others did.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        self.active.load(Ordering::Acquire) == 1
    }

    /// This thread has no work, and its own place is empty.
    pub(super) fn leave(&self) {
        // Whoever emptied the place had entered before: what was seen of the place is ordered before
        // the count goes down, so the count does not miss that thread.
        fence(Ordering::SeqCst);
        self.active.fetch_sub(1, Ordering::AcqRel);
    }

    /// Seeks work for a thread that is not active. With work it is active again; `None` means that
    /// nobody has any.
    ///
    /// `is_promising` says whether `take` may find something; `pause` waits a moment.
    pub(super) fn seek<T>(
        &self,
        is_promising: impl Fn() -> bool,
        take: impl Fn() -> Option<T>,
        mut pause: impl FnMut(),
    ) -> Option<T> {
        loop {
            if is_promising() {
                self.active.fetch_add(1, Ordering::AcqRel);
                let work = take();
                if work.is_some() {
                    return work;
                }
                self.leave();
            }
            if self.active.load(Ordering::Acquire) == 0 {
                return None;
            }
            pause();
        }
    }
}

// Tried in very many interleavings: see ci/loom.sh.
#[cfg(all(test, loom))]
mod tests {
    use alloc::vec::Vec;

    use loom::cell::UnsafeCell;
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    use super::*;

    /// A task is a number: a 1 makes two of 0, so that both threads may have one.
    struct Team {
        places: [Mutex<Vec<usize>>; 2],
        activity: Activity,
        done: AtomicUsize,
        /// What a thread that is alone may change, and others may only look at: a second access
        /// at the same time is found.
        marks: UnsafeCell<usize>,
    }

    // SAFETY: that `marks` is not used by two threads at once is what is tested.
    unsafe impl Sync for Team {}

    impl Team {
        fn work(&self, me: usize, mut work: Option<usize>) {
            loop {
                while let Some(below) = work {
                    let is_empty = self.places[me].lock().unwrap().is_empty();
                    if is_empty && self.activity.is_alone() {
                        // SAFETY: loom says whether another thread uses it.
                        self.marks.with_mut(|marks| unsafe { *marks += 1 });
                    } else {
                        // SAFETY: as above.
                        self.marks.with(|marks| unsafe { *marks });
                    }
                    if below > 0 {
                        self.places[me].lock().unwrap().extend([below - 1; 2]);
                    }
                    self.done.fetch_add(1, Ordering::Relaxed);
                    work = self.places[me].lock().unwrap().pop();
                    if work.is_none() {
                        self.activity.leave();
                    }
                }
                let other = &self.places[1 - me];
                work = self.activity.seek(
                    || !other.lock().unwrap().is_empty(),
                    || other.lock().unwrap().pop(),
                    thread::yield_now,
                );
                if work.is_none() {
                    return;
                }
            }
        }
    }

    #[test]
    fn nobody_stops_before_all_work_is_done_and_who_is_alone_is_not_disturbed() {
        // Without a bound this takes longer than anybody waits.
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(4);
        builder.check(|| {
            let team = Arc::new(Team {
                places: [Mutex::default(), Mutex::default()],
                activity: Activity::new(),
                done: AtomicUsize::new(0),
                marks: UnsafeCell::new(0),
            });
            let other = thread::spawn({
                let team = Arc::clone(&team);
                move || team.work(1, None)
            });
            team.work(0, Some(1));
            // The other may still be at its task, but none is left that nobody does.
            assert!(team.places.iter().all(|place| place.lock().unwrap().is_empty()));
            other.join().unwrap();
            assert_eq!(team.done.load(Ordering::Relaxed), 3);
        });
    }
}

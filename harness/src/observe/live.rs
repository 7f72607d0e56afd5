//! The observer of a run that somebody watches: [`LiveObserver`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use gc_core::{GenerationStats, HeapView, Listener, Stats};
use gc_insight::log::CollectionLog;

use super::{HeapObserver, Slice, TypeName};
use crate::measure::Observer;

/// How often there is something new.
const UPDATE_INTERVAL: Duration = Duration::from_millis(100);

/// How often the heap is looked into, at most.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// So many pauses are shown, the last ones.
const PAUSES_SHOWN: usize = 256;

/// The windows of which the utilization is shown.
const WINDOW: Duration = Duration::from_millis(10);

/// How often a run that stands looks whether it may go on.
const STANDING_INTERVAL: Duration = Duration::from_millis(20);

/// What a run was like until some moment.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// How long it took, without the looks and without the time in which it stood.
    pub run: Duration,
    /// How long each slice is.
    pub slice_ns: u64,
    /// The heap over time, as in [`HeapRecord`](super::HeapRecord).
    pub slices: Vec<Slice>,
    /// The meters of the arena.
    pub stats: Stats,
    /// The meters of its generations, the youngest first.
    pub generations: Vec<GenerationStats>,
    /// Reachable bytes of each type when the heap was last looked into, the largest first.
    pub types: Vec<(TypeName, u64)>,
    /// Unreachable bytes at that moment.
    pub garbage_bytes: u64,
    /// The last pauses, the oldest first.
    pub pauses: Vec<Duration>,
    /// How many pauses there were.
    pub pause_count: u64,
    /// The median pause.
    pub pause_p50: Duration,
    /// The pause that one in a hundred exceeds.
    pub pause_p99: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// What the program had at least of any 10 ms, as far as the last pauses go back.
    pub utilization: f64,
}

/// Tells another thread what a run is like, several times a second.
#[derive(Debug)]
pub struct LiveObserver {
    heap: HeapObserver,
    log: CollectionLog,
    next_update: Duration,
    updates: Sender<Update>,
    is_standing: Arc<AtomicBool>,
    types: Vec<(TypeName, u64)>,
    garbage_bytes: u64,
}

impl LiveObserver {
    /// An observer of a run that begins now, and where its updates come. The run stands as long as the
    /// flag is set.
    #[must_use]
    pub fn new(is_standing: Arc<AtomicBool>) -> (Self, Receiver<Update>) {
        // Who does not read them misses some.
        let (updates, receiver) = bounded(2);
        let observer = LiveObserver {
            heap: HeapObserver::new(LOOK_INTERVAL),
            log: CollectionLog::with_capacity(PAUSES_SHOWN),
            next_update: Duration::ZERO,
            updates,
            is_standing,
            types: Vec::new(),
            garbage_bytes: 0,
        };
        (observer, receiver)
    }

    fn update(&self, stats: &Stats, generations: &[GenerationStats]) -> Update {
        let (run, record) = self.heap.record();
        let history = self.log.history();
        let pauses = history.pause_histogram();
        Update {
            run,
            slice_ns: record.slice_ns,
            slices: record.slices,
            stats: *stats,
            generations: generations.to_vec(),
            types: self.types.clone(),
            garbage_bytes: self.garbage_bytes,
            pauses: history.pauses().iter().map(|pause| pause.duration).collect(),
            pause_count: pauses.count(),
            pause_p50: pauses.quantile(0.5),
            pause_p99: pauses.quantile(0.99),
            pause_max: pauses.longest(),
            utilization: history.mmu(WINDOW),
        }
    }
}

impl Observer for LiveObserver {
    fn listener(&mut self) -> Option<Box<dyn Listener>> {
        let mut listeners: Vec<Box<dyn Listener>> = vec![Box::new(self.log.clone())];
        listeners.extend(self.heap.listener());
        Some(Box::new(listeners))
    }

    fn operation_ended(&mut self, stats: &Stats, generations: &[GenerationStats]) -> bool {
        if self.is_standing.load(Ordering::Relaxed) {
            self.heap.stand(|| {
                while self.is_standing.load(Ordering::Relaxed) {
                    thread::sleep(STANDING_INTERVAL);
                }
            });
        }
        let wants_to_look = self.heap.operation_ended(stats, generations);
        let run = self.heap.elapsed();
        if run >= self.next_update {
            self.next_update = run + UPDATE_INTERVAL;
            // If they are not read, or nobody is there any more, this one is not missed.
            let _ = self.updates.try_send(self.update(stats, generations));
        }
        wants_to_look
    }

    fn look<'gc>(&mut self, heap: &'gc HeapView<'gc>) {
        self.heap.look(heap);
        if let Some((look, types)) = self.heap.take_last_look() {
            self.types = types.iter().cloned().zip(look.bytes).collect();
            self.types.retain(|(_, bytes)| *bytes > 0);
            self.types.sort_by(|left, right| {
                right.1.cmp(&left.1).then_with(|| left.0.name.cmp(&right.0.name))
            });
            self.garbage_bytes = look.garbage_bytes;
        }
    }
}

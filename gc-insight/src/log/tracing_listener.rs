//! The events of an arena as events of the crate `tracing`: [`TracingListener`].

use std::time::Instant;

use gc_core::{Collection, Event, Listener};
use tracing::{Level, event};

/// Passes the events of an arena on to the subscribers of the crate [`tracing`].
///
/// The target is `gc`. When a collection has ended, an event `collection` of level `DEBUG` has what
/// it did in the fields of [`Collection`]: `reason` as a word, the duration as `duration_ns`. When a
/// safepoint has, an event `safepoint` of level `TRACE` has `duration_ns`, `freed_objects`,
/// `freed_bytes`, `live_bytes`, `used_bytes` and `used_bytes_before`. When a collection begins, an
/// event `collection begins` of level `TRACE` has `reason` and `generation`.
///
/// There are no spans: a collection may wait for calls while other code of the program runs, which a
/// span around it would contain.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, NullCollector, Rootable};
/// use gc_insight::log::TracingListener;
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.set_listener(TracingListener::new());
/// arena.collect(); // Whoever subscribes to `gc` hears of it.
/// ```
#[derive(Debug, Default)]
pub struct TracingListener {
    start: Option<Instant>,
}

impl TracingListener {
    /// A listener.
    ///
    /// See the example of [`TracingListener`].
    #[must_use]
    pub fn new() -> TracingListener {
        TracingListener::default()
    }
}

impl Listener for TracingListener {
    fn event(&mut self, event: &Event) {
        match event {
            Event::SafepointStart => self.start = Some(Instant::now()),
            Event::SafepointStop { .. } => {
                let duration_ns = self.start.take().map(|start| start.elapsed().as_nanos() as u64);
                tell_of_safepoint(event, duration_ns);
            }
            Event::CollectionStart { reason, generation } => {
                event!(target: "gc", Level::TRACE, %reason, generation, "collection begins");
            }
            Event::CollectionStop { collection } => tell_of_collection(collection),
            _ => {}
        }
    }
}

fn tell_of_safepoint(event: &Event, duration_ns: Option<u64>) {
    if let Event::SafepointStop {
        freed_objects,
        freed_bytes,
        live_bytes,
        used_bytes,
        used_bytes_before,
    } = event
    {
        event!(
            target: "gc",
            Level::TRACE,
            duration_ns,
            freed_objects,
            freed_bytes,
            live_bytes,
            used_bytes,
            used_bytes_before,
            "safepoint"
        );
    }
}

fn tell_of_collection(collection: &Collection) {
    let Collection { reason, generation, candidates, unreachable, finalized, .. } = collection;
    let Collection { resurrected, uncollectable, survivors, .. } = collection;
    let Collection { freed_objects, freed_bytes, live_bytes, duration, .. } = collection;
    let duration_ns = duration.as_nanos() as u64;
    event!(
        target: "gc",
        Level::DEBUG,
        %reason,
        generation,
        duration_ns,
        candidates,
        unreachable,
        finalized,
        resurrected,
        uncollectable,
        survivors,
        freed_objects,
        freed_bytes,
        live_bytes,
        "collection"
    );
}

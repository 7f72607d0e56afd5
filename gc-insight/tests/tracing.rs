//! The events of an arena, as a subscriber of `tracing` sees them.
#![cfg(feature = "tracing")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use gc_core::{Arena, Gc, Rootable};
use gc_generational::Generational;
use gc_insight::log::TracingListener;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

type Arrays = Arena<Rootable![Vec<Gc<'_, [u8]>>], Generational>;

/// An event's level and its fields.
type Seen = (Level, BTreeMap<&'static str, String>);

/// Keeps the events of the target `gc`.
#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<Seen>>>);

struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Witness {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "gc"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        unreachable!("there are no spans")
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push((*event.metadata().level(), fields.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_sees_what_a_collection_did() {
    let witness = Witness::default();
    let mut returned = Vec::new();
    tracing::subscriber::with_default(witness.clone(), || {
        let mut arena: Arrays =
            Arena::new(|mc| (0..100).map(|byte| Gc::slice_from_fn(mc, 100, |_| byte)).collect());
        arena.set_listener(TracingListener::new());
        returned.push(arena.collect());
        arena.mutate_root(|_, arrays| arrays.truncate(30));
        returned.push(arena.collect());
    });
    let seen = witness.0.lock().unwrap();
    let of_kind = |kind: &str| -> Vec<&Seen> {
        seen.iter().filter(|(_, fields)| fields["message"] == kind).collect()
    };
    let (begun, stopped) = (of_kind("collection begins"), of_kind("collection"));
    assert_eq!((begun.len(), stopped.len(), of_kind("safepoint").len()), (2, 2, seen.len() - 4));
    for (((level, fields), begun), returned) in stopped.iter().zip(begun).zip(&returned) {
        assert_eq!((*level, begun.0), (Level::DEBUG, Level::TRACE));
        assert_eq!(begun.1["reason"], "explicit");
        for (name, value) in [
            ("generation", usize::from(returned.generation)),
            ("duration_ns", returned.duration.as_nanos() as usize),
            ("candidates", returned.candidates),
            ("unreachable", returned.unreachable),
            ("finalized", returned.finalized),
            ("resurrected", returned.resurrected),
            ("uncollectable", returned.uncollectable),
            ("survivors", returned.survivors),
            ("freed_objects", returned.freed_objects),
            ("freed_bytes", returned.freed_bytes),
            ("live_bytes", returned.live_bytes),
        ] {
            assert_eq!(fields[name], value.to_string(), "{name}");
        }
        assert_eq!(fields["reason"], "explicit");
    }
    assert_eq!(returned[1].freed_objects, 70);
    let (level, last) = of_kind("safepoint").pop().unwrap();
    assert_eq!((*level, &last["live_bytes"]), (Level::TRACE, &returned[1].live_bytes.to_string()));
    for name in ["duration_ns", "freed_objects", "freed_bytes", "used_bytes", "used_bytes_before"] {
        assert!(last[name].parse::<u64>().is_ok(), "{name}: {last:?}");
    }
}

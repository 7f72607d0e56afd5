//! The log of collections, on every backend.

use std::collections::HashMap;
use std::time::Duration;

use gc_core::{Arena, Collector, Gc, Lock, Reason, Rootable, Trace, unlock};
use gc_generational::Generational;
use gc_insight::log::{CollectionLog, History, LogLine};
use gc_marksweep::MarkSweep;
use gc_refcount::Refcount;
use serde_json::Value;

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    _payload: [u64; 16],
}

type List<C> = Arena<Rootable![Lock<Option<Gc<'_, Node<'_>>>>], C>;

/// Makes lists and drops them, and collects now and then.
fn run<C: Collector + Default>(log: &CollectionLog) -> List<C> {
    let mut arena: List<C> = Arena::new(|_| Lock::new(None));
    arena.set_listener(log.clone());
    for round in 0..30 {
        arena.mutate_root(|mc, root| {
            *root = Lock::new(None);
            for _ in 0..1000 {
                let next = Lock::new(root.get());
                *root = Lock::new(Some(Gc::new(mc, Node { next, _payload: [0; 16] })));
            }
        });
        if round % 10 == 9 {
            // A ring, which a collector that only counts does not find.
            arena.mutate(|mc, _| {
                let ring = Gc::new(mc, Node { next: Lock::new(None), _payload: [0; 16] });
                unlock!(Gc::write(mc, ring), Node, next).set(Some(ring));
            });
            arena.collect();
        }
    }
    arena
}

fn check<C: Collector + Default>() -> History {
    let log = CollectionLog::new();
    let arena = run::<C>(&log);
    let (history, stats) = (log.history(), arena.stats());
    let [collections, pauses] =
        [history.collections().len(), history.pauses().len()].map(|count| count as u64);
    assert_eq!((collections, pauses), (stats.collections, stats.safepoints));
    assert_eq!(history.pause_histogram().count(), pauses);
    let explicit = |reason| {
        history.collections().iter().filter(|record| record.collection.reason == reason).count()
    };
    assert_eq!(explicit(Reason::Explicit), 3);

    // They follow each other, and those of collections are within them.
    assert!(history.pauses().is_sorted_by(|a, b| a.end() <= b.start));
    assert!(history.collections().is_sorted_by(|a, b| a.end() <= b.start));
    for record in history.collections() {
        assert!(record.collection.duration <= record.duration);
        let within = |pause: &&gc_insight::log::Pause| {
            record.start <= pause.start && pause.end() <= record.end()
        };
        assert!(history.pauses().iter().filter(within).all(|pause| pause.is_collection));
        assert!(history.pauses().iter().any(|pause| within(&pause)));
    }

    // What was freed and what is left is what the arena says.
    let freed: usize = history.pauses().iter().map(|pause| pause.freed_objects).sum();
    assert_eq!(freed as u64, stats.freed_objects);
    let last = history.pauses().last().expect("there were some");
    assert_eq!((last.live_bytes, last.used_bytes), (stats.live_bytes, stats.used_bytes));
    let most = history.pauses().iter().map(|pause| pause.live_bytes).max();
    assert_eq!(most, Some(stats.live_bytes_max));
    assert!(history.pauses().iter().any(|pause| pause.used_bytes < pause.used_bytes_before));
    let generations = history.generations().iter().zip(arena.generation_stats());
    for (ours, arenas) in generations {
        assert_eq!(ours.collections, arenas.collections);
        assert_eq!(ours.freed_objects, arenas.freed_objects);
        assert_eq!(ours.freed_bytes, arenas.freed_bytes);
    }
    history
}

#[test]
fn the_log_agrees_with_the_arena() {
    for history in [check::<Refcount>(), check::<MarkSweep>(), check::<Generational>()] {
        let utilization = history.utilization();
        let overall = utilization.overall();
        assert!(overall > 0.0 && overall < 1.0, "{overall}");
        let longest = history.pause_histogram().longest();
        assert_eq!(history.mmu(longest), 0.0);
        assert!(history.mmu(history.span().end) <= overall);
        assert!(!history.summary().to_string().is_empty());
    }
}

#[test]
fn a_file_of_json_lines_has_every_record_and_says_what_is_documented() {
    let history = check::<MarkSweep>();
    let mut file = Vec::new();
    history.write_json_lines(&mut file).unwrap();
    let text = String::from_utf8(file).unwrap();
    let read = |line| serde_json::from_str::<LogLine>(line).unwrap();
    let lines: Vec<LogLine> = text.lines().map(read).collect();
    assert!(matches!(lines[0], LogLine::Log(header) if header.end_ns > 0 && header.begin_ns == 0));
    let pauses: Vec<_> = lines
        .iter()
        .filter_map(|line| if let LogLine::Pause(pause) = line { Some(*pause) } else { None })
        .collect();
    assert_eq!(pauses, history.pauses());
    let started = |line: &LogLine| match line {
        LogLine::Log(_) => Duration::ZERO,
        LogLine::Pause(pause) => pause.start,
        LogLine::Collection(record) => record.start,
    };
    assert!(lines.is_sorted_by_key(started));

    let mut kinds: HashMap<String, Value> = HashMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        kinds.insert(value["event"].as_str().unwrap().into(), value);
    }
    let keys = |kind: &str| {
        let mut keys: Vec<&str> =
            kinds[kind].as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys.join(" ")
    };
    assert_eq!(keys("log"), "begin_ns collections_dropped end_ns event pauses_dropped version");
    assert_eq!(
        keys("pause"),
        "duration_ns event freed_bytes freed_objects is_collection live_bytes start_ns used_bytes \
         used_bytes_before"
    );
    assert_eq!(
        keys("collection"),
        "candidates duration_ns event finalized freed_bytes freed_objects generation live_bytes \
         reason resurrected start_ns survivors uncollectable unreachable"
    );

    let collections = lines.iter().filter_map(|line| match line {
        LogLine::Collection(record) => Some(record),
        _ => None,
    });
    for (read, kept) in collections.zip(history.collections()) {
        let mut kept = *kept;
        // A file has one clock.
        kept.collection.duration = kept.duration;
        assert_eq!(*read, kept);
    }
}

#[test]
fn a_chrome_trace_has_complete_events_that_nest_and_counters() {
    let history = check::<Generational>();
    let mut file = Vec::new();
    history.write_chrome_trace("lists", &mut file).unwrap();
    let events: Vec<Value> = serde_json::from_slice(&file).unwrap();
    let of_phase = |phase| events.iter().filter(move |event| event["ph"] == phase);
    assert_eq!(of_phase("M").next().unwrap()["args"]["name"], "lists");
    let complete = history.collections().len() + history.pauses().len();
    assert_eq!(of_phase("X").count(), complete);
    assert_eq!(of_phase("C").count(), 3 * history.heap().len());
    assert_eq!(events.len(), 2 + complete + 3 * history.heap().len());
    for event in &events {
        assert!(
            event["ts"].as_f64().is_some() && event["pid"] == 1 && event["tid"] == 1,
            "{event}"
        );
    }
    // Each is within another one or beside it, or viewers draw them wrong.
    let mut spans: Vec<(f64, f64)> = of_phase("X")
        .map(|event| {
            let (start, length) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
            assert_eq!(event["cat"], "gc");
            (start, start + length)
        })
        .collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let mut open: Vec<f64> = Vec::new();
    for (start, end) in spans {
        while open.last().is_some_and(|&outer| outer <= start) {
            open.pop();
        }
        assert!(open.last().is_none_or(|&outer| end <= outer + 1e-3), "{start} to {end}");
        open.push(end);
    }
    let largest = of_phase("C").filter(|event| event["name"] == "used bytes");
    let largest = largest.map(|event| event["args"]["bytes"].as_u64().unwrap()).max();
    assert_eq!(largest, Some(history.summary().used_bytes_max as u64));
}

/// Fails after a number of bytes.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_writer_is_passed_on() {
    let history = check::<Generational>();
    for room in [0, 100, 1000] {
        let error = history.write_json_lines(Full(room)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        let error = history.write_chrome_trace("", Full(room)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}

//! A history for trace viewers, in Chrome's trace-event format.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::history::History;
use super::record::{CollectionRecord, HeapSample, Pause};

/// There is one process, with one thread: the arena's.
const PROCESS: u32 = 1;
const THREAD: u32 = 1;

/// An event, with the names that the format gives to its parts: the phase is `X` for what takes time,
/// `C` for a counter, `M` for a name. Times are microseconds.
#[derive(Serialize)]
struct TraceEvent<A> {
    name: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'static str,
    ph: &'static str,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: u32,
    args: A,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Size {
    bytes: usize,
}

impl History {
    /// Writes the history as a trace in Chrome's trace-event format (a JSON array), which Perfetto and
    /// `chrome://tracing` show.
    ///
    /// Collections and pauses are complete events (`X`), the pauses below the collection whose steps
    /// they are; what they did is in their `args`, in the fields of [`LogLine`](super::LogLine). The
    /// bytes that live and those that are used are counters (`C`). The arena is a process of the given name.
    ///
    /// Writes in small pieces: give it a buffered writer.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, NullCollector, Rootable};
    /// use gc_insight::log::CollectionLog;
    ///
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// # let log = CollectionLog::new();
    /// # arena.set_listener(log.clone());
    /// # arena.collect();
    /// let mut file = Vec::new();
    /// log.history().write_chrome_trace("my program", &mut file)?;
    /// let trace: serde_json::Value = serde_json::from_slice(&file)?;
    /// assert_eq!(trace[0]["args"]["name"], "my program");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_chrome_trace(&self, process: &str, mut to: impl Write) -> io::Result<()> {
        let mut writer = serde_json::Serializer::new(&mut to);
        let mut events = writer.serialize_seq(None)?;
        for (kind, name) in [("process_name", process), ("thread_name", "collector")] {
            events.serialize_element(&event(kind, "M", Duration::ZERO, None, Name { name }))?;
        }
        for record in &self.collections {
            let &CollectionRecord { start, duration, .. } = record;
            let event = event("collection", "X", start, Some(duration), record);
            events.serialize_element(&event)?;
        }
        for pause in &self.pauses {
            let &Pause { start, duration, .. } = pause;
            events.serialize_element(&event("safepoint", "X", start, Some(duration), pause))?;
        }
        for sample in &self.heap {
            let &HeapSample { start, end, live_bytes, used_bytes, used_bytes_before } = sample;
            for (name, at, bytes) in [
                ("used bytes", start, used_bytes_before),
                ("used bytes", end, used_bytes),
                ("live bytes", end, live_bytes),
            ] {
                events.serialize_element(&event(name, "C", at, None, Size { bytes }))?;
            }
        }
        SerializeSeq::end(events)?;
        to.flush()
    }
}

fn event<A: Serialize>(
    name: &'static str,
    ph: &'static str,
    start: Duration,
    duration: Option<Duration>,
    args: A,
) -> TraceEvent<A> {
    let us = |duration: Duration| duration.as_nanos() as f64 / 1e3;
    let cat = if ph == "X" { "gc" } else { "" };
    let dur = duration.map(us);
    TraceEvent { name, cat, ph, ts: us(start), dur, pid: PROCESS, tid: THREAD, args }
}

//! A history as JSON lines, and back: [`LogLine`].

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::history::History;
use super::record::{CollectionRecord, Pause, nanoseconds};

/// The version of the format: it changes when a field changes its meaning or goes.
const VERSION: u32 = 1;

/// A line of a log as JSON lines: see [`History::write_json_lines`].
///
/// The first line is the [header](LogHeader). One for each pause and each collection follows, in the
/// order in which they began; a collection is in front of the pauses that are its steps. Times are
/// nanoseconds since the log's beginning, sizes are bytes.
///
/// ```text
/// {"event":"log","version":1,"begin_ns":0,"end_ns":11800,"pauses_dropped":0,"collections_dropped":0}
/// {"event":"collection","start_ns":7200,"duration_ns":3100,"reason":"explicit","generation":0,
///  "candidates":10,"unreachable":4,"finalized":0,"resurrected":0,"uncollectable":0,"survivors":6,
///  "freed_objects":4,"freed_bytes":160,"live_bytes":240}
/// {"event":"pause","start_ns":7300,"duration_ns":2900,"is_collection":true,"freed_objects":4,
///  "freed_bytes":160,"live_bytes":240,"used_bytes":32768,"used_bytes_before":32768}
/// ```
///
/// (The longer lines are broken here.) The fields are those of [`Collection`](gc_core::Collection) and
/// of [`Pause`]; `reason` is `automatic`, `explicit`, or `other`.
///
/// # Examples
///
/// What is in this file?
///
/// ```
/// # use gc_core::{Arena, NullCollector, Rootable};
/// use gc_insight::log::{CollectionLog, LogLine};
///
/// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// # let log = CollectionLog::new();
/// # arena.set_listener(log.clone());
/// # arena.collect();
/// let mut file = Vec::new();
/// log.history().write_json_lines(&mut file)?;
/// for line in file.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
///     match serde_json::from_slice(line)? {
///         LogLine::Log(header) => assert_eq!((header.version, header.pauses_dropped), (1, 0)),
///         LogLine::Collection(record) => assert_eq!(record.collection.generation, 0),
///         LogLine::Pause(pause) => assert!(pause.is_collection),
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LogLine {
    /// What the log is.
    Log(LogHeader),
    /// A pause.
    Pause(Pause),
    /// A collection.
    Collection(CollectionRecord),
}

/// The first line of a log.
///
/// See the example of [`LogLine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHeader {
    /// The version of the format: 1.
    pub version: u32,
    /// From when on every pause is in the file.
    pub begin_ns: u64,
    /// Until when.
    pub end_ns: u64,
    /// How many pauses there were before those in the file.
    pub pauses_dropped: u64,
    /// How many collections there were before those in the file.
    pub collections_dropped: u64,
}

impl History {
    /// The header and the records, as the lines of a file.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_insight::log::{CollectionLog, LogLine};
    ///
    /// let history = CollectionLog::new().history();
    /// assert!(matches!(history.lines().next(), Some(LogLine::Log(_))));
    /// ```
    pub fn lines(&self) -> impl Iterator<Item = LogLine> + '_ {
        let header = LogLine::Log(LogHeader {
            version: VERSION,
            begin_ns: nanoseconds::of(self.span.start),
            end_ns: nanoseconds::of(self.span.end),
            pauses_dropped: self.pauses_dropped,
            collections_dropped: self.collections_dropped,
        });
        let mut pauses = self.pauses.iter().peekable();
        let mut collections = self.collections.iter().peekable();
        let records = std::iter::from_fn(move || {
            let is_next = match (collections.peek(), pauses.peek()) {
                (Some(collection), Some(pause)) => collection.start <= pause.start,
                (collection, _) => collection.is_some(),
            };
            if is_next {
                return collections.next().copied().map(LogLine::Collection);
            }
            pauses.next().copied().map(LogLine::Pause)
        });
        std::iter::once(header).chain(records)
    }

    /// Writes the history as JSON, an object on each line: see [`LogLine`].
    ///
    /// Writes in small pieces: give it a buffered writer.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    ///
    /// # Examples
    ///
    /// See the example of [`LogLine`].
    pub fn write_json_lines(&self, mut to: impl Write) -> io::Result<()> {
        for line in self.lines() {
            serde_json::to_writer(&mut to, &line)?;
            to.write_all(b"\n")?;
        }
        to.flush()
    }
}

//! Memory by source line, as memory_profiler prints it: [`Lines`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::{Profile, Site};
use crate::text::Bytes;

/// Memory by source line: see [`Profile::lines`].
///
/// It is printed as a table of each file.
///
/// See the example of [`Profile::lines`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// By file and line.
    lines: Vec<Line>,
}

/// What one line of a program has allocated.
///
/// See the example of [`Profile::lines`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Line {
    /// The file, as the compiler was given it.
    pub file: String,
    /// The number of the line, from 1.
    pub line: u32,
    /// Bytes of what it allocated and what was not reclaimed.
    pub memory_bytes: f64,
    /// By how much that has grown: negative if it has shrunk.
    pub increment_bytes: f64,
    /// How many objects it has allocated, live or dead.
    pub occurrences: f64,
    /// The text of the line, if the file was read.
    pub source: Option<String>,
}

impl Profile {
    /// The memory that each line holds, how that has grown since an earlier profile, and how many
    /// objects it has allocated.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::Profile;
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// arena.enter(|mc, ()| (0..1000).for_each(|number: u64| _ = Gc::new(mc, number)));
    /// let profile = Profile::from(&arena.allocation_profile().unwrap());
    /// let lines = profile.lines(None);
    /// let line = lines.iter().next().unwrap();
    /// assert_eq!((line.line, line.memory_bytes, line.occurrences), (line!() - 4, 16000.0, 1000.0));
    /// // Nothing has come since.
    /// assert_eq!(profile.lines(Some(&profile)).iter().next().unwrap().increment_bytes, 0.0);
    /// let table = lines.to_string();
    /// assert!(table.contains("Line      Memory   Increment   Occurrences"));
    /// assert!(table.contains("    15.6 KiB    15.6 KiB          1000"));
    /// ```
    #[must_use]
    pub fn lines(&self, before: Option<&Profile>) -> Lines {
        let mut lines: BTreeMap<(&str, u32), Line> = BTreeMap::new();
        for (sites, is_before) in [(&self.sites, false), (before.map_or(&NONE, |b| &b.sites), true)]
        {
            for site in sites {
                let line = lines.entry((&site.file, site.line)).or_insert_with(|| Line {
                    file: site.file.clone(),
                    line: site.line,
                    ..Line::default()
                });
                if is_before {
                    line.increment_bytes -= site.live.bytes;
                } else {
                    line.memory_bytes += site.live.bytes;
                    line.increment_bytes += site.live.bytes;
                    line.occurrences += site.allocated.objects;
                }
            }
        }
        Lines { lines: lines.into_values().collect() }
    }
}

static NONE: Vec<Site> = Vec::new();

impl Lines {
    /// The lines, by file and number.
    ///
    /// See the example of [`Profile::lines`].
    pub fn iter(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// Those that hold most, at most so many of them, still by file and number.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, Sampling};
    /// # use gc_insight::profile::Profile;
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// arena.enter(|mc, ()| {
    ///     _ = Gc::new_str(mc, "short");
    ///     _ = Gc::new(mc, [0; 100]);
    /// });
    /// let profile = Profile::from(&arena.allocation_profile().unwrap());
    /// let top = profile.lines(None).top(1);
    /// assert!(top.iter().map(|line| line.line).eq([line!() - 4]));
    /// ```
    #[must_use]
    pub fn top(mut self, count: usize) -> Lines {
        self.lines.sort_by(|a, b| b.memory_bytes.total_cmp(&a.memory_bytes));
        self.lines.truncate(count);
        self.lines.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        self
    }

    /// Reads the text of the lines from the files, in a folder if their paths are relative. What cannot be
    /// read has none.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # let profile: gc_insight::profile::Profile = serde_json::from_str("").unwrap();
    /// println!("{}", profile.lines(None).read_sources("."));
    /// ```
    #[must_use]
    pub fn read_sources(mut self, folder: impl AsRef<Path>) -> Lines {
        for lines in self.lines.chunk_by_mut(|a, b| a.file == b.file) {
            let Ok(text) = std::fs::read_to_string(folder.as_ref().join(&lines[0].file)) else {
                continue;
            };
            let text: Vec<&str> = text.lines().collect();
            for line in lines {
                let source = (line.line as usize).checked_sub(1).and_then(|index| text.get(index));
                line.source = source.map(|&source| source.trim_end().to_owned());
            }
        }
        self
    }
}

/// Bytes that may be negative.
fn signed(bytes: f64) -> String {
    let sign = if bytes <= -0.5 { "-" } else { "" };
    format!("{sign}{}", Bytes(bytes.abs().round() as u64))
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, lines) in self.lines.chunk_by(|a, b| a.file == b.file).enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}", lines[0].file)?;
            writeln!(
                f,
                "{:>6}  {:>10}  {:>10}  {:>12}",
                "Line", "Memory", "Increment", "Occurrences"
            )?;
            for line in lines {
                write!(
                    f,
                    "{:>6}  {:>10}  {:>10}  {:>12.0}",
                    line.line,
                    signed(line.memory_bytes),
                    signed(line.increment_bytes),
                    line.occurrences,
                )?;
                match &line.source {
                    Some(source) => writeln!(f, "  {source}")?,
                    None => writeln!(f)?,
                }
            }
        }
        Ok(())
    }
}

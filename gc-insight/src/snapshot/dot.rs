//! A picture of a heap, in Graphviz's language.

use std::fmt;
use std::io::{self, BufWriter, Write};

use gc_core::{Holding, Place};

use super::Snapshot;

/// Why there is no picture.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable};
/// use gc_insight::snapshot::{DotError, Snapshot};
///
/// let mut arena: Arena<Rootable![Vec<Gc<'_, u32>>], NullCollector> =
///     Arena::new(|mc| (0..1000).map(|number| Gc::new(mc, number)).collect());
/// let result = arena.inspect(|heap, _| Snapshot::of(heap).write_dot(std::io::sink(), 200));
/// let error = result.expect_err("nobody can read a picture of 1000 boxes");
/// assert!(matches!(error, DotError::TooManyObjects { objects: 1000, objects_max: 200 }));
/// assert_eq!(error.to_string(), "there are 1000 objects, and a picture has at most 200");
/// ```
#[derive(Debug)]
pub enum DotError {
    /// There are more objects than were allowed. Nothing was written.
    TooManyObjects {
        /// How many objects there are.
        objects: usize,
        /// How many were allowed.
        objects_max: usize,
    },
    /// The file cannot be written.
    Io(io::Error),
}

impl fmt::Display for DotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DotError::TooManyObjects { objects, objects_max } => {
                write!(f, "there are {objects} objects, and a picture has at most {objects_max}")
            }
            DotError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            DotError::TooManyObjects { .. } => None,
            DotError::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for DotError {
    fn from(error: io::Error) -> DotError {
        DotError::Io(error)
    }
}

pub(super) fn write(
    snapshot: &Snapshot<'_, '_>,
    out: impl Write,
    objects_max: usize,
) -> Result<(), DotError> {
    let objects = snapshot.objects.len();
    if objects > objects_max {
        return Err(DotError::TooManyObjects { objects, objects_max });
    }
    let mut out = Lines { out: BufWriter::new(out), result: Ok(()) };
    out.line(format_args!("digraph heap {{"));
    out.line(format_args!("    rankdir=LR;"));
    out.line(format_args!("    node [shape=box];"));
    write_objects(snapshot, &mut out);
    write_edges(snapshot, &mut out);
    out.line(format_args!("}}"));
    out.result?;
    Ok(out.out.flush()?)
}

fn write_objects(snapshot: &Snapshot<'_, '_>, out: &mut Lines<impl Write>) {
    for (number, object) in snapshot.objects.iter() {
        let kind = object.short_type_name();
        let label = match (snapshot.label)(object) {
            Some(label) => format!("{label}: {kind}"),
            None => kind.to_string(),
        };
        let text = format!("{label}\n{} bytes", object.size_bytes());
        let style = if snapshot.objects.is_reachable(number) { "" } else { ", style=dashed" };
        let (id, text) = (number + 1, Quoted(&text));
        out.line(format_args!("    o{id} [label={text}{style}];"));
    }
}

fn write_edges(snapshot: &Snapshot<'_, '_>, out: &mut Lines<impl Write>) {
    snapshot.heap.for_each_root(|holding, object| {
        let Some(to) = snapshot.number(object) else { return };
        match holding {
            Holding::Root(place) => {
                let label = Label(place);
                out.line(format_args!("    root -> o{to}{label};"));
            }
            other => {
                let from = other.to_string();
                out.line(format_args!("    {} -> o{to};", Quoted(&from)));
            }
        }
    });
    for (number, _) in snapshot.objects.iter() {
        let from = number + 1;
        snapshot.objects.for_each_reference(number, |place, to| {
            out.line(format_args!("    o{from} -> o{}{};", to + 1, Label(place)));
        });
        for value in snapshot.objects.weak_values(number) {
            let to = value + 1;
            out.line(format_args!("    o{from} -> o{to} [label=\"weak map\", style=dotted];"));
        }
    }
}

/// Lines of a file, until one cannot be written.
struct Lines<W> {
    out: W,
    result: io::Result<()>,
}

impl<W: Write> Lines<W> {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = writeln!(self.out, "{line}");
        }
    }
}

/// The name of an arrow; nothing where there is none.
struct Label<'a>(&'a Place<'a>);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let name = self.0.to_string();
        write!(f, " [label={}]", Quoted(&name))
    }
}

/// A string as Graphviz reads it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for part in self.0.split_inclusive(['"', '\\', '\n']) {
            match part.strip_suffix(['"', '\\', '\n']) {
                None => f.write_str(part)?,
                Some(before) => {
                    f.write_str(before)?;
                    f.write_str(match part.as_bytes()[before.len()] {
                        b'"' => "\\\"",
                        b'\\' => "\\\\",
                        _ => "\\n",
                    })?;
                }
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_cannot_end_early() {
        for (text, quoted) in [
            ("", r#""""#),
            ("Node<'_>", r#""Node<'_>""#),
            (r#"a "b" c"#, r#""a \"b\" c""#),
            (r"C:\n", r#""C:\\n""#),
            ("two\nlines\\", r#""two\nlines\\""#),
            ("größe \u{1F600}", "\"größe \u{1F600}\""),
        ] {
            assert_eq!(Quoted(text).to_string(), quoted);
        }
    }
}

//! A heap as lines of JSON: [`Record`].

use std::io::{self, BufWriter, Write};

use gc_core::{AnyGc, Place};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::Snapshot;

/// A line of what [`Snapshot::write_json_lines`] writes.
///
/// The field `record` says which it is: `root` or `object`.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable};
/// use gc_insight::snapshot::{Record, Snapshot};
///
/// type Pair<'gc> = (Gc<'gc, f64>, Gc<'gc, f64>);
/// let mut arena: Arena<Rootable![Gc<'_, Pair<'_>>], NullCollector> = Arena::new(|mc| {
///     Gc::new(mc, (Gc::new(mc, 1.0), Gc::new(mc, 2.0)))
/// });
/// let mut file = Vec::new();
/// arena.inspect(|heap, _| Snapshot::of(heap).write_json_lines(&mut file))?;
///
/// let (mut holders, mut names) = (Vec::new(), Vec::new());
/// for line in file.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
///     match serde_json::from_slice(line)? {
///         Record::Root(root) => holders.push(root.holder),
///         Record::Object(object) => {
///             assert!(object.bytes > 0 && object.is_reachable);
///             names.extend(object.references.into_iter().map(|reference| reference.name));
///         }
///     }
/// }
/// assert_eq!((holders, names), (vec!["root".into()], vec!["0".into(), "1".into()]));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// Something outside of the heap keeps an object.
    Root(RootRecord),
    /// An object.
    Object(ObjectRecord),
}

/// Something outside of the heap keeps an object.
///
/// See the example of [`Record`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootRecord {
    /// What keeps it: `root.sessions[2]`, `handle`, `frozen`, or as
    /// [`Holding`](gc_core::Holding) has it.
    pub holder: String,
    /// The object's number.
    pub to: u32,
}

/// An object.
///
/// See the example of [`Record`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// Its number, from 1: of this file only.
    pub id: u32,
    /// The name of its type, with modules.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its own name, if [`Snapshot::label`] gave it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it takes in the heap, header included.
    pub bytes: usize,
    /// The number of elements, if it is an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elements: Option<usize>,
    /// The generation that it is in, the youngest being 0; none if it is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u8>,
    /// The references to it, if the collector counts: from objects, the root and handles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Whether something outside of the heap keeps it. The key of a weak map alone is taken to keep
    /// the value.
    #[serde(rename = "reachable")]
    pub is_reachable: bool,
    /// Where it was allocated, if that was [noted](gc_core::Arena::profile_allocations).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// Its references, in the order of their places.
    pub references: Vec<Reference>,
    /// The numbers of the values that weak maps hold as long as this object, the key, lives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weak_values: Vec<u32>,
}

/// Where an object was allocated: a place in the program.
///
/// See the example of [`Record`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The source file, as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// A reference of an object to another.
///
/// See the example of [`Record`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Where it is: `entries[3].key`, or as [`Place`] has it.
    pub name: String,
    /// The number of the object that it leads to.
    pub to: u32,
}

pub(super) fn write(snapshot: &Snapshot<'_, '_>, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut result = Ok(());
    snapshot.heap.for_each_root(|holding, object| {
        if let Some(to) = snapshot.number(object).filter(|_| result.is_ok()) {
            let record = Record::Root(RootRecord { holder: holding.to_string(), to });
            result = write_line(&mut out, &record);
        }
    });
    result?;
    for (number, object) in snapshot.objects.iter() {
        write_line(&mut out, &Line::of(snapshot, number, object))?;
    }
    out.flush()
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// A [`Record::Object`] that is not put together before it is written.
#[derive(Serialize)]
#[serde(tag = "record", rename = "object")]
struct Line<'s, 'a, 'gc> {
    id: u32,
    #[serde(rename = "type")]
    type_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    elements: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    reachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<Site>,
    references: References<'s, 'a, 'gc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    weak_values: Vec<u32>,
}

impl<'s, 'a, 'gc> Line<'s, 'a, 'gc> {
    fn of(snapshot: &'s Snapshot<'a, 'gc>, number: u32, object: AnyGc<'gc>) -> Line<'s, 'a, 'gc> {
        let values = snapshot.objects.weak_values(number);
        Line {
            id: number + 1,
            type_name: object.type_name(),
            label: (snapshot.label)(object),
            bytes: object.size_bytes(),
            elements: object.element_count(),
            generation: snapshot.heap.generation(object),
            count: snapshot.heap.ref_count(object),
            reachable: snapshot.objects.is_reachable(number),
            site: snapshot.heap.allocation_site(object).map(|site| {
                let location = site.location();
                let (line, column) = (location.line(), location.column());
                Site { file: location.file().to_owned(), line, column }
            }),
            references: References { snapshot, of: number },
            weak_values: values.map(|value| value + 1).collect(),
        }
    }
}

/// The references of an object, one after the other.
struct References<'s, 'a, 'gc> {
    snapshot: &'s Snapshot<'a, 'gc>,
    of: u32,
}

impl Serialize for References<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Item<'p> {
            #[serde(serialize_with = "as_text")]
            name: &'p Place<'p>,
            to: u32,
        }
        fn as_text<S: Serializer>(place: &&Place<'_>, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(place)
        }
        let mut sequence = serializer.serialize_seq(None)?;
        let mut result = Ok(());
        self.snapshot.objects.for_each_reference(self.of, |name, to| {
            if result.is_ok() {
                result = sequence.serialize_element(&Item { name, to: to + 1 });
            }
        });
        result?;
        sequence.end()
    }
}

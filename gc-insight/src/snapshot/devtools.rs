//! Chrome's `.heapsnapshot`: one object of JSON, whose arrays of numbers are read in pieces.
//!
//! `nodes` has seven numbers for each node, and `edges` three for each edge: those of the first node,
//! then those of the second, and so on. What they mean is told by the file itself, under
//! `snapshot.meta`; names are numbers of `strings`, which come last. An edge leads to the place of a
//! node's first number, so to seven times the number of the node.
//!
//! First come the nodes that are no objects, then the objects in the order of their numbers.
//!
//! `trace_tree` nests: a node has the same five fields, the last of which is the array of its
//! children. Here it is one root, number 1, with a child for each allocation site, of which
//! `trace_function_infos` tell type and line (counted from 1). A node's `trace_node_id` is the number
//! of its site, or 0.

use std::io::{self, BufWriter, Write};

use gc_core::Step;
use serde_json::{Value, json};

use super::Snapshot;
use super::holders::{self, EdgeName, Holder, Steps, Target};
use super::names::{Strings, TypeNames};
use super::sites::Sites;

const NODE_FIELDS: [&str; 7] =
    ["type", "name", "id", "self_size", "edge_count", "trace_node_id", "detachedness"];
const NODE_TYPES: [&str; 16] = [
    "hidden",
    "array",
    "string",
    "object",
    "code",
    "closure",
    "regexp",
    "number",
    "native",
    "synthetic",
    "concatenated string",
    "sliced string",
    "symbol",
    "bigint",
    "object shape",
    "wasm object",
];
const EDGE_FIELDS: [&str; 3] = ["type", "name_or_index", "to_node"];
const EDGE_TYPES: [&str; 7] =
    ["context", "element", "property", "internal", "hidden", "shortcut", "weak"];

/// What a node is, by its place in [`NODE_TYPES`].
#[derive(Clone, Copy)]
enum NodeType {
    String = 2,
    Object = 3,
    Synthetic = 9,
}

/// What an edge is, by its place in [`EDGE_TYPES`].
#[derive(Clone, Copy)]
enum EdgeType {
    Element = 1,
    Property = 2,
    Internal = 3,
    Weak = 6,
}

fn meta() -> Value {
    json!({
        "node_fields": NODE_FIELDS,
        "node_types": [NODE_TYPES, "string", "number", "number", "number", "number", "number"],
        "edge_fields": EDGE_FIELDS,
        "edge_types": [EDGE_TYPES, "string_or_number", "node"],
        "trace_function_info_fields":
            ["function_id", "name", "script_name", "script_id", "line", "column"],
        "trace_node_fields": ["id", "function_info_index", "count", "size", "children"],
        "sample_fields": ["timestamp_us", "last_assigned_id"],
        "location_fields": ["object_index", "script_id", "line", "column"],
    })
}

pub(super) fn write(snapshot: &Snapshot<'_, '_>, out: impl Write) -> io::Result<()> {
    let holders = holders::list(snapshot);
    let mut writer = Writer {
        snapshot,
        holder_edges: holders
            .iter()
            .map(|&holder| count_edges(snapshot, &holders, holder))
            .collect(),
        holders,
        out: Numbers::new(BufWriter::new(out)),
        sites: Sites::of(snapshot.heap),
        strings: Strings::default(),
        types: TypeNames::default(),
    };
    writer.write_head()?;
    writer.write_nodes()?;
    writer.write_edges()?;
    writer.write_traces()?;
    writer.write_rest()?;
    writer.out.out.flush()
}

/// The number in the tree of traces of the site at this place.
fn trace_node(place: usize) -> usize {
    place + 2
}

fn count_edges(snapshot: &Snapshot<'_, '_>, holders: &[Holder], of: Holder) -> usize {
    let mut count = 0;
    holders::for_each_edge(snapshot, holders, of, &mut |_, _| count += 1);
    count
}

struct Writer<'s, 'a, 'gc, W: Write> {
    snapshot: &'s Snapshot<'a, 'gc>,
    /// The nodes in front of the objects.
    holders: Vec<Holder>,
    /// How many edges each of them has.
    holder_edges: Vec<usize>,
    out: Numbers<W>,
    sites: Sites,
    strings: Strings,
    types: TypeNames,
}

impl<W: Write> Writer<'_, '_, '_, W> {
    fn write_head(&mut self) -> io::Result<()> {
        let edges = self.snapshot.objects.edges() + self.holder_edges.iter().sum::<usize>();
        let nodes = self.holders.len() + self.snapshot.objects.len();
        let meta = meta();
        let functions = match self.sites.as_slice().len() {
            0 => 0,
            sites => sites + 1,
        };
        writeln!(
            self.out.out,
            "{{\"snapshot\":{{\"meta\":{meta},\"node_count\":{nodes},\"edge_count\":{edges},\
             \"trace_function_count\":{functions}}},"
        )
    }

    fn write_nodes(&mut self) -> io::Result<()> {
        self.out.begin("nodes")?;
        for (place, holder) in self.holders.iter().enumerate() {
            // Ids of objects are odd, and so is that of the first node.
            let id = if place == 0 { 1 } else { 2 * place };
            let name = self.strings.number(&holder.name());
            let edges = self.holder_edges[place];
            self.out.row([NodeType::Synthetic as usize, name, id, 0, edges, 0, 0])?;
        }
        for (number, object) in self.snapshot.objects.iter() {
            let is_string = object.type_name() == "[u8]";
            let label = (self.snapshot.label)(object);
            let (kind, name) = match (label, object.element_count()) {
                // The classes of DevTools end at the first blank.
                (Some(label), _) => {
                    let name = format!("<{} {label}>", object.short_type_name());
                    (NodeType::Object, self.strings.number(&name))
                }
                (None, Some(len)) if is_string => {
                    (NodeType::String, self.strings.number(&format!("[u8; {len}]")))
                }
                _ => (NodeType::Object, self.types.number(object, &mut self.strings)),
            };
            let edges = self.snapshot.objects.count_edges(number);
            let (id, bytes) = (2 * number as usize + 3, object.size_bytes());
            let site = self.sites.place(self.snapshot.heap, object).map_or(0, trace_node);
            self.out.row([kind as usize, name, id, bytes, edges, site, 0])?;
        }
        self.out.end()
    }

    fn write_edges(&mut self) -> io::Result<()> {
        self.out.begin("edges")?;
        let Writer { snapshot, holders, out, strings, .. } = self;
        let mut edges = Edges { first: holders.len(), out, strings, result: Ok(()) };
        for &holder in holders.iter() {
            holders::for_each_edge(snapshot, holders, holder, &mut |name, to| {
                edges.write(name, to)
            });
        }
        for (number, _) in snapshot.objects.iter() {
            snapshot.objects.for_each_reference(number, |place, to| {
                edges.write(EdgeName::Steps(Steps(place.steps())), Target::Object(to));
            });
            for value in snapshot.objects.weak_values(number) {
                edges.write(EdgeName::WeakValue, Target::Object(value));
            }
        }
        edges.result?;
        self.out.end()
    }

    /// Who has allocated what.
    fn write_traces(&mut self) -> io::Result<()> {
        let sites = self.sites.as_slice();
        self.out.begin("trace_function_infos")?;
        if !sites.is_empty() {
            let (name, no_file) = (self.strings.number("(root)"), self.strings.number(""));
            self.out.row([0, name, no_file, 0, 0, 0])?;
        }
        for (place, profile) in sites.iter().enumerate() {
            let location = profile.site.location();
            let name = self.strings.number(profile.site.type_name());
            let file = self.strings.number(location.file());
            let (line, column) = (location.line() as usize, location.column() as usize);
            self.out.row([place + 1, name, file, 0, line, column])?;
        }
        self.out.end()?;
        self.out.begin("trace_tree")?;
        if !sites.is_empty() {
            self.out.row([1, 0, 0, 0])?;
            let out = &mut self.out.out;
            out.write_all(b",[")?;
            for (place, profile) in sites.iter().enumerate() {
                let (id, function) = (trace_node(place), place + 1);
                let (count, bytes) = (profile.allocated.objects, profile.allocated.bytes);
                let comma = if place == 0 { "" } else { "," };
                write!(out, "{comma}\n{id},{function},{count:.0},{bytes:.0},[]")?;
            }
            out.write_all(b"]")?;
        }
        self.out.end()
    }

    fn write_rest(&mut self) -> io::Result<()> {
        for empty in ["samples", "locations"] {
            self.out.begin(empty)?;
            self.out.end()?;
        }
        let out = &mut self.out.out;
        out.write_all(b"\"strings\":[")?;
        for (number, string) in self.strings.iter().enumerate() {
            out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, string)?;
        }
        out.write_all(b"]}\n")
    }
}

impl EdgeName<'_> {
    /// What sort of edge it is, if it is called by a string.
    fn kind(&self) -> EdgeType {
        match self {
            EdgeName::Steps(_) => EdgeType::Property,
            EdgeName::Count(_) => EdgeType::Weak,
            EdgeName::WeakValue => EdgeType::Internal,
        }
    }
}

/// Writes edges, until that fails.
struct Edges<'w, W: Write> {
    /// The number of nodes in front of the objects.
    first: usize,
    out: &'w mut Numbers<W>,
    strings: &'w mut Strings,
    result: io::Result<()>,
}

impl<W: Write> Edges<'_, W> {
    fn write(&mut self, name: EdgeName<'_>, to: Target) {
        if self.result.is_err() {
            return;
        }
        let (kind, name) = match name {
            EdgeName::Steps(Steps(&[Step::Element(index)])) => (EdgeType::Element, index),
            EdgeName::Steps(Steps(&[Step::Field(field)])) => {
                (EdgeType::Property, self.strings.number(field))
            }
            name => (name.kind(), self.strings.number_of(|text| name.push_to(text))),
        };
        let to = match to {
            Target::Holder(place) => place,
            Target::Object(number) => self.first + number as usize,
        };
        self.result = self.out.row([kind as usize, name, to * NODE_FIELDS.len()]);
    }
}

/// Arrays of numbers.
struct Numbers<W: Write> {
    out: BufWriter<W>,
    is_first: bool,
}

impl<W: Write> Numbers<W> {
    fn new(out: BufWriter<W>) -> Numbers<W> {
        Numbers { out, is_first: true }
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.is_first = true;
        write!(self.out, "\"{name}\":[")
    }

    /// The numbers of one thing, in a line.
    fn row<const N: usize>(&mut self, numbers: [usize; N]) -> io::Result<()> {
        let mut digits = itoa::Buffer::new();
        for (place, number) in numbers.into_iter().enumerate() {
            let is_first = std::mem::take(&mut self.is_first);
            let between: &[u8] = match place {
                0 if is_first => b"\n",
                0 => b",\n",
                _ => b",",
            };
            self.out.write_all(between)?;
            self.out.write_all(digits.format(number).as_bytes())?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"],\n")
    }
}

//! What happened during an operation and what the heap is like after it, in the words of the file
//! format.

use std::fmt;
use std::io::{self, Write};

use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::json;
use super::name::{Name, Names};

/// The answer to one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The operation's number, counted from 0 through the whole file.
    pub index: usize,
    /// The operation's word.
    pub op: &'static str,
    /// What it returned, if it returns something.
    pub ret: Option<Returned>,
    /// Why it was refused, if it was.
    pub error: Option<Refusal>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The weak references that gave an object before the operation and give nothing after it, in
    /// any order.
    pub cleared: Vec<Name>,
    /// How many objects died that no operation can name.
    pub died_unnamed: usize,
    /// How many finalizers ran of objects that no operation can name.
    pub finalized_unnamed: usize,
    /// The objects that are alive and unreachable, in any order.
    pub floating: Vec<Name>,
    /// How many more of those there are that no operation can name.
    pub floating_unnamed: usize,
    /// How many objects are alive.
    pub alive: usize,
}

/// What an operation returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// The object of a weak reference, if it has not died.
    Object(Option<Name>),
    /// How many objects a collection found unreachable.
    Collected(usize),
    /// Whether automatic collection is enabled.
    IsEnabled(bool),
    /// How many collections the two older generations have waited for.
    Counts(Counts),
    /// The statistics of each generation.
    Stats([GenerationStats; 3]),
    /// When each generation is collected.
    Thresholds([u32; 3]),
    /// What collections kept.
    Garbage(Vec<Name>),
    /// What is known about one object.
    Info(Info),
    /// What became of objects that were unreachable at once.
    Churned(Churned),
}

/// How many collections of the next younger one the two older generations have seen since they were
/// collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// The middle generation.
    pub gen1: usize,
    /// The oldest.
    pub gen2: usize,
}

/// The statistics of one generation since the program began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationStats {
    /// How many times it was the oldest generation of a collection.
    pub collections: usize,
    /// How many objects those collections returned.
    pub collected: usize,
    /// How many objects they could not free.
    pub uncollectable: usize,
}

/// What is known about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// How many roots and slots refer to it.
    pub strong: usize,
    /// How many weak references to it there are.
    pub weak: usize,
    /// Whether the collector traces and counts it.
    pub tracked: bool,
    /// Whether its finalizer ran.
    pub finalized: bool,
    /// Its generation; an untracked object has none.
    pub generation: Option<u8>,
    /// The tracked objects that refer to it, each once, in any order.
    pub referrers: Vec<Name>,
    /// The other objects it refers to as far as the collector sees, each once, in any order.
    pub referents: Vec<Name>,
}

/// What became of objects that were unreachable at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Churned {
    /// How many of them are alive.
    pub alive: usize,
    /// Whether a collection freed some.
    pub any_collected: bool,
}

/// Why an operation was refused. A refused operation changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It names an object that cannot be reached from the roots.
    Unreachable(Name),
    /// It forgets a root that does not exist.
    NoRoot(Name),
    /// It makes a weak reference to a leaf or a tuple.
    NotWeaklyReferenceable,
    /// It changes a tuple.
    Immutable(Name),
}

/// Something that happened during an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// An object's finalizer ran.
    Finalized(Name),
    /// A weak reference's callback ran.
    Callback {
        /// The weak reference.
        w: Name,
        /// Whether it gave nothing any more when the callback ran.
        was_cleared: bool,
    },
    /// An object died.
    Died(Name),
    /// A finalizer or a callback looked at a weak reference.
    Saw {
        /// Which of them.
        who: Who,
        /// The weak reference.
        w: Name,
        /// Whether it gave its object.
        alive: bool,
    },
    /// A finalizer looked at a slot of its object.
    SawSlot {
        /// Whose.
        who: Who,
        /// The slot's number.
        slot: usize,
        /// The object there.
        id: Option<Name>,
    },
    /// A finalizer or a callback collected.
    NestedCollect {
        /// Which of them.
        who: Who,
        /// What that returned.
        returned: usize,
    },
    /// A finalizer or a callback failed.
    Unraisable,
    /// A collection began, or ended.
    Collection {
        /// Whether it ended.
        has_ended: bool,
        /// The oldest generation that is collected.
        generation: usize,
        /// How many objects it found, if it ended.
        collected: usize,
        /// How many of them it could not free.
        uncollectable: usize,
    },
}

/// Who does something while the heap dies: a finalizer or the callback of a weak reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The finalizer of an object.
    Finalizer(Name),
    /// The finalizer of a chain's member, which no operation can name.
    Member {
        /// What the chain's members begin with.
        chain: Name,
        /// The member's number, counted from its head.
        number: usize,
    },
    /// The callback of a weak reference.
    Callback(Name),
}

impl Answer {
    /// The objects that died, in order.
    pub fn died(&self) -> impl Iterator<Item = Name> {
        self.events.iter().filter_map(
            |event| {
                if let Event::Died(id) = event { Some(*id) } else { None }
            },
        )
    }

    /// The objects whose finalizers ran, in order.
    pub fn finalized(&self) -> impl Iterator<Item = Name> {
        self.events
            .iter()
            .filter_map(|event| if let Event::Finalized(id) = event { Some(*id) } else { None })
    }

    /// The weak references whose callbacks ran, in order.
    pub fn callbacks(&self) -> impl Iterator<Item = Name> {
        self.events
            .iter()
            .filter_map(|event| if let Event::Callback { w, .. } = event { Some(*w) } else { None })
    }

    /// Writes the answer as one line of JSON, without the line's end.
    ///
    /// # Errors
    ///
    /// Returns an error if `out` cannot be written to.
    pub fn write(&self, out: &mut dyn Write, names: &Names) -> io::Result<()> {
        json::write_line(out, &Printed { item: self, names })
    }

    /// The line that [`write`](Answer::write) writes.
    #[must_use]
    pub fn line(&self, names: &Names) -> String {
        let mut line = Vec::new();
        // A vector takes every byte, and the line is ASCII.
        self.write(&mut line, names).unwrap_or_default();
        String::from_utf8(line).unwrap_or_default()
    }
}

impl Refusal {
    /// The refusal in the words of the file format.
    #[must_use]
    pub fn display<'a>(&'a self, names: &'a Names) -> impl fmt::Display + 'a {
        fmt::from_fn(move |formatter| match *self {
            Refusal::Unreachable(id) => write!(formatter, "unreachable: {}", names.string(id)),
            Refusal::NoRoot(name) => write!(formatter, "no root {}", names.string(name)),
            Refusal::NotWeaklyReferenceable => formatter.write_str("not weakly referenceable"),
            Refusal::Immutable(id) => write!(formatter, "immutable: {}", names.string(id)),
        })
    }
}

impl Who {
    fn display(self, names: &Names) -> String {
        match self {
            Who::Finalizer(id) => format!("finalizer {}", names.string(id)),
            Who::Member { chain, number } => format!("finalizer {}{number}", names.string(chain)),
            Who::Callback(w) => format!("callback {}", names.string(w)),
        }
    }
}

/// Something of an answer together with the strings its names stand for.
struct Printed<'a, T: ?Sized> {
    item: &'a T,
    names: &'a Names,
}

impl<'a, T: ?Sized> Printed<'a, T> {
    fn with<U: ?Sized>(&self, item: &'a U) -> Printed<'a, U> {
        Printed { item, names: self.names }
    }

    fn in_order(&self, names: impl Iterator<Item = Name>) -> Vec<&'a str> {
        names.map(|name| self.names.string(name)).collect()
    }

    fn sorted(&self, names: impl Iterator<Item = Name>) -> Vec<&'a str> {
        let mut strings = self.in_order(names);
        strings.sort_unstable();
        strings
    }
}

/// Writes an entry unless it is an empty list or zero: the format leaves out what did not happen.
fn entry_unless_empty<M: SerializeMap>(
    map: &mut M,
    key: &str,
    strings: &[&str],
) -> Result<(), M::Error> {
    if strings.is_empty() { Ok(()) } else { map.serialize_entry(key, strings) }
}

fn entry_unless_zero<M: SerializeMap>(
    map: &mut M,
    key: &str,
    count: usize,
) -> Result<(), M::Error> {
    if count == 0 { Ok(()) } else { map.serialize_entry(key, &count) }
}

impl Serialize for Printed<'_, Answer> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let answer = self.item;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("i", &answer.index)?;
        map.serialize_entry("op", answer.op)?;
        if let Some(ret) = &answer.ret {
            map.serialize_entry("ret", &self.with(ret))?;
        }
        if let Some(error) = &answer.error {
            map.serialize_entry("error", &error.display(self.names).to_string())?;
        }
        entry_unless_empty(&mut map, "died", &self.sorted(answer.died()))?;
        entry_unless_zero(&mut map, "died_uncounted_names", answer.died_unnamed)?;
        entry_unless_empty(&mut map, "finalized", &self.in_order(answer.finalized()))?;
        entry_unless_zero(&mut map, "finalized_uncounted_names", answer.finalized_unnamed)?;
        let cleared = self.sorted(answer.cleared.iter().copied());
        entry_unless_empty(&mut map, "cleared", &cleared)?;
        entry_unless_empty(&mut map, "callbacks", &self.in_order(answer.callbacks()))?;
        if !(answer.events.is_empty() && cleared.is_empty()) {
            map.serialize_entry(
                "events",
                &self.with(&(answer.events.as_slice(), cleared.as_slice())),
            )?;
        }
        entry_unless_empty(&mut map, "floating", &self.sorted(answer.floating.iter().copied()))?;
        entry_unless_zero(&mut map, "floating_uncounted_names", answer.floating_unnamed)?;
        map.serialize_entry("alive", &answer.alive)?;
        map.end()
    }
}

/// What happened, and then the weak references that were cleared: the format notes those at the end
/// of the operation.
impl Serialize for Printed<'_, (&[Event], &[&str])> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (events, cleared) = *self.item;
        let mut seq = serializer.serialize_seq(Some(events.len() + cleared.len()))?;
        for event in events {
            seq.serialize_element(&self.with(event))?;
        }
        for w in cleared {
            seq.serialize_element(&("cleared", w))?;
        }
        seq.end()
    }
}

impl Serialize for Printed<'_, Event> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = self.names;
        match *self.item {
            Event::Finalized(id) => ("finalized", names.string(id)).serialize(serializer),
            Event::Callback { w, was_cleared } => {
                ("callback", names.string(w), was_cleared).serialize(serializer)
            }
            Event::Died(id) => ("died", names.string(id)).serialize(serializer),
            Event::Saw { who, w, alive } => {
                ("saw", who.display(names), names.string(w), alive).serialize(serializer)
            }
            Event::SawSlot { who, slot, id } => {
                let id = id.map(|id| names.string(id));
                ("saw_slot", who.display(names), slot, id).serialize(serializer)
            }
            Event::NestedCollect { who, returned } => {
                ("nested_collect", who.display(names), returned).serialize(serializer)
            }
            Event::Unraisable => ("unraisable", "Boom").serialize(serializer),
            Event::Collection { has_ended, generation, collected, uncollectable } => {
                let phase = if has_ended { "stop" } else { "start" };
                ("gc", phase, generation, collected, uncollectable).serialize(serializer)
            }
        }
    }
}

impl Serialize for Printed<'_, Returned> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.item {
            Returned::Object(id) => id.map(|id| self.names.string(id)).serialize(serializer),
            Returned::Collected(count) => count.serialize(serializer),
            Returned::IsEnabled(is_enabled) => is_enabled.serialize(serializer),
            Returned::Counts(counts) => counts.serialize(serializer),
            Returned::Stats(stats) => stats.serialize(serializer),
            Returned::Thresholds(thresholds) => thresholds.serialize(serializer),
            Returned::Garbage(ids) => self.sorted(ids.iter().copied()).serialize(serializer),
            Returned::Info(info) => self.with(info).serialize(serializer),
            Returned::Churned(churned) => churned.serialize(serializer),
        }
    }
}

impl Serialize for Printed<'_, Info> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let info = self.item;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("strong", &info.strong)?;
        map.serialize_entry("weak", &info.weak)?;
        map.serialize_entry("tracked", &info.tracked)?;
        map.serialize_entry("finalized", &info.finalized)?;
        map.serialize_entry("generation", &info.generation)?;
        map.serialize_entry("referrers", &self.sorted(info.referrers.iter().copied()))?;
        map.serialize_entry("referents", &self.sorted(info.referents.iter().copied()))?;
        map.end()
    }
}

//! Prints operations in the file format. What is printed, reads back as the same operation.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::json;
use super::name::{Name, Names};
use super::op::{Action, Holder, Kind, New, Op};

/// Writes one operation as a line of JSON, without the line's end.
///
/// # Errors
///
/// Returns an error if `out` cannot be written to.
pub(super) fn write_op(out: &mut dyn Write, op: &Op, names: &Names) -> io::Result<()> {
    json::write_line(out, &Printed { item: op, names })
}

/// Something of a program together with the strings its names stand for.
struct Printed<'a, T: ?Sized> {
    item: &'a T,
    names: &'a Names,
}

impl<'a, T: ?Sized> Printed<'a, T> {
    fn string(&self, name: Name) -> &'a str {
        self.names.string(name)
    }

    fn with<U: ?Sized>(&self, item: &'a U) -> Printed<'a, U> {
        Printed { item, names: self.names }
    }
}

impl Serialize for Printed<'_, Op> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("op", self.item.word())?;
        match self.item {
            Op::New(new) => self.with(new).fill(&mut map)?,
            Op::Link { from, slot, to } => {
                map.serialize_entry("from", self.string(*from))?;
                map.serialize_entry("slot", &slot.index())?;
                map.serialize_entry("to", self.string(*to))?;
            }
            Op::Unlink { from, slot } => {
                map.serialize_entry("from", self.string(*from))?;
                map.serialize_entry("slot", &slot.index())?;
            }
            Op::Root { name, to } => {
                map.serialize_entry("name", self.string(*name))?;
                map.serialize_entry("to", self.string(*to))?;
            }
            Op::Drop { name } => map.serialize_entry("name", self.string(*name))?,
            Op::Weakref { w, to, callback, held_by } => {
                map.serialize_entry("w", self.string(*w))?;
                map.serialize_entry("to", self.string(*to))?;
                self.optional_actions(&mut map, "cb", callback)?;
                if let Some(holder) = held_by {
                    map.serialize_entry("held_by", &self.with(holder))?;
                }
            }
            Op::DropWeakref { w } => map.serialize_entry("w", self.string(*w))?,
            Op::Deref { w, root } => {
                map.serialize_entry("w", self.string(*w))?;
                self.optional_name(&mut map, "name", *root)?;
            }
            Op::Collect { generation } => map.serialize_entry("gen", &generation.number())?,
            Op::Threshold { set: Some(thresholds) } => map.serialize_entry("set", thresholds)?,
            Op::Debug { save_all } => {
                map.serialize_entry("flags", if *save_all { &["saveall"][..] } else { &[] })?
            }
            Op::Garbage { clear } => map.serialize_entry("clear", clear)?,
            Op::GcCallbacks { on } => map.serialize_entry("on", on)?,
            Op::Info { id } => map.serialize_entry("id", self.string(*id))?,
            Op::Chain { id, length, close, finalizer, root } => {
                map.serialize_entry("id", self.string(*id))?;
                map.serialize_entry("n", length)?;
                if *close {
                    map.serialize_entry("close", close)?;
                }
                self.optional_actions(&mut map, "fin", finalizer)?;
                self.optional_name(&mut map, "name", (root != id).then_some(*root))?;
            }
            Op::Churn { id, length } => {
                map.serialize_entry("id", self.string(*id))?;
                map.serialize_entry("n", length)?;
            }
            Op::Enable
            | Op::Disable
            | Op::Threshold { set: None }
            | Op::Counts
            | Op::Stats
            | Op::Freeze
            | Op::Unfreeze
            | Op::Reset => {}
        }
        map.end()
    }
}

impl Serialize for Printed<'_, Action> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("do", self.item.word())?;
        match self.item {
            Action::Resurrect { name } | Action::Drop { name } => {
                map.serialize_entry("name", self.string(*name))?
            }
            Action::RootSlot { slot, name } | Action::StoreIn { name, slot } => {
                map.serialize_entry("name", self.string(*name))?;
                map.serialize_entry("slot", &slot.index())?;
            }
            Action::Unlink { slot } | Action::SeeSlot { slot } => {
                map.serialize_entry("slot", &slot.index())?
            }
            Action::See { w, name } => {
                map.serialize_entry("w", self.string(*w))?;
                self.optional_name(&mut map, "name", *name)?;
            }
            Action::Weakref { w, slot, callback } => {
                map.serialize_entry("w", self.string(*w))?;
                if let Some(slot) = slot {
                    map.serialize_entry("slot", &slot.index())?;
                }
                self.optional_actions(&mut map, "cb", callback)?;
            }
            Action::New(new) => self.with(new).fill(&mut map)?,
            Action::Collect { generation } => map.serialize_entry("gen", &generation.number())?,
            Action::Raise => {}
        }
        map.end()
    }
}

impl Serialize for Printed<'_, [Action]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.item.iter().map(|action| self.with(action)))
    }
}

impl Serialize for Printed<'_, Holder> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("from", self.string(self.item.from))?;
        map.serialize_entry("slot", &self.item.slot.index())?;
        map.end()
    }
}

impl Printed<'_, New> {
    fn fill<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let New { id, kind, of, root, finalizer } = self.item;
        map.serialize_entry("id", self.string(*id))?;
        if *kind != Kind::Node {
            map.serialize_entry("kind", kind.word())?;
        }
        if *kind == Kind::Tuple {
            let of: Vec<&str> = of.iter().map(|&name| self.string(name)).collect();
            map.serialize_entry("of", &of)?;
        }
        self.optional_name(map, "name", (root != id).then_some(*root))?;
        self.optional_actions(map, "fin", finalizer)
    }
}

impl<'a, T: ?Sized> Printed<'a, T> {
    fn optional_name<M: SerializeMap>(
        &self,
        map: &mut M,
        key: &str,
        name: Option<Name>,
    ) -> Result<(), M::Error> {
        match name {
            Some(name) => map.serialize_entry(key, self.string(name)),
            None => Ok(()),
        }
    }

    fn optional_actions<M: SerializeMap>(
        &self,
        map: &mut M,
        key: &str,
        actions: &'a Option<Vec<Action>>,
    ) -> Result<(), M::Error> {
        match actions {
            Some(actions) => map.serialize_entry(key, &self.with(actions.as_slice())),
            None => Ok(()),
        }
    }
}

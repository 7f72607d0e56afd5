//! Tables of what is in a heap.

use std::cmp::Reverse;

use super::bytes;
use super::table::{finish, new_table};

/// The objects of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Class {
    /// What the type is called.
    pub name: String,
    /// How many there are.
    pub objects: usize,
    /// Their size.
    pub bytes: usize,
    /// How many of them are unreachable.
    pub unreachable_objects: usize,
    /// The size of these.
    pub unreachable_bytes: usize,
}

impl Class {
    /// Counts an object in.
    pub fn add(&mut self, bytes: usize, is_reachable: bool) {
        self.objects += 1;
        self.bytes += bytes;
        if !is_reachable {
            self.unreachable_objects += 1;
            self.unreachable_bytes += bytes;
        }
    }
}

/// An object, and what would be unreachable if it were not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retainer {
    /// What it is called.
    pub name: String,
    /// What its type is called.
    pub class: String,
    /// Its own size.
    pub bytes: usize,
    /// The size of what it retains, itself included.
    pub retained_bytes: usize,
    /// How many objects these are.
    pub retained_objects: usize,
}

fn size(size: usize) -> String {
    bytes(size as u64).to_string()
}

/// A row for each type, the largest first, and one for all.
#[must_use]
pub fn census(classes: &mut [Class]) -> String {
    classes.sort_by(|a, b| (Reverse(a.bytes), &a.name).cmp(&(Reverse(b.bytes), &b.name)));
    let header = ["type", "objects", "bytes", "unreachable", "bytes"];
    let mut table = new_table(&header, 1..header.len());
    let mut all = Class { name: "all".to_owned(), ..Class::default() };
    for class in &*classes {
        all.objects += class.objects;
        all.bytes += class.bytes;
        all.unreachable_objects += class.unreachable_objects;
        all.unreachable_bytes += class.unreachable_bytes;
    }
    for class in classes.iter().chain([&all]) {
        table.add_row([
            class.name.clone(),
            class.objects.to_string(),
            size(class.bytes),
            class.unreachable_objects.to_string(),
            size(class.unreachable_bytes),
        ]);
    }
    finish(&table)
}

/// A row for each, and how many were `left` out.
#[must_use]
pub fn retainers(retainers: &[Retainer], left: usize) -> String {
    let header = ["object", "type", "bytes", "retains", "objects"];
    let mut table = new_table(&header, 2..header.len());
    for retainer in retainers {
        table.add_row([
            retainer.name.clone(),
            retainer.class.clone(),
            size(retainer.bytes),
            size(retainer.retained_bytes),
            retainer.retained_objects.to_string(),
        ]);
    }
    let mut text = finish(&table);
    if left > 0 {
        text.push_str(&format!("and {left} more that retain no more than these\n"));
    }
    text
}
